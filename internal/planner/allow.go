package planner

// DataLoss are the rules whose `-- lockstep:allow` also says that rows or values may go.
var DataLoss = []string{"data-loss", "DS101", "DS102", "DS103", "ban-drop-column", "ban-drop-table", "changing-column-type", "deletes-rows"}
