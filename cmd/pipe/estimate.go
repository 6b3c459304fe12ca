package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/nn/estimate"
	"pipe/nn/xla"
	"pipe/nn/xla/plugin"
	"pipe/pipeline"
	"pipe/stages/train"
	"pipe/workspace"
	"pipe/workspace/runs"
)

// An estimateQuestion is what the flags of pipe estimate say.
type estimateQuestion struct {
	stage     string
	deadline  time.Duration
	gpus      []string
	batches   []int
	precision string
	measure   bool

	rows, validation, features, classes int
	given                               func(flag string) bool
}

// A stageEstimate is what one stage will cost.
type stageEstimate struct {
	Stage         string        `json:"stage"`
	Source        string        `json:"source"` // of the number of rows
	Deadline      estimate.Time `json:"deadline_seconds,omitempty"`
	Deterministic bool          `json:"deterministic"`
	Plugin        bool          `json:"plugin"` // that compiles for GPUs is there
	*estimate.Report

	Trees *train.TreesCost `json:"trees,omitempty"` // in place of the report
}

func (a *app) estimateCommand() *cobra.Command {
	var (
		flags  planFlags
		q      estimateQuestion
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "estimate FILE",
		Short: "Say what training will cost, before anything is trained",
		Long: `Say for each train stage of a pipeline how much memory training takes and how long: on this machine, where a few steps
are run on rows that are made up, and on GPUs that need not be there, by a model. With a deadline it says how many GPUs
it takes. How many rows there are and what is in them is known once the stages before have run; else say it with --rows,
--features and --classes.

The model adds up, operator by operator, what a GPU needs for its products or for the memory that it moves, whichever
takes longer; GPUs of one machine share each batch and exchange their gradients. On the processor and the GPUs that are
there it is compared with what was measured. With a plugin of XLA (see pipe doctor) the step is compiled for the GPUs that
are named with --gpu, which gives their memory exactly; that takes some seconds for each. docs/estimate.md says more.

GPUs that are known: ` + strings.Join(estimate.Names(), ", ") + `.`,
		Example: `  pipe estimate pipelines/digits.yaml
  pipe estimate pipelines/digits.yaml --rows 10000000 --deadline 8h
  pipe estimate big.yaml --gpu h100 --gpu l4 --batch 64,256,1024 --precision bfloat16
  pipe estimate big.yaml --rows 1000000 --features 512 --classes 10`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: pipelineFiles,
		RunE: func(cmd *cobra.Command, words []string) error {
			opt, err := flags.options()
			if err != nil {
				return err
			}
			q.given = cmd.Flags().Changed
			if err := q.check(); err != nil {
				return err
			}
			plan, err := a.host.Load(words[0], opt)
			if err != nil {
				return err
			}
			return withWorkspace(func() (*workspace.Workspace, error) { return a.host.OpenToPlan(words[0]) }, func(ws *workspace.Workspace) error {
				list, err := a.estimate(cmd.Context(), ws, plan, &q)
				if err != nil {
					return err
				}
				return a.printEstimates(list, asJSON)
			})
		},
	}
	flags.register(cmd, a)
	f := cmd.Flags()
	f.StringVar(&q.stage, "stage", "", "only this stage")
	f.DurationVar(&q.deadline, "deadline", 0, "say how many GPUs it takes to be done in this time, as in 8h or 45m")
	f.StringSliceVar(&q.gpus, "gpu", nil, "these GPUs, in place of all that are known: NAME[,NAME]")
	f.IntSliceVar(&q.batches, "batch", nil, "these batch sizes, in place of that of the stage: N[,N]")
	f.StringVar(&q.precision, "precision", "", "that of a GPU, in place of that of the stage: float32, tf32 or bfloat16")
	f.BoolVar(&q.measure, "measure", true, "run a few steps on this machine")
	f.IntVar(&q.rows, "rows", 0, "for so many training rows, in place of those that there are")
	f.IntVar(&q.validation, "validation-rows", 0, "with so many rows to measure the loss of after each epoch, beside those of training")
	f.IntVar(&q.features, "features", 0, "for so many features, if the data is not there")
	f.IntVar(&q.classes, "classes", 0, "for so many classes, if the data is not there; 0 is a number to predict")
	for name, complete := range map[string]cobra.CompletionFunc{"stage": a.completeStages,
		"gpu":       cobra.FixedCompletions(estimate.Names(), cobra.ShellCompDirectiveNoFileComp),
		"precision": cobra.FixedCompletions(precisions(), cobra.ShellCompDirectiveNoFileComp)} {
		// It fails only for a flag that does not exist.
		_ = cmd.RegisterFlagCompletionFunc(name, complete)
	}
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

// precisions are the values of --precision.
func precisions() (list []string) {
	for _, p := range xla.Precisions() {
		list = append(list, string(p))
	}
	return list
}

// check finds flags that make no sense.
func (q *estimateQuestion) check() error {
	for _, b := range q.batches {
		if err := atLeast(1, b, "batch"); err != nil {
			return err
		}
		if b > estimate.MaxBatch {
			return diag.Usagef("--batch must be at most %d, not %d", estimate.MaxBatch, b)
		}
	}
	for _, f := range []struct {
		name     string
		n, least int
	}{{"rows", q.rows, 1}, {"features", q.features, 1}, {"validation-rows", q.validation, 0}, {"classes", q.classes, 0}} {
		if q.given(f.name) {
			if err := atLeast(f.least, f.n, f.name); err != nil {
				return err
			}
		}
	}
	switch {
	case q.classes == 1:
		return diag.Usagef("--classes must be 2 or more, or 0 for a number")
	case q.given("deadline") && q.deadline <= 0:
		return diag.Usagef("--deadline must be more than 0, not %v", q.deadline)
	case q.precision != "" && !slices.Contains(precisions(), q.precision):
		return diag.Unknown("precision", q.precision, precisions())
	}
	_, err := q.machines()
	return err
}

// machines are the GPUs that are asked for.
func (q *estimateQuestion) machines() ([]estimate.Machine, error) {
	if len(q.gpus) == 0 {
		return estimate.Machines(), nil
	}
	var list []estimate.Machine
	for _, name := range q.gpus {
		m, err := estimate.Find(name)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// estimate estimates the trainings of a plan.
func (a *app) estimate(ctx context.Context, ws *workspace.Workspace, plan *pipeline.Plan, q *estimateQuestion) ([]stageEstimate, error) {
	var only []string
	if q.stage != "" {
		var err error
		if only, err = selected(plan, []string{q.stage}); err != nil {
			return nil, err
		}
	}
	trainings, err := runs.Trainings(ctx, ws, plan)
	if err != nil {
		return nil, err
	}
	list := []stageEstimate{}
	for _, t := range trainings {
		if q.stage != "" && !slices.Contains(only, t.Stage) {
			continue
		}
		one := a.estimateStage
		if t.Trees != nil {
			one = estimateTrees
		}
		x, err := one(ctx, plan, &t, q)
		if err != nil {
			return nil, fmt.Errorf("stage %s: %w", t.Stage, err)
		}
		list = append(list, *x)
	}
	switch {
	case len(list) > 0:
		return list, nil
	case q.stage != "":
		return nil, diag.Usagef("stage %s trains nothing", q.stage)
	}
	return nil, diag.WithHint(errors.New("no stage of this pipeline trains a model"), "`pipe stages describe train` says how one is written")
}

// estimateTrees is for a stage that trains trees: no GPU would help.
func estimateTrees(_ context.Context, plan *pipeline.Plan, t *runs.Training, q *estimateQuestion) (*stageEstimate, error) {
	var c train.TreesCost
	if t.Sources != nil {
		var err error
		if c, err = t.Trees.Cost(t.Sources); err != nil {
			return nil, err
		}
	} else {
		if err := q.known(plan, t); err != nil {
			return nil, err
		}
		c = train.TreesCost{Features: q.features, Outputs: max(1, q.classes)}
		if q.classes == 2 {
			c.Outputs = 1
		}
	}
	if q.rows > 0 {
		if c.Rows > 0 {
			c.Validation = int(float64(c.Validation) * float64(q.rows) / float64(c.Rows))
		}
		c.Rows = q.rows
	}
	if q.given("validation-rows") {
		c.Validation = q.validation
	}
	t.Trees.Price(&c)
	return &stageEstimate{Stage: t.Stage, Source: q.source(t), Deterministic: true, Trees: &c}, nil
}

func (a *app) estimateStage(ctx context.Context, plan *pipeline.Plan, t *runs.Training, q *estimateQuestion) (_ *stageEstimate, err error) {
	training, err := q.training(plan, t)
	if err != nil {
		return nil, err
	}
	e := estimate.NewEstimator(training)
	defer func() { err = errors.Join(err, e.Close()) }()
	machines, err := q.machines()
	if err != nil {
		return nil, err
	}
	ask := estimate.Question{Machines: machines, Batches: q.batches, GPUs: t.GPUs, Deadline: q.deadline}
	if q.measure {
		ask.Measure = measuring
	}
	offered := a.host.Capacity()
	ask.Hands = []estimate.Hand{{Name: "CPU", Threads: offered.CPU, Memory: offered.Memory}}
	x := processors{plugin.NewPlaces(a.lookup)}
	device, err := x.hand(ctx, training)
	if err != nil {
		return nil, err
	}
	if device != nil {
		defer func() { err = errors.Join(err, device.Backend.(train.Backend).Close()) }()
		ask.Hands = append(ask.Hands, *device)
	}
	compiler := x.cuda()
	if len(q.gpus) > 0 && compiler != "" {
		if ask.Compile, err = compileFor(compiler); err != nil {
			return nil, err
		}
	}
	report, err := e.Answer(ctx, ask)
	if err != nil {
		return nil, err
	}
	return &stageEstimate{Stage: t.Stage, Source: q.source(t), Deadline: estimate.Time(q.deadline.Seconds()), Deterministic: training.Deterministic,
		Plugin: compiler != "", Report: report}, nil
}

// source says where the number of rows is known from.
func (q *estimateQuestion) source(t *runs.Training) string {
	if q.rows > 0 {
		return "--rows"
	}
	return "stage " + strings.Join(t.Before(), ", ")
}

// measuring is for how long a processor trains to see how fast it is.
const measuring = 300 * time.Millisecond

// training is what is to be estimated.
func (q *estimateQuestion) training(plan *pipeline.Plan, t *runs.Training) (estimate.Training, error) {
	known, err := q.data(plan, t)
	if err != nil {
		return estimate.Training{}, err
	}
	if q.rows > 0 {
		if !q.given("validation-rows") {
			known.Validation = int(float64(known.Validation) * float64(q.rows) / float64(known.Rows))
		}
		known.Rows = q.rows
	}
	if q.given("validation-rows") {
		known.Validation = q.validation
	}
	x := estimate.Training{Spec: known.Spec, Signature: known.Signature, Rows: known.Rows, Validation: known.Validation, Config: known.Config,
		Precision: xla.Precision(t.Train.Precision), Deterministic: t.Train.Deterministic}
	if q.precision != "" {
		x.Precision = xla.Precision(q.precision)
	}
	return x, nil
}

// data is what is known of the data, from the store or from flags.
func (q *estimateQuestion) data(plan *pipeline.Plan, t *runs.Training) (train.Training, error) {
	if t.Sources != nil {
		return t.Train.Training(t.Sources)
	}
	if err := q.known(plan, t); err != nil {
		return train.Training{}, err
	}
	return t.Train.Imagine(q.rows, q.validation, q.features, q.classes)
}

// known is an error if the flags do not say what data that is not there would be.
func (q *estimateQuestion) known(plan *pipeline.Plan, t *runs.Training) error {
	var missing []string
	for _, f := range []struct{ flag, example string }{{"rows", "--rows 10000"}, {"features", "--features 64"}, {"classes", "--classes 10 (0: a number)"}} {
		if !q.given(f.flag) {
			missing = append(missing, f.example)
		}
	}
	if missing != nil {
		before := t.Before()
		targets := make([]string, len(before))
		for i, stage := range before {
			targets[i] = diag.ShellWord(stage)
		}
		return diag.Usage(diag.WithHint(fmt.Errorf("its data is not there, so nobody knows how many rows and features there are: stage %s has not run", strings.Join(before, ", ")),
			fmt.Sprintf("`pipe run %s %s` makes it, or say %s", diag.ShellWord(plan.File), strings.Join(targets, " "), strings.Join(missing, " "))))
	}
	return nil
}

// hand is the GPU that is there, or what stands for one; nil if there is none.
func (x processors) hand(ctx context.Context, t estimate.Training) (*estimate.Hand, error) {
	how := train.Computing{Precision: string(t.Precision), Deterministic: t.Deterministic, Devices: 1}
	p, err := x.Find(how)
	if err != nil { // which pipe doctor explains
		return nil, nil
	}
	var gpus []string
	if found, err := plugin.Find(x.places); err == nil && p.GPUs > 0 {
		gpus = []string{found.Driver.GPUs[0].Name}
	}
	b, err := p.Open(ctx, gpus)
	if err != nil {
		return nil, err
	}
	device := b.(*xla.Device)
	h := &estimate.Hand{Name: p.Name, Backend: device, Compile: device.Memory}
	if m, known := estimate.Recognize(p.Name); known {
		h.Machine, h.Memory = m, m.Memory
	}
	return h, nil
}

// cuda is the path of a plugin that compiles for GPUs; empty if there is none.
func (x processors) cuda() string {
	p, err := plugin.Find(x.places)
	if err != nil || p.Platform != plugin.CUDA { // pipe doctor says more
		return ""
	}
	return p.Path
}

// compileFor compiles by a plugin for GPUs that are not there.
func compileFor(path string) (func(estimate.Machine, string) (int64, error), error) {
	c, err := xla.NewCompiler(path)
	if err != nil {
		return nil, err
	}
	return func(m estimate.Machine, text string) (int64, error) { return c.Memory(text, m.Target()) }, nil
}
