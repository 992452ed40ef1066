// Package openapi carries the contract inside the binary, which serves it at /openapi.json.
package openapi

import _ "embed"

// Document is openapi.json as it was generated.
//
//go:embed openapi.json
var Document []byte
