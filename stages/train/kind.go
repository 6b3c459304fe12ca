// Package train is the stage that trains a network on a data set.
package train

import (
	"fmt"

	"pipe/nn"
	"pipe/pipeline"
)

// The ports of a train stage.
const (
	trainPort      = "train"
	validationPort = "validation"
	modelPort      = "model"
)

// Kind describes the stage.
func Kind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "train",
		Version: 1,
		Doc: `Train a network on a data set.

The input and output layers follow from the data: a number to predict gives one output, two
classes one, more classes one for each. ` + "`network`" + ` lists what is between them; an empty list
makes a linear or logistic regression.

Losses and metrics are measured at the end of each epoch, over all rows and without dropout, so
that the curves of training and validation can be compared. If validation data is connected, the
model has the weights of the epoch that was best by the monitored curve (` + "`validation.loss`" + ` unless
` + "`early_stopping`" + ` says otherwise), whether or not training ran to its end.

The same data, settings and seed give the same model to the bit, on any number of threads. Numbers
that are no longer finite end training with an error that names epoch, batch and layer. The rows of
both data sets are held in memory, 4 bytes for each feature.`,
		Example: `
model:
  uses: train
  inputs: {train: features.train, validation: features.validation}
  with:
    network:
      - dense: {units: 32, activation: relu}
      - dropout: 0.1
      - dense: {units: 32, activation: relu}
    optimizer: {adam: {learning_rate: 0.003}}
    epochs: 200
    early_stopping: {patience: 20}
`,
		Inputs: []pipeline.Port{
			{Name: trainPort, Type: pipeline.Dataset, Doc: "the rows to learn from"},
			{Name: validationPort, Type: pipeline.Dataset, Doc: "rows to choose the best epoch by", Optional: true},
		},
		Outputs: []pipeline.Port{
			{Name: modelPort, Type: pipeline.Model, Doc: "the trained network, a safetensors file"},
		},
		Seeded: true,
		Engine: nn.Engine,
		New:    func() pipeline.Stage { return new(Train) },
	}
}

// Train is the configuration of the stage, and the stage.
type Train struct {
	Network       []Layer        `yaml:"network" required:"true" max:"1000" doc:"The hidden layers, in order. An empty list makes a linear or logistic regression."`
	Loss          string         `yaml:"loss" default:"auto" enum:"auto,cross_entropy,mse,mae,huber" doc:"What is minimised: cross_entropy for classes (auto), and mse (auto), mae or huber (delta 1) for numbers, in the scale of the data set's target."`
	Optimizer     Optimizer      `yaml:"optimizer" default:"adam" doc:"How weights follow from gradients. The definitions are those of PyTorch."`
	Epochs        int            `yaml:"epochs" default:"100" min:"1" max:"1000000" doc:"Passes over the training rows, at most."`
	BatchSize     int            `yaml:"batch_size" default:"32" min:"1" max:"1048576" doc:"Rows for each step of the optimizer."`
	Shuffle       bool           `yaml:"shuffle" default:"true" doc:"Take the rows in a new random order in each epoch."`
	ClassWeights  string         `yaml:"class_weights" default:"none" enum:"none,balanced" doc:"The weight of a class in the loss: equal, or inverse to its share of the training rows. It also applies to the losses that are reported."`
	ClipNorm      float64        `yaml:"clip_norm" default:"0" min:"0" doc:"Scale gradients down to this norm, taken over all weights. 0 is no limit."`
	EarlyStopping *EarlyStopping `yaml:"early_stopping" doc:"When to end before all epochs are run."`
}

// A Layer is a choice of one hidden layer.
type Layer struct {
	pipeline.OneOf
	Dense   *Dense   `yaml:"dense" doc:"A fully connected layer: activation(x W + b)."`
	Dropout *Dropout `yaml:"dropout" doc:"Drops values at random during training, against overfitting."`
}

// Dense is a fully connected layer.
type Dense struct {
	Units      int    `yaml:"units" short:"true" required:"true" min:"1" max:"65536" doc:"How many values the layer computes."`
	Activation string `yaml:"activation" default:"relu" enum:"relu,tanh,sigmoid,linear" doc:"The function that each value passes through."`
}

// Dropout drops values at random.
type Dropout struct {
	Rate float64 `yaml:"rate" short:"true" required:"true" min:"0" below:"1" doc:"The probability that a value is dropped; those that stay are divided by 1-rate."`
}

