//go:build race

package api_test

// racing says that the race detector is on: pools then forget at random what they lend, and more is allocated.
const racing = true
