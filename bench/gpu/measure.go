package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// A runner is a program that has a variant ready.
type runner struct {
	name  string
	p     *process
	q     request
	steps int
	took  []float64 // milliseconds of a step
}

// A prepared is a variant with all that measures it.
type prepared struct {
	variant
	result  result
	runners []*runner
	close   []func()
	mu      sync.Mutex
}

// add notes that a program is ready, and what it has said.
func (p *prepared) add(r *runner, said func(*result)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runners = append(p.runners, r)
	said(&p.result)
}

func (p *prepared) closing(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.close = append(p.close, f)
}

func (p *prepared) fail(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Failures = append(p.result.Failures, fmt.Sprintf(format, args...))
}

// coarse is how far losses may be apart in any precision without a word of it.
const coarse = 5e-2

// measure prepares the variants of a group together, then times one after the other
// what is ready by then.
func (b *bench) measure(ctx context.Context, g group, checked map[string]error) {
	list := b.prepare(ctx, g, checked)
	for _, p := range list {
		for name, peer := range p.result.Peers {
			if err := same(p.result.Losses, peer.Losses, coarse); err != nil && len(p.result.Losses) > 0 {
				p.fail("%s: %v", name, err)
			}
		}
		b.time(ctx, p)
		for _, f := range p.close {
			f()
		}
		b.report.add(p.result)
	}
	for name, p := range b.live {
		if _, err := p.ask(ctx, timeLimit, request{Do: "free"}); err != nil {
			p.close()
			delete(b.live, name)
		}
		if p.dead && left(ctx) > least {
			if again := b.startPeer(ctx, name, name); again != nil {
				b.live[name] = again
			}
		}
	}
}

// prepare gives the variants whose networks are right, with the programs that are
// ready to train them. It leaves time to measure.
func (b *bench) prepare(ctx context.Context, g group, checked map[string]error) []*prepared {
	ctx, cancel := context.WithTimeout(ctx, left(ctx)*3/5)
	defer cancel()
	list := b.correct(ctx, g, checked)
	atOnce := max(1, runtime.GOMAXPROCS(0)/2)
	var wait sync.WaitGroup
	wait.Go(func() { // on the processors, for most of the time
		together(len(list), atOnce, func(i int) { b.compiled(ctx, list[i]) })
	})
	together(len(list), atOnce, func(i int) { b.deterministic(ctx, list[i]) })
	for _, p := range list { // XLA tries kernels out on the device: one process at a time
		b.fast(ctx, p)
	}
	for _, name := range []string{"eager", "jax"} {
		for _, p := range list {
			b.peer(ctx, p, name, b.live[name])
		}
	}
	wait.Wait()
	return list
}

// correct leaves the variants of networks whose losses are right.
func (b *bench) correct(ctx context.Context, g group, checked map[string]error) (list []*prepared) {
	var fresh []*network
	for _, v := range g {
		if _, known := checked[v.Name]; !known {
			checked[v.Name] = nil
			fresh = append(fresh, v.network)
		}
	}
	errs := make([]error, len(fresh))
	together(len(fresh), max(1, runtime.GOMAXPROCS(0)/2), func(i int) { errs[i] = b.check(ctx, fresh[i]) })
	for i, n := range fresh {
		checked[n.Name] = errs[i]
	}
	for _, v := range g {
		if err := checked[v.Name]; err != nil {
			b.report.note("%s is not timed: %v", v, err)
			continue
		}
		list = append(list, &prepared{variant: v, result: result{Case: v.Name, Precision: string(v.precision), Speed: map[string]speed{}, Peers: map[string]loading{}}})
	}
	return list
}

// deterministic loads the worker that repeats the same bits, and shows that it does:
// in a second run of what was compiled, and when that is compiled again.
func (b *bench) deterministic(ctx context.Context, p *prepared) {
	m := mode{precision: p.precision, deterministic: true}
	q := request{Steps: checkSteps, Hash: true}
	r, _, err := b.load(ctx, p.network, m, q)
	if err != nil {
		p.fail("pipe, deterministic: %v", err)
		return
	}
	p.closing(r.close)
	p.add(&runner{name: "deterministic", p: r.process}, func(v *result) { v.Hash = r.loaded.Hash })
	again, started, err := b.load(ctx, p.network, m, q)
	if err != nil {
		p.fail("pipe, from the cache: %v", err)
		return
	}
	again.close()
	p.result.Start, p.result.Ready = started, again.loaded.ready()
	m.fresh = true
	anew, _, err := b.load(ctx, p.network, m, q)
	if err != nil {
		p.fail("pipe, compiled again: %v", err)
		return
	}
	anew.close()
	p.result.CompileDeterministic = anew.loaded.ready() // the first may have come from the cache
	p.result.SameRuns = again.loaded.Hash == r.loaded.Hash
	p.result.SameCompilations = anew.loaded.Hash == r.loaded.Hash
}

