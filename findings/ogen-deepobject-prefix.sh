#!/usr/bin/env bash
# ogen 1.24.0 decodes a deepObject query parameter by the beginning of names: a parameter of its own that begins as the object does is
# taken for a part of it, and one that is sent twice fails the whole request, although both parameters are declared.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > main.go <<'GO'
package main

import (
	"fmt"
	"net/url"

	"github.com/ogen-go/ogen/uri"
)

func main() {
	for _, query := range []string{"due[gte]=1", "due[gte]=1&paid=a&paid=b", "due[gte]=1&dueBy=a&dueBy=b"} {
		values, err := url.ParseQuery(query)
		if err != nil {
			panic(err)
		}
		config := uri.QueryParameterDecodingConfig{
			Name: "due", Style: uri.QueryStyleDeepObject, Explode: true, Fields: []uri.QueryParameterObjectField{{Name: "gte"}},
		}
		err = uri.NewQueryDecoder(values).DecodeParam(config, func(d uri.Decoder) error {
			return d.DecodeFields(func(string, uri.Decoder) error { return nil })
		})
		fmt.Printf("%s: %v\n", query, err)
	}
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/ogen-go/ogen/uri@v1.24.0 >/dev/null 2>&1
go run . | tee out
grep -qx 'due\[gte\]=1: <nil>' out
grep -qx 'due\[gte\]=1&paid=a&paid=b: <nil>' out
grep -q '^due\[gte\]=1&dueBy=a&dueBy=b: .*multiple values' out
