package exec

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Supervisor starts the commands of exec stages, and sees to it that no
// process of a command outlives its stage, nor pipe itself, however that ends.
//
// What a command leaves behind when it ends, pipe kills. When pipe itself is
// killed, the kernel kills the commands (on Linux), and the guard what they had
// started: it is a process that waits for the end of pipe and does nothing else.
// If the guard was killed too, EndLeftovers finds the processes by their work
// folder before the work is repeated.
type Supervisor struct {
	guard []string // the command line that calls Guard; empty for none
	force chan struct{}
	once  sync.Once // closes force

	mu      sync.Mutex
	starts  chan start // nil until the first command
	report  *os.File   // to the guard; nil if there is none
	running int        // commands
}

// NewSupervisor makes a Supervisor. guard is the command line of a process that
// calls Guard with its standard input; without one, nobody looks after the
// children of commands when pipe is killed.
func NewSupervisor(guard ...string) *Supervisor {
	return &Supervisor{guard: guard, force: make(chan struct{})}
}

// Force ends the patience with commands that were asked to end: from now on
// they are killed at once.
func (s *Supervisor) Force() { s.once.Do(func() { close(s.force) }) }

// A process is a running command with all that it started.
type process struct {
	*Supervisor
	cmd *exec.Cmd
	dir string // its work folder, absolute
}

type start struct {
	cmd *exec.Cmd
	err chan error
}

// start starts a command in a process group of its own. The caller waits for it
// and then calls end.
func (s *Supervisor) start(cmd *exec.Cmd) (*process, error) {
	separate(cmd)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starts == nil {
		s.begin()
	}
	if err := s.startOn(cmd); err != nil {
		return nil, err
	}
	p := &process{s, cmd, cmd.Dir}
	s.running++
	s.tell("+ %d %s", cmd.Process.Pid, strconv.Quote(p.dir))
	return p, nil
}

func (s *Supervisor) startOn(cmd *exec.Cmd) error {
	st := start{cmd, make(chan error)}
	s.starts <- st
	return <-st.err
}

// begin prepares for the first command.
func (s *Supervisor) begin() {
	adoptOrphans()
	s.starts = make(chan start)
	go startAll(s.starts)
	if err := s.startGuard(); err != nil {
		s.report = nil // then the kernel kills what pipe itself had started
	}
}

// startAll starts commands on one thread that never ends: on Linux a command
// dies with the thread that started it. It is not the first thread, which is
// given the children of others, see adopted.
func startAll(starts <-chan start) {
	runtime.LockOSThread()
	if onFirstThread() {
		go startAll(starts) // on another one, since this one is taken
		select {}
	}
	for st := range starts {
		st.err <- st.cmd.Start()
	}
}

// startGuard does not wait for the guard to be ready: what it is told stays in
// the pipe.
func (s *Supervisor) startGuard() error {
	if len(s.guard) == 0 {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	cmd := &exec.Cmd{Path: program, Args: s.guard, Stdin: read, Dir: "/"}
	detach(cmd)
	if err := s.startOn(cmd); err != nil {
		write.Close()
		return err
	}
	go func() { _ = cmd.Wait() }() // it ends after pipe, unless somebody kills it
	s.report = write
	return nil
}

// tell sends a line to the guard. If that is gone nothing is lost but its help.
func (s *Supervisor) tell(format string, args ...any) {
	if s.report != nil {
		fmt.Fprintf(s.report, format+"\n", args...)
	}
}

// idle reports whether no command runs.
func (s *Supervisor) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running == 0
}

// end kills what is left of a command that has ended itself.
func (p *process) end() {
	p.mu.Lock()
	p.running--
	p.mu.Unlock()
	untilGone(func() bool {
		group := killGroup(p.cmd.Process.Pid)
		return p.killAdopted() || group
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell("- %d", p.cmd.Process.Pid)
}

// goneAfter is how long a killed process may take to end: one that waits for a
// broken disk or network file system can take for ever.
const goneAfter = 5 * time.Second

// untilGone calls kill until it finds nothing more to kill, or for so long that
// it makes no sense any more. It reports whether all are gone.
func untilGone(kill func() (found bool)) bool {
	deadline := time.Now().Add(goneAfter)
	for pause := time.Millisecond; kill(); pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(pause)
	}
	return true
}

// Guard reads from in, which a Supervisor writes to, which commands run, until
// in ends because the process of the Supervisor has. Then it kills those that
// are left, with their children.
func Guard(in io.Reader) {
	commands := map[int]string{} // work folders by the number of the process group
	for lines := bufio.NewScanner(in); lines.Scan(); {
		what, rest, _ := strings.Cut(lines.Text(), " ")
		number, quoted, _ := strings.Cut(rest, " ")
		group, err := strconv.Atoi(number)
		if err != nil || group <= 1 {
			continue
		}
		if what == "-" {
			delete(commands, group)
		} else if dir, err := strconv.Unquote(quoted); err == nil {
			commands[group] = dir
		}
	}
	var dirs []string
	for group, dir := range commands {
		killGroup(group)
		dirs = append(dirs, dir)
	}
	untilGone(func() bool { return killIn(dirs) })
}

// EndLeftovers kills the processes that still run in work folders whose owner is
// dead, before the work is done again. It is an error if they do not end. On
// systems where it cannot be told in which folder a process runs it does
// nothing.
func EndLeftovers(dirs []string) error {
	if len(dirs) == 0 || untilGone(func() bool { return killIn(dirs) }) {
		return nil
	}
	return fmt.Errorf("a command that a dead pipe has left in %s cannot be ended", strings.Join(dirs, ", "))
}
