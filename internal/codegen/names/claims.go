package names

import (
	"slices"
	"strings"

	"entgo.io/ent/entc/gen"
)

// scope is where Go takes an identifier once: a package, or the fields and methods of a type.
type scope string

// Scopes of one entity in Ent's code.
const (
	inPackage  scope = "package"  // ent/user
	inNode     scope = "node"     // ent.User
	inEdges    scope = "edges"    // ent.UserEdges
	inCreate   scope = "create"   // ent.UserCreate
	inUpdate   scope = "update"   // ent.UserUpdate and UserUpdateOne
	inQuery    scope = "query"    // ent.UserQuery
	inMutation scope = "mutation" // ent.UserMutation
)

// reserved are the identifiers that Ent, and the template of package orm, declare for every entity, by scope. A test
// compares them with what is generated.
var reserved = map[scope][]string{
	inPackage: strings.Fields(`Label Table Columns ForeignKeys ValidColumn Hooks Interceptors Policy ValueScanner OrderOption And Or Not
		ID FieldID ByID DefaultID IDValidator`),
	inNode:  strings.Fields(`config ID Edges selectValues assignValues scanValues Update Unwrap String`),
	inEdges: strings.Fields(`loadedTypes`),
	inCreate: strings.Fields(`config mutation hooks conflict SetID SetNillableID Mutation Save SaveX Exec ExecX defaults check sqlSave
		createSpec insert`),
	inUpdate: strings.Fields(`config hooks mutation fields modifiers Where Select Mutation Save SaveX Exec ExecX defaults check sqlSave Modify`),
	inQuery: strings.Fields(`config ctx order inters predicates loadTotal modifiers sql path withFKs Where Limit Offset Unique Order First FirstX
		FirstID FirstIDX Only OnlyX OnlyID OnlyIDX All AllX IDs IDsX Count CountX Exist ExistX Clone GroupBy Select Aggregate prepareQuery
		sqlAll sqlCount querySpec sqlQuery ForUpdate ForShare Modify`),
	inMutation: strings.Fields(`config op typ id clearedFields done oldValue predicates Client Tx SetID ID IDs Where WhereP Op SetOp Type
		Fields Field OldField SetField AddedFields AddedField AddField ClearedFields FieldCleared ClearField ResetField AddedEdges AddedIDs
		RemovedEdges RemovedIDs ClearedEdges EdgeCleared ClearEdge ResetEdge`),
}

// claimant is a field or edge whose identifiers Ent derives from its name; both are nil for reserved ones.
type claimant struct {
	node  *gen.Type
	field *gen.Field
	edge  *gen.Edge
}

func (c claimant) name() string {
	switch {
	case c.field != nil:
		return c.field.Name
	case c.edge != nil:
		return c.edge.Name
	}
	return ""
}

// yields reports whether c is the one to be renamed of two that claim an identifier. Reserved names stay, and of two fields
// the shorter: check and not check_in.
func (c claimant) yields(to claimant) bool {
	a, b := c.name(), to.name()
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b || a == b && c.field != nil
}

