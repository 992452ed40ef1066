//go:build scale

package main

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

// scaleEntities is how many are added. The test takes minutes, so it has a build tag and `make scale` runs it.
var scaleEntities = flag.Int("scale.entities", 40, "entities that TestScale adds to a copy of the repository")

// generationBudget is how long the generation of 40 entities may take on an idle machine of two cores.
const generationBudget = 20 * time.Second

// scaleNames have plurals of every kind, because paths, permissions and file names are made of them.
var scaleNames = strings.Fields(`Invoice Article Region InvoiceRegion Category Payment Story Company PaymentCompany City
	Order Letter Box OrderBox Currency Claim Essay Branch ClaimBranch Hobby Receipt Survey Bus ReceiptBus Quality
	Refund Memo Person RefundPerson Fax Charge Diary Shelf ChargeShelf Unit Credit Glossary Toy CreditToy Analysis`)

// scaleEntity is one schema of the test module; each five of them are a ledger, a document, a tree, a link between tree and
// ledger, and something small.
type scaleEntity struct {
	Name, Shape        string
	Number             int
	Join, Tree, Ledger string
}

func scaleSchema(n int) []scaleEntity {
	shapes := []string{"ledger", "document", "tree", "join", "small"}
	entities := make([]scaleEntity, n)
	for i := range entities {
		e := scaleEntity{Name: scaleNames[i], Shape: shapes[i%len(shapes)], Number: i}
		switch e.Shape {
		case "tree":
			if i+1 < n {
				e.Join = scaleNames[i+1]
			}
		case "join":
			e.Tree, e.Ledger = scaleNames[i-1], scaleNames[i-3]
		case "small":
			if i == 4 {
				e.Shape = "global"
			}
		}
		entities[i] = e
	}
	return entities
}

// scaleCost is what a module with some entities costs.
type scaleCost struct {
	entities      int
	generation    time.Duration
	generationCPU time.Duration
	goLines       int
	tsLines       int
	compile       time.Duration // CPU time of compiling and linking the project's own packages into the server
	binary        int64
}

// TestScale adds 40 entities to a copy of the repository and measures what each costs: generation must stay within its
// budget and the second twenty must cost what the first did. Then the generic tests of internal/api run on all of them.
func TestScale(t *testing.T) {
	var costs []scaleCost
	for _, n := range []int{0, *scaleEntities / 2, *scaleEntities} {
		root := copyRepository(t)
		cost := measure(t, root, n)
		costs = append(costs, cost)
		t.Logf("%2d entities: generated in %5.1f s (%5.1f CPU-s), %6d lines of Go and %6d of TypeScript, compiled in %5.1f CPU-s, binary %5.1f MB",
			n, cost.generation.Seconds(), cost.generationCPU.Seconds(), cost.goLines, cost.tsLines, cost.compile.Seconds(), float64(cost.binary)/1e6)
		if n == *scaleEntities {
			runsOnAll(t, root)
		}
	}
	first, second := perEntity(costs[0], costs[1]), perEntity(costs[1], costs[2])
	for name, figures := range map[string][2]float64{
		"lines of Go":         {first.goLines, second.goLines},
		"lines of TypeScript": {first.tsLines, second.tsLines},
		"compile CPU-seconds": {first.compile, second.compile},
		"binary KB":           {first.binary, second.binary},
		"generation ms":       {first.generation, second.generation},
	} {
		t.Logf("per entity: %-20s %8.1f in the first half, %8.1f in the second", name, figures[0], figures[1])
	}
	if second.goLines > 1.1*first.goLines || second.tsLines > 1.1*first.tsLines || second.binary > 1.15*first.binary || second.compile > 1.6*first.compile {
		t.Errorf("an entity costs more the more there are: first half %+v, second half %+v", first, second)
	}
	if took := min(costs[2].generation, costs[2].generationCPU); took > generationBudget { // on a busy machine the wall clock counts others' work
		t.Errorf("generation took %.1f s, want %s at most", took.Seconds(), generationBudget)
	}
}

