package pgcatalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Stored is a fingerprint to keep: what the migrations up to a version make of an empty database.
type Stored struct {
	Version string
	Objects Fingerprint
}

// NewStored keeps of a fingerprint what belongs to the migrations: not the schema public, which every database has its own
// way, nor anything in it.
func NewStored(version string, f Fingerprint) Stored {
	return Stored{version, slices.DeleteFunc(slices.Clone(f), func(o Object) bool { return o.in("public") })}
}

// in says whether an object is the schema or lies in it.
func (o Object) in(schema string) bool {
	name := o.Name
	for _, noun := range []string{"schema ", "table ", "sequence ", "column ", "routine ", "type ", "relation ", "view ", "materialized view ", "constraint ", "policy ", "trigger "} {
		name = strings.TrimPrefix(name, noun)
	}
	return name == schema || strings.HasPrefix(name, schema+".") || strings.HasPrefix(name, schema+" ")
}

// Schemas are the schemas the fingerprint describes.
func (s Stored) Schemas() []string {
	var out []string
	for _, o := range s.Objects {
		if o.Kind == "schema" {
			out = append(out, strings.Trim(o.Name, `"`))
		}
	}
	return out
}

// Drift compares a live database's fingerprint, read for Schemas, with the stored one. Extensions that operators installed
// are none of its business. The differences are in the order in which they can be repaired.
func (s Stored) Drift(live Fingerprint) []Difference {
	out := slices.DeleteFunc(Diff(live, s.Objects), func(d Difference) bool { return d.Kind == "extension" && d.Extra })
	// A view brings its columns, a constraint its index, an identity column its sequence.
	owners := map[string]bool{}
	for _, d := range out {
		switch d.Kind {
		case "view", "materialized view", "composite type":
			owners["column "+d.Name] = true
		case "constraint":
			table, name := split(d.Name)
			schema, _ := split(table)
			owners["index "+schema+"."+name] = true
		case "column":
			if strings.Contains(d.Got+d.Want, "as identity") {
				owners["sequence of "+d.Name] = true
			}
		}
	}
	for i, d := range out {
		parent, _ := split(d.Name)
		out[i].carried = owners[d.Kind+" "+d.Name] || d.Kind == "column" && owners["column "+parent] ||
			d.Kind == "sequence" && owners["sequence of "+ownerOf(d.Got+d.Want)]
	}
	slices.SortStableFunc(out, func(a, b Difference) int { return a.rank() - b.rank() })
	return out
}

// Encode writes one object per line, so that versions can be compared and merged.
func (s Stored) Encode() ([]byte, error) {
	var b bytes.Buffer
	version, err := json.Marshal(s.Version)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "{\"generated\": \"by lockstep from the migrations. DO NOT EDIT.\",\n\"version\": %s,\n\"objects\": [", version)
	for i, o := range s.Objects {
		var line bytes.Buffer
		e := json.NewEncoder(&line)
		e.SetEscapeHTML(false)
		if err := e.Encode(o); err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + strings.TrimSpace(line.String()))
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}

// Decode reads what Encode wrote.
func Decode(b []byte) (Stored, error) {
	var s Stored
	if err := json.Unmarshal(b, &s); err != nil {
		return Stored{}, fmt.Errorf("read the stored fingerprint: %w", err)
	}
	return s, nil
}
