package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/names"
	"pipe/data/replay"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/runner"
	"pipe/stages/predict"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A Later is a file with a later version of a table that training data were joined with.
type Later struct {
	Name string // of the stage that read or made the table
	File string
}

// branches are the stages that make the tables which new rows are joined with.
type branches struct {
	steps []*pipeline.Step
	edges []pipeline.Edge // to a stage `predict`
	kept  []kept
}

// A kept table is that of training.
type kept struct {
	stage string // that has made it
	join  *replay.Join
}

// joinedTables finds the tables that new rows are joined with: those of training, and
// what becomes of files that are given in place of what they were made of.
func joinedTables(ctx context.Context, w *workspace.Workspace, p *past, later []Later) (*branches, error) {
	b := new(branches)
	joins := distinct(p.joins)
	if len(joins) == 0 && len(later) > 0 {
		return nil, diag.Usage(diag.WithHint(fmt.Errorf("--table %s: rows for this model are joined with no table", later[0].Name), "leave it out"))
	}
	if len(p.train) == 0 && len(later) > 0 {
		return b, b.brought(w, p, joins, later)
	}
	used := make([]bool, len(later))
	for _, j := range joins {
		right, err := artifacts.ParseID(j.Right)
		if err != nil {
			return nil, err
		}
		name := ""
		if maker := p.maker(right); maker != nil {
			name = maker.Stage
		}
		steps, ref, err := rebuild(ctx, w, p, right, later, used)
		if err != nil {
			return nil, err
		}
		if steps != nil {
			b.add(name, steps, pipeline.Edge{From: ref})
			continue
		}
		if _, err := w.Store.Stat(right); err != nil {
			continue // the file may have its columns already
		}
		if name != "" {
			b.kept = append(b.kept, kept{name, j})
		}
		b.add(name, nil, pipeline.Edge{Type: pipeline.Table, Artifact: right})
	}
	for i, l := range later {
		if !used[i] {
			return nil, diag.Usage(diag.WithHint(fmt.Errorf("--table %s: no table of this name is joined to new rows", diag.Visible(l.Name)), "the tables, and what they are made of, are "+strings.Join(p.namesBefore(joins), ", ")))
		}
	}
	return b, nil
}

// explainLacking says of an error about a table that is not there how it is given.
func (p *past) explainLacking(ctx context.Context, w *workspace.Workspace, res *runner.Result, later []Later) {
	if res == nil || len(res.Stages) == 0 {
		return
	}
	failed := failedStage(res)
	var lack *replay.LackError
	if !errors.As(failed.Err, &lack) {
		return
	}
	todo := "give it as a file, by any name: --table NAME=FILE. Where the model was trained, pipe get RUN/STAGE -o FILE writes it"
	if len(p.train) == 0 && len(later) > 0 {
		todo = "no file of --table has these columns: give the one that has them, too"
	}
	if id, err := artifacts.ParseID(lack.Right); err == nil {
		if maker := p.maker(id); maker != nil {
			if given := p.givenFor(id, later); given != nil {
				todo = given.lacking(ctx, w, res, stepName(maker.Stage), lack.Needs())
				failed.Err = diag.WithHint(fmt.Errorf("--table %s=%s is not like the table that was joined in training, which has the columns %s", diag.Visible(given.Name), diag.Visible(given.File), strings.Join(lack.Needs(), ", ")), todo)
				return
			}
			todo = fmt.Sprintf("the table of stage %s is no longer in the store: give it as a file, --table %s=FILE, or run the pipeline again", maker.Stage, maker.Stage)
		}
	}
	failed.Err = diag.WithHint(lack, todo)
}

// givenFor is the first file that is given for what a table is made of, or nil.
func (p *past) givenFor(id artifacts.ID, later []Later) *Later {
	for _, e := range p.before(id) {
		if at := slices.IndexFunc(later, func(l Later) bool { return l.Name == e.Stage }); at >= 0 {
			return &later[at]
		}
	}
	return nil
}

// lacking says what to do about a file of which a step has made a table without some of
// the columns that are needed.
func (l *Later) lacking(ctx context.Context, w *workspace.Workspace, res *runner.Result, step string, needs []string) string {
	for _, s := range res.Stages {
		if s.Stage != step {
			continue
		}
		for _, o := range s.Outputs {
			if types, _ := columnTypes(ctx, w, o.ID); len(types) > 0 {
				lacks := slices.DeleteFunc(slices.Clone(needs), func(name string) bool { _, there := types.Get(name); return there })
				return fmt.Sprintf("it has no %s: give a file that has what the stage %s had in training", strings.Join(lacks, ", "), diag.Visible(l.Name))
			}
		}
	}
	return fmt.Sprintf("give a file that has what the stage %s had in training", diag.Visible(l.Name))
}

