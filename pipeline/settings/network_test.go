package settings_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pipe/pipeline/settings"
)

// network is a configuration with every kind of type and tag.
type network struct {
	Path     settings.FilePath     `yaml:"path" required:"true" doc:"The CSV file to read. Relative to the pipeline file."`
	Scripts  []settings.FilePath   `yaml:"scripts" doc:"Files that are read as well."`
	Epochs   int                   `yaml:"epochs" default:"10" min:"1" max:"1000" doc:"Passes over the data."`
	Offset   int64                 `yaml:"offset" doc:"Rows to skip, negative from the end."`
	Salt     uint64                `yaml:"salt" default:"7" doc:"Mixed into the seed."`
	Rate     float64               `yaml:"rate" default:"1e-3" above:"0" below:"1" doc:"Learning rate."`
	Shuffle  bool                  `yaml:"shuffle" default:"true" doc:"Whether to shuffle."`
	Name     string                `yaml:"name" default:"true" min:"1" max:"8" doc:"A short name."`
	Loss     string                `yaml:"loss" default:"mse" enum:"mse,mae,cross_entropy" doc:"The loss function."`
	Patience duration              `yaml:"patience" default:"30s" min:"1s" doc:"How long to wait."`
	Fill     settings.Scalar       `yaml:"fill" default:"0" doc:"What replaces a missing value."`
	Require  *bar                  `yaml:"require" doc:"What the result has to reach, as in \">= 0.9\"."`
	Metrics  []string              `yaml:"metrics" enum:"accuracy,f1" max:"2" doc:"What to measure."`
	Columns  settings.Map[string]  `yaml:"columns" enum:"int64,float64,string" doc:"Types of columns."`
	Features settings.Map[feature] `yaml:"features" doc:"How columns become features."`
	Parts    settings.Map[float64] `yaml:"parts" doc:"Shares of the rows."`
	Layers   []layer               `yaml:"layers" doc:"From input to output."`
	Best     optimizer             `yaml:"optimizer" default:"sgd" doc:"How weights are changed."`
	Stop     *stopping             `yaml:"early_stopping" doc:"When to end before the last epoch."`
	Window   window                `yaml:"window" doc:"Which rows to use."`
	Limit    *float64              `yaml:"limit" min:"0" doc:"Largest norm of a gradient."`
}

type duration = time.Duration

func (n *network) Validate() error {
	var errs []error
	sum := 0.0
	for _, e := range n.Parts {
		sum += e.Value
		if e.Value <= 0 {
			errs = append(errs, settings.FieldErrorf("parts."+e.Key, "must be positive, not %v", e.Value))
		}
	}
	if n.Parts != nil && sum != 1 {
		errs = append(errs, &settings.FieldError{Field: "parts", Err: fmt.Errorf("must add up to 1, not %v", sum), Todo: "mend a share"})
	}
	if n.Epochs == 13 {
		errs = append(errs, settings.FieldErrorf("epochs", "bad luck"))
	}
	if n.Stop != nil && n.Shuffle {
		errs = append(errs, errors.New("stopping early does not go with shuffling"))
	}
	return errors.Join(errs...)
}

type feature struct {
	Impute string `yaml:"impute" default:"mean" enum:"mean,median" short:"true" doc:"What replaces missing values."`
	Scale  bool   `yaml:"scale" default:"false" doc:"Whether to scale."`
}

type layer struct {
	settings.OneOf
	Dense    *dense    `yaml:"dense" doc:"Fully connected."`
	Dropout  *dropout  `yaml:"dropout" doc:"Zeroes some values while training."`
	Flatten  *flatten  `yaml:"flatten" doc:"Makes a vector of a tensor."`
	Residual *residual `yaml:"residual" doc:"Adds its input to its output."`
}

type dense struct {
	Units      int    `yaml:"units" required:"true" min:"1" doc:"Number of outputs."`
	Activation string `yaml:"activation" default:"linear" enum:"linear,relu,tanh" doc:"What follows."`
}

type dropout struct {
	Rate float64 `yaml:"rate" required:"true" short:"true" min:"0" below:"1" doc:"Share of zeroes."`
}

type flatten struct{}

type residual struct {
	Layers []layer `yaml:"layers" required:"true" min:"1" short:"true" doc:"What the input goes through."`
}

type optimizer struct {
	settings.OneOf
	SGD  *sgd  `yaml:"sgd" doc:"Gradient descent."`
	Adam *adam `yaml:"adam" doc:"Adam."`
}

type sgd struct {
	Momentum float64 `yaml:"momentum" default:"0" min:"0" below:"1" doc:"Momentum."`
}

type adam struct {
	Beta float64 `yaml:"beta" default:"0.9" doc:"Decay."`
}

type stopping struct {
	Monitor string `yaml:"monitor" default:"loss" doc:"What to watch."`
}

type window struct {
	From string `yaml:"from" doc:"First day."`
	To   string `yaml:"to" doc:"Last day."`
}

func (w window) Validate() error {
	if w.From > w.To {
		return settings.FieldErrorf("to", "is before from")
	}
	return nil
}

// bar is a lower bound such as ">= 0.9".
type bar struct{ text string }

func (b *bar) UnmarshalText(text []byte) error {
	value, ok := strings.CutPrefix(string(text), ">= ")
	if !ok {
		return &settings.FieldError{Err: fmt.Errorf("%q does not begin with >=", text), Todo: "write >= NUMBER"}
	}
	b.text = value
	return nil
}

func (b bar) MarshalText() ([]byte, error) { return []byte(">= " + b.text), nil }
