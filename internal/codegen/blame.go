package codegen

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ogen-go/ogen/location"

	"github.com/lockstep-dev/lockstep/internal/codegen/names"
	"github.com/lockstep-dev/lockstep/internal/codegen/typecheck"
)

// blame names the entity and the field that a mistake in a generated file is about, as far as its place and its words tell.
// source is the file as it was generated.
func (w *Workspace) blame(p typecheck.Problem, source []byte) string {
	about := p.Text
	if lines := strings.Split(string(source), "\n"); p.Line > 0 && p.Line <= len(lines) {
		about += " " + lines[p.Line-1]
		for i := p.Line - 1; i >= 0; i-- { // and the function that it is in
			if strings.HasPrefix(lines[i], "func ") {
				about += " " + lines[i]
				break
			}
		}
	}
	entity, field := "", ""
	for _, node := range w.nodes() {
		dir, own := node.PackageDir(), strings.ToLower(path.Base(strings.TrimSuffix(p.File, ".go")))
		first, _, _ := strings.Cut(own, "_")
		inFile := first == dir || strings.Contains("/"+p.File, "/"+dir+"/")
		if (inFile || strings.Contains(about, node.Name)) && len(node.Name) >= len(entity) || inFile {
			entity, field = node.Name, ""
			for _, f := range node.Fields {
				if strings.Contains(about, f.StructField()) && len(f.Name) > len(field) {
					field = names.Of(f)
				}
			}
		}
		if inFile {
			break
		}
	}
	return inWords(entity, field) + p.String()
}

func inWords(entity, field string) string {
	switch {
	case field != "":
		return fmt.Sprintf("entity %s, field %s: ", entity, field)
	case entity != "":
		return fmt.Sprintf("entity %s: ", entity)
	}
	return ""
}

// notGo is how Ent says that a file which it has written is not Go.
var notGo = regexp.MustCompile(`(?s)format file \S+: (\S+\.go):(\d+):(\d+): (.*)`)

// blameORM explains an error of Ent's, which has written into dir.
func (w *Workspace) blameORM(err error, dir string) error {
	m := notGo.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	source, _ := os.ReadFile(m[1]) // without it there is less to say
	line, _ := strconv.Atoi(m[2])
	column, _ := strconv.Atoi(m[3])
	file, failed := filepath.Rel(dir, m[1])
	if failed != nil {
		file = filepath.Base(m[1])
	}
	text := ""
	if lines := strings.Split(string(source), "\n"); line > 0 && line <= len(lines) {
		text = "\n  " + strings.TrimSpace(lines[line-1])
	}
	p := typecheck.Problem{File: "ent/" + filepath.ToSlash(file), Line: line, Column: column, Text: m[4] + text}
	return fmt.Errorf("what Ent generates is not Go, so nothing was replaced: %s\nTake what means something to Go out of the text or the name", w.blame(p, source))
}

// member is a line of the indented contract that opens or holds a member of an object.
var member = regexp.MustCompile(`^( *)"((?:[^"\\]|\\.)*)": `)

// blameContract explains an error of ogen's by the entity and the field that the place in the contract is of.
func (w *Workspace) blameContract(err error, document []byte) error {
	var at *location.Error
	if !errors.As(err, &at) {
		return err
	}
	place := placeOf(document, at.Pos.Line)
	entity, field := "", ""
	if len(place) > 2 && place[0] == "components" && place[1] == "schemas" {
		for _, e := range w.entities {
			if (place[2] == e.Name || strings.HasPrefix(place[2], e.Name) || place[2] == e.DetailName()) && len(e.Name) > len(entity) {
				entity = e.Name
			}
		}
	}
	for _, e := range w.entities {
		if len(place) > 1 && place[0] == "paths" && (place[1] == e.Path || place[1] == e.Path+"/{id}") {
			entity = e.Name
		}
		if e.Name != entity {
			continue
		}
		for _, f := range slices.Concat(e.Fields, e.Secrets) {
			if slices.Contains(place, f.JSON) {
				field = f.Name
			}
		}
	}
	return fmt.Errorf("%sogen cannot take %s of the contract: %w", inWords(entity, field), strings.Join(place, "."), at.Err)
}

// placeOf are the names of the members that lead to a line of an indented document.
func placeOf(document []byte, line int) []string {
	lines := strings.Split(string(document), "\n")
	var place []string
	indent := -1
	for i := min(line, len(lines)) - 1; i >= 0; i-- {
		m := member.FindStringSubmatch(lines[i])
		if m != nil && (indent < 0 || len(m[1]) < indent) {
			indent = len(m[1])
			place = append(place, m[2])
		}
	}
	slices.Reverse(place)
	return place
}
