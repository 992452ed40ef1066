package main

import (
	"net/http"
	"net/http/pprof"
)

// adminHandler serves metrics, and profiles where they are wanted, on an address that is not exposed. A profile costs the
// process time, and its traces and command line are nobody's business but the operator's.
func adminHandler(metrics http.Handler, profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	if !profiles {
		return mux
	}
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
