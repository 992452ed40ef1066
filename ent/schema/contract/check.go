package contract

// TableCheck is a CHECK constraint with what is said to whoever breaks it.
type TableCheck struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
	Message    string `json:"message"`
}

// Check declares a CHECK constraint of the entity's table, over one column or several, with the sentence for whoever breaks it:
// contract.Check("invoices_period_check", `"ends_on" > "starts_on"`, "The end must be after the start."). The answer is 422
// with the sentence at each member whose column the expression names, and the contract lists it. Names are unique within the
// schema core. Columns are named as in the database.
func Check(name, expression, message string) Annotation {
	return Annotation{Checks: []TableCheck{{Name: name, Expression: expression, Message: message}}}
}