// fast loads the worker that may take any order of sums.
func (b *bench) fast(ctx context.Context, p *prepared) {
	r, _, err := b.load(ctx, p.network, mode{precision: p.precision, fresh: true}, request{Steps: checkSteps})
	if err != nil {
		p.fail("pipe: %v", err)
		return
	}
	p.closing(r.close)
	p.add(&runner{name: "pipe", p: r.process}, func(v *result) {
		v.Compile, v.Losses, v.Predicted = r.loaded.ready(), r.loaded.Losses, r.loaded.Predicted
	})
}

// compiled starts a PyTorch that compiles a variant.
func (b *bench) compiled(ctx context.Context, p *prepared) {
	if !b.wants("compile") {
		return
	}
	live := b.startPeer(ctx, "compile", "compile "+p.String())
	if live == nil {
		return
	}
	p.closing(live.close)
	b.peer(ctx, p, "compile", live)
}

// peer loads a variant into a peer.
func (b *bench) peer(ctx context.Context, p *prepared, name string, live *process) {
	if live == nil || !b.wants(name) {
		return
	}
	q := request{Do: "load", Case: p.Name, Precision: string(p.precision), Folder: b.folder, Steps: checkSteps}
	a, err := live.ask(ctx, loadLimit, q)
	if err != nil {
		p.fail("%s: %v", name, err)
		return
	}
	p.add(&runner{name: name, p: live, q: request{Case: q.Case, Precision: q.Precision}}, func(v *result) {
		v.Peers[name] = loading{a.Seconds, a.Losses, a.Peak}
	})
}

// time measures by turns.
func (b *bench) time(ctx context.Context, p *prepared) {
	order := []string{"pipe", "deterministic", "compile", "eager", "jax"}
	slices.SortFunc(p.runners, func(x, y *runner) int { return slices.Index(order, x.name) - slices.Index(order, y.name) })
	p.runners = slices.DeleteFunc(p.runners, func(r *runner) bool {
		err := b.calibrate(ctx, r)
		if err != nil {
			p.fail("%s: %v", r.name, err)
		}
		return err != nil
	})
	for range b.rounds {
		for _, r := range p.runners {
			ms, err := r.time(ctx, "time", r.steps)
			if err != nil {
				p.fail("%s: %v", r.name, err)
				continue
			}
			r.took = append(r.took, ms)
		}
	}
	for _, r := range p.runners {
		if len(r.took) > 0 {
			slices.Sort(r.took)
			p.result.Speed[r.name] = speed{Median: r.took[len(r.took)/2], Least: r.took[0], Steps: r.steps * len(r.took)}
		}
		if r.name != "pipe" || r.p.dead {
			continue
		}
		if ms, err := r.time(ctx, "look", min(r.steps, 100)); err == nil {
			p.result.Looking = ms
		}
		if a, err := r.p.ask(ctx, timeLimit, request{Do: "memory"}); err == nil {
			p.result.Peak = a.Peak
		}
	}
}

// time is the milliseconds of a step.
func (r *runner) time(ctx context.Context, do string, steps int) (float64, error) {
	q := r.q
	q.Do, q.Steps = do, steps
	a, err := r.p.ask(ctx, timeLimit, q)
	return 1e3 * a.Seconds / float64(steps), err
}

// calibrate finds how many steps are a turn.
func (b *bench) calibrate(ctx context.Context, r *runner) error {
	r.steps = warmUpSteps
	for _, turn := range []time.Duration{0, b.turn / 4, b.turn} {
		ms, err := r.time(ctx, "time", r.steps)
		if err != nil {
			return err
		}
		if turn > 0 {
			r.steps = max(1, min(5000, int(1e3*turn.Seconds()/max(ms, 1e-3))))
		}
	}
	return nil
}

// fed are the networks that are trained with data from the host, too.
var fed = []string{"mlp_big", "resnet", "mlp", "cnn", "transformer"}

// feeds compares data that lies on the device with data that comes from the host.
func (b *bench) feeds(ctx context.Context, list []group) {
	seen := map[string]bool{}
	for _, g := range list {
		for _, v := range g {
			if !slices.Contains(fed, v.Name) || seen[v.Name] || left(ctx) < least || b.report.failed(v) {
				continue
			}
			seen[v.Name] = true
			if err := b.feed(ctx, v); err != nil {
				b.report.note("%s fed from the host: %v", v, err)
			}
		}
	}
}

func (b *bench) feed(ctx context.Context, v variant) error {
	f := feed{Case: v.Name, Precision: string(v.precision), Bytes: 4 * v.Batch * v.Inputs}
	var both []*runner
	for _, host := range []bool{false, true} {
		r, _, err := b.load(ctx, v.network, mode{precision: v.precision, deterministic: true, host: host}, request{Steps: 1})
		if err != nil {
			return err
		}
		defer r.close()
		both = append(both, &runner{name: fmt.Sprint(host), p: r.process})
	}
	for _, r := range both {
		if err := b.calibrate(ctx, r); err != nil {
			return err
		}
	}
	for range 3 {
		for _, r := range both {
			ms, err := r.time(ctx, "time", r.steps)
			if err != nil {
				return err
			}
			r.took = append(r.took, ms)
		}
	}
	for _, r := range both {
		slices.Sort(r.took)
	}
	f.Resident, f.Fed = both[0].took[1], both[1].took[1]
	b.report.feed(f)
	return nil
}
