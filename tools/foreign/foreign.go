// Package foreign pins a generator that is not the project's own, and what its output imports: a test generates a client
// from the contract with it and compiles that. The module is apart from the project's, which uses none of it.
package foreign

import (
	_ "github.com/oapi-codegen/runtime"       // what the generated client imports
	_ "github.com/oapi-codegen/runtime/types" // the same
)
