package runner

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner/machine"
)

// An execution is the state of one run. Only the goroutine of loop touches
// it; tasks report through the results channel.
type execution struct {
	*Runner
	plan  *pipeline.Plan
	opt   Options
	runID string

	states    []stepState
	index     map[string]int // of a stage in the plan
	forced    map[string]bool
	users     [][]int // stages that wait for a stage, by its index
	ready     []int   // stages whose dependencies are done, to be looked up
	jobs      []job   // what has to run, waiting for resources
	free      pipeline.Resources
	running   int
	results   chan jobResult
	making    map[artifacts.Key][]int // keys being made now -> stages that want the same
	foreign   foreign                 // what other processes are making
	refused   refusals                // what the machine could not give
	hits      []lineage.Execution     // cached stages not recorded yet
	failed    error                   // the first failure
	broken    error                   // why the run cannot go on at all
	findings  []finding               // by stage, kept if not nil
	checked   moment                  // when its columns were checked last
	dry       bool                    // nothing is to be made, and the store is left as it is
	seen      seen                    // external files
	secret    func() ([]byte, error)  // of the store
	executor  Executor
	claims    Claims
	committer *committer
	observe   sync.Mutex
	git       *gitState
}

// A finding is what is known of a stage once all that it reads is known.
type finding struct {
	inputs []lineage.Input
	on     pipeline.Placement
	key    artifacts.Key
	parts  []artifacts.KeyPart
	reason string // why there was no hit; empty if there is no execution with the key
}

// A stepState is what is known of a stage during the run.
type stepState struct {
	waiting int // unfinished dependencies
	result  StageResult
	files   map[string]artifacts.ID // external files by port, once hashed
	on      pipeline.Placement      // once it is known what it reads
	taken   pipeline.Resources      // while it runs
	share   *machine.Request        // of the machine, while it runs; nil if it declares nothing
}

// A job is work for a goroutine on behalf of a stage.
type job struct {
	step   int
	tried  int // attempts before this one
	work   func(gpus []string) jobResult
	passed int  // others that began later and started before it
	hashes bool // it only hashes the external files of the stage

	share *machine.Request // it waits for its share of the machine
	lack  machine.Lack     // for this, which has been said
}

// A jobResult is what a job found: the hashes of the external files of a
// stage that is to be looked up again, that another process is making the
// same or has just made it, or the end of the stage.
type jobResult struct {
	step     int
	released bool                          // it goes on, but no longer needs its resources
	freed    bool                          // it released them before
	again    func(gpus []string) jobResult // it has to run once more, with resources
	tried    int                           // attempts before that
	hashed   map[string]artifacts.ID
	key      artifacts.Key
	claimed  *artifacts.ClaimedError
	hit      *lineage.Hit
	stage    StageResult
	took     time.Duration
}

func newExecution(r *Runner, plan *pipeline.Plan, opt Options, runID string) *execution {
	e := &execution{
		Runner: r, plan: plan, opt: opt, runID: runID,
		states:  make([]stepState, len(plan.Steps)),
		index:   make(map[string]int, len(plan.Steps)),
		forced:  make(map[string]bool, len(opt.Force)),
		users:   make([][]int, len(plan.Steps)),
		free:    r.Capacity,
		results: make(chan jobResult), executor: r.executor(), claims: r.claims(), secret: r.Store.Secret,
		making: map[artifacts.Key][]int{},
	}
	e.git = &gitState{execution: e}
	for _, name := range opt.Force {
		e.forced[name] = true
	}
	for i, s := range plan.Steps {
		e.index[s.Name] = i
		e.states[i].result = StageResult{Stage: s.Name, Status: lineage.Skipped}
	}
	for i, s := range plan.Steps {
		for _, name := range dependencies(s) {
			d := e.index[name]
			e.users[d] = append(e.users[d], i)
			e.states[i].waiting++
		}
		if e.states[i].waiting == 0 {
			e.ready = append(e.ready, i)
		}
	}
	return e
}

// dependencies lists the stages that a stage waits for, each once.
func dependencies(s *pipeline.Step) []string {
	var names []string
	for _, edge := range s.Inputs {
		if edge.Artifact.IsZero() {
			names = append(names, edge.From.Stage)
		}
	}
	names = append(names, s.Needs...)
	slices.Sort(names)
	return slices.Compact(names)
}

// loop starts what is ready until nothing is left, or until a failure or the
// end of ctx: then it waits for the stages that run and starts no more.
func (e *execution) loop(ctx context.Context) error {
	defer e.giveUp()
	for {
		if !e.stopping(ctx) {
			e.abort(e.dispatch(ctx))
		}
		e.abort(e.flushHits(ctx))
		if e.running == 0 && (e.foreign.none() && e.refused.none() || e.stopping(ctx)) {
			break
		}
		e.wait(ctx)
	}
	if ctx.Err() != nil && e.broken == nil && (e.failed == nil || errors.Is(e.failed, errStopped)) {
		return stopped(ctx)
	}
	return cmp.Or(e.broken, e.failed)
}

func (e *execution) stopping(ctx context.Context) bool {
	return ctx.Err() != nil || e.broken != nil || e.failed != nil && !e.opt.KeepGoing
}

