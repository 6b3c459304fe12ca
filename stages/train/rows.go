package train

import (
	"errors"
	"fmt"

	"pipe/diag"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/table"
)

// rows are the rows of a data set as training takes them. Targets are in
// memory. So are features if they are few; else they are read from the file a
// batch at a time.
type rows struct {
	name    string // for messages
	info    table.DatasetInfo
	file    *pipeline.Input
	few     []float32 // all features, or nil
	many    *table.FeatureRows
	targets []float64 // class index, or the number itself
}

var _ nn.Source = (*rows)(nil)

// fewFeatures is the number of features up to which all are kept in memory:
// 256 MiB.
const fewFeatures = 64 << 20

// open opens the data set behind a port. The caller closes it.
func open(env pipeline.Env, port string) (*rows, error) { return openRows(env, port, fewFeatures) }

func openRows(env pipeline.Env, port string, few int) (*rows, error) {
	in, err := env.Open(port)
	if err != nil {
		return nil, err
	}
	r := &rows{name: in.Name, file: in}
	if err := r.read(few); err != nil {
		return nil, errors.Join(fmt.Errorf("%s data set %s: %w", port, in.Name, err), in.Close())
	}
	return r, nil
}

func (r *rows) close() error { return r.file.Close() }

func (r *rows) read(few int) (err error) {
	ds, err := table.OpenDataset(r.file, r.file.Size())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ds.Close()) }()
	if !ds.HasTarget() {
		return diag.WithHint(errors.New("it has no target to learn"),
			"name a target in the preprocess stage that makes it")
	}
	r.info = ds.Info
	keep := ds.NumRows()*int64(len(ds.Info.Features)) <= int64(few)
	for ex, err := range ds.Stream() {
		if err != nil {
			return err
		}
		for i, valid := range ex.Valid {
			if !valid {
				return fmt.Errorf("row %d has no target", len(r.targets)+i+1)
			}
		}
		r.targets = append(r.targets, ex.Targets...)
		for _, class := range ex.Classes {
			r.targets = append(r.targets, float64(class))
		}
		if keep {
			r.few = append(r.few, ex.Features...)
		}
	}
	if !keep {
		r.many, err = ds.FeatureRows()
	}
	return err
}

// Len is the number of rows.
func (r *rows) Len() int { return len(r.targets) }

// Gather copies rows.
func (r *rows) Gather(list []int, x []float32, y []float64, w []float32) error {
	for i, row := range list {
		y[i], w[i] = r.targets[row], 1
	}
	if x == nil {
		return nil
	}
	if r.many != nil {
		return r.many.Gather(list, x)
	}
	n := len(r.info.Features)
	for i, row := range list {
		copy(x[i*n:(i+1)*n], r.few[row*n:])
	}
	return nil
}
