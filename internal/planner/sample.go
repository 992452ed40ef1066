package planner

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
)

var sampleAnnotation = regexp.MustCompile(`(?m)^-- lockstep:sample[ \t]+(\S+)[ \t]+(.*)$`)

// readSamples reads what the desired state says rows may hold (`-- lockstep:sample TABLE {"column": "value"}`): values that
// go together, as text that Postgres reads.
func readSamples(schema string) (map[string][]map[string]string, error) {
	b, err := os.ReadFile(schema)
	if err != nil {
		return nil, nil // whoever needs the file says so
	}
	out := map[string][]map[string]string{}
	for _, m := range sampleAnnotation.FindAllStringSubmatch(string(b), -1) {
		row := map[string]string{}
		if err := json.Unmarshal([]byte(m[2]), &row); err != nil {
			return nil, fmt.Errorf("read the samples for table %s in %s: %w: run `make generate`", m[1], schema, err)
		}
		out[m[1]] = append(out[m[1]], row)
	}
	return out, nil
}

// sample is what the schema says row i may hold, as literals, of the columns that are there and not given yet.
func (d *database) sample(t shape, i int, given map[string]string) map[string]string {
	rows := d.samples[t.Name]
	if len(rows) == 0 {
		return nil
	}
	out := map[string]string{}
	for name, v := range rows[i%len(rows)] {
		if c, ok := t.column(name); ok && !c.Given && given[name] == "" {
			out[name] = literal(v) + "::" + c.Type
		}
	}
	return out
}
