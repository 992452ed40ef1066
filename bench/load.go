package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// operation is a request that is measured.
type operation struct {
	name   string
	status int
	// append writes one request after another tenant's and another row's turn.
	append func(buf []byte, d *data, r *rand.Rand) []byte
}

var operations = []operation{
	{"get", 200, func(buf []byte, d *data, r *rand.Rand) []byte {
		t := &d.tenants[r.IntN(len(d.tenants))]
		buf = append(buf, "GET /v1/users/"...)
		buf = append(buf, t.managers[r.IntN(len(t.managers))].String()...)
		return head(buf, t)
	}},
	{"list", 200, func(buf []byte, d *data, r *rand.Rand) []byte {
		return head(append(buf, "GET /v1/users"...), &d.tenants[r.IntN(len(d.tenants))])
	}},
	{"create", 201, func(buf []byte, d *data, r *rand.Rand) []byte {
		t := &d.tenants[r.IntN(len(d.tenants))]
		body := fmt.Sprintf(`{"email":"new%016x%016x@example.com","displayName":"New Person","managerId":%q}`, rand.Uint64(), rand.Uint64(), t.admin)
		buf = append(buf, "POST /v1/users"...)
		buf = head(buf, t)
		buf = buf[:len(buf)-2] // the line that ends the headers
		buf = append(buf, "Content-Type: application/json\r\nContent-Length: "...)
		buf = strconv.AppendInt(buf, int64(len(body)), 10)
		return append(append(buf, "\r\n\r\n"...), body...)
	}},
}

func head(buf []byte, t *tenant) []byte {
	buf = append(buf, " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "...)
	buf = append(buf, t.token...)
	return append(buf, "\r\n\r\n"...)
}

// client is one connection with one request at a time. It is written by hand because it shares the machine with what it
// measures: net/http's client would take more of it than the servers.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
	body bytes.Buffer
	r    *rand.Rand
}

func dial(ctx context.Context, addr string) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 32<<10), r: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}, nil
}

// do sends a request and reads its answer into c.body.
func (c *client) do(op operation, d *data) error {
	c.buf = op.append(c.buf[:0], d, c.r)
	if err := c.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := c.conn.Write(c.buf); err != nil {
		return err
	}
	status, err := c.read()
	if err == nil && status != op.status {
		request, _, _ := bytes.Cut(c.buf, []byte("\r\n"))
		err = fmt.Errorf("%s: got status %d, want %d: %s", request, status, op.status, c.body.Bytes())
	}
	return err
}

// read reads an answer (RFC 9112), which both servers send with a length or in chunks.
func (c *client) read() (status int, err error) {
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("got status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length, chunked := -1, false
	for {
		line, err := c.line()
		if err != nil {
			return 0, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	c.body.Reset()
	for chunked {
		line, err := c.line()
		if err != nil {
			return 0, err
		}
		size, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return 0, err
		}
		if _, err := io.CopyN(&c.body, c.in, size); err != nil {
			return 0, err
		}
		if _, err := c.line(); err != nil { // the end of the chunk
			return 0, err
		}
		if size == 0 {
			return status, nil
		}
	}
	if length < 0 {
		return 0, errors.New("got an answer without its length")
	}
	_, err = io.CopyN(&c.body, c.in, int64(length))
	return status, err
}

func (c *client) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// sample is what one round of load has seen.
type sample struct {
	requests  int
	took      time.Duration
	latencies []time.Duration
}

func (s sample) rate() float64 { return float64(s.requests) / s.took.Seconds() }

// quantile of the latencies, which are sorted.
func (s sample) quantile(q float64) time.Duration {
	return s.latencies[min(len(s.latencies)-1, int(q*float64(len(s.latencies))))]
}

// load has so many connections ask the server for so long.
func load(ctx context.Context, v *server, op operation, d *data, connections int, length time.Duration) (sample, error) {
	clients := make([]*client, connections)
	for i := range clients {
		var err error
		if clients[i], err = dial(ctx, v.addr); err != nil {
			return sample{}, err
		}
		defer func() { _ = clients[i].conn.Close() }()
	}
	var wg sync.WaitGroup
	latencies, errs := make([][]time.Duration, connections), make([]error, connections)
	begin := time.Now()
	end := begin.Add(length)
	for i, c := range clients {
		wg.Go(func() {
			for at := time.Now(); at.Before(end) && ctx.Err() == nil; {
				if errs[i] = c.do(op, d); errs[i] != nil {
					return
				}
				now := time.Now()
				latencies[i] = append(latencies[i], now.Sub(at))
				at = now
			}
		})
	}
	wg.Wait()
	s := sample{took: time.Since(begin), latencies: slices.Concat(latencies...)}
	s.requests = len(s.latencies)
	slices.Sort(s.latencies)
	err := errors.Join(append(errs, ctx.Err())...)
	if err == nil && s.requests == 0 {
		err = errors.New("no request was answered")
	}
	return s, err
}
