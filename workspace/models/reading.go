package models

import (
	"context"
	"fmt"
	"io"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/format"
	"pipe/data/source/cell"
	"pipe/data/source/schema"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/lineage/walk"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A source is a stage that has read a file and can read another one alike: in
// the same format, with the given types of columns and formats of dates in place
// of inferred ones. A file without a header may lack the optional ones. version is that
// of the kind when the stage was configured.
type source interface {
	pipeline.Stage
	Again(file string, types, dates settings.Map[string], optional []string, version int) pipeline.Stage
	// Recall takes the settings of the schema that the stage has written, in which
	// is what it found out of its file.
	Recall(schema []byte) error
}

// A past is what a model was trained on, as far as new rows need it.
type past struct {
	transform artifacts.ID
	reading   []byte                // how the table was read that it was fitted on, if it says so
	columns   []feature.TypedColumn // that the features are made of
	target    string                // column, empty if there is none
	train     []*lineage.Execution  // that made the training table, makers before users
	used      map[artifacts.ID]bool // that it came from
}

// pastOf walks up the lineage of a model: to the transform that made its
// training data, and to all that the table came from that it was fitted on.
func pastOf(ctx context.Context, w *workspace.Workspace, m registry.Model) (*past, error) {
	from := m.ID
	p, err := pastIn(ctx, w, m)
	if err != nil {
		return nil, err
	}
	if p == nil {
		p = &past{used: map[artifacts.ID]bool{}}
	}
	for id := range p.used { // one at most
		from = id
	}
	graph, err := walk.Upstream(ctx, w.DB, lineage.Ref{Artifact: from})
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(graph.Executions))
	for i, n := range graph.Executions {
		ids[i] = n.ID
	}
	executions, err := w.DB.ExecutionsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	// Users come after makers, so the last transform is the one nearest to the model.
	for _, n := range slices.Backward(graph.Executions) {
		e := executions[n.ID]
		if e == nil {
			continue // it was forgotten meanwhile
		}
		if p.transform.IsZero() {
			p.fittedBy(e)
		}
		if slices.ContainsFunc(e.Outputs, func(o lineage.Output) bool { return p.used[o.ID] }) {
			p.train = append(p.train, e)
			for _, in := range e.Inputs {
				p.used[in.ID] = true
			}
		}
	}
	slices.Reverse(p.train)
	if p.transform.IsZero() {
		return nil, diag.WithHint(fmt.Errorf("model %s was not trained behind a fitted transform", m.ID.Short()),
			"new rows can only be scored by a model whose data came from a stage with `uses: preprocess`; a stage with `uses: predict` and the input `data` scores a data set")
	}
	return p, p.learned(ctx, w)
}

// pastIn is the past of a model in the run that is asked for it, which knows the
// transform and the table that it was fitted on: where several runs have made the same
// model, each may have read its data in its own way. It is nil if the run did not make
// the data of the model.
func pastIn(ctx context.Context, w *workspace.Workspace, m registry.Model) (*past, error) {
	list, err := w.DB.Executions(ctx, m.RunID)
	if err != nil {
		return nil, err
	}
	data := map[artifacts.ID]bool{}
	for i := range list {
		if slices.ContainsFunc(list[i].Outputs, func(o lineage.Output) bool { return o.ID == m.ID }) {
			for _, in := range list[i].Inputs {
				data[in.ID] = true
			}
		}
	}
	p := &past{used: map[artifacts.ID]bool{}}
	for i := range list {
		if slices.ContainsFunc(list[i].Outputs, func(o lineage.Output) bool { return data[o.ID] }) && p.fittedBy(&list[i]) {
			return p, nil
		}
	}
	return nil, nil
}

// fittedBy takes the transform of an execution, and the table that it was fitted on,
// if it has made one.
func (p *past) fittedBy(e *lineage.Execution) bool {
	at := slices.IndexFunc(e.Outputs, func(o lineage.Output) bool { return o.Type == string(pipeline.Transform) })
	if at < 0 {
		return false
	}
	p.transform = e.Outputs[at].ID
	for _, in := range e.Inputs {
		if in.Port == "train" {
			p.used[in.ID] = true
		}
	}
	return true
}

