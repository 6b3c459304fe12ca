package train

import (
	"errors"
	"fmt"
	"slices"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/nn"
	"pipe/nn/dataset"
	"pipe/pipeline"
)

// weightSetting names the column of weights.
const weightSetting = "sample_weight"

// rows are the rows of a data set as training takes them. Targets are in
// memory. Inputs are read from the file a batch at a time, which is in the memory
// of the system if there is room.
type rows struct {
	name    string // for messages
	info    table.DatasetInfo
	sig     nn.Signature
	file    *pipeline.Input
	inputs  []*table.InputRows
	targets [][]float64 // of each target: class index, or the number itself
	rows    int
	column  string // that has the weights; empty: all are 1
	weights []float32
}

var (
	_ nn.Source   = (*rows)(nil)
	_ nn.Foreseer = (*rows)(nil)
)

// open opens the data set behind a port, whose rows have their weights in a kept
// column if one is named. The caller closes it.
func open(env pipeline.Env, port, weight string) (*rows, error) {
	in, err := env.Open(port)
	if err != nil {
		return nil, err
	}
	r := &rows{name: in.Name, file: in, column: weight}
	if err := r.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s data set %s: %w", port, in.Name, err), in.Close())
	}
	return r, nil
}

func (r *rows) close() error { return r.file.Close() }

func (r *rows) read() (err error) {
	ds, err := table.OpenDataset(r.file, r.file.Size())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ds.Close()) }()
	if !ds.HasTarget() {
		return diag.WithHint(errors.New("it has no target to learn"),
			"name a target in the preprocess stage that makes it")
	}
	r.info, r.targets = ds.Info, make([][]float64, len(ds.Info.Targets))
	if r.column, err = r.info.WeightColumn(weightSetting, r.column); err != nil {
		return err
	}
	for ex, err := range ds.StreamLabels() {
		if err != nil {
			return err
		}
		for j, y := range ex.Targets {
			for i, valid := range y.Valid {
				if !valid {
					return fmt.Errorf("row %d has no target", r.rows+i+1)
				}
			}
			r.targets[j] = append(r.targets[j], y.Values...)
			for _, class := range y.Classes {
				r.targets[j] = append(r.targets[j], float64(class))
			}
		}
		r.rows += ex.Rows
		if err := r.weigh(ex); err != nil {
			return err
		}
	}
	if r.column != "" && len(r.weights) > 0 && !slices.ContainsFunc(r.weights, func(w float32) bool { return w > 0 }) {
		return table.NoWeight(weightSetting, r.column, len(r.weights))
	}
	steps, err := ds.Steps()
	if err != nil {
		return err
	}
	r.sig = dataset.Signature(r.info, steps)
	for i := range r.info.Inputs {
		in, err := ds.InputRows(i)
		if err != nil {
			return err
		}
		r.inputs = append(r.inputs, in)
	}
	return nil
}

// weigh reads the weights of rows.
func (r *rows) weigh(ex *table.Examples) error {
	if r.column == "" {
		return nil
	}
	list, err := ex.Weights(weightSetting, r.column, len(r.weights))
	for _, w := range list {
		r.weights = append(r.weights, float32(w))
	}
	return err
}

// Len is the number of rows.
func (r *rows) Len() int { return r.rows }

// Foresee has rows read beside the work.
func (r *rows) Foresee(list []int) error {
	for _, in := range r.inputs {
		if err := in.Foresee(list); err != nil {
			return err
		}
	}
	return nil
}

// Gather reads rows.
func (r *rows) Gather(list []int, into *nn.Batch) error {
	for _, row := range list {
		for j := range into.Targets {
			into.Targets[j] = append(into.Targets[j], r.targets[j][row])
		}
		w := float32(1)
		if r.weights != nil {
			w = r.weights[row]
		}
		into.Weights = append(into.Weights, w)
	}
	for i := range into.Inputs {
		if err := r.inputs[i].Gather(list, &into.Inputs[i]); err != nil {
			return err
		}
	}
	return nil
}
