package models

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/format"
	"pipe/data/replay"
	"pipe/data/source/cell"
	"pipe/data/source/schema"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/lineage/walk"
	"pipe/pipeline"
	"pipe/pipeline/settings"
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
	// Manner is how it reads files, as text, empty if in the usual way.
	Manner() string
	// IsText says whether the file is one of lines with fields.
	IsText() bool
	// Ask says with which headers a server is asked for a file, if the stage reads that.
	Ask(file string, headers settings.Map[string])
	// Adjust changes settings of how a file is written, each a text NAME=VALUE.
	Adjust(settings []string) error
}

// A past is what a model was trained on, as far as new rows need it.
type past struct {
	transform artifacts.ID
	fitted    artifacts.ID                    // the training table
	repeats   func(step json.RawMessage) bool // whether new rows go through it, too
	reading   []byte                          // how the table was read that it was fitted on, if it says so
	mixed     bool                            // it says that its data were read in several ways
	columns   []feature.TypedColumn           // that the features are made of
	fit       *feature.Transform
	joins     []*replay.Join        // that new rows go through
	joined    []feature.TypedColumn // that these add
	targets   []string              // columns
	train     []*lineage.Execution  // that made the training table, makers before users
	used      map[artifacts.ID]bool // that it came from
}

// pastOf is the past of a model: the transform that made its training data, and all
// that the table came from that it was fitted on. It goes by the run that is asked for,
// since several may have made the same model of data that each read in its own
// way, and by all of the lineage if that run did not make the data.
func pastOf(ctx context.Context, w *workspace.Workspace, m registry.Model) (*past, error) {
	list, err := w.DB.Executions(ctx, m.RunID)
	if err != nil {
		return nil, err
	}
	p := pastAmong(list, m.ID)
	if p == nil {
		if list, err = upstream(ctx, w, m.ID); err != nil {
			return nil, err
		}
		p = pastAmong(list, m.ID)
	}
	if p == nil {
		if series, err := seriesModel(ctx, w, m.ID); err == nil && series != nil {
			return nil, diag.WithHint(fmt.Errorf("model %s forecasts series, and says nothing of single rows", m.ID.Short()), "write `pipe forecast FILE --model ...` for the next steps of its series")
		}
		return nil, diag.WithHint(fmt.Errorf("model %s was not trained behind a fitted transform", m.ID.Short()),
			"new rows can only be scored by a model whose data came from a stage with `uses: preprocess`; a stage with `uses: predict` and the input `data` scores a data set")
	}
	return p, p.learned(ctx, w)
}

// upstream are the executions that an artifact came from, makers before users.
func upstream(ctx context.Context, w *workspace.Workspace, id artifacts.ID) ([]lineage.Execution, error) {
	graph, err := walk.Upstream(ctx, w.DB, lineage.Ref{Artifact: id})
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(graph.Executions))
	for i, n := range graph.Executions {
		ids[i] = n.ID
	}
	byID, err := w.DB.ExecutionsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	var list []lineage.Execution
	for _, id := range ids {
		if e := byID[id]; e != nil { // or it was forgotten meanwhile
			list = append(list, *e)
		}
	}
	return list, nil
}

// pastAmong is the past of a model in a list of executions, makers before users. It is
// nil if none of them has fitted the transform.
func pastAmong(list []lineage.Execution, model artifacts.ID) *past {
	p := &past{used: map[artifacts.ID]bool{}}
	of := map[artifacts.ID]bool{model: true} // it came from
	for i := range slices.Backward(list) {
		e := &list[i]
		is := func(wanted map[artifacts.ID]bool) bool {
			return slices.ContainsFunc(e.Outputs, func(o lineage.Output) bool { return wanted[o.ID] })
		}
		if is(p.used) {
			p.train = append(p.train, e)
			for _, in := range e.Inputs {
				p.used[in.ID] = true
			}
		}
		if p.transform.IsZero() && is(of) && !p.fittedBy(e) {
			for _, in := range e.Inputs {
				of[in.ID] = true
			}
		}
	}
	if p.transform.IsZero() {
		return nil
	}
	slices.Reverse(p.train)
	return p
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
			p.used[in.ID], p.fitted = true, in.ID
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
	p.columns, p.reading, p.repeats = t.Columns(), t.Reading(), t.Repeats
	p.fit, p.joins, p.joined = t, t.Joins(), t.Joined()
	if p.mixed = schema.Mixed(p.reading); p.mixed {
		p.reading = nil
	}
	for _, target := range t.Info().Targets {
		p.targets = append(p.targets, target.Column)
	}
	return nil
}

// optional are the columns that new rows need not have.
func (p *past) optional() []string {
	return p.targets
}

// reading is the step that reads the file of a request as the training data were
// read, but for what the request says.
func reading(ctx context.Context, w *workspace.Workspace, p *past, req Request) (load *pipeline.Step, err error) {
	if p.reading != nil {
		load, err = told(w, p, req.File)
	} else {
		load, err = recorded(ctx, w, p, req)
	}
	if err != nil {
		return nil, err
	}
	stage := load.Stage.(source)
	if stage.Ask(req.File, req.Headers); len(req.Read) > 0 {
		err = stage.Adjust(req.Read)
	}
	return load, err
}

