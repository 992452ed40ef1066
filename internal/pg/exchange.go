package pg

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// exchange sends the statements together and reads their results up to the server's "ready for query": one round trip,
// and one implicit transaction unless they are part of an explicit one. It is pgx.Conn.SendBatch without what that finds
// out anew each time, on the level below (pgconn).
func (db *DB) exchange(ctx context.Context, conn *pgx.Conn, statements ...*statement) error {
	span := db.tracer.begin(ctx, statements)
	err := db.exchangeOnce(ctx, conn, statements, span)
	span.end(err)
	return err
}

func (db *DB) exchangeOnce(ctx context.Context, conn *pgx.Conn, statements []*statement, span *exchangeSpan) error {
	s := sessionOf(conn)
	if !db.pooled.Load() {
		s.refresh(db.generation.Load())
		if err := s.prepare(ctx, statements); err != nil {
			return err
		}
	}
	batch := &pgconn.Batch{}
	for _, st := range statements {
		if err := s.queue(batch, st); err != nil {
			s.forget(statements) // an argument may be of another type by now
			return err
		}
	}
	closed := conn.IsClosed()
	err := read(conn.PgConn().ExecBatch(ctx, batch), statements, span)
	if err == nil {
		return nil
	}
	if !closed && errors.Is(err, pgconn.ErrConnClosed) {
		// pgx calls a connection that breaks under a batch one that was closed before it, and the batch safe to repeat
		// (pgconn, MultiResultReader.NextResult). It may have been done.
		return fmt.Errorf("the connection broke: %w", io.ErrUnexpectedEOF)
	}
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && stale(pg):
		// What a migration has made stale here it has made stale on the other connections too.
		db.generation.CompareAndSwap(s.generation, s.generation+1)
	case outdated(err):
		s.forget(statements)
	}
	return err
}

// read reads the results of the statements up to the server's "ready for query", whatever happens.
func read(results *pgconn.MultiResultReader, statements []*statement, span *exchangeSpan) error {
	for _, st := range statements {
		if st.rows != nil {
			st.rows.release() // they were read before, and are read again
		}
	}
	unread := statements
	var err error
	for len(unread) > 0 && err == nil && results.NextResult() {
		err = unread[0].read(results.ResultReader())
		span.read(unread[0], err)
		unread = unread[1:]
	}
	// The server commits at the end: a deferred constraint fails there.
	if closing := results.Close(); err == nil {
		err = closing
	}
	if err == nil && len(unread) > 0 {
		err = fmt.Errorf("postgres: the server has answered %d of %d statements", len(statements)-len(unread), len(statements))
	}
	return err
}
