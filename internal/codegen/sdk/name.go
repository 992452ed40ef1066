package sdk

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

var (
	operationID = regexp.MustCompile(`^([a-z][A-Za-z0-9]*)\.([a-z][A-Za-z0-9]*)$`)
	words       = regexp.MustCompile(`[A-Za-z_$][A-Za-z0-9_$]*`)
	identifier  = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)
)

// taken are the names the SDK's own code has in the modules that name the contract's schemas: a schema with one of them is
// given another.
var taken = map[string]bool{
	"ApiError": true, "AuthenticationError": true, "BadRequestError": true, "ConflictError": true, "ConnectionError": true,
	"NotFoundError": true, "NotModifiedError": true, "PermissionError": true, "PreconditionFailedError": true, "RateLimitError": true,
	"ProblemCode": true, "ViolationCode": true, "ServerError": true, "TimeoutError": true, "ValidationError": true,
	"AuthToken": true, "ClientOptions": true, "Fetch": true, "FetchOptions": true, "IncomingResponse": true,
	"OutgoingRequest": true, "RequestOptions": true, "CursorPage": true, "ApiPromise": true, "PagePromise": true,
	"WithResponse": true, "Expanded": true, "PageOf": true, "CoreApiClient": true, "Transport": true, "parseDate": true, "path": true,
	"Array": true, "Promise": true, "Record": true, "Error": true, "Date": true, "Readonly": true, "Pick": true,
}

// reserved words cannot name a function's parameter (ECMA-262, 12.7.2, strict mode included).
var reserved = map[string]bool{
	"arguments": true, "await": true, "break": true, "case": true, "catch": true, "class": true, "const": true,
	"continue": true, "debugger": true, "default": true, "delete": true, "do": true, "else": true, "enum": true,
	"eval": true, "export": true, "extends": true, "false": true, "finally": true, "for": true, "function": true,
	"if": true, "implements": true, "import": true, "in": true, "instanceof": true, "interface": true, "let": true,
	"new": true, "null": true, "package": true, "private": true, "protected": true, "public": true, "return": true,
	"static": true, "super": true, "switch": true, "this": true, "throw": true, "true": true, "try": true,
	"typeof": true, "var": true, "void": true, "while": true, "with": true, "yield": true,
	// Names the generated methods use themselves.
	"body": true, "params": true, "options": true, "path": true, "signal": true, "query": true, "scope": true, "client": true, "pageParam": true,
}

// pascal writes userRoles as UserRoles.
func pascal(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// kebab writes userRoles as user-roles.
func kebab(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// camel writes If-Match and user_id as ifMatch and userId, and leaves userId as it is.
func camel(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		if i == 0 {
			words[i] = strings.ToLower(word[:1]) + word[1:]
		} else {
			words[i] = pascal(word)
		}
	}
	return strings.Join(words, "")
}

// argument is the name of a function's parameter for a path parameter.
func argument(name string) string {
	name = camel(name)
	if reserved[name] || !identifier.MatchString(name) {
		return "_" + name
	}
	return name
}

// property is name as a key of an object type.
func property(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return quote(name)
}

// quote is s as a TypeScript string.
func quote(s string) string {
	s = strconv.Quote(s)
	if strings.ContainsAny(s, `'\`) {
		return s
	}
	return "'" + s[1:len(s)-1] + "'"
}
