package nn

import (
	"fmt"
	"math"
	"slices"

	"pipe/data/metric"
)

// A Model is a trained network.
type Model struct {
	Spec      Spec
	Signature Signature
	Params    []Param // in network order
	Summary   Summary
}

// A Param is one tensor, row-major, as a ParamShape describes it. Weights have
// the shape (inputs, outputs), so that a layer computes x W + b; those of
// convolutions are (outputs, inputs, window) as in PyTorch.
type Param struct {
	Name  string
	Shape []int
	Data  []float32
}

// A Summary says how a model came about.
type Summary struct {
	Rows           int     `json:"rows"`                      // of training
	ValidationRows int     `json:"validation_rows,omitempty"` // 0 if there was no validation
	Parameters     int     `json:"parameters"`                // numbers that were trained
	Loss           string  `json:"loss"`
	Optimizer      string  `json:"optimizer"` // with its settings, for people
	BatchSize      int     `json:"batch_size"`
	Seed           uint64  `json:"seed"`
	EpochsRun      int     `json:"epochs_run"`
	BestEpoch      int     `json:"best_epoch"` // counted from 1; the epoch that the weights are of
	Monitor        string  `json:"monitor,omitempty"`
	StoppedEarly   bool    `json:"stopped_early"`
	Curves         []Curve `json:"curves"`

	ClassCounts []int           `json:"class_counts,omitempty"` // of training rows, by class index
	ClassPriors []float64       `json:"class_priors,omitempty"` // ClassCounts / Rows
	Target      *Range          `json:"target,omitempty"`       // regression, in original units
	Targets     []TargetSummary `json:"targets,omitempty"`      // of several, in their order: then the three above are of none
	Features    []InputRange    `json:"features"`               // of the training rows, in order

	Threshold *Chosen  `json:"threshold,omitempty"` // how that of the signature was chosen; nil: it was given, or is the usual one
	Balance   *Balance `json:"balance,omitempty"`   // what was done to the shares of classes by drawing rows, or put back; nil: nothing
	Norms     []Norm   `json:"norms,omitempty"`     // of gradients at the end of the first epoch, if they were to be kept
	Device    string   `json:"device,omitempty"`    // that it was trained on, for people; empty: the CPU
}

// A Norm is how large the gradient of the weights of a layer was, over all of them.
type Norm struct {
	Layer     int     `json:"layer"` // from 1, counting those with weights
	Parameter string  `json:"parameter"`
	Value     float64 `json:"value"`
}

// Chosen says what a setting of a model was chosen by.
type Chosen struct {
	Metric string  `json:"metric"`
	Value  float64 `json:"value"` // on the validation data
}

// A Curve is one value for each epoch that was run, measured at its end in
// evaluation mode: "train.loss", "validation.loss", "train.accuracy", ...
type Curve struct {
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
}

// Goal says which values of the curve are the better ones.
func (c *Curve) Goal() metric.Goal { return curveGoal(c.Name) }

// A Range describes a numeric target.
type Range struct {
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Mean   float64 `json:"mean"`
	Median float64 `json:"median"`
}

// A TargetSummary is what training saw of one of several targets.
type TargetSummary struct {
	Column      string `json:"column"`
	ClassCounts []int  `json:"class_counts,omitempty"`
	Target      *Range `json:"target,omitempty"` // a number, in original units
}

// An InputRange is what training saw of a feature: outside of it the network
// extrapolates.
type InputRange struct {
	Min float32 `json:"min"`
	Max float32 `json:"max"`
}

// Curve finds a curve by name.
func (s *Summary) Curve(name string) ([]float64, bool) {
	for _, c := range s.Curves {
		if c.Name == name {
			return c.Values, true
		}
	}
	return nil, false
}

// fits checks that the signature describes the network.
func (m *Model) fits() error {
	if n := m.Signature.Outputs(); m.Spec.Outputs != n {
		return fmt.Errorf("the network has %d outputs, its task needs %d", m.Spec.Outputs, n)
	}
	if n := len(m.Signature.Features); m.Spec.Inputs != n {
		return fmt.Errorf("the network has %d inputs for %d features", m.Spec.Inputs, n)
	}
	if n := len(m.Signature.Inputs); len(m.Spec.Branches) != n {
		return fmt.Errorf("the network has %d branches for %d inputs", len(m.Spec.Branches), n)
	}
	for i, b := range m.Spec.Branches {
		if in := &m.Signature.Inputs[i]; b.Input != in.Name || !slices.Equal(b.Shape, in.Shape) || b.Ragged != in.Ragged || b.Sparse != in.Sparse {
			return fmt.Errorf("branch %q of shape %v for the input %q of shape %v", b.Input, b.Shape, in.Name, in.Shape)
		}
	}
	return nil
}

// validate checks that the parts of a model are possible and fit each other.
func (m *Model) validate() error {
	if err := m.Spec.Validate(); err != nil {
		return err
	}
	if err := m.Signature.Validate(); err != nil {
		return err
	}
	if err := m.fits(); err != nil {
		return err
	}
	want := m.Spec.params()
	if len(m.Params) != len(want) {
		return fmt.Errorf("the network has %d parameters, want %d", len(m.Params), len(want))
	}
	for i, p := range m.Params {
		w := want[i]
		if p.Name != w.Name || !slices.Equal(p.Shape, w.Shape) || len(p.Data) != w.Size() {
			return fmt.Errorf("parameter %d is %s%v with %d values, want %s%v", i, p.Name, p.Shape, len(p.Data), w.Name, []int(w.Shape))
		}
		for j, v := range p.Data {
			if !finite(float64(v)) || v < 0 && w.Role == RunningVariance {
				return fmt.Errorf("parameter %s holds %v at %d", p.Name, v, j)
			}
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
