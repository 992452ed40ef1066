package codegen

import "regexp"

// handlerRefinements have answers written and parameters found by internal/wire, whose comments say why.
var handlerRefinements = []refinement{
	{
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`(\t+)w\.WriteHeader\(([^)\n]+)\)\n\n\t+e := new\(jx\.Encoder\)\n\t+response\.Encode\(e\)\n\t+if _, err := e\.WriteTo\(w\); err != nil \{`),
		with: "${1}if err := wire.Write(w, $2, response); err != nil {",
	},
	{
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`(\t+)w\.WriteHeader\(([^)\n]+)\)\n\n\t+e := new\(jx\.Encoder\)\n\t+response\.Response\.Encode\(e\)\n\t+if _, err := e\.WriteTo\(w\); err != nil \{`),
		with: "${1}if err := wire.Write(w, $2, &response.Response); err != nil {",
	},
	{
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`w\.Header\(\)\.Set\("Content-Type", "application/json; charset=utf-8"\)`),
		with: "wire.JSON(w)",
	},
	{
		// For headers that are not plain texts.
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`h := uri\.NewHeaderEncoder\(w\.Header\(\)\)`),
		with: "$0\n_ = h",
	},
	{
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`\{\n\t+cfg := uri\.HeaderParameterEncodingConfig\{\n\t+Name: +("[\w-]+"),\n\t+Explode: false,\n\t+\}\n` +
			`\t+if err := h\.EncodeParam\(cfg, func\(e uri\.Encoder\) error \{\n\t+return e\.EncodeValue\(conv\.StringToString\(([\w.]+)\)\)\n\t+\}\); err != nil \{\n.*\n\t+\}\n\t+\}`),
		with: "wire.Header(w, $1, $2)",
	},
	{
		// Which headers a script may read is for internal/api to say, and to scripts of allowed origins only.
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`\t+w\.Header\(\)\.Set\("Access-Control-Expose-Headers", "[^"\n]*"\)\n`),
		with: "",
	},
	{
		file: "oas_json_gen.go",
		form: regexp.MustCompile(`json\.EncodeTimeFormat\(e, ([\w.]+), "` + regexp.QuoteMeta(timeFormat) + `"\)`),
		with: "wire.Time(e, $1)",
	},
	{
		file: "oas_parameters_gen.go",
		form: regexp.MustCompile(`q\.HasParam\(cfg\)`),
		with: "wire.Has(r, q, cfg)",
	},
}