// names are those of the tables of training that rows with the columns of a table were
// joined with.
func (b *branches) names(ctx context.Context, w *workspace.Workspace, p *past, rows artifacts.ID) (names []string) {
	t, err := content.ReadTable(ctx, w, rows)
	if err != nil {
		return nil
	}
	defer t.Close()
	joins, err := p.fit.Lacks(t.Schema())
	if err != nil {
		return nil
	}
	for _, k := range b.kept {
		if slices.ContainsFunc(joins, func(j *replay.Join) bool { return j.Right == k.join.Right }) {
			names = append(names, k.stage)
		}
	}
	return names
}

// distinct leaves one of the joins with the same table.
func distinct(joins []*replay.Join) (list []*replay.Join) {
	for _, j := range joins {
		if !slices.ContainsFunc(list, func(other *replay.Join) bool { return other.Right == j.Right }) {
			list = append(list, j)
		}
	}
	return list
}

// add connects a table to the stage that predicts, by the name of the stage that has
// made it.
func (b *branches) add(name string, steps []*pipeline.Step, edge pipeline.Edge) {
	for _, s := range steps {
		if !slices.ContainsFunc(b.steps, func(other *pipeline.Step) bool { return other.Name == s.Name }) {
			b.steps = append(b.steps, s)
		}
	}
	msg, _ := names.CheckPart(name)
	taken := slices.ContainsFunc(b.edges, func(e pipeline.Edge) bool { return e.Port == name })
	if edge.Port = name; msg != "" || taken || slices.Contains(predict.Ports(), name) {
		edge.Port = fmt.Sprintf("joined%d", len(b.edges)+1)
	}
	b.edges = append(b.edges, edge)
}

// brought reads files of tables of which only the transform knows something: the types
// of the columns.
func (b *branches) brought(w *workspace.Workspace, p *past, joins []*replay.Join, later []Later) error {
	var types settings.Map[string]
	for _, j := range joins {
		for _, name := range j.Needs() {
			if _, there := types.Get(name); !there {
				types = append(types, settings.Entry[string]{Key: name, Value: j.Types[name]})
			}
		}
	}
	for i, l := range later {
		read, err := step(w, fmt.Sprintf("table%d", i+1), "ingest", "")
		if err != nil {
			return err
		}
		read.Stage = read.Stage.(source).Again(l.File, types, nil, nil, read.Kind.Version)
		b.add(l.Name, []*pipeline.Step{read}, pipeline.Edge{From: pipeline.Ref{Stage: read.Name, Port: "table"}})
	}
	return nil
}

// maker is the execution that has made an artifact, nil if it is not known.
func (p *past) maker(id artifacts.ID) *lineage.Execution {
	for _, e := range slices.Backward(p.train) {
		if slices.ContainsFunc(e.Outputs, func(o lineage.Output) bool { return o.ID == id }) {
			return e
		}
	}
	return nil
}

// before are the executions that an artifact came from, makers before users.
func (p *past) before(id artifacts.ID) (list []*lineage.Execution) {
	of := map[artifacts.ID]bool{id: true}
	for _, e := range slices.Backward(p.train) {
		if !slices.ContainsFunc(e.Outputs, func(o lineage.Output) bool { return of[o.ID] }) {
			continue
		}
		list = append(list, e)
		for _, in := range e.Inputs {
			of[in.ID] = true
		}
	}
	slices.Reverse(list)
	return list
}

// namesBefore are the stages that the tables came from.
func (p *past) namesBefore(joins []*replay.Join) (names []string) {
	for _, j := range joins {
		id, err := artifacts.ParseID(j.Right)
		if err != nil {
			continue
		}
		for _, e := range p.before(id) {
			if !slices.Contains(names, e.Stage) {
				names = append(names, e.Stage)
			}
		}
	}
	return names
}