// errStopped is the failure of a stage that ended because the run was to end.
var errStopped = errors.New("stopped")

func (e *execution) fail(err error) {
	if e.failed == nil {
		e.failed = err
	}
}

// abort ends the run for an error that is not one of a stage.
func (e *execution) abort(err error) {
	if e.broken == nil {
		e.broken = err
	}
}

// dispatch looks up every ready stage, and starts as many of the missing ones
// as the free resources allow, in the order in which they became ready.
func (e *execution) dispatch(ctx context.Context) error {
	for len(e.ready) > 0 {
		i := e.ready[0]
		e.ready = e.ready[1:]
		if err := e.settle(ctx, i); err != nil {
			return err
		}
	}
	if err := e.checkColumns(ctx); err != nil {
		return err
	}
	e.startJobs()
	return nil
}

// settle moves a ready stage on: it is taken from the cache, becomes a job, or
// waits for another stage that is making the same thing.
func (e *execution) settle(ctx context.Context, i int) error {
	s := e.plan.Steps[i]
	if e.states[i].files == nil {
		ids, ok := e.rememberedFiles(s)
		if !ok {
			e.jobs = append(e.jobs, job{step: i, hashes: true, work: func([]string) jobResult { return e.hashFiles(ctx, i) }})
			return nil
		}
		e.states[i].files = ids
	}
	inputs := e.inputsOf(i)
	on, err := e.place(ctx, s, inputs)
	if err != nil {
		e.complete(i, StageResult{Stage: s.Name, Status: lineage.Failed, Err: err}, 0)
		return nil
	}
	e.states[i].on = on
	key, parts, err := keyOf(s, inputs, on, e.secret)
	if err != nil {
		return err
	}
	if waiting, busy := e.making[key]; busy {
		e.making[key] = append(waiting, i) // finish makes it ready again
		return nil
	}
	hit, reason, err := e.decide(ctx, s, key)
	if err != nil {
		return err
	}
	found := finding{inputs, on, key, parts, reason}
	if e.findings != nil {
		e.findings[i] = found
	}
	if hit != nil {
		e.useHit(i, key, inputs, hit)
		return nil
	}
	err = e.executor.Accept(taskOf(s, nil, on, 1))
	if errors.Is(err, errLeftOut) {
		return nil
	}
	if err == nil {
		err = e.check(s, on)
	}
	if err != nil {
		e.complete(i, StageResult{Stage: s.Name, Status: lineage.Failed, Err: err}, 0)
		return nil
	}
	r := &stageRun{execution: e, step: i, Step: s, finding: found}
	e.making[key] = nil
	e.jobs = append(e.jobs, job{step: i, work: r.job(ctx)})
	return nil
}

// finish takes in the result of a job.
func (e *execution) finish(res jobResult) {
	if !res.freed {
		e.take(e.states[res.step].taken, +1)
		e.giveBack(res.step)
	}
	if res.released {
		return
	}
	e.running--
	if res.again != nil {
		e.jobs = append(e.jobs, job{step: res.step, tried: res.tried, work: res.again})
		return
	}
	if res.hashed != nil {
		e.states[res.step].files = res.hashed
		e.ready = append(e.ready, res.step)
		return
	}
	if res.claimed != nil {
		e.leave(res)
		return
	}
	e.ready = append(e.ready, e.making[res.key]...)
	delete(e.making, res.key)
	if res.hit != nil {
		e.useHit(res.step, res.key, e.inputsOf(res.step), res.hit)
		return
	}
	e.complete(res.step, res.stage, res.took)
	e.passed("runner.stage.finished")
}

// complete ends a stage and frees those that waited for it, if it gave them
// what they need.
func (e *execution) complete(i int, res StageResult, took time.Duration) {
	e.states[i].result = res
	e.emit(StageFinished{Stage: res.Stage, Status: res.Status, Origin: res.Origin, Device: e.states[i].on.Device, Duration: took,
		Outputs: res.Outputs, Metrics: res.Metrics, Err: res.Err})
	switch res.Status {
	case lineage.Succeeded, lineage.Cached:
	case lineage.Interrupted, lineage.Cancelled:
		e.fail(errStopped)
		return
	default:
		e.fail(&StageError{Stage: res.Stage, Err: res.Err})
		return
	}
	for _, u := range e.users[i] {
		if e.states[u].waiting--; e.states[u].waiting == 0 {
			e.ready = append(e.ready, u)
		}
	}
}

// result sums up the run.
func (e *execution) result(err error) *Result {
	res := &Result{RunID: e.runID, Status: status(err)}
	for i := range e.states {
		res.Stages = append(res.Stages, e.states[i].result)
	}
	return res
}

func (e *execution) emit(ev Event) {
	if e.Observe == nil {
		return
	}
	e.observe.Lock()
	defer e.observe.Unlock()
	e.Observe(ev)
}

// heartbeat shows other processes that this one is alive, until the returned
// function is called.
func (e *execution) heartbeat(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				// A missed beat is no reason to stop the run: the reaper also
				// looks at the process, and the next beat may succeed.
				_ = e.DB.Heartbeat(ctx, e.runID)
			}
		}
	}()
	return func() { cancel(); <-done }
}
