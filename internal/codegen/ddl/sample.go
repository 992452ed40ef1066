package ddl

import (
	"encoding/json"
	"fmt"
	"strings"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// samples are the directives by which the planner knows values that rows of a table may hold.
func samples(graph *gen.Graph) (string, error) {
	var b strings.Builder
	for _, node := range graph.Nodes {
		rows, err := samplesOf(node.Annotations)
		if err != nil {
			return "", fmt.Errorf("%s: %w", node.Name, err)
		}
		for _, row := range rows {
			columns := map[string]string{}
			for name, value := range row {
				field := fieldNamed(node, name)
				if field == nil {
					return "", fmt.Errorf("%s: contract.SampleRow names %q, which is no field of it: name a field", node.Name, name)
				}
				columns[field.StorageKey()] = value
			}
			writeSample(&b, node.Table(), columns)
		}
		for _, field := range node.Fields {
			rows, err := samplesOf(field.Annotations)
			if err != nil {
				return "", fmt.Errorf("%s.%s: %w", node.Name, field.Name, err)
			}
			for _, row := range rows {
				value, ok := row[""]
				if !ok {
					return "", fmt.Errorf("%s.%s: contract.SampleRow is for an entity: a field's values are contract.Sample(\"…\")", node.Name, field.Name)
				}
				writeSample(&b, node.Table(), map[string]string{field.StorageKey(): value})
			}
		}
	}
	return b.String(), nil
}

func fieldNamed(node *gen.Type, name string) *gen.Field {
	for _, field := range node.Fields {
		if field.Name == name {
			return field
		}
	}
	if node.ID != nil && node.ID.Name == name {
		return node.ID
	}
	return nil
}

// writeSample writes the columns in order, so that the file is the same each time.
func writeSample(b *strings.Builder, table string, columns map[string]string) {
	text, _ := json.Marshal(columns) // strings always can
	fmt.Fprintf(b, "-- lockstep:sample %s %s\n", table, text)
}

// samplesOf reads an annotation; loading a schema turns annotations into maps.
func samplesOf(annotations gen.Annotations) ([]map[string]string, error) {
	a, ok := annotations[contract.Samples{}.Name()]
	if !ok {
		return nil, nil
	}
	text, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("read the samples: %w", err)
	}
	var s contract.Samples
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("read the samples: %w", err)
	}
	return s.Rows, nil
}
