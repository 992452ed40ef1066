package planner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/devdb"
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
// turns, and reports the medians and their ratio: on a server that keeps what it is told, as that of `make dev` and those in
// use, and on one that trades durability for speed, as those of tests.
//
//	go test ./internal/planner -run '^$' -bench Checkpoint -benchtime 5x
func BenchmarkCheckpoint(b *testing.B) {
	const n = 500
	p := newProject(b)
	years(p, n-1)
	squashed := filepath.Join(b.TempDir(), "migrations")
	if err := os.CopyFS(squashed, os.DirFS(p.Migrations)); err != nil {
		b.Fatal(err)
	}
	c, err := NewCheckpoint(b.Context(), p.Options, CheckpointOptions{Release: "v1.0.0"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := WriteCheckpoint(Options{Migrations: squashed}, c); err != nil {
		b.Fatal(err)
	}
	for _, durable := range []bool{true, false} {
		b.Run(map[bool]string{true: "durable", false: "in tests"}[durable], func(b *testing.B) {
			cluster, err := devdb.Start(b.Context(), devdb.Options{Dir: filepath.Join(b.TempDir(), "postgres"), Ephemeral: !durable})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = cluster.Stop() })
			took := map[string][]time.Duration{}
			for b.Loop() {
				for name, dir := range map[string]string{"files": p.Migrations, "checkpoint": squashed} {
					url, drop, err := cluster.Scratch(b.Context())
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
		})
	}
}

// years adds n migrations as a product gathers them: it has its tables early and changes them from then on, by the recipes
// that this package plans, with rows that migrations put there and change.
func years(p *project, n int) {
	p.t.Helper()
	const tables = 10
	const none = "-- atlas:txmode none\n\n"
	recipe := []string{
		`ALTER TABLE "core"."T" ADD COLUMN "c_%d" integer NULL; ALTER TABLE "core"."T" ALTER COLUMN "c_%d" SET DEFAULT 0;`,
		none + `DO $$ BEGIN FOR pass IN 1..5 LOOP UPDATE "core"."T" SET "c_%d" = 0 WHERE "c_%d" IS NULL; COMMIT; EXIT WHEN NOT EXISTS (SELECT FROM "core"."T" WHERE "c_%d" IS NULL); END LOOP; END $$;`,
		`ALTER TABLE "core"."T" ADD CONSTRAINT "T_c_%d_not_null" CHECK ("c_%d" IS NOT NULL) NOT VALID; UPDATE "core"."T" SET "c_%d" = 0 WHERE "c_%d" IS NULL;`,
		`ALTER TABLE "core"."T" VALIDATE CONSTRAINT "T_c_%d_not_null"; ALTER TABLE "core"."T" ALTER COLUMN "c_%d" SET NOT NULL; ALTER TABLE "core"."T" DROP CONSTRAINT "T_c_%d_not_null";`,
		none + `CREATE INDEX CONCURRENTLY "next_T_c" ON "core"."T" ("tenant_id", "c_%d");`,
		none + `DROP INDEX CONCURRENTLY IF EXISTS "core"."T_c";`,
		`ALTER INDEX "core"."next_T_c" RENAME TO "T_c"; INSERT INTO "core"."countries" VALUES ('T %d', 'Country'); UPDATE "core"."countries" SET "name" = 'Land';`,
		`ALTER TABLE "core"."T" ALTER COLUMN "c_%d" TYPE bigint; COMMENT ON COLUMN "core"."T"."c_%d" IS 'Round %d.';`,
		`ALTER TABLE "core"."T" DROP COLUMN "c_%d";`,
	}
	for i := range n {
		name, round := fmt.Sprintf("things_%d", i%tables), i/tables
		text := `CREATE TABLE "core"."T" ("tenant_id" uuid NOT NULL, "id" uuid NOT NULL, "name" character varying(255) NOT NULL, PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "T_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id"));
CREATE TABLE IF NOT EXISTS "core"."countries" ("code" text PRIMARY KEY, "name" text NOT NULL);
ALTER TABLE "core"."T" ENABLE ROW LEVEL SECURITY; ALTER TABLE "core"."T" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "core"."T" USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON "core"."T" TO "core_app";
`
		if round > 0 {
			text = recipe[(round-1)%len(recipe)] + "\n"
		}
		text = strings.NewReplacer("T_", name+"_", `"T"`, `"`+name+`"`, "'T ", "'"+name+" ", "%d", fmt.Sprint((round-1)/len(recipe))).Replace(text)
		file := fmt.Sprintf("2098%010d_step.sql", i)
		for folder, content := range map[string]string{"": text, migrate.DownDir: "-- lockstep:irreversible a benchmark\n"} {
			if err := os.WriteFile(filepath.Join(p.Migrations, folder, file), []byte(content), 0o644); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	if _, err := Hash(p.Migrations); err != nil {
		p.t.Fatal(err)
	}
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