// rebuild makes a table anew, of files in place of what some of the stages before it
// made in training: what these read or made is in the file, and the stages behind them run
// as in training. There are no steps if none of the files is for it.
func rebuild(ctx context.Context, w *workspace.Workspace, p *past, right artifacts.ID, later []Later, used []bool) (steps []*pipeline.Step, made pipeline.Ref, err error) {
	from := map[artifacts.ID]pipeline.Ref{} // what is made anew
	for _, e := range p.before(right) {
		at := slices.IndexFunc(later, func(l Later) bool { return l.Name == e.Stage })
		if at < 0 && !slices.ContainsFunc(e.Inputs, func(in lineage.Input) bool { return from[in.ID] != pipeline.Ref{} }) {
			continue
		}
		var s *pipeline.Step
		if at >= 0 {
			used[at] = true
			s, err = rereading(ctx, w, p, e, later[at].File)
		} else {
			s, err = repeated(w, e, from)
		}
		if err != nil {
			return nil, made, err
		}
		for _, o := range e.Outputs {
			port := o.Port
			if s.Kind.Name == "ingest" && o.Type == string(pipeline.Table) {
				port = "table"
			}
			from[o.ID] = pipeline.Ref{Stage: s.Name, Port: port}
		}
		steps = append(steps, s)
	}
	return steps, from[right], nil
}

// stepName is that of a stage of training in the plan of a prediction, which has others.
func stepName(stage string) string {
	if stage == "load" || stage == "predictions" {
		return "training_" + stage
	}
	return stage
}

// rereading is the step that reads a file in place of what a stage read or made.
func rereading(ctx context.Context, w *workspace.Workspace, p *past, e *lineage.Execution, file string) (*pipeline.Step, error) {
	types, dates := p.typesOf(ctx, w, e.Outputs)
	read, err := step(w, stepName(e.Stage), "ingest", "")
	if err != nil {
		return nil, err
	}
	stage, version := read.Stage.(source), read.Kind.Version
	if k := sourceKind(w, e); k != nil {
		own := k.New()
		if err := settings.FromJSON(e.Config, own); err != nil {
			return nil, fmt.Errorf("stage %s of run %s: %w", e.Stage, e.RunID, err)
		}
		if err := recall(ctx, w, e, own.(source)); err != nil {
			return nil, err
		}
		read.Kind, stage, version = k, own.(source), e.KindVersion
	} else {
		dates = nil // a file that pipe get wrote has them in the usual form, and not as those had them that were read
	}
	read.Stage = stage.Again(file, types, dates, nil, version)
	return read, nil
}

// repeated is a stage of training, with some of its inputs made anew.
func repeated(w *workspace.Workspace, e *lineage.Execution, from map[artifacts.ID]pipeline.Ref) (*pipeline.Step, error) {
	k, ok := w.Host().Registry().Lookup(e.Kind)
	if !ok {
		return nil, fmt.Errorf("stage %s of run %s: no stage of kind %q is built in", e.Stage, e.RunID, e.Kind)
	}
	s := &pipeline.Step{Name: stepName(e.Stage), Kind: k, Stage: k.New(), Terms: pipeline.Terms{Cache: true}}
	if err := settings.FromJSON(e.Config, s.Stage); err != nil {
		return nil, fmt.Errorf("stage %s of run %s: %w", e.Stage, e.RunID, err)
	}
	if e.Seed != nil {
		s.Seed = *e.Seed // it draws what it drew in training, also by another name
	}
	for _, in := range e.Inputs {
		edge := pipeline.Edge{Port: in.Port, Type: pipeline.PortType(in.Type), Artifact: in.ID}
		switch ref := from[in.ID]; {
		case ref != pipeline.Ref{}:
			edge = pipeline.Edge{Port: in.Port, From: ref}
		case in.FromStage == "" && in.Path != "":
			continue // a file that its settings name
		}
		s.Inputs = append(s.Inputs, edge)
	}
	return s, nil
}

// pins are the files of stages that are repeated, as they were in training, by step.
func (p *past) pins(steps []*pipeline.Step, later []Later) map[string]map[string]artifacts.ID {
	pins := map[string]map[string]artifacts.ID{}
	for _, e := range p.train {
		name := stepName(e.Stage)
		anew := slices.ContainsFunc(later, func(l Later) bool { return l.Name == e.Stage })
		if anew || !slices.ContainsFunc(steps, func(s *pipeline.Step) bool { return s.Name == name }) {
			continue
		}
		pins[name] = map[string]artifacts.ID{}
		for _, in := range e.Inputs {
			if in.FromStage == "" && in.Path != "" {
				pins[name][in.Port] = in.ID
			}
		}
	}
	return pins
}
