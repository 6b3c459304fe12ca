// Package train is the stage that trains a network on a data set.
package train

import (
	"pipe/data/picture"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// The ports of a train stage.
const (
	trainPort      = "train"
	validationPort = "validation"
	modelPort      = "model"
)

// Kind describes the stage. processors are what there is beside the CPU to train
// on; nil is nothing.
func Kind(processors Processors) pipeline.Kind {
	return pipeline.Kind{
		Name:    "train",
		Version: 3, // 1 took the steepest slope of find_learning_rate, and left a batch of one row to batch_norm; 2 filled up all rows to the longest
		Doc: `Train a network on a data set.

The input and output layers follow from the data: a number to predict gives one output, two
classes one, more classes one for each. ` + "`network`" + ` lists what is between them; an empty list
makes a linear or logistic regression.

The input is one row of features. ` + "`reshape: [channels, height, width]`" + ` takes them as an image,
` + "`reshape: [steps, values]`" + ` as a sequence, and ` + "`embedding`" + ` as the token ids of a sequence; each layer
says which of these it takes. How many ids there are an embedding knows from the preprocess stage, where that has
numbered words or categories. Where a picture or a series is the only input of the data set, the layers get it as it is.
Layers that do not fit are found before anything runs, as far as that
does not depend on the data. At the end there must be features again: ` + "`flatten`" + `,
` + "`global_pool`" + `, ` + "`time_pool`" + `, or the last output of an lstm or gru. The presets ` + "`mlp`" + `, ` + "`wide_and_deep`, `cnn`, `resnet`" + ` and ` + "`tcn`" + `
stand for several layers, by themselves (` + "`network: {mlp: [64, 64]}`" + `) or in the list. So do ` + "`lstm`" + `, ` + "`gru`" + ` and
` + "`transformer`" + ` if they say how to read the features: ` + "`network: {lstm: {vocabulary: 5000}}`" + ` of token ids,
` + "`network: {transformer: {steps: 30}}`" + ` of the values of 30 steps. The model has the layers that presets
stand for, and ` + "`pipe show`" + ` lists them.

A data set whose inputs have names (a picture, a text, features) has a list of layers for each of them:

    branches:
      image: [{conv2d: {filters: 16, kernel: 3, activation: relu}}, {global_pool: average}]
      text: [{embedding: 32}, {lstm: {units: 32, return: last}}]
    network: [{dense: 64}]

What comes out of them is put side by side, as ` + "`concat`" + ` does, for the layers of ` + "`network`" + `. Features need no
layers of their own, and nor does an input that is the only one. Texts and series of different lengths
are cut to the longest of the training rows, or filled up with steps that recurrent layers, attention,
normalisation and pooling leave out of account. On the CPU they are filled up to the longest of their batch only, so that a
few long rows cost little, unless a layer needs all steps: ` + "`flatten`, `reshape`, `max_pool`, `average_pool`, `group_norm`, `position: learned`" + `,
or a ` + "`conv1d`" + ` with a stride or with a padding other than same and causal. Levels of pictures, 0 to 255, become numbers up to 1.

Categories of a table are inputs of their own where the preprocess stage ends their chain in ` + "`embedding_ids`" + `. A name
with * is for all of them, so that a residual network of a table with embeddings is

    branches: {"*": [{embedding: 8}, flatten]}
    network: {mlp: {units: [64, 64, 64], residual: true, batch_norm: true, dropout: 0.2}}

and a wide and deep one (Cheng et al. 2016), which remembers what single categories and crosses of them do and generalises beside it,

    branches:
      education*occupation: [{embedding: 1}, flatten]   # a cross: one weight for each category
      "*": [{embedding: 8}, flatten]
    wide: [education*occupation]
    network: {wide_and_deep: {units: [64, 32], dropout: 0.3}}

Inputs that ` + "`wide`" + ` names lead past all layers to the output layer, which is linear in them. ` + "`wide_and_deep`" + ` is dense layers, and
beside them the way of what they get, numbers, features of ` + "`one_hot`" + ` and embeddings, to the output layer. All weights are learned together.

Losses and metrics are measured at the end of each epoch, over all rows and without dropout, so
that the curves of training and validation can be compared. The log says at the end how many rows a second
were trained on, rows_per_second, the measuring left aside. If validation data is connected, the
model has the weights of the epoch that was best by the monitored curve (` + "`validation.loss`" + ` unless
` + "`early_stopping`" + ` says otherwise), whether or not training ran to its end.

The loss of a regression is in the scale of the target that the preprocess stage has chosen (` + "`scale`, `transform`" + `),
the curves of rmse are in its own units.

Of two classes the model takes a row for the positive one if its probability is above 0.5.
` + "`threshold: 0.3`" + ` sets another one, and ` + "`threshold: {best: f1}`" + ` takes the one at which F1 is best on the
validation data once training is over; metrics ` + "`threshold`" + ` and ` + "`validation.f1`" + ` say what came of it.
` + "`threshold: {costs: {false_alarm: 1, miss: 10}}`" + ` takes the one at which mistakes cost least, of which a miss may cost more: rows are taken for the
positive class from lower probabilities on. If these can be taken at their word that is false_alarm / (false_alarm + miss), here 0.09.

` + "`augment: {shift: 2, rotate: 10}`" + ` changes pictures at random in each epoch: inputs that ` + "`[image]`" + ` makes in the preprocess
stage, and features that the network begins by taking as one, with ` + "`reshape: [channels, height, width]`" + ` or the
` + "`image`" + ` of a preset. First they are mirrored, enlarged, turned and moved, all in one with the bilinear mean of the pixels
around, then contrast and brightness, noise and the square that is cut out follow. What to write: for photographs
` + "`{flip: horizontal, shift: 4, border: mirror, brightness: 0.2, contrast: 0.2}`" + `, and the shift an eighth of the side; for digits, letters
and signs no flip, which makes others of them, but ` + "`{shift: 1, rotate: 10, zoom: 0.1}`" + `; for pictures without an above and a
below, as from a microscope or a satellite, ` + "`{flip: both, rotate: 180, border: mirror}`" + `. Noise and cut_out help where there are few
rows; more epochs are needed in any case, since there is more to learn. What a row becomes follows from seed, epoch and row, so
the model is the same on any number of threads and after an interruption. Levels of 8 bits have the range 0 to 255, others are taken for
0 to 1, so scale pixels that are columns with min_max: what comes in from beyond the edge is 0, unless border says otherwise.

` + "`balance: weights | oversample | undersample`" + ` makes rare classes count as much as frequent ones. Rows are drawn for
training alone, by a function of seed, class and number; no row of validation or test data is drawn or left out,
and the data set with its row ids stays as it is. The model then finds more of the rare classes, and says so with
probabilities that are too high for the rows as they are: those of data in which classes have the balanced shares.
` + "`balance: {by: oversample, prior: train}`" + ` puts the shares of the training rows back into the output (Saerens 2002,
Elkan 2001), so that probabilities can be taken at their word again; the classes that are predicted then follow from them, and
` + "`threshold`" + ` from what is wanted. Curves in training are from before.

With ` + "`find_learning_rate`" + ` short trainings come first, all from the same weights and on the same batches. In the first the learning
rate rises at each step (the range test of Smith 2017); its losses, smoothed by m(i) = 0.9 m(i-1) + 0.1 l(i) and divided by 1 - 0.9^i, say
where to look: at a tenth of the rate where that is least. Rates around it, three times apart, are then tried in
a training each, and the one with the least mean loss over the second half of the steps is taken; of several that cannot be told from
it (two standard errors of the differences, batch by batch) the middle one. Where the loss falls at none, or is least at an end of the range, there is no
answer but an error that says so. The first training is in the points ` + "`find_learning_rate.rate` and `find_learning_rate.loss`" + `, the
others are in ` + "`find_learning_rate.tried_rate` and `find_learning_rate.tried_loss`" + `, and what was chosen is the metric ` + "`learning_rate`" + `. Of ten data sets
it is within a factor of 3 of the rate with the least validation loss in 94 of 100 searches (` + "`go run ./bench/rates`" + `).

With a plugin of XLA (docs/gpu.md) the network is trained on an NVIDIA GPU. ` + "`device: auto`" + ` takes one that is
there if the training is long enough for it, and says why in the log; ` + "`device: gpu`" + ` insists. The stage then takes
one GPU while it runs, or as many as ` + "`resources.gpu`" + ` says, which share each batch. ` + "`precision: tf32`" + ` is several
times as fast as float32 for large networks, ` + "`bfloat16`" + ` twice as fast again. What a GPU makes differs in the last
bits from what the CPU makes, so the device with its plugin, driver and libraries is part of the key of the stage.

The same data, settings and seed give the same model to the bit, on any number of threads, and on the same
kind of GPU unless ` + "`deterministic: false`" + ` says otherwise. Numbers
that are no longer finite end training with an error that names epoch, batch and layer. Rows are read
from the store as they are needed; what is in memory of them is the business of the system.`,
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
		New:    func() pipeline.Stage { return &Train{processors: processors} },
	}
}

// Train is the configuration of the stage, and the stage.
type Train struct {
	Network       []nn.Layer               `yaml:"network" single:"true" required:"true" max:"1000" doc:"The hidden layers, in order. An empty list makes a linear or logistic regression."`
	Branches      settings.Map[[]nn.Layer] `yaml:"branches" added:"true" doc:"Of data sets whose inputs have names (a picture, a text, features): the layers that each passes through by itself. What comes out is put side by side, as by concat, for the layers of network. Features need none. A name with * stands for all inputs that fit, but for features and those that have layers by their own name."`
	Wide          []string                 `yaml:"wide" added:"true" doc:"Inputs that lead past the layers of network straight to the output layer, which is linear in them: crosses of categories beside a network that generalises. A name with * stands for all that fit."`
	Loss          nn.Loss                  `yaml:"loss" default:"auto" doc:"What is minimised."`
	Optimizer     nn.Optimizer             `yaml:"optimizer" default:"adam" doc:"How weights follow from gradients. The definitions are those of PyTorch."`
	Schedule      nn.Schedule              `yaml:"learning_rate_schedule" default:"constant" doc:"How the learning rate of the optimizer changes in the course of training."`
	FindRate      *nn.FindRate             `yaml:"find_learning_rate" doc:"Look for a learning rate in a short training before the real one, and take it in place of that of the optimizer."`
	Epochs        int                      `yaml:"epochs" default:"100" min:"1" max:"1000000" doc:"Passes over the training rows, at most."`
	BatchSize     int                      `yaml:"batch_size" default:"32" min:"1" max:"1048576" doc:"Rows for each step of the optimizer, or of each of the batches that accumulate."`
	Accumulate    int                      `yaml:"accumulate" default:"1" min:"1" max:"1048576" doc:"Batches for each step of the optimizer: the step is that of a batch of as many rows, in less memory."`
	Augment       *picture.Augment         `yaml:"augment" added:"true" doc:"Change the pictures at random each time that training takes them, so that it sees more of them than there are. Of validation and evaluation nothing is changed, nor of the rows that the curves are measured with."`
	Shuffle       bool                     `yaml:"shuffle" default:"true" doc:"Take the rows in a new random order in each epoch."`
	ClassWeights  ClassWeights             `yaml:"class_weights" doc:"The weight of a class in the loss. It also applies to the losses that are reported."`
	Balance       *Balance                 `yaml:"balance" added:"true" doc:"How rare classes are made to count in training. Validation and test data stay as they are."`
	SampleWeight  string                   `yaml:"sample_weight" doc:"A kept column of the data sets with the weight of each row in the loss. It also applies to the losses that are reported."`
	ClipNorm      float64                  `yaml:"clip_norm" default:"0" min:"0" doc:"Scale gradients down to this norm, taken over all weights. 0 is no limit."`
	ClipValue     float64                  `yaml:"clip_value" default:"0" min:"0" doc:"Cut each number of the gradients to this size, before clip_norm. 0 is no limit."`
	L1            float64                  `yaml:"l1" default:"0" min:"0" doc:"L1 regularisation: this number with the sign of each weight is added to the gradient."`
	DecayOf       string                   `yaml:"decay_of" default:"all" enum:"all,weights" doc:"What weight decay and l1 apply to: all parameters as in PyTorch, or weights and embeddings only, without biases and normalisation."`
	EMA           float64                  `yaml:"ema" default:"0" min:"0" below:"1" doc:"Decay of an exponential moving average of the parameters, taken after each step, which the curves are measured with and the model has. 0 is none, 0.999 is usual."`
	Initializer   nn.Initializer           `yaml:"initializer" default:"auto" doc:"How weights are drawn: auto is he_uniform before relu and its like, as in PyTorch in lstm and gru, else glorot_uniform."`
	EarlyStopping *nn.EarlyStopping        `yaml:"early_stopping" doc:"When to end before all epochs are run."`
	Norms         bool                     `yaml:"norms" default:"false" added:"true" doc:"Keep with the model how large the gradients of each layer were at the end of the first epoch, for the report of compare. In any case all epochs are in the points gradient_norm.*."`
	Threshold     *Threshold               `yaml:"threshold" added:"true" doc:"Of two classes: the probability of the positive one above which a row is taken for it, 0.5 by default. It becomes a part of the model: the classes that predict gives, and accuracy, f1 and the like in evaluate, go by it. The curves of accuracy in training go by 0.5."`
	Device        string                   `yaml:"device" default:"auto" enum:"auto,cpu,gpu" added:"true" doc:"What the network is trained on: the GPU, the CPU, or whichever is likely to be done earlier (auto)."`
	Precision     string                   `yaml:"precision" default:"float32" enum:"float32,tf32,bfloat16" added:"true" doc:"How exactly a GPU multiplies: float32 as the CPU does, tf32 with 10 bits of the fraction, bfloat16 with 7, also between layers. Weights are float32 in any case. The CPU knows float32 only, which auto trains with if it takes the CPU."`
	Deterministic bool                     `yaml:"deterministic" default:"true" added:"true" doc:"Whether a GPU gives the same bits whenever the same is computed. false is faster for some networks: convolutions by half at most."`

	Resume string `yaml:"resume" default:"same" enum:"same,any" added:"true" doc:"From which checkpoint a training goes on that was interrupted: one of the same device alone, which gives the same bits as if nothing had happened, or the latest of any device and precision. A model that was begun on another device cannot be made again to the bit."`

	processors Processors
}

// config is the settings but for the network, in the terms of package nn, for a
// target with the given classes.
func (s *Train) config(seed uint64, classes []string) (nn.Config, error) {
	cfg := nn.Config{
		Loss:           s.Loss,
		EarlyStopping:  s.EarlyStopping,
		Schedule:       s.Schedule.Factor(),
		Optimizer:      s.Optimizer.Rule(),
		Epochs:         s.Epochs,
		BatchSize:      s.BatchSize,
		Accumulate:     s.Accumulate,
		Shuffle:        s.Shuffle,
		BalanceClasses: s.ClassWeights.Mode == "balanced" || s.balance().By == "weights",
		Sampling:       s.balance().sampling(),
		Prior:          s.balance().Prior == "train",
		ClipNorm:       s.ClipNorm,
		ClipValue:      s.ClipValue,
		L1:             s.L1,
		DecayWeights:   s.DecayOf == "weights",
		Average:        s.EMA,
		Initializer:    s.Initializer,
		Seed:           seed,
		KeepNorms:      s.Norms,
	}
	var err error
	cfg.ClassWeights, err = s.ClassWeights.forClasses(classes)
	return cfg, err
}
