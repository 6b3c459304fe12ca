package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
)

// A Row is a row of a file, from 1.
type Row struct {
	File string `json:"file"`
	Row  int64  `json:"row"`
}

// RunRows says where the rows of files went in a run.
type RunRows struct {
	Run, Pipeline string
	Artifacts     []ArtifactRows // in the order of the plan
	Models        []ModelRows
	// Lost are the stages through which rows cannot be followed, with the reason.
	Lost []Lost
}

// ArtifactRows are the rows of a table or a data set: for each, that of a file.
type ArtifactRows struct {
	Stage, Port, Type string
	ID                artifacts.ID
	rows              origins
}

// ModelRows says which rows a model has seen.
type ModelRows struct {
	Stage, Port string
	ID          artifacts.ID
	Data        []ArtifactRows // what it was trained on, and what decided when to stop
}

// A Lost stage is one behind which rows, or some of them, are not followed.
type Lost struct {
	Stage, Kind, Why string
	from             []ArtifactRows // what it reads
	files            []string       // likewise
}

// Reads says whether a row of a file is among what the stage reads.
func (l *Lost) Reads(r Row) bool {
	for _, f := range l.files {
		inside, err := path.Match(f, r.File)
		if f == r.File || err == nil && inside || strings.HasSuffix(f, "/") && strings.HasPrefix(r.File, f) {
			return true
		}
	}
	return slices.ContainsFunc(l.from, func(a ArtifactRows) bool { return len(a.Find(r)) > 0 })
}

// A File is one whose rows were followed, with the bytes that it had then.
type File struct {
	Path string
	ID   artifacts.ID
}

// origins are rows by file.
type origins struct {
	files []File
	file  []int32
	row   []int64
}

// Len is how many rows there are.
func (a *ArtifactRows) Len() int { return len(a.rows.row) }

// At is the row of a file that a row of the artifact is, both from 1.
func (a *ArtifactRows) At(row int) Row {
	return Row{a.rows.files[a.rows.file[row-1]].Path, a.rows.row[row-1] + 1}
}

// Find lists the rows of the artifact, from 1, that are a row of a file.
func (a *ArtifactRows) Find(r Row) (found []int64) {
	for i, row := range a.rows.row {
		if row == r.Row-1 && a.rows.files[a.rows.file[i]].Path == r.File {
			found = append(found, int64(i)+1)
		}
	}
	return found
}

// A Follower follows the rows of files through runs, by asking their stages once more:
// they make the same of the same inputs and the same seed. It takes 12 bytes a row of each
// table, and the time to read what decides, such as the column of a filter. What several
// runs share is followed once.
type Follower struct {
	w     *workspace.Workspace
	files []File
	made  map[int64]*followed // by the execution that did the work
	out   *RunRows            // of the run at hand
	ports map[string]*ArtifactRows
}

// A followed execution is one whose rows are known.
type followed struct {
	artifacts []ArtifactRows
	lost      []Lost
}

// NewFollower follows rows in a workspace.
func NewFollower(w *workspace.Workspace) *Follower {
	return &Follower{w: w, made: make(map[int64]*followed)}
}

