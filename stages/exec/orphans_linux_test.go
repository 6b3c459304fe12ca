package exec

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The test binary is also the process that is killed, and its guard.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "guard":
		Guard(os.Stdin)
	case len(os.Args) == 4 && os.Args[1] == "victim":
		victim(os.Args[2], os.Args[3])
	default:
		os.Exit(m.Run())
	}
}

func victim(dir, text string) {
	c := command{called: func(string) {},
		argv: []string{"sh", "-c", text}, dir: dir, path: "/usr/bin:/bin", env: []string{"PIPE_OUTPUT_O=" + dir + "/outputs/o"},
		log: slog.New(printed{}), on: NewSupervisor(os.Args[0], "guard"), mask: newMask(nil), grace: time.Minute,
	}
	fmt.Println(c.run(context.Background()))
}

// printed is a log on the standard output.
type printed struct{ lines }

func (printed) Handle(_ context.Context, r slog.Record) error {
	_, err := fmt.Println(r.Message)
	return err
}

// daemon starts a process in a session of its own, and goes on when it is there.
const daemon = `mkfifo up; setsid sh -c 'echo > up; exec sleep 1000' & read up < up; `

func TestDaemonsOfACommandAreKilled(t *testing.T) {
	c := script(t, `exec 3> alive; `+daemon+`echo started`, make(lines, 100))
	untilClosed := fifo(t, c)
	if err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	untilClosed()
	if left := adopted(); len(left) > 0 {
		t.Errorf("processes %v are left, perhaps as zombies", left)
	}
}

func TestDaemonsOfATimedOutCommandAreKilled(t *testing.T) {
	log := make(lines, 100)
	c := script(t, `exec 3> alive; `+daemon+`echo ready; sleep 1000`, log)
	untilClosed := fifo(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.run(ctx) }()
	<-log
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	untilClosed()
}

// A daemon belongs to the command that started it, not to one that ends
// meanwhile.
func TestDaemonsOfARunningCommandLive(t *testing.T) {
	log := make(lines, 100)
	c := script(t, `mkfifo up go answer; (setsid sh -c 'echo > up; read go < go; echo alive > answer' &); read up < up; echo ready; read answer < answer; echo $answer`, log)
	c.env = []string{"PIPE_OUTPUT_O=" + c.dir + "/outputs/o"}
	done := make(chan error, 1)
	go func() { done <- c.run(t.Context()) }()
	<-log
	other := script(t, "true", make(lines, 100))
	other.on = c.on
	if err := other.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "go"), []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-log; got != "alive" {
		t.Errorf("the daemon answers %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestForceKillsAtOnce(t *testing.T) {
	log := make(lines, 100)
	c := script(t, `exec 3> alive; trap 'echo asked' TERM; echo ready; while :; do sleep 0.02; done`, log)
	untilClosed := fifo(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.run(ctx) }()
	<-log
	cancel()
	<-log
	c.on.Force() // its grace is a minute
	c.on.Force()
	<-done
	untilClosed()
}

// killVictim runs a command in another process, and kills that process.
func killVictim(t *testing.T, c command, kill func(pid int)) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "victim", c.dir, c.argv[2])
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("first line is %q, %v", line, err)
	}
	kill(cmd.Process.Pid)
	_ = cmd.Wait()
}

func TestCommandsDieWithTheirPipe(t *testing.T) {
	c := script(t, `exec 3> alive; `+daemon+`trap "" TERM INT HUP; echo ready; sleep 1000`, nil)
	untilClosed := fifo(t, c)
	killVictim(t, c, func(pid int) {
		p, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	})
	untilClosed()
}

// Somebody kills the guard too; the next pipe ends what is left.
func TestLeftoversOfADeadPipeAreEnded(t *testing.T) {
	c := script(t, `exec 3> alive; `+daemon+`echo ready; sleep 1000`, nil)
	untilClosed := fifo(t, c)
	killVictim(t, c, func(pid int) {
		children := func() string {
			list, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
			if err != nil {
				t.Fatal(err)
			}
			all := ""
			for _, name := range list {
				text, _ := os.ReadFile(name)
				all += string(text)
			}
			return all
		}
		var guard, child int
		if n, err := fmt.Sscan(children(), &guard, &child); n != 2 {
			t.Fatalf("the children are %q, %v", children(), err)
		}
		for _, pid := range []int{guard, pid} {
			p, err := os.FindProcess(pid)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	})
	if err := EndLeftovers([]string{t.TempDir(), c.dir}); err != nil {
		t.Fatal(err)
	}
	untilClosed()
	if err := EndLeftovers(nil); err != nil {
		t.Fatal(err)
	}
}
