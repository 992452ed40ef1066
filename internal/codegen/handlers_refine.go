package codegen

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ogen-go/ogen/gen/ir"
)

// handlerRefinements have answers written and parameters found by internal/httpio, whose comments say why.
var handlerRefinements = []refinement{
	{
		// Nobody reads the status it records; the writer that internal/httpio asks to hold an answer back is behind it.
		file: "oas_handlers_gen.go",
		form: regexp.MustCompile(`\tstatusWriter := &codeRecorder\{ResponseWriter: w\}\n\tw = statusWriter\n`),
		with: "",
	},
	{
		file: "oas_handlers_gen.go",
		form: regexp.MustCompile(`(?s)type codeRecorder struct \{.*?(func recordError)`),
		with: "$1",
	},
	{
		file: "oas_request_decoders_gen.go",
		form: regexp.MustCompile(`mime\.ParseMediaType\(`),
		with: "httpio.MediaType(",
	},
	{
		file: "oas_request_decoders_gen.go",
		form: regexp.MustCompile(`io\.ReadAll\(r\.Body\)`),
		with: "httpio.Body(r)",
	},
	{
		// Nobody reads the body again, and nobody changes what has been read.
		file: "oas_request_decoders_gen.go",
		form: regexp.MustCompile(`\t+// Reset the body to allow for downstream reading\.\n\t+r\.Body = io\.NopCloser\(bytes\.NewBuffer\(buf\)\)\n\n`),
		with: "",
	},
	{
		file: "oas_request_decoders_gen.go",
		form: regexp.MustCompile(`rawBody = append\(rawBody, buf\.\.\.\)`),
		with: "rawBody = buf",
	},
	{
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`(\t+)w\.WriteHeader\(([^)\n]+)\)\n\n\t+e := new\(jx\.Encoder\)\n\t+response\.Encode\(e\)\n\t+if _, err := e\.WriteTo\(w\); err != nil \{`),
		with: "${1}if err := httpio.Write(w, $2, response); err != nil {",
	},
	{
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`(\t+)w\.WriteHeader\(([^)\n]+)\)\n\n\t+e := new\(jx\.Encoder\)\n\t+response\.Response\.Encode\(e\)\n\t+if _, err := e\.WriteTo\(w\); err != nil \{`),
		with: "${1}if err := httpio.Write(w, $2, &response.Response); err != nil {",
	},
	{
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`w\.Header\(\)\.Set\("Content-Type", "application/json; charset=utf-8"\)`),
		with: "httpio.JSON(w)",
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
		with: "httpio.Header(w, $1, $2)",
	},
	{
		// Which headers a script may read is for internal/serving to say, and to scripts of allowed origins only.
		file: "oas_response_encoders_gen.go",
		form: regexp.MustCompile(`\t+w\.Header\(\)\.Set\("Access-Control-Expose-Headers", "[^"\n]*"\)\n`),
		with: "",
	},
	{
		file: "oas_json_gen.go",
		form: regexp.MustCompile(`json\.EncodeTimeFormat\(e, ([\w.]+), "` + regexp.QuoteMeta(timeFormat) + `"\)`),
		with: "httpio.Time(e, $1)",
	},
	{
		// Also of answers, which are read when they are shown again.
		file: "oas_json_gen.go",
		form: regexp.MustCompile(`json\.DecodeTimeFormat\(d, "` + regexp.QuoteMeta(timeFormat) + `"\)`),
		with: "httpio.ReadTime(d)",
	},
	{
		file: "oas_json_gen.go",
		form: regexp.MustCompile(`d\.Arr\(func\(`),
		with: "httpio.Arr(d, func(",
	},
	{
		file: "oas_parameters_gen.go",
		form: regexp.MustCompile(`q\.HasParam\(cfg\)`),
		with: "httpio.Has(r, q, cfg)",
	},
	{
		file: "oas_parameters_gen.go",
		form: regexp.MustCompile(`q\.DecodeParam\(cfg, `),
		with: "httpio.Decode(r, q, cfg, ",
	},
	{
		file: "oas_parameters_gen.go",
		form: regexp.MustCompile(`conv\.ToUUID\(`),
		with: "httpio.ToUUID(",
	},
	{
		file: "oas_json_gen.go",
		form: regexp.MustCompile(`json\.DecodeUUID\(`),
		with: "httpio.UUID(",
	},
}