// learned reads what the transform says.
func (p *past) learned(ctx context.Context, w *workspace.Workspace) error {
	f, err := w.Store.Open(ctx, p.transform)
	if err != nil {
		return err
	}
	defer f.Close()
	t, err := feature.ReadTransform(f, feature.All())
	if err != nil {
		return err
	}
	p.columns, p.reading = t.Columns(), t.Reading()
	if target := t.Info().Target(); target != nil {
		p.target = target.Column
	}
	return nil
}

// optional are the columns that new rows need not have.
func (p *past) optional() []string {
	if p.target == "" {
		return nil
	}
	return []string{p.target}
}

// reading is the step that reads a file as the training data were read.
func reading(ctx context.Context, w *workspace.Workspace, p *past, file string) (*pipeline.Step, error) {
	if p.reading != nil {
		return told(w, p, file)
	}
	return recorded(ctx, w, p, file)
}

// told is the step by what the transform says.
func told(w *workspace.Workspace, p *past, file string) (*pipeline.Step, error) {
	load, err := step(w, "load", "ingest", "")
	if err != nil {
		return nil, err
	}
	stage := load.Stage.(source)
	s, err := schema.ReadPart(p.reading, 0, len(p.reading), nil)
	if err == nil {
		err = stage.Recall(p.reading)
	}
	if err != nil {
		return nil, diag.WithHint(fmt.Errorf("transform %s does not say how its data were read: %w", p.transform.Short(), err),
			"it is damaged, or was made by a later version of pipe")
	}
	var had settings.Map[string]
	for _, c := range s.Columns {
		had = append(had, settings.Entry[string]{Key: c.Name, Value: c.Type.String()})
	}
	types, _ := p.types(had)
	load.Stage = stage.Again(file, types, nil, p.optional(), load.Kind.Version)
	return load, nil
}

// recorded is the step by what the lineage says. Of several stages that read some of
// the training data, it goes by the one that read most of the columns of the
// features, and of equal ones by the first.
func recorded(ctx context.Context, w *workspace.Workspace, p *past, file string) (*pipeline.Step, error) {
	var load *pipeline.Step
	best := -1
	for _, e := range p.train {
		k := sourceKind(w, e)
		if k == nil {
			continue
		}
		stage := k.New()
		if err := settings.FromJSON(e.Config, stage); err != nil {
			return nil, diag.WithHint(fmt.Errorf("stage %s of run %s read the training data with settings that this version of pipe cannot read: %w", e.Stage, e.RunID, err),
				"train the model again")
		}
		if err := recall(ctx, w, e, stage.(source)); err != nil {
			return nil, err
		}
		had, dates := p.typesOf(ctx, w, e.Outputs)
		if types, known := p.types(had); known > best {
			best = known
			load = &pipeline.Step{Name: "load", Kind: k, Stage: stage.(source).Again(file, types, dates, p.optional(), e.KindVersion), Terms: pipeline.Terms{Cache: true}}
		}
	}
	if load != nil {
		return load, nil
	}
	// A program made the training table. New rows of it are in a CSV file of
	// the usual form, with the types that the features had.
	load, err := step(w, "load", "ingest", "")
	if err != nil {
		return nil, err
	}
	stage, ok := load.Stage.(source)
	if !ok {
		return nil, fmt.Errorf("the stage kind %q reads no other files", load.Kind.Name)
	}
	types, _ := p.types(nil)
	load.Stage = stage.Again(file, types, nil, p.optional(), load.Kind.Version)
	return load, nil
}

// recall gives a stage the schema that it has written, if it has and that is there.
func recall(ctx context.Context, w *workspace.Workspace, e *lineage.Execution, stage source) error {
	for _, o := range e.Outputs {
		if o.Type != string(format.Schema) {
			continue
		}
		f, err := w.Store.Open(ctx, o.ID)
		if err != nil {
			return nil // it was cleaned up: the settings of the stage are known
		}
		defer f.Close()
		if f.Size() > schema.MaxSize {
			return fmt.Errorf("%s/%s.%s has more than %d MiB", e.RunID, e.Stage, o.Port, schema.MaxSize>>20)
		}
		text, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
		if err != nil {
			return err
		}
		if err := stage.Recall(text); err != nil {
			return fmt.Errorf("%s/%s.%s: %w", e.RunID, e.Stage, o.Port, err)
		}
		return nil
	}
	return nil
}

