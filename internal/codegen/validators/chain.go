package validators

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"
)

// method is one call of a declaration chain: MaxLen(255).
type method struct {
	name string
	args []ast.Expr
}

// chain unrolls `field.String("email").MaxLen(255).NotEmpty()` into the field's name and the calls after it. The name is
// empty when the expression is no field declaration.
func chain(call *ast.CallExpr) (name string, calls []method) {
	for {
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return "", nil
		}
		switch x := selector.X.(type) {
		case *ast.CallExpr:
			calls = append(calls, method{name: selector.Sel.Name, args: call.Args})
			call = x
		case *ast.Ident:
			if x.Name != "field" || len(call.Args) == 0 {
				return "", nil
			}
			name, ok := stringLiteral(call.Args[0])
			if !ok {
				return "", nil
			}
			return name, calls
		default:
			return "", nil
		}
	}
}

// fromCalls reads the limits out of the calls. The names and meanings are those of entgo.io/ent/schema/field.
func fromCalls(calls []method) (Limits, error) {
	var l Limits
	for _, c := range calls {
		var err error
		switch c.name {
		case "NotEmpty":
			if l.MinLen == nil {
				one := uint64(1)
				l.MinLen = &one
			}
		case "MinLen":
			l.MinLen, err = length(c)
		case "MaxLen", "MaxRuneLen": // the former counts bytes in Ent: characters of several are refused earlier than the contract says
			l.MaxLen, err = length(c)
		case "Match":
			l.Pattern, err = pattern(c)
		case "Min":
			l.Min, err = number(c, 0)
		case "Max":
			l.Max, err = number(c, 0)
		case "Range":
			if l.Min, err = number(c, 0); err == nil {
				l.Max, err = number(c, 1)
			}
		case "Positive":
			l.Min, l.ExclusiveMin = "0", true
		case "NonNegative":
			l.Min = "0"
		case "Negative":
			l.Max, l.ExclusiveMax = "0", true
		}
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

func length(c method) (*uint64, error) {
	text, err := number(c, 0)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return nil, fmt.Errorf("%s(%s): write the length as a whole number", c.name, text)
	}
	return &n, nil
}

// number returns an argument that is a constant of numbers alone, such as 255, 0x7f, -1_000 or 1<<20, in a form that JSON and
// SQL read as well.
func number(c method, arg int) (string, error) {
	if arg >= len(c.args) {
		return "", notLiteral(c.name, "a number")
	}
	found, err := types.Eval(token.NewFileSet(), nil, token.NoPos, types.ExprString(c.args[arg]))
	if err != nil || found.Value == nil {
		return "", notLiteral(c.name, "a number")
	}
	if i := constant.ToInt(found.Value); i.Kind() == constant.Int {
		if text := i.ExactString(); len(text) <= maxPlain {
			return text, nil
		}
	}
	if f := constant.ToFloat(found.Value); f.Kind() == constant.Float || f.Kind() == constant.Int {
		v, _ := constant.Float64Val(f) // what the validator itself is given
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	}
	return "", notLiteral(c.name, "a number")
}

// maxPlain is the most digits of an integer that is written without an exponent.
const maxPlain = 21

// pattern accepts Match(regexp.MustCompile(`…`)).
func pattern(c method) (string, error) {
	if len(c.args) == 1 {
		if compile, ok := c.args[0].(*ast.CallExpr); ok && len(compile.Args) == 1 {
			if text, ok := stringLiteral(compile.Args[0]); ok {
				return text, nil
			}
		}
	}
	return "", notLiteral(c.name, "regexp.MustCompile of a string")
}

func notLiteral(method, want string) error {
	return fmt.Errorf("%s needs %s written out as a literal: limits are read from the source to appear in the contract", method, want)
}

func stringLiteral(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

func receiverName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) != 1 {
		return ""
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if name, ok := typ.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

func compositeNames(body *ast.BlockStmt) []string {
	var names []string
	ast.Inspect(body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok {
			if name, ok := lit.Type.(*ast.Ident); ok {
				names = append(names, name.Name)
			}
		}
		return true
	})
	return names
}