// valueRefinements bound decimals before they are numbers and write all of their digits, hold integers that are texts to one form,
// write floats that JSON has no form for as the nearest that it has, and read times as RFC 3339 has them. Contracts without such
// fields have nothing to refine.
var valueRefinements = map[string][]struct{ form, with string }{
	"oas_json_gen.go": {
		{`json\.Decode(?:String)?Decimal\(d\)`, `httpio.Decimal(d)`},
		{`json\.Encode(?:String)?Decimal\(e, `, `httpio.WriteDecimal(e, `},
		{`json\.DecodeStringInt64\(d\)`, `httpio.Int64(d)`},
		{`json\.NewTimeEncoder\("` + regexp.QuoteMeta(timeFormat) + `"\)`, `httpio.Time`},
		{`json\.NewTimeDecoder\("` + regexp.QuoteMeta(timeFormat) + `"\)`, `httpio.ReadTime`},
		{`e\.Float(64|32)\(`, `httpio.Float$1(e, `},
		// A free object in one order: its ETag is of what is written.
		{`for k, elem := range s \{`, "for _, k := range slices.Sorted(maps.Keys(s)) {\nelem := s[k]"},
	},
	"oas_parameters_gen.go": {
		{`conv\.To(?:String)?Decimal\(`, `numeric.Parse(`},
		{`conv\.ToDateTime\(`, `timetext.Parse(`},
		{`conv\.ToStringInt64\(`, `numeric.ParseInt(`},
	},
	"oas_uri_gen.go": { // the members of ranges
		{`conv\.To(?:String)?Decimal\(`, `numeric.Parse(`},
		{`conv\.ToDateTime\(`, `timetext.Parse(`},
		{`conv\.ToStringInt64\(`, `numeric.ParseInt(`},
	},
}

// refineValues applies valueRefinements to what ogen has written into dir.
func refineValues(dir, module string) error {
	for file, refinements := range valueRefinements {
		source, err := os.ReadFile(filepath.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a contract without ranges
		}
		if err != nil {
			return fmt.Errorf("refine ogen's server: %w", err)
		}
		var found []refinement
		for _, r := range refinements {
			if form := regexp.MustCompile(r.form); form.Match(source) {
				found = append(found, refinement{file: file, form: form, with: r.with})
			}
		}
		if err := refine(dir, found, module+"/internal/httpio", module+"/internal/numeric", module+"/internal/timetext"); err != nil {
			return err
		}
	}
	return nil
}

// refineBytes holds bytes to the contract, where ogen leaves null to jx: null is refused unless the field may be null, and
// what is absent stays absent in answers. Contracts without bytes have nothing to refine.
func refineBytes(path string, types map[string]*ir.Type) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("refine ogen's server: %w", err)
	}
	text := strings.ReplaceAll(string(source), "d.Base64()", "httpio.Base64(d)")
	for _, name := range slices.Sorted(maps.Keys(types)) {
		for _, field := range types[name].Fields {
			var method, form, with string
			switch {
			case field.Type.Primitive != ir.ByteSlice:
				continue
			case field.Type.NilSemantic.Null():
				method, form, with = "Decode(d *jx.Decoder) error", `httpio\.Base64\(d\)(\n\t+s\.`+field.Name+` = )`, "d.Base64()$1"
			case field.Type.NilSemantic.Optional():
				method, form, with = "encodeFields(e *jx.Encoder)", `\{(\n.*\n\t+e\.Base64\(s\.`+field.Name+`\)\n)`, "if s."+field.Name+" != nil {$1"
			default:
				continue
			}
			head := fmt.Sprintf("\nfunc (s *%s) %s {\n", name, method)
			before, body, found := strings.Cut(text, head)
			body, after, ended := strings.Cut(body, "\n}\n")
			pattern := regexp.MustCompile(form)
			if !found || !ended || !pattern.MatchString(body) {
				return fmt.Errorf("refine ogen's server: %s of %s has nothing of the form %s", method, name, form)
			}
			text = before + head + pattern.ReplaceAllString(body, with) + "\n}\n" + after
		}
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("refine ogen's server: %w", err)
	}
	return nil
}