type scaleSlope struct{ goLines, tsLines, compile, binary, generation float64 }

func perEntity(a, b scaleCost) scaleSlope {
	n := float64(b.entities - a.entities)
	return scaleSlope{
		goLines: float64(b.goLines-a.goLines) / n, tsLines: float64(b.tsLines-a.tsLines) / n,
		compile: (b.compile - a.compile).Seconds() / n, binary: float64(b.binary-a.binary) / 1e3 / n,
		generation: float64((b.generation - a.generation).Milliseconds()) / n,
	}
}

var generatedIn = regexp.MustCompile(`generated in ([0-9.]+) s`)

// measure adds n entities to the copy, generates and builds.
func measure(t *testing.T, root string, n int) scaleCost {
	t.Helper()
	cost := scaleCost{entities: n}
	shape, err := template.ParseFiles(filepath.Join("testdata", "scale", "entity.go.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range scaleSchema(n) {
		var source bytes.Buffer
		if err := shape.Execute(&source, e); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "ent", "schema", strings.ToLower(e.Name)+".go"), source.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The tool is built beforehand: the budget is the generators'.
	tool := filepath.Join(t.TempDir(), "lockstep")
	command(t, root, "go", "build", "-o", tool, "./cmd/lockstep")
	generate := exec.CommandContext(t.Context(), tool, "generate")
	generate.Dir = root
	out, err := generate.CombinedOutput()
	if err != nil {
		t.Fatalf("generate: %v\n%s", err, out)
	}
	cost.generationCPU = generate.ProcessState.UserTime() + generate.ProcessState.SystemTime()
	text := string(out)
	match := generatedIn.FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("generate does not say how long it took:\n%s", text)
	}
	t.Logf("%s", text)
	seconds, err := strconv.ParseFloat(match[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	cost.generation = time.Duration(seconds * float64(time.Second))
	if n > 0 {
		command(t, root, tool, "migration", "--name", "add_entities")
	}
	for _, dir := range []string{"ent", "internal/oas", "internal/crud"} {
		cost.goLines += lines(t, filepath.Join(root, dir), ".go")
	}
	cost.tsLines = lines(t, filepath.Join(root, "clients", "ts", "src", "generated"), ".ts")

	binary := filepath.Join(t.TempDir(), "server")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", binary, "./cmd/server")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v\n%s", err, out)
	}
	cost.compile = build.ProcessState.UserTime() + build.ProcessState.SystemTime()
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	cost.binary = info.Size()
	return cost
}

// runsOnAll compiles everything and runs the tests that hold for every generated operation.
func runsOnAll(t *testing.T, root string) {
	t.Helper()
	command(t, root, "go", "vet", "./...")
	start := time.Now()
	out := command(t, root, "go", "test", "./internal/api", "-v", "-timeout", "20m", "-contract.requests=20000",
		"-run", "TestEveryOperation|TestSamplesAreAccepted|TestHandlerKeepsTheContract")
	for _, name := range []string{"TestEveryOperationStaysInItsTenant", "TestEveryOperationAsksForItsOwnPermission", "TestSamplesAreAccepted", "TestHandlerKeepsTheContract"} {
		if !strings.Contains(out, "--- PASS: "+name+" ") {
			t.Errorf("%s did not run:\n%s", name, out)
		}
	}
	t.Logf("generic tests of internal/api: %d cases passed in %.0f s", strings.Count(out, "--- PASS: "), time.Since(start).Seconds())
	command(t, filepath.Join(root, "clients", "ts"), "node", filepath.Join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.json", "--noEmit")
}

// lines counts the lines of the files below dir with the suffix.
func lines(t *testing.T, dir, suffix string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		data, err := os.ReadFile(path)
		n += bytes.Count(data, []byte("\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
