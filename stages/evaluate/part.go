package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/data/task"
	"pipe/estimator"
	"pipe/nn"
	"pipe/nn/dataset"
	"pipe/pipeline"
)

// A part is a data set as the model sees it. What it holds of each row is
// small; the features and most kept columns are only streamed.
type part struct {
	port   string
	info   table.DatasetInfo
	rows   int
	sample metric.Sample // of the rows that have a target
	// Of one target exactly one of these is the sample.
	classes *metric.Classes
	values  *metric.Values
	each    []metric.Sample // of each target
	without []int           // rows of the data set that lack a target, and so are not in the sample
	weight  string          // the column that says how much rows count; empty: all the same
	weights []float64       // of the rows of the sample, if there is such a column

	x      []float64                 // of each row of the sample: the only feature; nil if there are more
	xTitle string                    // the name of x
	groups map[string]*metric.Groups // by slice column
	worst  *examples                 // only of the first part
}

func datasetPorts(in pipeline.Sources) []string {
	ports := []string{dataPort}
	for _, p := range in.Inputs() {
		if p != modelPort && p != dataPort && p != againstPort && p != transformPort {
			ports = append(ports, p)
		}
	}
	return ports
}

func readModel(from pipeline.Sources) (*estimator.Model, error) {
	in, err := from.Open(modelPort)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	model, err := estimator.Read(in, in.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return model, nil
}

// predict runs the model over every data set, `data` first, and writes the
// predictions for that one, unless env is nil.
func (s *Stage) predict(ctx context.Context, from pipeline.Sources, env pipeline.Env, model *estimator.Model) ([]*part, error) {
	predictor, err := model.NewPredictor()
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	defer predictor.Close()
	var parts []*part
	for _, port := range datasetPorts(from) {
		p, err := s.predictPart(ctx, from, env, model, predictor, port)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func (s *Stage) predictPart(ctx context.Context, from pipeline.Sources, env pipeline.Env, model *estimator.Model, predictor estimator.Predictor, port string) (*part, error) {
	in, err := from.Open(port)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	ds, err := table.OpenDataset(in, in.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	defer ds.Close()
	if err := fits(model, ds); err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	r := &reader{part: &part{port: port, info: ds.Info, groups: map[string]*metric.Groups{}}, model: model, inputs: model.Signature.AllInputs(), vocabularies: model.Vocabularies()}
	if port == dataPort {
		if err := s.checkColumns(&ds.Info); err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
		r.slices = s.columns()
	}
	if port == dataPort && env != nil {
		w, err := env.Create("predictions")
		if err != nil {
			return nil, err
		}
		if r.out, err = newPredictions(w, s.Prefix, &model.Signature, ds); err != nil {
			return nil, err
		}
		defer r.out.w.Discard()
		r.out.columns(env, s.Prefix, &ds.Info)
	}
	if r.weight, err = ds.Info.WeightColumn(weightSetting, s.SampleWeight); err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	r.longer = make([]int, len(r.inputs))
	r.expect(roomFor(ds.NumRows(), predictor.Outputs(), in.Size()))
	for ex, err := range ds.Stream() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = r.add(predictor, ex)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
		if env != nil {
			env.Progress(int64(r.part.rows), ds.NumRows())
		}
	}
	if err := r.finish(); err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	for i, n := range r.longer {
		if n > 0 {
			env.Log().Warn("rows are longer than any in training: the model sees their beginning", "data", in.Name, "input", r.inputs[i].Name, "rows", n, "steps", r.inputs[i].Shape[0])
		}
	}
	if port == dataPort {
		if r.part.worst, err = worstOf(ds, r.part); err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	return r.part, nil
}

// fits checks that the data set was made for the model. A target that is scaled
// differently gives away a transform that was fitted on other data.
func fits(model *estimator.Model, ds *table.Dataset) error {
	const hint = "connect the data sets of the preprocess stage that the model was trained with"
	sig := &model.Signature
	data := dataset.Signature(ds.Info, nil)
	part := dataset.Differs(sig, &data)
	switch part {
	case dataset.Inputs:
		return diag.WithHint(fmt.Errorf("the inputs are %s, those of the model %s", dataset.Text(&data), dataset.Text(sig)), hint)
	case dataset.Features:
		return diag.WithHint(fmt.Errorf("the features are not those of the model: %s", featureDifference(dataset.Names(sig), dataset.Names(&data))), hint)
	}
	if model.Network != nil {
		if err := dataset.Complete(ds.Info); err != nil {
			return diag.WithHint(err, hint)
		}
	}
	t := ds.Info.Target()
	if t == nil || !ds.HasTarget() {
		return diag.WithHint(fmt.Errorf("there is no target column, so that predictions of %q cannot be compared", sig.Column),
			"use a predict stage where the truth is not known")
	}
	switch part {
	case dataset.Task:
		return diag.WithHint(fmt.Errorf("the target is for %s, the model for %s", data.Task, sig.Task), hint)
	case dataset.Classes:
		if sig.Task == task.Multilabel {
			return diag.WithHint(errors.New("the classes of a label, or their order, are not those of the model"), hint)
		}
		if t.Task == task.Binary && t.Classes[0] == sig.Classes[1] && t.Classes[1] == sig.Classes[0] {
			return diag.WithHint(fmt.Errorf("the positive class is %q, that of the model %q", t.Classes[1], sig.Classes[1]), hint)
		}
		return diag.WithHint(fmt.Errorf("the classes are %s, those of the model %s", quoteAll(t.Classes), quoteAll(sig.Classes)), hint)
	case dataset.Column:
		if sig.Task.IsOne() {
			return diag.WithHint(fmt.Errorf("the target is %q, that of the model %q", data.Column, sig.Column), hint)
		}
		return diag.WithHint(fmt.Errorf("the targets are %s, those of the model %s", data.Column, sig.Column), hint)
	case dataset.Scale:
		return diag.WithHint(fmt.Errorf("the target is scaled differently than for the model (%s, not %s)", dataset.Scaling(&data), dataset.Scaling(sig)), hint)
	}
	return nil
}

// featureDifference says which features differ.
func featureDifference(want, got []string) string {
	without := func(a, b []string) (d []string) {
		in := make(map[string]bool, len(b))
		for _, x := range b {
			in[x] = true
		}
		for _, x := range a {
			if !in[x] {
				d = append(d, x)
			}
		}
		return d
	}
	var parts []string
	if missing := without(want, got); len(missing) > 0 {
		parts = append(parts, "missing "+quoteAll(missing))
	}
	if extra := without(got, want); len(extra) > 0 {
		parts = append(parts, "unknown "+quoteAll(extra))
	}
	if len(parts) > 0 {
		return strings.Join(parts, ", ")
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("feature %d is %q, the model has %q there", i+1, got[i], want[i])
		}
	}
	return fmt.Sprintf("there are %d, the model has %d", len(got), len(want))
}

func sliceable(setting string, columns []string, info *table.DatasetInfo) error {
	for _, c := range columns {
		if !slices.Contains(info.Keep, c) {
			err := fmt.Errorf("%s: %q is not among the kept columns, which are %s", setting, c, quoteAll(info.Keep))
			return diag.WithHint(err, fmt.Sprintf("add %q to `keep` of the preprocess stage", c))
		}
	}
	return nil
}

// A reader collects a part, batch by batch.
type reader struct {
	*part
	model  *estimator.Model
	inputs []nn.Input
	// vocabularies of the token ids that inputs are; 0: they are none.
	vocabularies []int
	longer       []int        // rows of each input that the model sees the beginning of
	slices       []string     // columns whose groups are measured
	out          *predictions // nil if nothing is written
	heads        []head
}

// A head is what was said of a target.
type head struct {
	*nn.Signature           // of that target alone
	actual        []float64 // regression
	guessed       []float64
	classes       *metric.ClassRows // classification
}

// roomFor is for how many rows there is room before they are read: all of them, unless a
// small file claims to have very many.
func roomFor(rows int64, outputs int, size int64) int {
	return int(min(rows, 4*size/int64(max(1, outputs))))
}

// newHead has room for so many rows.
func newHead(sig *nn.Signature, rows int) head {
	if sig.Task == task.Regression {
		return head{Signature: sig, actual: make([]float64, 0, rows), guessed: make([]float64, 0, rows)}
	}
	return head{Signature: sig, classes: metric.CollectClasses(sig.Classes, rows)}
}

// sample is what was said as a sample, whose rows have weights unless there are none.
func (h *head) sample(weights []float64) (metric.Sample, error) {
	if h.Task == task.Regression {
		v, err := metric.NewValues(h.actual, h.guessed)
		if err != nil || weights == nil {
			return v, err
		}
		return v.Weighted(weights)
	}
	c, err := h.classes.Sample()
	if err == nil && h.Threshold != 0 && !h.classes.Taken() {
		c = c.At(h.Threshold)
	}
	if err != nil || weights == nil {
		return c, err
	}
	return c.Weighted(weights)
}

// expect makes room for the rows of the data set.
func (r *reader) expect(rows int) {
	for _, h := range r.model.Signature.Heads() {
		r.heads = append(r.heads, newHead(h, rows))
	}
	for _, column := range r.slices {
		r.groups[column] = metric.NewGroups(rows)
	}
	if r.info.Flat() && len(r.info.Features()) == 1 {
		r.x = make([]float64, 0, rows)
	}
	if r.weight != "" {
		r.weights = make([]float64, 0, rows)
	}
}

func (r *reader) add(predictor estimator.Predictor, ex *table.Examples) error {
	for i := range r.inputs {
		if e := r.inputs[i].CheckTokens(r.vocabularies[i], &ex.Inputs[i]); e != nil {
			e.Row += r.rows
			return e
		}
		r.longer[i] += r.inputs[i].Longer(ex.Inputs[i])
	}
	output, err := predictor.Predict(ex.Inputs, ex.Rows)
	if err != nil {
		return err
	}
	for i, v := range output {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return diag.WithHint(fmt.Errorf("row %d: the output of the model is %v", r.rows+i/predictor.Outputs()+1, v),
				"look for a feature of that row that is far outside of the training range")
		}
	}
	if r.out != nil {
		if err := r.out.write(ex, output); err != nil {
			return err
		}
	}
	labelled, without := labelledRows(ex)
	for _, i := range without {
		r.without = append(r.without, r.rows+i)
	}
	addOutputs(r.heads, ex, output, predictor.Outputs(), labelled)
	if r.weight != "" {
		list, err := ex.Weights(weightSetting, r.weight, r.rows)
		if err != nil {
			return err
		}
		for _, i := range labelled {
			r.weights = append(r.weights, list[i])
		}
	}
	if err := r.addX(ex, labelled); err != nil {
		return err
	}
	for _, column := range r.slices {
		if err := r.addGroup(ex.Kept, column, labelled); err != nil {
			return err
		}
	}
	r.rows += ex.Rows
	return nil
}

// labelledRows are the rows that have all targets, and those that do not.
func labelledRows(ex *table.Examples) (labelled, without []int) {
	labelled = make([]int, 0, ex.Rows)
	for i := range ex.Rows {
		if !slices.ContainsFunc(ex.Targets, func(y table.Labels) bool { return y.Valid != nil && !y.Valid[i] }) {
			labelled = append(labelled, i)
		} else {
			without = append(without, i)
		}
	}
	return labelled, without
}

// addOutputs takes what was said of rows, and what is true of them.
func addOutputs(heads []head, ex *table.Examples, output []float64, each int, labelled []int) {
	for j := range heads {
		h, y := &heads[j], ex.Targets[j]
		said := headOutput(output, each, j, len(heads))
		for _, i := range labelled {
			if h.Task == task.Regression {
				h.actual = append(h.actual, y.Values[i])
				h.guessed = append(h.guessed, said(i)...)
			} else {
				h.classes.Add(y.Classes[i], said(i)...)
			}
		}
	}
}

// addX keeps the only feature of a model that has just one: its column where
// that was kept and is a number, else the feature as the network sees it.
func (r *reader) addX(ex *table.Examples, labelled []int) error {
	if !r.info.Flat() || len(r.info.Features()) != 1 {
		return nil
	}
	f := r.info.Features()[0]
	r.xTitle = f.Name + " (as the network sees it)"
	value := func(i int) float64 { return ex.Inputs[0].At(i) }
	if slices.Contains(r.info.Keep, f.Column) && f.Name == f.Column {
		i, err := table.Column(ex.Kept.Schema(), f.Column)
		if err != nil {
			return err
		}
		if xs, valid, err := table.Floats(ex.Kept.Column(i)); err == nil {
			r.xTitle = f.Column
			value = func(i int) float64 {
				if valid != nil && !valid[i] {
					return math.NaN()
				}
				return xs[i]
			}
		}
	}
	for _, i := range labelled {
		r.x = append(r.x, value(i))
	}
	return nil
}

func (r *reader) addGroup(kept arrow.RecordBatch, column string, labelled []int) error {
	i, err := table.Column(kept.Schema(), column)
	if err != nil {
		return err
	}
	texts, valid, err := table.Texts(kept.Column(i))
	if err != nil {
		return fmt.Errorf("slices: %w", err)
	}
	g := r.groups[column]
	for _, row := range labelled {
		g.Add(texts[row], valid == nil || valid[row])
	}
	return nil
}

// rowOf is the row of the data set that a row of the sample is.
func (p *part) rowOf(i int) int {
	before := sort.Search(len(p.without), func(j int) bool { return p.without[j]-j > i })
	return i + before
}

func (r *reader) finish() (err error) {
	if r.out != nil {
		if err := r.out.close(); err != nil {
			return err
		}
	}
	if len(r.without) == r.rows {
		return fmt.Errorf("there is no row with a target to compare with")
	}
	if r.weight != "" && !slices.ContainsFunc(r.weights, func(w float64) bool { return w > 0 }) {
		return table.NoWeight(weightSetting, r.weight, len(r.weights))
	}
	r.each = make([]metric.Sample, len(r.heads))
	for i := range r.heads {
		if r.each[i], err = r.heads[i].sample(r.weights); err != nil {
			return err
		}
	}
	if len(r.heads) > 1 {
		r.sample, err = metric.NewSeveral(r.model.Signature.Columns(), r.each)
		return err
	}
	r.sample = r.each[0]
	r.classes, _ = r.sample.(*metric.Classes)
	r.values, _ = r.sample.(*metric.Values)
	return nil
}

// headOutput gives the outputs of a target for each row: all of them if there is one.
func headOutput(output []float64, each, target, targets int) func(row int) []float64 {
	if targets == 1 {
		return func(row int) []float64 { return output[row*each : (row+1)*each] }
	}
	return func(row int) []float64 { return output[row*each+target : row*each+target+1] }
}
