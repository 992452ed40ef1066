package pg

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// maxPrepared is how many statements a connection holds prepared, as many as pgx does.
const maxPrepared = 512

// prepared is a statement that a connection knows, and how it is sent and read there.
type prepared struct {
	description *pgconn.StatementDescription
	formats     []int16  // of the columns
	columns     []column // of the result
}

// session is what this package keeps for a connection. pgx's own cache of statements forgets all of a batch that fails,
// also when the failure is a duplicate, and looks up each statement's types again whenever it is sent.
type session struct {
	conn  *pgx.Conn
	known *simplelru.LRU[string, *prepared] // by text
	// dropped are the names of statements that the server still holds.
	dropped   []string
	named     int
	arguments arguments
	// generation is DB.generation at the time of the oldest statement that is known.
	generation int64
	holder     party // whose share the connection counts in while it is taken
}

// sessionKey is where a connection keeps its session.
const sessionKey = "lockstep"

func sessionOf(conn *pgx.Conn) *session {
	custom := conn.PgConn().CustomData()
	if s, ok := custom[sessionKey].(*session); ok {
		return s
	}
	s := &session{conn: conn, arguments: arguments{types: conn.TypeMap()}}
	s.known, _ = simplelru.NewLRU(maxPrepared, func(_ string, p *prepared) { // its only error is a size below one
		s.dropped = append(s.dropped, p.description.Name)
	})
	custom[sessionKey] = s
	return s
}

// prepare sets each statement's plan, and prepares those that are new here, all of them in one round trip.
func (s *session) prepare(ctx context.Context, statements []*statement) error {
	var fresh []*statement
	for _, st := range statements {
		// Peek leaves the order as it is: what is given up first is what was prepared first, and is prepared again then.
		if st.plan, _ = s.known.Peek(st.sql); st.plan == nil {
			fresh = append(fresh, st)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	pipeline := s.conn.PgConn().StartPipeline(ctx)
	err := s.prepareFresh(pipeline, fresh)
	if closing := pipeline.Close(); err == nil {
		err = closing
	}
	return err
}

func (s *session) prepareFresh(pipeline *pgconn.Pipeline, fresh []*statement) error {
	dropped := s.dropped
	s.dropped = nil
	for _, name := range dropped {
		pipeline.SendDeallocate(name)
	}
	names := make(map[string]string, len(fresh)) // by text: the same one may be there twice
	var texts []string
	for _, st := range fresh {
		if names[st.sql] == "" {
			s.named++
			names[st.sql] = "lockstep_" + strconv.Itoa(s.named)
			texts = append(texts, st.sql)
			pipeline.SendPrepare(names[st.sql], st.sql, nil)
		}
	}
	if err := pipeline.Sync(); err != nil {
		return err
	}
	for range dropped {
		if _, err := pipeline.GetResults(); err != nil {
			return err
		}
	}
	plans := make(map[string]*prepared, len(fresh))
	for _, text := range texts {
		result, err := pipeline.GetResults()
		if err != nil {
			return err
		}
		described, ok := result.(*pgconn.StatementDescription)
		if !ok {
			return fmt.Errorf("prepare a statement: got %T, want its description", result)
		}
		described.Name = names[text]
		plans[text] = s.plan(described)
		s.known.Add(text, plans[text])
	}
	for _, st := range fresh {
		st.plan = plans[st.sql]
	}
	return nil
}

func (s *session) plan(d *pgconn.StatementDescription) *prepared {
	p := &prepared{description: d, formats: make([]int16, len(d.Fields)), columns: make([]column, len(d.Fields))}
	for i, f := range d.Fields {
		p.formats[i] = s.conn.TypeMap().FormatCodeForOID(f.DataTypeOID)
		p.columns[i] = column{name: f.Name, oid: f.DataTypeOID, format: p.formats[i]}
	}
	return p
}

// queue adds a statement to what is sent.
func (s *session) queue(batch *pgconn.Batch, st *statement) error {
	a := &s.arguments
	defer a.release()
	if st.plan == nil {
		if err := a.encode(nil, st.args); err != nil {
			return err
		}
		batch.ExecParams(st.sql, a.values, nil, a.formats, nil)
		return nil
	}
	if err := a.encode(st.plan.description.ParamOIDs, st.args); err != nil {
		return err
	}
	batch.ExecStatement(st.plan.description, a.values, a.formats, st.plan.formats)
	return nil
}

// forget has statements prepared anew when they are next used: a migration may have changed what they refer to.
func (s *session) forget(statements []*statement) {
	for _, st := range statements {
		s.known.Remove(st.sql)
	}
}

// refresh has all statements prepared anew if a migration has made some of them stale, here or on another connection.
func (s *session) refresh(generation int64) {
	if s.generation != generation {
		s.generation = generation
		s.known.Purge()
	}
}

// outdated reports whether a statement that failed with err may succeed once it is prepared anew. It may not if the
// failure is about values, rows, locks or the server's state (PostgreSQL manual, appendix A).
func outdated(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || len(pg.Code) != 5 {
		return false
	}
	switch pg.Code[:2] {
	case "22", "23", "25", "40", "53", "55", "57", "58", "P0":
		return false
	}
	return true
}
