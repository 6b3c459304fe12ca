package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/address"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/stages/ingest"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A remade is the table that a model of series was made of, made anew of files by the stages of training. These may
// make other rows of those that were read, such as months of days, which the steps of a transform cannot.
type remade struct {
	*past
	req   Request
	made  artifacts.ID // in training
	later []Later      // the files, by the stages in whose place they are

	steps   []*pipeline.Step
	table   pipeline.Ref
	reads   string   // the step that reads the file of the request
	through []string // the stages of the steps that read no file
	kept    []string // stages whose tables are those of training
	taken   string   // the stage for whose table the file is taken, if it does not have what was read
}

// edge is the table as an input.
func (r *remade) edge() pipeline.Edge {
	if len(r.steps) == 0 {
		return pipeline.Edge{Port: "table", Type: pipeline.Table, Artifact: r.made}
	}
	return pipeline.Edge{Port: "table", From: r.table}
}

// find finds the steps that make the table of the files of the request. Incomplete says that a last month of which
// half is over stays one.
func (r *remade) find(ctx context.Context, w *workspace.Workspace, incomplete bool) error {
	if r.req.File == "" && len(r.req.Tables) == 0 {
		if r.made.IsZero() {
			return diag.Usage(diag.WithHint(errors.New("nothing is known here of the table that the model was made of"), "give a file with its series, too"))
		}
		return nil
	}
	r.later = slices.Clone(r.req.Tables)
	var main *lineage.Execution
	if r.req.File != "" {
		var err error
		if main, err = r.main(w); err != nil {
			return err
		}
		if main == nil || main == r.maker(r.made) && len(r.later) == 0 {
			return r.take(ctx, w)
		}
		r.later = append(r.later, Later{Name: main.Stage, File: r.req.File})
	}
	if err := r.rebuild(ctx, w, main); err != nil {
		return err
	}
	if main != nil {
		if taken, err := r.prepared(ctx, w, main); taken || err != nil {
			return err
		}
	}
	return r.repeats(ctx, w, incomplete)
}

// prepared takes the file of the request as the table, if it has its columns and not those of what was read. It is
// an error if the file has neither.
func (r *remade) prepared(ctx context.Context, w *workspace.Workspace, main *lineage.Execution) (taken bool, err error) {
	own, ok := stageOf(w, main).(source)
	if !ok || address.Is(r.req.File) || recall(ctx, w, main, own) != nil {
		return false, nil
	}
	instead := func(of *lineage.Execution) (bool, error) {
		r.taken = of.Stage
		r.later = append(slices.Clone(r.req.Tables), Later{Name: of.Stage, File: r.req.File})
		return true, r.rebuild(ctx, w, of)
	}
	through, err := ingest.StepsOf(ctx, r.req.File)
	if err != nil {
		return false, err
	}
	if of := r.behind(ctx, w, through); of != nil {
		return instead(of)
	}
	names := r.columnsOf(ctx, own, main.KindVersion)
	lack := r.lacks(ctx, w, main, names)
	if lack == nil {
		return false, nil
	}
	maker := r.maker(r.made)
	if len(r.req.Tables) == 0 {
		if r.has(names) {
			r.taken, r.later = maker.Stage, nil
			return true, r.take(ctx, w)
		}
		usual, err := step(w, maker.Stage, "ingest", "")
		if err != nil {
			return false, err
		}
		if reads := usual.Stage.(source); r.has(r.columnsOf(ctx, reads, usual.Kind.Version)) { // as pipe get writes it
			return instead(maker)
		}
	}
	return false, diag.WithHint(fmt.Errorf("%s: %w", diag.Visible(r.req.File), lack),
		fmt.Sprintf("the file is read as stage %s read its own in training, and goes through the same stages, so that it needs the same columns; --read says how it is written, if that is another way; what a stage has made is given by its name, as in --table %s=FILE", main.Stage, maker.Stage))
}

// has says whether there are the columns of the table.
func (r *remade) has(names []string) bool {
	for _, c := range r.columns {
		if !slices.Contains(names, c.Name) {
			return false
		}
	}
	return true
}

