package devdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user Postgres' programs run as. Postgres refuses to run as root, so root has to lend it another one.
type account struct {
	uid, gid uint32
	// switched says that it is not the user this process runs as.
	switched bool
	// pass lets the account through folders closed to it, e.g. a checkout in /root.
	pass bool
}

// unprivileged are the users root may lend, best first: the Postgres package's own, then the one every system has.
var unprivileged = []string{"postgres", "nobody"}

// accountFor chooses the user for the cluster in dir: the one its data belongs to, else an unprivileged one when this
// process is root, else the process' own.
func accountFor(dir string) (account, error) {
	uid := os.Geteuid()
	own := account{uid: uint32(uid), gid: uint32(os.Getegid())}
	owner, err := os.Stat(filepath.Join(dir, "data"))
	if err == nil {
		st := owner.Sys().(*syscall.Stat_t)
		if int(st.Uid) == uid {
			return own, nil
		}
		if uid != 0 {
			return account{}, fmt.Errorf("the data in %s belongs to user id %d and this process runs as %d: run it as that user or as root, or remove the folder to start with an empty database", dir, st.Uid, uid)
		}
		return account{uid: st.Uid, gid: st.Gid, switched: true}, nil
	}
	if uid != 0 {
		return own, nil
	}
	for _, name := range unprivileged {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, err1 := strconv.ParseUint(u.Uid, 10, 32)
		group, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return account{}, fmt.Errorf("read the ids of user %s: %w", name, err)
		}
		return account{uid: uint32(id), gid: uint32(group), switched: true}, nil
	}
	return account{}, fmt.Errorf("no user to run Postgres as, which refuses to run as root: there is none of %v: add one (useradd --system postgres) or run as an ordinary user", unprivileged)
}

// reaching returns the account able to enter a folder that root may have closed to it.
func (a account) reaching(dir string) (account, error) {
	closed, err := a.closedParent(dir)
	if err != nil || closed == "" {
		return a, err
	}
	if a.pass, err = canPass(); err != nil {
		return a, fmt.Errorf("user id %d, which runs Postgres, cannot enter %s: %w", a.uid, closed, err)
	}
	return a, nil
}

// closedParent is the first folder on the way to dir that the account may not enter; empty when all are open or
// it is the user this process runs as.
func (a account) closedParent(dir string) (string, error) {
	if !a.switched {
		return "", nil
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("resolve a folder of the cluster: %w", err)
	}
	closed := ""
	for {
		info, err := os.Stat(dir)
		if err != nil {
			return "", fmt.Errorf("look at a folder of the cluster: %w", err)
		}
		if !a.enters(info) {
			closed = dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return closed, nil
		}
		dir = parent
	}
}

// enters says whether the account has the search permission of a folder, by its mode.
func (a account) enters(info os.FileInfo) bool {
	st := info.Sys().(*syscall.Stat_t)
	switch {
	case st.Uid == a.uid:
		return info.Mode()&0o100 != 0
	case st.Gid == a.gid:
		return info.Mode()&0o010 != 0
	default:
		return info.Mode()&0o001 != 0
	}
}

// command prepares a program to run as the account. It sees none of the developer's PG* settings and speaks English.
func (a account) command(program string, args ...string) *exec.Cmd {
	// Not bound to a context: a server outlives the context of its start, and is stopped in order.
	cmd := exec.CommandContext(context.Background(), program, args...)
	// Postgres complains about a working directory that it may not enter.
	cmd.Dir = "/"
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if a.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	if a.pass {
		lendPass(cmd.SysProcAttr)
	}
	return cmd
}

// give makes the account the owner of a file or folder that this process has made.
func (a account) give(path string) error {
	if !a.switched {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}