// Run says where rows went in a run.
func (f *Follower) Run(ctx context.Context, run *lineage.Run) (*RunRows, error) {
	w := f.w
	plan, err := w.RecordedPlan(ctx, run)
	if err != nil {
		return nil, err
	}
	list, err := w.DB.Executions(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	done := make(map[string]*lineage.Execution)
	for i, e := range list {
		switch e.Status {
		case lineage.Succeeded, lineage.Cached, lineage.RequirementFailed:
			done[e.Stage] = &list[i]
		}
	}
	f.ports, f.out = make(map[string]*ArtifactRows), &RunRows{Run: run.ID, Pipeline: run.Pipeline}
	for _, step := range plan.Steps {
		if e := done[step.Name]; e != nil {
			if err := f.follow(ctx, step, e); err != nil {
				return nil, fmt.Errorf("stage %s: %w", step.Name, err)
			}
		}
	}
	return f.out, nil
}

// input gives the rows behind an input: those of another stage, or a file.
func (f *Follower) input(in lineage.Input) *ArtifactRows {
	if in.FromStage != "" {
		return f.ports[in.FromStage+"."+in.FromPort]
	}
	return nil
}

func (f *Follower) follow(ctx context.Context, step *pipeline.Step, e *lineage.Execution) error {
	inputs := make(map[string]lineage.Input)
	var data []ArtifactRows
	reads := false
	for _, in := range e.Inputs {
		inputs[in.Port] = in
		if known := f.input(in); known != nil {
			reads = true
			data = append(data, ArtifactRows{step.Name, in.Port, in.Type, in.ID, known.rows})
		}
		reads = reads || in.Path != ""
	}
	var made []lineage.Output
	for _, o := range e.Outputs {
		switch pipeline.PortType(o.Type) {
		case pipeline.Table, pipeline.Dataset:
			made = append(made, o)
		case pipeline.Model:
			if len(data) > 0 {
				f.out.Models = append(f.out.Models, ModelRows{step.Name, o.Port, o.ID, data})
			}
		}
	}
	if len(made) == 0 || !reads {
		return nil
	}
	one, ok := f.made[e.Origin()]
	if !ok {
		var err error
		if one, err = f.execution(ctx, step, made, inputs); err != nil {
			return err
		}
		f.made[e.Origin()] = one
	}
	f.out.Artifacts, f.out.Lost = append(f.out.Artifacts, one.artifacts...), append(f.out.Lost, one.lost...)
	for i, a := range one.artifacts {
		f.ports[step.Name+"."+a.Port] = &one.artifacts[i]
	}
	return nil
}

// execution asks a stage once more.
func (f *Follower) execution(ctx context.Context, step *pipeline.Step, made []lineage.Output, inputs map[string]lineage.Input) (*followed, error) {
	one := new(followed)
	lose := func(why string, ports ...string) (*followed, error) {
		l := Lost{Stage: step.Name, Kind: step.Kind.Name, Why: why}
		for _, port := range ports {
			if in := inputs[port]; in.Path != "" {
				l.files = append(l.files, in.Path)
			} else if known := f.input(in); known != nil {
				l.from = append(l.from, *known)
			}
		}
		one.lost = append(one.lost, l)
		return one, nil
	}
	all := slices.Sorted(maps.Keys(inputs))
	lost := func(why string) (*followed, error) { return lose(why, all...) }
	tracer, ok := step.Stage.(pipeline.RowTracer)
	if !ok {
		return lost("its rows come from no single rows that could be named")
	}
	mixer, ok := step.Stage.(pipeline.RowMixer)
	mixes := ok && mixer.MixesRows()
	env := &rereading{w: f.w, step: step, inputs: inputs, ctx: ctx}
	defer env.close()
	traced, err := tracer.TraceRows(ctx, env)
	if err != nil {
		if missing := (*artifacts.NotFoundError)(nil); errors.As(err, &missing) {
			return lost("what it read is not in the store any more")
		}
		return nil, err
	}
	for _, port := range all {
		in := inputs[port]
		named := func(rows []pipeline.Rows) bool {
			return slices.ContainsFunc(rows, func(r pipeline.Rows) bool { return r.Input == port })
		}
		if known := f.input(in); known == nil || len(traced) == 0 {
			continue
		}
		switch used := slices.ContainsFunc(slices.Collect(maps.Values(traced)), named); {
		case !used:
			lose("what it takes of "+port+" stands beside other rows", port)
		case mixes:
			lose("what it computes of a row goes into rows behind it, too", port)
		}
	}
	for _, o := range made {
		parts, ok := traced[o.Port]
		if !ok {
			if o == made[0] {
				lost("its rows come from no single rows that could be named")
			}
			continue
		}
		rows, err := f.compose(ctx, o, parts, inputs)
		if err != nil {
			return nil, err
		}
		if rows == nil {
			if o == made[0] {
				lost("it does not say of all its rows where they come from, or reads what cannot be followed")
			}
			continue
		}
		one.artifacts = append(one.artifacts, ArtifactRows{step.Name, o.Port, o.Type, o.ID, *rows})
	}
	return one, nil
}

// compose says which rows of files those of an output are; nil if that is not known.
func (f *Follower) compose(ctx context.Context, o lineage.Output, parts []pipeline.Rows, inputs map[string]lineage.Input) (*origins, error) {
	n, err := f.count(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	out := &origins{}
	for _, p := range parts {
		in := inputs[p.Input]
		if in.Path != "" { // a file, whose rows are those of the table
			at := slices.Index(f.files, File{in.Path, in.ID})
			if at < 0 {
				at, f.files = len(f.files), append(f.files, File{in.Path, in.ID})
			}
			for row := range n {
				out.file, out.row = append(out.file, int32(at)), append(out.row, row)
			}
			continue
		}
		known := f.input(in)
		if known == nil {
			return nil, nil
		}
		switch {
		case p.From != nil:
			for _, row := range p.From {
				if row < 0 || row >= int64(len(known.rows.row)) {
					return nil, fmt.Errorf("row %d of %s is not there", row, p.Input)
				}
				out.file, out.row = append(out.file, known.rows.file[row]), append(out.row, known.rows.row[row])
			}
		default:
			out.file, out.row = append(out.file, known.rows.file...), append(out.row, known.rows.row...)
		}
	}
	out.files = f.files
	if int64(len(out.row)) != n {
		return nil, nil // rows were left out, as a filter of training does it, of which the stage does not tell
	}
	return out, nil
}

// count is the number of rows of a table or a data set.
func (f *Follower) count(ctx context.Context, id artifacts.ID) (int64, error) {
	file, err := f.w.Store.Open(ctx, id)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	r, err := table.Open(file, file.Size())
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return r.NumRows(), nil
}

// A rereading is the environment of a stage that looks at its recorded inputs once
// more. It keeps nothing that is written.
type rereading struct {
	w      *workspace.Workspace
	step   *pipeline.Step
	inputs map[string]lineage.Input
	ctx    context.Context
	dirs   []string
}

var errKeepsNothing = errors.New("a stage that is asked for its rows writes nothing")

func (r *rereading) Inputs() []string {
	var ports []string
	for port := range r.inputs {
		ports = append(ports, port)
	}
	slices.Sort(ports)
	return ports
}

func (r *rereading) Open(port string) (*pipeline.Input, error) {
	in, ok := r.inputs[port]
	if !ok {
		return nil, fmt.Errorf("no input %q was recorded", port)
	}
	f, err := r.w.Store.Open(r.ctx, in.ID)
	if err != nil {
		return nil, err
	}
	name := in.Path
	if in.FromStage != "" {
		name = in.FromStage + "." + in.FromPort
	}
	return &pipeline.Input{File: f, Name: name, Type: pipeline.PortType(in.Type)}, nil
}

func (r *rereading) OpenDir(port string) (*artifacts.Dir, error) {
	return r.w.Store.OpenDir(r.ctx, r.inputs[port].ID)
}

func (r *rereading) Scratch() (string, error) {
	dir, err := r.w.Store.TempDir()
	if err == nil {
		r.dirs = append(r.dirs, dir)
	}
	return dir, err
}

func (r *rereading) close() {
	for _, dir := range r.dirs {
		os.RemoveAll(dir)
	}
}

func (r *rereading) Seed() uint64 {
	if r.step.Kind.Seeded {
		return r.step.Seed
	}
	return 0
}

func (r *rereading) Threads() int                           { return runtime.GOMAXPROCS(0) }
func (r *rereading) Log() *slog.Logger                      { return slog.New(slog.DiscardHandler) }
func (r *rereading) Create(string) (pipeline.Output, error) { return nil, errKeepsNothing }
func (r *rereading) CreateDir(_, _ string) error            { return errKeepsNothing }
func (*rereading) Metric(string, float64, metric.Meaning)   {}
func (*rereading) Point(string, int64, float64)             {}
func (*rereading) Column(_, _ pipeline.ColumnRef)           {}
func (*rereading) Program(string)                           {}
func (*rereading) Progress(_, _ int64)                      {}
func (*rereading) Resume() io.ReadCloser                    { return nil }
func (*rereading) BegunOn() string                          { return "" }
func (*rereading) Anew()                                    {}
func (*rereading) Checkpoint(func(io.Writer) error)         {}
func (*rereading) GPUs() []string                           { return nil }
func (*rereading) Placement() pipeline.Placement            { return pipeline.Placement{} }

// Files are those whose rows could be followed, as they were then.
func (r *RunRows) Files() []File {
	var files []File
	for _, a := range r.Artifacts {
		for i, f := range a.rows.files {
			if !slices.Contains(files, f) && slices.Contains(a.rows.file, int32(i)) {
				files = append(files, f)
			}
		}
	}
	return files
}
