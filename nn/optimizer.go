package nn

import "pipe/nn/optim"

// What a Config says about steps is that of package optim.
type (
	Optimizer = optim.Optimizer
	Rule      = optim.Rule
	SGD       = optim.SGD
	Adam      = optim.Adam
	AdamW     = optim.AdamW
	RMSprop   = optim.RMSprop
	Adagrad   = optim.Adagrad
	Lion      = optim.Lion

	Schedule    = optim.Schedule
	Factor      = optim.Factor
	Progress    = optim.Progress
	Constant    = optim.Constant
	StepDecay   = optim.StepDecay
	Exponential = optim.Exponential
	Cosine      = optim.Cosine
	OneCycle    = optim.OneCycle
	Plateau     = optim.Plateau
)
