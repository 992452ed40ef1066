package sdk

import (
	"maps"
	"slices"
	"strings"
)

// summary is the first paragraph of a method's description.
func summary(m *method) string {
	first, _, _ := strings.Cut(m.Doc, "\n\n")
	return first
}

// queryCode is a member of coreQueries: infinite query options of a list, query options of another GET, mutation options of
// anything else.
func queryCode(resource string, m *method) string {
	call := "client." + resource + "." + m.Name
	key := "[scope, " + quote(resource) + ", " + quote(m.Name)
	generic := ""
	if m.Expand != nil {
		generic = "<E extends " + m.Expand.Name + " = never>"
	}
	switch {
	case m.Item != "":
		return "      " + m.Name + ": " + generic + "(" + strings.Join(slices.Concat(m.PathArgs, []string{"params?: " + m.Params.Name + m.Expand.argument()}), ", ") + ") =>\n" +
			"        infiniteQueryOptions({\n" +
			"          queryKey: " + key + strings.Join(names(m.PathArgs, ", "), "") + ", params ?? {}] as const,\n" +
			"          queryFn: async ({ pageParam, signal }) =>\n" +
			"            " + call + "(" + strings.Join(append(bare(m.PathArgs), "{ ...params, ...(pageParam && { cursor: pageParam }) }", "{ signal }"), ", ") + "),\n" +
			"          initialPageParam: undefined as string | undefined,\n" +
			"          getNextPageParam: (page) => page.nextCursor || undefined,\n" +
			"          retry: false,\n" +
			"        }),"
	case m.HTTP == "GET":
		arguments, key, passed := slices.Clone(m.PathArgs), key+strings.Join(names(m.PathArgs, ", "), ""), "{ signal }"
		if len(m.Query) > 0 {
			arguments = append(arguments, "query"+question(m.QueryRequired)+": Pick<"+m.Options.Name+m.Expand.argument()+", "+strings.Join(m.Query, " | ")+">")
			key += ", query"
			if !m.QueryRequired {
				key += " ?? {}"
			}
			passed = "{ ...query, signal }"
		}
		return "      " + m.Name + ": " + generic + "(" + strings.Join(arguments, ", ") + ") =>\n" +
			"        queryOptions({\n" +
			"          queryKey: " + key + "] as const,\n" +
			"          queryFn: async ({ signal }) => " + call + "(" + strings.Join(append(bare(m.PathArgs), passed), ", ") + "),\n" +
			"          retry: false,\n" +
			"        }),"
	}
	arguments := m.arguments()
	return "      " + m.Name + ": () =>\n" +
		"        mutationOptions({\n" +
		"          mutationKey: " + key + "] as const,\n" +
		"          mutationFn: async ({ " + strings.Join(bare(arguments), ", ") + " }: { " + strings.Join(optionals(arguments), "; ") + " }) =>\n" +
		"            " + call + "(" + strings.Join(bare(arguments), ", ") + "),\n" +
		"        }),"
}

// bare lists the names of arguments, without their types.
func bare(arguments []string) []string {
	var all []string
	for _, a := range arguments {
		name, _, _ := strings.Cut(a, ":")
		all = append(all, strings.TrimSuffix(name, "?"))
	}
	return all
}

func names(arguments []string, before string) []string {
	all := bare(arguments)
	for n := range all {
		all[n] = before + all[n]
	}
	return all
}

// optionals lets what may be left out be undefined as well.
func optionals(arguments []string) []string {
	var all []string
	for _, a := range arguments {
		if name, _, _ := strings.Cut(a, ":"); strings.HasSuffix(name, "?") && !strings.HasSuffix(a, "| undefined") {
			a += " | undefined"
		}
		all = append(all, a)
	}
	return all
}

// queryImports imports the parameter types a resource's queries need.
func queryImports(r *resource) string {
	needed := map[string]bool{}
	for _, m := range r.Methods {
		if m.Expand != nil && (m.Item != "" || m.HTTP == "GET") {
			needed[m.Expand.Name] = true
		}
		if m.Params != nil {
			needed[m.Params.Name] = true
		}
		if m.Options != nil && (m.HTTP != "GET" || len(m.Query) > 0) {
			needed[m.Options.Name] = true
		}
	}
	if len(needed) == 0 {
		return ""
	}
	return wrap("import type { ", slices.Sorted(maps.Keys(needed)), " } from './resources/"+r.File+".js';", "", "")
}

// queryTypes imports what the arguments of mutations name.
func queryTypes(resources []*resource) string {
	needed := map[string]bool{}
	options := false
	for _, r := range resources {
		for _, m := range r.Methods {
			if m.HTTP == "GET" {
				continue
			}
			text := strings.Join(m.Arguments, " ")
			options = options || strings.Contains(text, ": RequestOptions")
			for _, name := range r.Types {
				if slices.Contains(words.FindAllString(text, -1), name) {
					needed[name] = true
				}
			}
		}
	}
	var lines []string
	if options {
		lines = append(lines, "import type { RequestOptions } from '../core/options.js';")
	}
	if len(needed) > 0 {
		lines = append(lines, wrap("import type { ", slices.Sorted(maps.Keys(needed)), " } from './types.js';", "", ""))
	}
	return strings.Join(lines, "\n")
}
