// Command crash kills pipe and looks at what is left: at every named point of
// package fault, the first, a middle and the last time a run passes it, with
// and without a loss of power, and at random moments. The real binary runs a
// real small pipeline with parallel branches.
//
//	go run ./bench/crash          the whole matrix, half an hour on two cores
//	go run ./bench/crash -short   every point once, some seconds
//
// After each kill it demands that the database is sound, that every object in
// the store has the bytes that its name says, that no half-written file shows,
// and that every row has its object. Then the pipeline runs again, and must
// repeat no stage that was recorded, give the artifacts of a run that nobody
// disturbed, show the killed run as interrupted and leave none running.
//
// A power loss is modelled for the store: files that were not synced lose half
// of their bytes, names that were not synced vanish. SQLite is trusted to sync
// in the right order.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"pipe/artifacts/fault"
	"pipe/base/random"
)

type options struct {
	short bool
	kills int
	seed  uint64
	jobs  int
	only  string
	dir   string
}

func main() {
	log.SetFlags(0)
	var opt options
	flag.BoolVar(&opt.short, "short", false, "every point once, and few random moments")
	flag.IntVar(&opt.kills, "kills", 800, "kills at random moments")
	flag.Uint64Var(&opt.seed, "seed", 1, "seed of the random moments")
	flag.IntVar(&opt.jobs, "jobs", runtime.GOMAXPROCS(0), "pipelines to run at once")
	flag.StringVar(&opt.only, "only", "", "one case again, as a violation names it: SCENARIO/POINT:N or SCENARIO/POINT:N/power")
	flag.Parse()
	moments := false
	flag.Visit(func(f *flag.Flag) { moments = moments || f.Name == "kills" })
	if opt.short && !moments {
		opt.kills = 20
	}
	if err := opt.run(); err != nil {
		log.Fatal("crash: ", err)
	}
}

func (o *options) run() (err error) {
	begun := time.Now()
	o.dir, err = os.MkdirTemp("", "pipe-crash-")
	if err != nil {
		return err
	}
	bin := filepath.Join(o.dir, "pipe")
	build := exec.Command("go", "build", "-tags", "crashpoints", "-o", bin, "./cmd/pipe")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	m := &matrix{options: o, bin: bin, rows: map[string]*row{}, scenarios: map[string]*scenario{}}
	cases, err := m.cases()
	if err != nil {
		return err
	}
	if o.only != "" {
		cases = slices.DeleteFunc(cases, func(c *kill) bool { return c.String() != o.only })
		if len(cases) == 0 {
			return fmt.Errorf("there is no case %s", o.only)
		}
	}
	m.do(cases)
	m.print(os.Stdout, time.Since(begun))
	if len(m.violations) > 0 {
		return fmt.Errorf("%d violations; their stores are kept in %s", len(m.violations), o.dir)
	}
	return os.RemoveAll(o.dir)
}

// A kill is one case: where a run dies.
type kill struct {
	scenario *scenario
	point    string // empty: at a random moment
	nth      int
	power    bool
	number   int           // of a random moment
	after    time.Duration // of a random moment
}

// String is what -only takes.
func (k *kill) String() string {
	s := fmt.Sprintf("%s/%s:%d", k.scenario.name, k.point, k.nth)
	if k.point == "" {
		s = fmt.Sprintf("%s/random:%d", k.scenario.name, k.number)
	}
	if k.power {
		s += "/power"
	}
	return s
}

// cases observes each scenario undisturbed, and lists the kills.
func (m *matrix) cases() ([]*kill, error) {
	var cases []*kill
	passed := map[string]bool{}
	for _, s := range scenarios() {
		if err := m.observe(s); err != nil {
			return nil, fmt.Errorf("scenario %s: %w", s.name, err)
		}
		for _, p := range fault.Points {
			n := s.passages[p.Name]
			if n == 0 || m.short && passed[p.Name] {
				continue
			}
			passed[p.Name] = true
			which := []int{1, (n + 1) / 2, n}
			if m.short {
				which = which[2:]
			}
			for _, nth := range slices.Compact(which) {
				cases = append(cases, &kill{scenario: s, point: p.Name, nth: nth})
				if !m.short || strings.HasPrefix(p.Name, "store.") {
					cases = append(cases, &kill{scenario: s, point: p.Name, nth: nth, power: true})
				}
			}
		}
	}
	for _, p := range fault.Points {
		if !passed[p.Name] {
			return nil, fmt.Errorf("no scenario passes the point %s", p.Name)
		}
	}
	// Random moments spread over more than a run takes alone: some come
	// before the store is made, some in the last checkpoint.
	moments := random.New(m.seed, "crash/moment", 0)
	chosen := slices.Repeat([]string{"first", "resume", "no-op"}, 3)
	chosen = append(chosen, "training") // which takes longer than all of them
	for i := range m.kills {
		s := m.scenarios[chosen[i%len(chosen)]]
		after := time.Duration(moments.Float64(uint64(i)) * 1.5 * float64(s.took))
		cases = append(cases, &kill{scenario: s, number: i + 1, after: after})
	}
	return cases, nil
}

// do works through the cases, several at once.
func (m *matrix) do(cases []*kill) {
	work := make(chan *kill)
	var wg sync.WaitGroup
	for range max(1, m.jobs) {
		wg.Go(func() {
			for k := range work {
				m.try(k)
			}
		})
	}
	for _, k := range cases {
		work <- k
	}
	close(work)
	wg.Wait()
}