// told is the step by what the transform says.
func told(w *workspace.Workspace, p *past, file string) (*pipeline.Step, error) {
	load, err := step(w, loadStep, "ingest", "")
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
	for _, c := range p.joined { // the file may have them already
		if _, there := had.Get(c.Name); !there {
			had = append(had, settings.Entry[string]{Key: c.Name, Value: c.Type})
		}
	}
	types, _ := p.types(had)
	load.Stage = stage.Again(file, types, nil, p.optional(), load.Kind.Version)
	return load, nil
}

// A reader is a stage that read some of the training data.
type reader struct {
	*lineage.Execution
	source
	kind         *pipeline.Kind
	types, dates settings.Map[string] // of its columns
	known        int                  // how many of these are features
}

// recorded is the step by what the lineage says. Of several stages that read some of
// the training data, it goes by the one that read most of the columns of the
// features, and of equal ones by the first by name. If others read more of them, in another
// way, nobody knows how a file with all of them is written.
func recorded(ctx context.Context, w *workspace.Workspace, p *past, req Request) (*pipeline.Step, error) {
	readers, err := p.readers(ctx, w)
	if err != nil {
		return nil, err
	}
	var best *reader
	for i := range readers {
		if best == nil || readers[i].known > best.known {
			best = &readers[i]
		}
	}
	if p.mixed && len(readers) < 2 && len(req.Read) == 0 {
		return nil, nobodyKnows(req.File, "the training data are of tables that were read in different ways")
	}
	if best == nil {
		return unknown(w, p, req.File, nil)
	}
	agree := true
	for i := range readers {
		r := &readers[i]
		if r == best || !p.adds(r, best) && !(p.mixed && p.shares(r, best)) {
			continue
		}
		if agree = agree && r.Manner() == best.Manner() && p.sameDates(r, best); !agree && len(req.Read) == 0 {
			return nil, nobodyKnows(req.File, fmt.Sprintf("the stages %s and %s read the training data in different ways", best.Stage, r.Stage))
		}
		best.types, best.dates = append(best.types, missingIn(best.types, r.types)...), append(best.dates, missingIn(best.dates, r.dates)...)
	}
	if !agree {
		return unknown(w, p, req.File, best.types)
	}
	types, _ := p.types(best.types)
	return &pipeline.Step{Name: loadStep, Kind: best.kind, Stage: best.Again(req.File, types, best.dates, p.optional(), best.KindVersion), Terms: pipeline.Terms{Cache: true}}, nil
}

// unknown is the step if nothing says how a file is written: it is a CSV file of the
// usual form, whose columns have the types that they had.
func unknown(w *workspace.Workspace, p *past, file string, had settings.Map[string]) (*pipeline.Step, error) {
	load, err := step(w, loadStep, "ingest", "")
	if err != nil {
		return nil, err
	}
	types, _ := p.types(had)
	load.Stage = load.Stage.(source).Again(file, types, nil, p.optional(), load.Kind.Version)
	return load, nil
}

// readers are the stages that read the training data, with their settings.
func (p *past) readers(ctx context.Context, w *workspace.Workspace) ([]reader, error) {
	var list []reader
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
		r := reader{Execution: e, source: stage.(source), kind: k}
		r.types, r.dates = p.typesOf(ctx, w, e.Outputs)
		_, r.known = p.types(r.types)
		list = append(list, r)
	}
	// Which of two ended first is chance.
	slices.SortStableFunc(list, func(a, b reader) int { return strings.Compare(a.Stage, b.Stage) })
	return list, nil
}

// nobodyKnows is the error of a file that may be written in one way or another.
func nobodyKnows(file, because string) error {
	return diag.WithHint(fmt.Errorf("nobody knows how %s is written: %s", file, because),
		"say it with --read, such as --read 'delimiter=;' or --read 'dates={COLUMN: \"%d/%m/%Y\"}', or --read delimiter=, if it is usual CSV")
}

// shares says whether two stages read features of the same names, as those do whose
// rows come after each other.
func (p *past) shares(r, with *reader) bool {
	return slices.ContainsFunc(p.columns, func(c feature.TypedColumn) bool {
		_, one := r.types.Get(c.Name)
		_, other := with.types.Get(c.Name)
		return one && other
	})
}

// sameDates says whether dates are written in one way in the features that two stages
// read, if the features are of such tables.
func (p *past) sameDates(r, with *reader) bool {
	return !p.mixed || !slices.ContainsFunc(p.columns, func(c feature.TypedColumn) bool {
		_, there := r.types.Get(c.Name)
		_, both := with.types.Get(c.Name)
		one, _ := r.dates.Get(c.Name)
		other, _ := with.dates.Get(c.Name)
		return there && both && one != other
	})
}

// adds says whether a stage read features that another one did not read.
func (p *past) adds(r, to *reader) bool {
	return slices.ContainsFunc(missingIn(to.types, r.types), func(c settings.Entry[string]) bool {
		return slices.ContainsFunc(p.columns, func(f feature.TypedColumn) bool { return f.Name == c.Key })
	})
}

// missingIn are the entries of a map that another one lacks.
func missingIn(m, entries settings.Map[string]) settings.Map[string] {
	return slices.DeleteFunc(slices.Clone(entries), func(e settings.Entry[string]) bool {
		_, there := m.Get(e.Key)
		return there
	})
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
