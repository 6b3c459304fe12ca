package evaluate

import (
	"context"

	"pipe/base/random"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/nn"
)

// drawn are rows of train in memory.
type drawn struct {
	inputs  []tensor.Rows
	widths  []int // of rows that all have the same
	targets [][]float64
	weights []float32
}

var _ nn.Source = (*drawn)(nil)

// draw takes rows at random, each with the same chance, at most so many.
func (s *Stage) draw(ctx context.Context, ds *table.Dataset, sig *nn.Signature, train *part, most int) (*drawn, error) {
	ins := sig.AllInputs()
	d := &drawn{inputs: make([]tensor.Rows, len(ins)), widths: make([]int, len(ins)), targets: make([][]float64, len(ds.Info.Targets))}
	for i := range ins {
		if d.widths[i] = ins[i].Shape.Size(); ins[i].Ragged {
			d.widths[i] = ins[i].Shape[1:].Size()
		}
	}
	left := train.sample.Rows()
	need := min(most, left)
	stream := random.New(0, "evaluate.simple", 0)
	number := 0
	for ex, err := range ds.Stream() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		labelled, _ := labelledRows(ex)
		var taken []int
		for _, row := range labelled {
			if stream.IntN(uint64(number), max(1, left)) < need {
				taken = append(taken, row)
				need--
			}
			left--
			number++
		}
		if err := d.take(s, ex, taken, number); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *drawn) take(s *Stage, ex *table.Examples, rows []int, number int) error {
	if len(rows) == 0 {
		return nil
	}
	for i := range d.inputs {
		d.inputs[i].Take(&ex.Inputs[i], rows, d.widths[i])
	}
	for j, y := range ex.Targets {
		for _, row := range rows {
			if y.Classes != nil {
				d.targets[j] = append(d.targets[j], float64(y.Classes[row]))
			} else {
				d.targets[j] = append(d.targets[j], y.Values[row])
			}
		}
	}
	if s.SampleWeight == "" {
		for range rows {
			d.weights = append(d.weights, 1)
		}
		return nil
	}
	list, err := ex.Weights(weightSetting, s.SampleWeight, number)
	if err != nil {
		return err
	}
	for _, row := range rows {
		d.weights = append(d.weights, float32(list[row]))
	}
	return nil
}

// Len implements nn.Source.
func (d *drawn) Len() int { return len(d.weights) }

// Gather implements nn.Source.
func (d *drawn) Gather(rows []int, into *nn.Batch) error {
	for i := range into.Inputs {
		into.Inputs[i].Take(&d.inputs[i], rows, d.widths[i])
	}
	for _, row := range rows {
		for j := range into.Targets {
			into.Targets[j] = append(into.Targets[j], d.targets[j][row])
		}
		into.Weights = append(into.Weights, d.weights[row])
	}
	return nil
}
