// Package postgrestest starts a PostgreSQL server for tests, of the programs that
// are installed.
package postgrestest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNone says that no server is installed.
var ErrNone = errors.New("no PostgreSQL server is installed here (Debian: postgresql)")

// The user of a server, and its password.
const (
	User     = "reader"
	Password = "s3cret/of the@tests"
)

// A Server listens on this machine alone.
type Server struct {
	Address string // host:port
	dir     string
	cmd     *exec.Cmd
}

// startTimeout bounds how long a server may take to start.
const startTimeout = time.Minute

// Start starts a server with an empty database named postgres. The error is ErrNone
// if there are no programs for it.
func Start() (*Server, error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	s := &Server{}
	if s.dir, err = os.MkdirTemp("", "pipe-postgres-"); err != nil {
		return nil, err
	}
	if err := s.start(initdb); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) start(initdb string) error {
	who, err := s.owner()
	if err != nil {
		return err
	}
	data, password := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(Password+"\n"), 0o644); err != nil {
		return err
	}
	cmd := exec.Command(initdb, "-D", data, "-U", User, "--auth=scram-sha-256", "--pwfile="+password, "-E", "UTF8", "--locale=C", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = s.dir, who
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Address = free.Addr().String()
	if err := free.Close(); err != nil {
		return err
	}
	_, port, _ := strings.Cut(s.Address, ":")
	s.cmd = exec.Command(filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-p", port,
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "log_min_messages=warning")
	s.cmd.Dir, s.cmd.SysProcAttr = s.dir, who
	log, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ready, ended := make(chan struct{}), make(chan string)
	go func() {
		var said []string
		for lines := bufio.NewScanner(log); lines.Scan(); {
			if said = append(said, lines.Text()); strings.Contains(lines.Text(), "ready to accept connections") {
				close(ready)
			}
		}
		ended <- strings.Join(said, "\n")
	}()
	select {
	case <-ready:
		go func() { <-ended }()
		return nil
	case said := <-ended:
		return fmt.Errorf("postgres ended:\n%s", said)
	case <-time.After(startTimeout):
		return errors.New("postgres does not start")
	}
}

// owner is who runs the server, which root cannot.
func (s *Server) owner() (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(nobody.Gid)
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(s.dir, uid, gid)
}

// Installed says whether there are programs for a server.
func Installed() bool {
	_, err := find("initdb")
	return err == nil
}

// find looks for a program on the PATH, and where Debian has it.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return "", ErrNone
	}
	return slices.Max(found), nil
}

// URL is that of the database, without the password.
func (s *Server) URL() string {
	return "postgres://" + User + "@" + s.Address + "/postgres?sslmode=disable"
}

// Exec runs statements.
func (s *Server) Exec(ctx context.Context, sql string) error {
	config, err := pgconn.ParseConfig(s.URL())
	if err != nil {
		return err
	}
	config.Password = Password
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

// Stop ends the server, and removes what it has written.
func (s *Server) Stop() error {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // at once: nothing of it is kept
		_ = s.cmd.Wait()
	}
	return os.RemoveAll(s.dir)
}