// An Optimizer is a choice of a rule for the weights.
type Optimizer struct {
	pipeline.OneOf
	SGD   *SGD   `yaml:"sgd" doc:"Stochastic gradient descent, with or without momentum."`
	Adam  *Adam  `yaml:"adam" doc:"Adam; weight decay is L2 regularisation, added to the gradient."`
	AdamW *AdamW `yaml:"adamw" doc:"Adam with weight decay that bypasses the gradient."`
}

// SGD is stochastic gradient descent.
type SGD struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.01" above:"0" doc:"The size of a step."`
	Momentum     float64 `yaml:"momentum" default:"0" min:"0" below:"1" doc:"How much of the last step is carried into the next."`
	Nesterov     bool    `yaml:"nesterov" default:"false" doc:"Look ahead along the momentum, which must not be 0."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// Validate finds nesterov without momentum.
func (o *SGD) Validate() error {
	if o.Nesterov && o.Momentum == 0 {
		return &pipeline.FieldError{Field: "nesterov", Err: fmt.Errorf("nesterov needs a momentum"), Hint: "add momentum: 0.9"}
	}
	return nil
}

// Adam is the optimizer of Kingma and Ba.
type Adam struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.001" above:"0" doc:"The size of a step."`
	Beta1        float64 `yaml:"beta1" default:"0.9" min:"0" below:"1" doc:"Decay of the mean of the gradients."`
	Beta2        float64 `yaml:"beta2" default:"0.999" min:"0" below:"1" doc:"Decay of the mean of their squares."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-8" above:"0" doc:"Keeps steps finite where gradients vanish."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0" min:"0" doc:"L2 regularisation: this share of the weights is added to the gradient."`
}

// AdamW is Adam with decoupled weight decay.
type AdamW struct {
	LearningRate float64 `yaml:"learning_rate" short:"true" default:"0.001" above:"0" doc:"The size of a step."`
	Beta1        float64 `yaml:"beta1" default:"0.9" min:"0" below:"1" doc:"Decay of the mean of the gradients."`
	Beta2        float64 `yaml:"beta2" default:"0.999" min:"0" below:"1" doc:"Decay of the mean of their squares."`
	Epsilon      float64 `yaml:"epsilon" default:"1e-8" above:"0" doc:"Keeps steps finite where gradients vanish."`
	WeightDecay  float64 `yaml:"weight_decay" default:"0.01" min:"0" doc:"The share of the weights, times the learning rate, that is taken off at each step."`
}

// EarlyStopping ends training that no longer gets better.
type EarlyStopping struct {
	Monitor  string  `yaml:"monitor" default:"validation.loss" enum:"validation.loss,validation.accuracy,validation.rmse,train.loss" doc:"The curve to watch: accuracy of classes, rmse of numbers."`
	Patience int     `yaml:"patience" default:"10" min:"1" doc:"Epochs in a row without a better value before training ends."`
	MinDelta float64 `yaml:"min_delta" default:"0" min:"0" doc:"By how much a value must be better to count."`
}

// layers is the network in the terms of package nn.
func (s *Train) layers() []nn.Layer {
	list := make([]nn.Layer, len(s.Network))
	for i, l := range s.Network {
		switch {
		case l.Dense != nil:
			list[i].Dense = &nn.Dense{Units: l.Dense.Units, Activation: nn.Activation(l.Dense.Activation)}
		case l.Dropout != nil:
			list[i].Dropout = &nn.Dropout{Rate: l.Dropout.Rate}
		}
	}
	return list
}

// config is the rest of the settings in the terms of package nn.
func (s *Train) config(seed uint64) nn.Config {
	cfg := nn.Config{
		Loss:           s.Loss,
		Epochs:         s.Epochs,
		BatchSize:      s.BatchSize,
		Shuffle:        s.Shuffle,
		BalanceClasses: s.ClassWeights == "balanced",
		ClipNorm:       s.ClipNorm,
		Seed:           seed,
	}
	switch o := s.Optimizer; {
	case o.SGD != nil:
		cfg.Optimizer = nn.SGD(*o.SGD)
	case o.Adam != nil:
		cfg.Optimizer = nn.Adam(*o.Adam)
	case o.AdamW != nil:
		cfg.Optimizer = nn.AdamW(*o.AdamW)
	}
	if e := s.EarlyStopping; e != nil {
		cfg.EarlyStopping = &nn.EarlyStopping{Monitor: e.Monitor, Patience: e.Patience, MinDelta: e.MinDelta}
	}
	return cfg
}