// collisions are the fields and edges of the type that have to be renamed, because they claim an identifier that another
// claims as well.
func collisions(node *gen.Type) []claimant {
	type key struct {
		in   scope
		name string
	}
	held := map[key]claimant{}
	var out []claimant
	lose := func(c claimant) {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	claim := func(c claimant, in scope, name string) {
		k := key{in, name}
		other, taken := held[k]
		switch {
		case !taken:
			held[k] = c
		case other == c:
		case c.yields(other):
			lose(c)
		default:
			held[k] = c
			lose(other)
		}
	}
	for in, names := range reservedOf(node) {
		for _, name := range names {
			claim(claimant{node: node}, in, name)
		}
	}
	for _, f := range node.Fields {
		for in, names := range ofField(f) {
			for _, name := range names {
				claim(claimant{node: node, field: f}, in, name)
			}
		}
	}
	for _, e := range node.Edges {
		for in, names := range ofEdge(node, e) {
			for _, name := range names {
				claim(claimant{node: node, edge: e}, in, name)
			}
		}
	}
	return out
}

func reservedOf(node *gen.Type) map[scope][]string {
	out := map[scope][]string{}
	for in, names := range reserved {
		out[in] = slices.Clone(names)
	}
	out[inNode] = append(out[inNode], node.ValueName())
	for _, fk := range node.UnexportedForeignKeys() {
		out[inNode] = append(out[inNode], fk.StructField())
	}
	if node.HasOneFieldID() {
		for _, op := range node.ID.Ops() {
			out[inPackage] = append(out[inPackage], "ID"+op.Name())
		}
	}
	return out
}

// unsaid are the names for which Ent leaves the predicate out that is named as the field itself.
var unsaid = strings.Fields("Label OrderOption Hooks Policy Table FieldID")

// ofField are the identifiers that Ent derives from a field: where.tmpl, meta.tmpl, setter.tmpl, mutation.tmpl of entc/gen.
func ofField(f *gen.Field) map[scope][]string {
	name, builder := f.StructField(), f.BuilderField()
	out := map[scope][]string{
		inPackage: {f.Constant()},
		inNode:    {name},
		inCreate:  {"Set" + name},
		inUpdate:  {"Set" + name},
	}
	add := func(in scope, names ...string) { out[in] = append(out[in], names...) }
	if !f.IsJSON() && !f.IsEnum() && (f.ConvertedToBasic() || f.Type.Valuer()) && !slices.Contains(unsaid, name) {
		add(inPackage, name)
	}
	for _, op := range f.Ops() {
		add(inPackage, name+op.Name())
	}
	if f.Default {
		add(inPackage, f.DefaultName())
	}
	if f.UpdateDefault {
		add(inPackage, f.UpdateDefaultName())
	}
	if f.Validators > 0 || f.IsEnum() {
		add(inPackage, f.Validator())
	}
	if f.Type.Comparable() {
		add(inPackage, f.OrderName())
	}
	if f.IsEnum() && !f.HasGoType() {
		add(inPackage, name)
		add(inPackage, f.EnumNames()...)
	}
	if f.Optional || f.Default {
		add(inCreate, "SetNillable"+name)
	}
	if !f.UpdateDefault {
		add(inUpdate, "SetNillable"+name)
	}
	if f.Optional {
		add(inUpdate, "Clear"+name)
		add(inMutation, f.MutationClear(), f.MutationCleared())
	}
	if f.SupportsMutationAdd() {
		add(inUpdate, f.MutationAdd())
		// Ent renames AddedX where a mutation has a method of that name, and calls it by the first name all the same.
		add(inMutation, "add"+builder, f.MutationAdd(), f.MutationAdded(), "Added"+name)
	}
	if f.SupportsMutationAppend() {
		add(inUpdate, f.MutationAppend())
		add(inMutation, "append"+builder, f.MutationAppend(), f.MutationAppended())
	}
	add(inMutation, f.MutationSet(), f.MutationGet(), f.MutationGetOld(), f.MutationReset())
	if !f.IsEdgeField() {
		add(inMutation, builder)
	}
	return out
}

// ofEdge are the identifiers that Ent derives from an edge.
func ofEdge(node *gen.Type, e *gen.Edge) map[scope][]string {
	name, builder := e.StructField(), e.BuilderField()
	out := map[scope][]string{
		inPackage: {e.Constant(), e.TableConstant(), "Has" + name, "Has" + name + "With", "new" + name + "Step"},
		inNode:    {"Query" + name},
		inEdges:   {name, name + "OrErr"},
		inQuery:   {"Query" + name, "With" + name, e.EagerLoadField(), e.EagerLoadNamedField(), "load" + name},
		inMutation: {
			builder, "cleared" + builder, e.MutationClear(), e.MutationCleared(), name + "IDs", e.MutationReset(),
		},
		inUpdate: {},
	}
	add := func(in scope, names ...string) { out[in] = append(out[in], names...) }
	if node.Table() != e.Type.Table() {
		add(inPackage, e.InverseTableConstant())
	}
	if !e.M2M() {
		add(inPackage, e.ColumnConstant())
	}
	setter := "Add"
	if e.Unique {
		setter = "Set"
		if order, err := e.OrderFieldName(); err == nil {
			add(inPackage, order)
		}
		if !e.HasFieldSetter() {
			add(inMutation, name+"ID")
		}
	} else {
		count, _ := e.OrderCountName()
		terms, _ := e.OrderTermsName()
		add(inPackage, count, terms)
		add(inMutation, "removed"+builder, e.MutationRemove(), "Removed"+name+"IDs")
		add(inUpdate, e.MutationRemove(), "Remove"+name)
	}
	for _, in := range []scope{inCreate, inUpdate} {
		if in == inUpdate && e.Immutable {
			continue
		}
		add(in, setter+name)
		if e.HasFieldSetter() {
			continue
		}
		ids := e.MutationAdd()
		if e.Unique {
			ids = e.MutationSet()
		}
		add(in, ids)
		if e.Unique && e.Optional {
			add(in, "SetNillable"+name+"ID")
		}
		add(inMutation, ids)
	}
	if !e.Immutable {
		add(inUpdate, e.MutationClear())
	}
	return out
}
