package planner

// rule explains a finding. Rules of squawk and Atlas that say the same share one name, squawk's where it has one.
type rule struct {
	as     string // the rule this one is another name for
	says   string // replaces the linter's own sentence
	recipe string
}

const (
	expandContract = "two releases: this one stops using it, the next one drops it (docs/migrations.md, Expand and contract)"
	notValidRecipe = "ADD CONSTRAINT … NOT VALID in one file, VALIDATE CONSTRAINT in the next: `lockstep migrate diff` plans both"
)

var rules = map[string]rule{
	"ban-drop-column":                   {says: "the column goes with all it holds, and the running release still reads it", recipe: expandContract},
	"DS103":                             {as: "ban-drop-column"},
	"ban-drop-table":                    {says: "the table goes with all its rows, and the running release still reads it", recipe: expandContract},
	"DS102":                             {as: "ban-drop-table"},
	"DS101":                             {says: "the schema goes with all it holds", recipe: expandContract},
	"ban-drop-database":                 {says: "a database is dropped", recipe: "operators drop databases, migrations do not"},
	"ban-truncate-cascade":              {says: "rows of this table and of all that refer to it go", recipe: "delete what is meant, in batches"},
	"renaming-column":                   {says: "the running release knows the old name only and fails from this moment", recipe: "add the new column, write both, copy, switch, drop the old one in a later release; or stop the old release first"},
	"BC102":                             {as: "renaming-column"},
	"renaming-table":                    {says: "the running release knows the old name only and fails from this moment", recipe: "keep a view under the old name until the old release is gone, or stop it first"},
	"BC101":                             {as: "renaming-table"},
	"adding-required-field":             {says: "rows that are already there have no value for the new required column: on a table with rows this fails", recipe: "give it a default, or add it nullable, fill it in and then require it: `lockstep migrate diff --backfill` plans that"},
	"MF103":                             {as: "adding-required-field"},
	"adding-not-nullable-field":         {says: "SET NOT NULL reads the whole table while nobody may read or write it", recipe: "ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in a later file, then SET NOT NULL, which takes the proof: `lockstep migrate diff` plans it"},
	"MF104":                             {as: "adding-not-nullable-field"},
	"require-concurrent-index-creation": {says: "building the index blocks every write to the table until it is done", recipe: "a file of its own that starts with `-- atlas:txmode none`, with CREATE INDEX CONCURRENTLY"},
	"require-concurrent-index-deletion": {says: "dropping the index waits for every query on the table and lets none in meanwhile", recipe: "a file of its own that starts with `-- atlas:txmode none`, with DROP INDEX CONCURRENTLY"},
	"adding-foreign-key-constraint":     {says: "checking the new foreign key blocks writes to both tables until every row is read", recipe: notValidRecipe},
	"constraint-missing-not-valid":      {says: "checking the new constraint blocks the table until every row is read", recipe: notValidRecipe},
	"disallowed-unique-constraint":      {says: "the constraint's index is built while nobody may read or write the table", recipe: "CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … UNIQUE USING INDEX"},
	"adding-serial-primary-key-field":   {says: "the key's index is built while nobody may read or write the table", recipe: "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … PRIMARY KEY USING INDEX"},
	"adding-field-with-default":         {says: "a volatile default is computed for every row while nobody may read or write the table", recipe: "add the column without default, SET DEFAULT, then fill the old rows in batches: `lockstep migrate diff` plans it"},
	"changing-column-type":              {says: "every row of the table is rewritten while nobody may read or write it, and the running release expects the old type", recipe: "add a column of the new type, write both, copy in batches, switch, drop the old one in a later release"},
	"table-rewrite":                     {as: "changing-column-type"},
	"MF101":                             {says: "rows that are already there may hold the same value twice: the index then fails and stays behind invalid", recipe: "look for duplicates first: SELECT columns, count(*) … GROUP BY columns HAVING count(*) > 1; make them different in an earlier migration"},
	"MF102":                             {as: "MF101"},
	"CD101":                             {says: "a foreign key goes: rows may from now on refer to nothing", recipe: "keep it unless the column goes with it"},
	"required-without-default":          {says: "the running release writes rows without the newly required column, and is refused from this moment", recipe: "give the column a default in the database until no release is left that does not write it"},
	"several-statements":                {says: "the file runs outside a transaction and holds several statements: interrupted between them, it is half done", recipe: "give each statement a file of its own"},
	"missing-down":                      {says: "the migration has no reverse", recipe: "`lockstep migrate reverse` computes it; or say `-- lockstep:irreversible reason`"},
	"blocking-statement":                {says: "the statement blocks the table for as long as it runs", recipe: "REINDEX CONCURRENTLY and REFRESH MATERIALIZED VIEW CONCURRENTLY exist; CLUSTER and VACUUM FULL belong into a maintenance window"},
	"deletes-rows":                      {says: "rows of the table go with all they hold", recipe: "say why they may go; keep a copy where it may be wanted; delete in batches that commit one by one"},
	"unbatched-write":                   {says: "one statement changes every row and keeps each locked until the file is done", recipe: "batches that commit one by one, as `lockstep migrate diff --backfill` plans them"},
	"concurrent-in-transaction":         {says: "a CONCURRENTLY statement cannot run in a transaction", recipe: "start the file with `-- atlas:txmode none`"},
}

// taste are squawk's rules about style, and those whose concern this project meets elsewhere: the runner sets the timeouts,
// and a file runs once, so its statements need no IF NOT EXISTS.
var taste = []string{
	"require-lock-timeout", "require-statement-timeout", "require-timeout-settings", "prefer-text-field", "prefer-robust-stmts", "prefer-identity",
	"prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-timestamp-tz", "ban-char-field", "require-table-schema",
	"ban-drop-not-null", "transaction-nesting", "ban-uncommitted-transaction", "ban-create-domain-with-constraint",
}
