#!/usr/bin/env bash
# Ent 0.14.6 writes a field's Comment above the struct field. A line of it that begins with +build is prose there, but go/format (Go 1.26),
# which Ent runs on what it writes, takes it for a build constraint: it moves the line to the top of the file as //go:build.
# Generation exits 0, and the whole file leaves its package, so that the error names types that look generated.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p ent/schema
cat > ent/schema/note.go <<'GO'
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
)

type Note struct{ ent.Schema }

func (Note) Fields() []ent.Field {
	return []ent.Field{field.String("flags").Comment("Flags of the compiler, for example\n+build integration")}
}
GO
go mod init finding >/dev/null 2>&1
go get entgo.io/ent@v0.14.6 >/dev/null 2>&1
go get entgo.io/ent/cmd/ent@v0.14.6 >/dev/null 2>&1
go run entgo.io/ent/cmd/ent generate ./ent/schema && echo "ent generate: exit 0"
head -3 ent/note.go
go list -f '{{join .IgnoredGoFiles " "}}' ./ent | tee ignored
grep -q '^//go:build integration$' ent/note.go
grep -qw note.go ignored
if go build ./ent 2>out; then echo "it compiles: no finding any more" >&2; exit 1; fi
head -3 out
grep -q 'undefined: Note' out
