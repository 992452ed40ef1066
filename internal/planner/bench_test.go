package planner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// BenchmarkVerify shows that the cost of a proof grows with the number of migrations and no faster:
//
//	go test ./internal/planner -run '^$' -bench Verify -benchtime 1x
func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{25, 50, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := newProject(b)
			long(p, n)
			for b.Loop() {
				report, err := Verify(b.Context(), p.Options)
				if err != nil || len(report.Migrations) != n+1 || len(report.Bare) > 0 {
					b.Fatalf("got %d migrations, bare %v, %v; want %d proven", len(report.Migrations), report.Bare, err, n+1)
				}
				wantProblems(b, report, "schema") // the desired state is not the last one
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(n), "ms/migration")
		})
	}
}

// BenchmarkCheckpoint compares a fresh database from 500 migrations with one from the checkpoint that stands for them, in
// turns, and reports the medians and their ratio:
//
//	go test ./internal/planner -run '^$' -bench Checkpoint -benchtime 5x
func BenchmarkCheckpoint(b *testing.B) {
	const n = 500
	p := newProject(b)
	long(p, n-1)
	files := os.DirFS(p.Migrations)
	c, err := NewCheckpoint(b.Context(), p.Options, CheckpointOptions{Release: "v1.0.0"})
	if err != nil {
		b.Fatal(err)
	}
	squashed := &project{b, p.Options}
	squashed.Migrations = filepath.Join(b.TempDir(), "migrations")
	if err := os.CopyFS(squashed.Migrations, files); err != nil {
		b.Fatal(err)
	}
	if _, err := WriteCheckpoint(squashed.Options, c); err != nil {
		b.Fatal(err)
	}
	took := map[string][]time.Duration{}
	for b.Loop() {
		for name, dir := range map[string]string{"files": p.Migrations, "checkpoint": squashed.Migrations} {
			url, drop, err := pool.Scratch(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			result, err := migrate.Up(b.Context(), migrate.Options{Dir: os.DirFS(dir), URL: url})
			took[name] = append(took[name], time.Since(began))
			if err != nil || len(result.Files) != map[string]int{"files": n, "checkpoint": 1}[name] {
				b.Fatalf("%s: got %d files applied, %v", name, len(result.Files), err)
			}
			drop()
		}
	}
	median := func(name string) float64 {
		slices.Sort(took[name])
		return took[name][len(took[name])/2].Seconds() * 1000
	}
	b.ReportMetric(median("files"), "ms/500-files")
	b.ReportMetric(median("checkpoint"), "ms/checkpoint")
	b.ReportMetric(median("files")/median("checkpoint"), "ratio")
}

// long adds n migrations of the usual kinds to a project.
func long(p *project, n int) {
	p.t.Helper()
	for i := range n {
		table := fmt.Sprintf(`"core"."things_%d"`, i-i%5)
		var up, down string
		switch i % 5 {
		case 0:
			up = fmt.Sprintf(`CREATE TABLE %[1]s ("tenant_id" uuid NOT NULL, "id" uuid NOT NULL, "name" character varying(255) NOT NULL, PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "things_%[2]d_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id"));
ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY;
ALTER TABLE %[1]s FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON %[1]s USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON %[1]s TO "core_app";
`, table, i)
			down = "DROP TABLE " + table + ";\n"
		case 1:
			up, down = "ALTER TABLE "+table+" ADD COLUMN \"note\" text NULL;\n", "ALTER TABLE "+table+" DROP COLUMN \"note\";\n"
		case 2:
			up = fmt.Sprintf("-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY \"things_%d_name\" ON %s (\"tenant_id\", \"name\");\n", i-2, table)
			down = fmt.Sprintf("-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY \"core\".\"things_%d_name\";\n", i-2)
		case 3:
			up, down = "ALTER TABLE "+table+" ADD COLUMN \"count\" bigint NOT NULL DEFAULT 0;\n", "ALTER TABLE "+table+" DROP COLUMN \"count\";\n"
		case 4:
			up = fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT \"things_%d_count_check\" CHECK (count >= 0);\nCOMMENT ON TABLE %[1]s IS 'Things.';\n", table, i-4)
			down = fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT \"things_%d_count_check\";\nCOMMENT ON TABLE %[1]s IS NULL;\n", table, i-4)
		}
		name := fmt.Sprintf("2098%010d_step.sql", i)
		for folder, text := range map[string]string{"": up, migrate.DownDir: down} {
			if err := os.WriteFile(filepath.Join(p.Migrations, folder, name), []byte(text), 0o644); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	if _, err := Hash(p.Migrations); err != nil {
		p.t.Fatal(err)
	}
}