// main is the stage in whose place the file of the request is read: the one that read the rows in training. It is nil
// if none did, as far as is known.
func (r *remade) main(w *workspace.Workspace) (*lineage.Execution, error) {
	var list []*lineage.Execution
	var names []string
	rows, given := r.rowsOf(), false
	for _, e := range r.train {
		if !rows[e] || sourceKind(w, e) == nil {
			continue
		}
		if slices.ContainsFunc(r.later, func(l Later) bool { return l.Name == e.Stage }) {
			given = true
			continue
		}
		list, names = append(list, e), append(names, e.Stage)
	}
	if len(list) > 1 {
		slices.Sort(names)
		return nil, diag.Usage(diag.WithHint(fmt.Errorf("%s: in training the rows came of several files, which the stages %s read", diag.Visible(r.req.File), strings.Join(names, " and ")),
			fmt.Sprintf("say which files are in their place: --table %s=FILE", strings.Join(names, "=FILE --table "))))
	}
	if len(list) == 0 {
		if given {
			return nil, diag.Usage(diag.WithHint(fmt.Errorf("%s: each file of training has another in its place already", diag.Visible(r.req.File)), "leave it out"))
		}
		return nil, nil
	}
	return list[0], nil
}

// take reads the file of the request as the table itself.
func (r *remade) take(ctx context.Context, w *workspace.Workspace) error {
	if len(r.later) > 0 {
		return diag.Usage(diag.WithHint(fmt.Errorf("--table %s: nothing is known of the stages that the table of the model came from", diag.Visible(r.later[0].Name)), "leave it out, and give a file with the columns of the table"))
	}
	load, err := reading(ctx, w, r.past, r.req)
	if err != nil {
		return err
	}
	r.steps, r.table, r.reads = []*pipeline.Step{load}, pipeline.Ref{Stage: loadStep, Port: "table"}, loadStep
	return nil
}

// rebuild finds the steps. The file of the request is read in place of what an execution read, if one is given.
func (r *remade) rebuild(ctx context.Context, w *workspace.Workspace, main *lineage.Execution) error {
	used := make([]bool, len(r.later))
	var err error
	if r.steps, r.table, err = rebuild(ctx, w, r.past, r.made, r.later, used); err != nil {
		return err
	}
	for i, l := range r.later {
		if !used[i] {
			var names []string
			for _, e := range r.before(r.made) {
				names = append(names, e.Stage)
			}
			return diag.Usage(diag.WithHint(fmt.Errorf("--table %s: the table of the model does not come from a stage of this name", diag.Visible(l.Name)), "it comes from "+strings.Join(names, ", ")))
		}
		for _, s := range r.steps {
			if reads, ok := s.Stage.(source); ok {
				reads.Ask(l.File, r.req.Headers)
			}
		}
	}
	if main != nil {
		r.reads = stepName(main.Stage)
	}
	if len(r.req.Read) == 0 {
		return nil
	}
	if main == nil {
		return diag.Usage(diag.WithHint(errors.New("--read says how FILE is written, and there is none"), "leave it out"))
	}
	return r.step(main).Stage.(source).Adjust(r.req.Read)
}

// step is that of an execution, nil if it is not run again.
func (r *remade) step(e *lineage.Execution) *pipeline.Step {
	at := slices.IndexFunc(r.steps, func(s *pipeline.Step) bool { return s.Name == stepName(e.Stage) })
	if at < 0 {
		return nil
	}
	return r.steps[at]
}

// repeats has stages do for newer rows what they did in training, or refuses those that cannot.
func (r *remade) repeats(ctx context.Context, w *workspace.Workspace, incomplete bool) error {
	rows := r.rowsOf()
	for _, e := range r.before(r.made) {
		s := r.step(e)
		if s == nil || slices.ContainsFunc(r.later, func(l Later) bool { return l.Name == e.Stage }) {
			continue
		}
		r.through = append(r.through, e.Stage)
		command, runs := s.Stage.(program)
		_, fits := s.Stage.(pipeline.Fitter)
		if why := ""; fits || s.Kind.Seeded && !runs {
			if why = "draws rows"; fits {
				why = "learns from all rows"
			}
			return diag.WithHint(fmt.Errorf("stage %s (%s) %s, so that newer rows cannot go through it as those of training did", e.Stage, e.Kind, why),
				fmt.Sprintf("give rows as it makes them: --table %s=FILE", e.Stage))
		}
		if runs {
			s.Stage = command.Again(r.typesOf(ctx, w, e.Outputs))
		}
		if windows, ok := s.Stage.(interface{ Whole() pipeline.Stage }); ok && rows[e] && !incomplete {
			if whole := windows.Whole(); whole != nil {
				s.Stage = whole
			}
		}
		for _, in := range e.Inputs {
			if maker := r.maker(in.ID); in.Type == string(pipeline.Table) && maker != nil && r.step(maker) == nil && !slices.Contains(r.kept, maker.Stage) {
				r.kept = append(r.kept, maker.Stage)
			}
		}
	}
	return r.allowed(ctx, w, r.steps, r.req.AllowExec)
}

