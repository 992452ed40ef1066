package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// created is what differs between two rows that were created alike, cursor between two pages: a cursor is the server's
// own, but as long as the other's.
var (
	created = regexp.MustCompile(`"(id|createdAt|updatedAt|email)":"[^"]*"`)
	cursor  = regexp.MustCompile(`"nextCursor":"[^"]*"`)
)

// same proves that both servers answer the same bytes: one that said less, or checked less, would compare well.
func (s *stack) same(ctx context.Context) error {
	for _, op := range slices.Concat(operations, refusals) {
		var texts [2]string
		for i, v := range []*server{s.ours, s.reference} {
			c, err := dial(ctx, v.addr)
			if err != nil {
				return err
			}
			c.r = rand.New(rand.NewPCG(1, 2)) // the same requests to both
			for range 10 {
				if err := c.do(op, s.data); err != nil {
					return fmt.Errorf("%s: %w", v.name, err)
				}
				switch op.status {
				case 200:
					texts[i] += cursor.ReplaceAllStringFunc(c.body.String(), func(s string) string { return strings.Repeat("c", len(s)) })
				case 201:
					texts[i] += created.ReplaceAllString(c.body.String(), `"$1":"…"`)
				}
			}
			if err := c.conn.Close(); err != nil {
				return err
			}
		}
		if texts[0] != texts[1] {
			at := 0
			for at < min(len(texts[0]), len(texts[1])) && texts[0][at] == texts[1][at] {
				at++
			}
			at = max(0, at-80)
			return fmt.Errorf("%s: the answers differ; bench/reference has to follow the contract:\nserver:    …%.200s\nreference: …%.200s", op.name, texts[0][at:], texts[1][at:])
		}
	}
	return nil
}

// refusals are what both have to refuse, not necessarily in the same words.
var refusals = []operation{
	{"get without a token", 401, func(buf []byte, d *data, r *rand.Rand) []byte {
		request := operations[0].append(buf, d, r)
		return bytes.Replace(request, []byte("Bearer ey"), []byte("Bearer xx"), 1)
	}},
	{"get of another tenant's user", 404, func(buf []byte, d *data, r *rand.Rand) []byte {
		buf = append(buf, "GET /v1/users/"...)
		buf = append(buf, d.tenants[0].admin.String()...)
		return head(buf, &d.tenants[1])
	}},
}
