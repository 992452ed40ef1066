package contracttest

import (
	"fmt"
	"regexp"
	"strconv"
)

// row is a line of the table in docs/problems.md: the code, whose anchor a problem's type points to, and the status.
var row = regexp.MustCompile("(?m)^\\| <a id=\"([a-z_]+)\"></a>`([a-z_]+)` \\| (\\d{3}) \\|")

// ReadCodes reads the documented problem codes with their statuses.
func ReadCodes(markdown []byte) (map[string]int, error) {
	codes := map[string]int{}
	for _, match := range row.FindAllSubmatch(markdown, -1) {
		anchor, code := string(match[1]), string(match[2])
		if anchor != code {
			return nil, fmt.Errorf("the anchor of %s is %s", code, anchor)
		}
		codes[code], _ = strconv.Atoi(string(match[3])) // three digits
	}
	if len(codes) == 0 {
		return nil, fmt.Errorf("no problem code found: rows look like | <a id=\"not_found\"></a>`not_found` | 404 |")
	}
	return codes, nil
}