// columnsOf are the columns of the file of the request, if it is read as a stage reads; nil if nobody knows before that
// is done.
func (r *remade) columnsOf(ctx context.Context, by source, version int) []string {
	again := by.Again(r.req.File, nil, settings.Map[string]{}, nil, version)
	if len(r.req.Read) > 0 && again.(source).Adjust(r.req.Read) != nil {
		return nil
	}
	reader, ok := again.(pipeline.Outliner)
	if !ok {
		return nil
	}
	known, err := reader.Outline(ctx, fileOutline(r.req.File))
	if err != nil || known["table"] == nil {
		return nil
	}
	return known["table"].Names()
}

// behind is the stage of training whose table went through the steps that a file says that its rows went through;
// nil if it says none, or there is no such stage.
func (r *remade) behind(ctx context.Context, w *workspace.Workspace, through string) *lineage.Execution {
	if through == "" {
		return nil
	}
	for _, e := range slices.Backward(r.before(r.made)) {
		for _, o := range e.Outputs {
			if o.Type != string(pipeline.Table) {
				continue
			}
			t, err := content.ReadTable(ctx, w, o.ID)
			if err != nil {
				continue // it is gone
			}
			text, _ := t.Schema().Metadata().GetValue(replay.StepsKey)
			t.Close()
			if text == through {
				return e
			}
		}
	}
	return nil
}

// lacks says what a stage needs that comes from no column of the file, as far as stages know that before they run.
func (r *remade) lacks(ctx context.Context, w *workspace.Workspace, main *lineage.Execution, names []string) error {
	if len(names) == 0 {
		return nil
	}
	o := outlining{ctx: ctx, w: w, of: map[pipeline.Ref]*table.Outline{{Stage: stepName(main.Stage), Port: "table"}: table.Unread(names...)}}
	for _, s := range r.steps {
		stage, ok := s.Stage.(pipeline.Outliner)
		if _, reads := s.Stage.(source); !ok || reads {
			continue
		}
		o.step = s
		made, err := stage.Outline(ctx, o)
		if err != nil {
			return fmt.Errorf("stage %s (%s): %w", s.Name, s.Kind.Name, err)
		}
		for port, columns := range made {
			o.of[pipeline.Ref{Stage: s.Name, Port: port}] = columns
		}
	}
	known := o.of[r.table]
	for _, c := range r.columns {
		if known != nil && !slices.Contains(known.Names(), c.Name) {
			return table.NoColumn(c.Name, known.Names())
		}
	}
	return nil
}

// An outlining tells a step what is known of its inputs.
type outlining struct {
	ctx  context.Context
	w    *workspace.Workspace
	step *pipeline.Step
	of   map[pipeline.Ref]*table.Outline
}

func (o outlining) Ports() (ports []string) {
	for _, e := range o.step.Inputs {
		ports = append(ports, e.Port)
	}
	slices.Sort(ports)
	return ports
}

func (o outlining) Columns(port string) *table.Outline {
	for _, e := range o.step.Inputs {
		if e.Port != port {
			continue
		}
		if e.Artifact.IsZero() {
			return o.of[e.From]
		}
		if t, err := content.ReadTable(o.ctx, o.w, e.Artifact); err == nil {
			defer t.Close()
			return table.OutlineOf(t.Schema())
		}
	}
	return nil
}

func (outlining) Peek(string) (*pipeline.PeekedFile, error) { return nil, nil }

// A fileOutline is the file that a stage is to read.
type fileOutline string

func (fileOutline) Ports() []string               { return []string{"path"} }
func (fileOutline) Columns(string) *table.Outline { return nil }

func (f fileOutline) Peek(port string) (*pipeline.PeekedFile, error) {
	file, err := infile.Open(string(f))
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &pipeline.PeekedFile{File: file, Path: string(f), Size: info.Size()}, nil
}
