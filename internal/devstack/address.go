package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/lockstep-dev/lockstep/internal/config"
)

// Variables that choose addresses, and the addresses preferred without them.
const (
	apiVariable    = "LOCKSTEP_ADDR"
	adminVariable  = "LOCKSTEP_ADMIN_ADDR"
	issuerVariable = config.DevIssuerAddr
	portVariable   = config.DevDatabasePort
	webVariable    = config.WebPort

	databaseVariable = config.DevDatabase

	preferredAPI          = "127.0.0.1:8080"
	preferredAdmin        = "127.0.0.1:8081"
	preferredIssuer       = "127.0.0.1:8082"
	preferredDatabasePort = 54320
	preferredWeb          = "127.0.0.1:3000"
)

// Variable is an environment variable that Run reads.
type Variable struct{ Name, Default, Help string }

// Variables lists what can be set, for --help.
func Variables() []Variable {
	return []Variable{
		{apiVariable, preferredAPI, "address of the API"},
		{adminVariable, preferredAdmin, "address of the server's profiles"},
		{issuerVariable, preferredIssuer, "address of the token issuer, on loopback"},
		{portVariable, fmt.Sprint(preferredDatabasePort), "port of Postgres, on 127.0.0.1"},
		{databaseVariable, defaultDatabase, "name of the database, for instance one per branch"},
		{webVariable, "3000", "port of the front end (--web)"},
	}
}

// choose returns the address to listen on: the one the developer insists on, which must be free, else the preferred one
// or, if that is taken, one that is free. The note says why it is not the preferred one. Another process may take the
// address before it is used.
func choose(ctx context.Context, variable, insisted, preferred string) (addr, note string, err error) {
	if insisted != "" {
		if addr, err = probe(ctx, insisted); err != nil {
			return "", "", fmt.Errorf("%s: %w", variable, err)
		}
		return addr, "", nil
	}
	addr, err = probe(ctx, preferred)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, splitErr := net.SplitHostPort(preferred)
		if splitErr != nil {
			return "", "", splitErr
		}
		addr, err = probe(ctx, "127.0.0.1:0")
		return addr, fmt.Sprintf(" (%s is taken)", port), err
	}
	return addr, "", err
}

// probe listens for a moment and returns the address with its port.
func probe(ctx context.Context, addr string) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// urlOf is the URL at which a local process reaches an address somebody listens on.
func urlOf(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}