// sourceKind is the kind of an execution if its stages read files, or nil.
func sourceKind(w *workspace.Workspace, e *lineage.Execution) *pipeline.Kind {
	k, ok := w.Host().Registry().Lookup(e.Kind)
	if !ok {
		return nil
	}
	if _, ok := k.New().(source); !ok {
		return nil
	}
	return k
}

// explainAbsent adds to the error of a prediction for which a column is not
// there who made that column for training: a stage that is not run for new rows.
func explainAbsent(ctx context.Context, w *workspace.Workspace, p *past, res *runner.Result) {
	if res == nil || len(res.Stages) == 0 {
		return
	}
	load, failed := res.Stages[0], &res.Stages[len(res.Stages)-1]
	there := map[string]bool{}
	for _, o := range load.Outputs {
		types, _ := columnTypes(ctx, w, o.ID)
		for _, c := range types {
			there[c.Key] = true
		}
	}
	at := slices.IndexFunc(p.columns, func(c feature.TypedColumn) bool { return !there[c.Name] })
	if failed.Err == nil || len(there) == 0 || at < 0 {
		return
	}
	name := p.columns[at].Name
	for _, e := range p.train {
		if types, _ := p.typesOf(ctx, w, e.Outputs); !slices.ContainsFunc(types, func(c settings.Entry[string]) bool { return c.Key == name }) {
			continue
		}
		if sourceKind(w, e) == nil {
			failed.Err = diag.WithHint(failed.Err, fmt.Sprintf("stage %s (%s) made the column %q of the training data, and pipe predict does not run it: predict rows that have gone through it",
				e.Stage, e.Kind, name))
		}
		return
	}
}

// types are those that new columns are read with, and how many of the features
// are among the columns that there were. A column has the type that the
// transform was fitted on, and else the one that reading gave it.
func (p *past) types(had settings.Map[string]) (types settings.Map[string], known int) {
	fitted := make(map[string]string, len(p.columns))
	for _, c := range p.columns {
		fitted[c.Name] = c.Type
	}
	for _, e := range had {
		if typ, ok := fitted[e.Key]; ok {
			e.Value = typ
			known++
			delete(fitted, e.Key)
		}
		types = append(types, e)
	}
	for _, c := range p.columns {
		if _, ok := fitted[c.Name]; ok {
			types = append(types, settings.Entry[string]{Key: c.Name, Value: c.Type})
		}
	}
	return types, known
}

// typesOf are the types of the columns of the tables that a stage made and the
// training table came from. There are none where a table is gone: the features have types of their own, and
// other columns are carried along as text.
func (p *past) typesOf(ctx context.Context, w *workspace.Workspace, outputs []lineage.Output) (types, dates settings.Map[string]) {
	for _, o := range outputs {
		if o.Type == string(pipeline.Table) && p.used[o.ID] {
			t, d := columnTypes(ctx, w, o.ID)
			types, dates = append(types, t...), append(dates, d...)
		}
	}
	return types, dates
}

// columnTypes are the types of the columns of a table, and how dates were written.
func columnTypes(ctx context.Context, w *workspace.Workspace, id artifacts.ID) (types, dates settings.Map[string]) {
	t, err := content.ReadTable(ctx, w, id)
	if err != nil {
		return nil, nil
	}
	defer t.Close()
	for _, c := range t.Schema().Fields() {
		types = append(types, settings.Entry[string]{Key: c.Name, Value: cell.TypeFor(c.Type).String()})
		if format, ok := c.Metadata.GetValue(cell.LayoutKey); ok {
			dates = append(dates, settings.Entry[string]{Key: c.Name, Value: format})
		}
	}
	return types, dates
}
