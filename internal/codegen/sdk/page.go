package sdk

import (
	"bytes"
	"fmt"
	"strings"
	"text/template"
)

// pages returns the SDK's API pages, one per resource and an index, by file name. Each operation has an example, which imports the
// SDK as the package pkg.
func writePages(contract []byte, pkg string) (map[string][]byte, error) {
	doc, err := parse(contract)
	if err != nil {
		return nil, err
	}
	resources, err := doc.resources()
	if err != nil {
		return nil, err
	}
	templates, err := template.New("pages").Funcs(template.FuncMap{
		"returns": returns, "summary": summary, "anchor": anchor, "rows": rows, "answers": answersWith, "cell": cell,
	}).ParseFS(templateFiles, "templates/*.md.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse the templates of pages: %w", err)
	}
	files := map[string][]byte{}
	render := func(file, name string, data any) error {
		var b bytes.Buffer
		if err := templates.ExecuteTemplate(&b, name, data); err != nil {
			return fmt.Errorf("write %s: %w", file, err)
		}
		files[file] = b.Bytes()
		return nil
	}
	for _, r := range resources {
		if err := render(r.File+".md", "page.md.tmpl", map[string]any{"Resource": r, "Package": pkg}); err != nil {
			return nil, err
		}
	}
	return files, render("README.md", "pages.md.tmpl", map[string]any{"Resources": resources, "Package": pkg})
}

// anchor is the id GitHub gives to a heading that is an operation id.
func anchor(operation string) string {
	return strings.ToLower(strings.ReplaceAll(operation, ".", ""))
}

// answersWith says in words what a call answers.
func answersWith(m *method) string {
	switch {
	case m.Item != "":
		return "pages of `" + cell(m.Answer) + "`"
	case m.Answer == "void":
		return "nothing"
	}
	return "`" + cell(m.Answer) + "`"
}

// Tables are what a method can be told, by title.
func (m *method) Tables() map[string]*structure {
	tables := map[string]*structure{}
	if m.Params != nil {
		tables["Parameter"] = m.Params
	}
	if m.Options != nil {
		tables["Option"] = m.Options
	}
	return tables
}

// row is a line of a table of options.
type row struct{ Name, Type, Doc string }

// rows are the fields of a structure as a table has them.
func rows(m *method, s *structure) []row {
	var all []row
	for _, f := range s.Fields {
		name, t, _ := strings.Cut(f.Code, ": ")
		name, free := strings.CutSuffix(name, "?")
		t = strings.TrimSuffix(t, " | undefined")
		if m.Expand != nil {
			t = strings.ReplaceAll(t, "readonly E[]", "("+m.Expand.Values+")[]")
		}
		doc := f.Doc
		if !free {
			doc = strings.TrimSpace("Required. " + doc)
		}
		if f.Deprecated {
			doc = strings.TrimSpace("Deprecated. " + doc)
		}
		all = append(all, row{name, t, doc})
	}
	return all
}

// cell is text in a cell of a table.
func cell(s string) string {
	s = strings.ReplaceAll(s, " | undefined", "")
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}
