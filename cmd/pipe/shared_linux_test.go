package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A person is a user with the group that shares a store.
type person struct {
	t      *testing.T
	pipe   string // the program
	dir    string // where the commands run
	uid    uint32
	umask  string
	prefix string // of the command line
}

const sharedGroup = 100

// run runs pipe as that user and returns what it printed.
func (p person) run(want int, args ...string) string {
	p.t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", "umask " + p.umask + "; " + p.prefix + ` exec "$@"`, "sh", p.pipe}, args...)...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nowhere"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: p.uid, Gid: sharedGroup}}
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != want {
		p.t.Fatalf("user %d, pipe %s: exit code %d, want %d (%v)\n%s", p.uid, strings.Join(args, " "), code, want, err, out)
	}
	return string(out)
}

// world makes a project that everybody may read, with the program in it.
func world(t *testing.T) (dir, pipe string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can be other users")
	}
	dir, err := os.MkdirTemp("", "pipe-shared-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	pipe = filepath.Join(dir, "pipe") // the name makes the test binary pipe, see TestMain
	dst, err := os.OpenFile(pipe, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
	const text = `pipeline: x
params: {t: a}
stages:
  l: {uses: manifest, with: {text: $t}}
  e: {uses: exec, with: {shell: 'echo $T > outputs/o', set: {T: $t}, env: [HOME], outputs: {o: file}}}
`
	if err := writeFile(filepath.Join(dir, "p.yaml"), text); err != nil {
		t.Fatal(err)
	}
	return dir, pipe
}

// Two users of one group read and run in one store, whatever their umasks, each
// after the other.
func TestUsersShareAStore(t *testing.T) {
	for _, umask := range []string{"002", "077"} {
		t.Run("umask "+umask, func(t *testing.T) {
			dir, pipe := world(t)
			store := filepath.Join(dir, "store")
			if err := os.Mkdir(store, 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(store, 1001, sharedGroup); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(store, 0o775|os.ModeSetgid); err != nil {
				t.Fatal(err)
			}
			one := person{t: t, pipe: pipe, dir: dir, uid: 1001, umask: umask}
			two := person{t: t, pipe: pipe, dir: dir, uid: 1002, umask: umask}
			three := person{t: t, pipe: pipe, dir: dir, uid: 1003, umask: umask}
			one.run(exitOK, "run", "p.yaml", "--store", "store")
			two.run(exitOK, "ls", "--store", "store")
			one.run(exitOK, "run", "p.yaml", "--store", "store", "--set", "t=b")
			two.run(exitOK, "run", "p.yaml", "--store", "store", "--set", "t=c")
			one.run(exitOK, "run", "p.yaml", "--store", "store", "--set", "t=d")
			if out := two.run(exitOK, "run", "p.yaml", "--store", "store", "--set", "t=b"); !strings.Contains(out, "2 cached") {
				t.Errorf("what the first user made is no hit for the second one:\n%s", out)
			}
			three.run(exitOK, "check", "--store", "store")
			two.run(exitOK, "gc", "--store", "store", "--yes")
			one.run(exitOK, "run", "p.yaml", "--store", "store", "--set", "t=e")
		})
	}
}

// A user who may only read looks at the store of another one and leaves nothing
// behind, also while a log lies beside the database.
func TestOthersReadAStore(t *testing.T) {
	dir, pipe := world(t)
	store := filepath.Join(dir, "store")
	if err := os.Mkdir(store, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(store, 1001, sharedGroup); err != nil {
		t.Fatal(err)
	}
	owner := person{t: t, pipe: pipe, dir: dir, uid: 1001, umask: "022"}
	other := person{t: t, pipe: pipe, dir: dir, uid: 1002, umask: "022"}
	owner.run(exitOK, "run", "p.yaml", "--store", "store")
	look := func(who person) {
		t.Helper()
		who.run(exitOK, "ls", "--store", "store")
		who.run(exitOK, "show", "--store", "store")
		who.run(exitOK, "check", "--store", "store")
		who.run(exitOK, "lineage", "x/l", "--store", "store")
		who.run(exitOK, "export", "x", "--store", "store", "-o", "/dev/null")
		if out := who.run(exitOK, "plan", "p.yaml", "--store", "store"); strings.Count(out, "cached") != 1 || !strings.Contains(out, "the secret of the store") {
			t.Errorf("plan says\n%s", out)
		}
		if out := who.run(exitOK, "query", "SELECT count(*) AS runs FROM runs", "--store", "store"); !strings.Contains(out, "runs") {
			t.Errorf("query says\n%s", out)
		}
	}
	names := func() string {
		t.Helper()
		list, err := os.ReadDir(store)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range list {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	before := names()
	look(other)
	if after := names(); after != before {
		t.Errorf("a look left %s, before there were %s", after, before)
	}
	other.run(exitFailed, "run", "p.yaml", "--store", "store", "--set", "t=b")

	// A process of the owner dies, and its log stays; its index may be lost.
	const killed = "pipeline: k\nstages:\n  k: {uses: exec, with: {shell: 'kill -9 $PPID; sleep 100', outputs: {o: file}}}\n"
	if err := writeFile(filepath.Join(dir, "k.yaml"), killed); err != nil {
		t.Fatal(err)
	}
	owner.run(-1, "run", "k.yaml", "--store", "store")
	if st, err := os.Stat(filepath.Join(store, "lineage.db-wal")); err != nil || st.Size() == 0 {
		t.Fatalf("no log is left: %v", err)
	}
	look(other)
	if out := other.run(exitOK, "ls", "k", "--store", "store"); !strings.Contains(out, "interrupted") {
		t.Errorf("what is in the log alone is not seen:\n%s", out)
	}
	if err := os.Remove(filepath.Join(store, "lineage.db-shm")); err != nil {
		t.Fatal(err)
	}
	look(other)
	if out := other.run(exitOK, "ls", "k", "--store", "store"); !strings.Contains(out, "interrupted") {
		t.Errorf("what is in the log alone is not seen without its index:\n%s", out)
	}
	owner.run(exitOK, "run", "p.yaml", "--store", "store", "--set", "t=b")
}

// On a disk that cannot be written everything can be looked at, root included.
func TestReadOnlyDisk(t *testing.T) {
	dir, pipe := world(t)
	root := person{t: t, pipe: pipe, dir: dir, umask: "022"}
	root.run(exitOK, "run", "p.yaml")
	readOnly := root
	readOnly.prefix = `mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" &&`
	readOnly.pipe = pipe
	if out, err := exec.Command("unshare", "-m", "sh", "-c", "cd "+dir+" && "+readOnly.prefix+" ! touch x 2>/dev/null").CombinedOutput(); err != nil {
		t.Skipf("no read-only mount here: %v\n%s", err, out)
	}
	readOnly.prefix = "exec unshare -m sh -c '" + readOnly.prefix + ` exec "$@"' sh "$@";`
	for _, args := range [][]string{{"ls"}, {"show"}, {"query", "SELECT 1"}, {"check"}, {"plan", "p.yaml"}, {"logs", "x/l"}, {"lineage", "x/l"}, {"export", "x", "-o", "/dev/null"}} {
		readOnly.run(exitOK, args...)
	}
	readOnly.run(exitFailed, "run", "p.yaml", "--set", "t=b")
}
