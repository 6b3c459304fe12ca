package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"pipe/base/diag"
	"pipe/nn"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Processors are what networks are trained on beside the CPU.
type Processors interface {
	// Find looks for one that computes as it is asked for, without starting it. The
	// error says what is missing, and what to do about it; it is a *NoneError if
	// nobody has installed anything.
	Find(Computing) (Processor, error)
}

// A NoneError says that there is nothing but the CPU, which is no fault.
type NoneError struct{ Err error }

func (e *NoneError) Error() string { return e.Err.Error() }
func (e *NoneError) Unwrap() error { return e.Err }

// Computing says how a network is trained.
type Computing struct {
	Precision     string // of products: float32, tf32 or bfloat16
	Deterministic bool
	Devices       int // that share each batch
}

func (c Computing) String() string {
	s := c.Precision
	if c.Deterministic {
		s += ", deterministic"
	}
	if c.Devices > 1 {
		s = fmt.Sprintf("%d devices, %s", c.Devices, s)
	}
	return s
}

// A Processor is one that was found.
type Processor struct {
	Name  string // of the device, as in "NVIDIA H200"
	Class string // numeric class: the same class gives the same bits
	GPUs  int    // of the machine that it takes; 0 for one that only stands for a GPU

	// Open starts it, with those of the GPUs that have these names, as Env.GPUs
	// gives them. When the context ends nothing waits for its compiler any more.
	Open func(ctx context.Context, gpus []string) (Backend, error)
}

// A Backend computes until it is closed.
type Backend interface {
	nn.Backend
	io.Closer
}

// Values of settings.
const (
	fromAny = "any"
	auto    = "auto"
	onCPU   = "cpu"
	onGPU   = "gpu"
	full    = "float32"
)

// checkDevice finds what a CPU does not do.
func (s *Train) checkDevice() error {
	if s.Device != onCPU {
		return nil
	}
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, &settings.FieldError{Field: field, Err: fmt.Errorf(format, args...), Todo: "remove it, or train on a GPU with `device: gpu`"})
	}
	if s.Precision != full {
		wrong("precision", "a CPU computes with float32: %s is for GPUs", s.Precision)
	}
	if !s.Deterministic {
		wrong("deterministic", "a CPU always computes the same bits: `deterministic: false` is for GPUs")
	}
	return errors.Join(errs...)
}

var _ pipeline.Placer = (*Train)(nil)

// Choices implements pipeline.Placer.
func (*Train) Choices() []string { return []string{"device", "precision", "deterministic", "resume"} }

// Place implements pipeline.Placer.
func (s *Train) Place(gpus pipeline.GPUs, inputs pipeline.Sources) (pipeline.Placement, error) {
	on, err := s.where(gpus, inputs)
	on.Moves = s.Resume == fromAny
	return on, err
}

// where is Place but for what becomes of checkpoints.
func (s *Train) where(gpus pipeline.GPUs, inputs pipeline.Sources) (pipeline.Placement, error) {
	switch {
	case s.Device == onGPU:
		p, c, err := s.find(max(1, gpus.Declared))
		if err != nil {
			return pipeline.Placement{}, fmt.Errorf("device: gpu: %w", err)
		}
		return placement(p, c), nil
	case s.Device == auto && s.processors != nil && inputs != nil:
		return s.choose(gpus, inputs)
	}
	return pipeline.Placement{}, nil
}

// placement is that of a stage on a processor.
func placement(p Processor, c Computing) pipeline.Placement {
	return pipeline.Placement{
		Engine: nn.Engine + pipeline.EngineSeparator + p.Class, Device: p.Name + ", " + c.String(),
		Devices: c.Devices, GPUs: p.GPUs, Varies: !c.Deterministic,
	}
}

// find looks for GPUs.
func (s *Train) find(devices int) (Processor, Computing, error) {
	c := Computing{Precision: s.Precision, Deterministic: s.Deterministic, Devices: devices}
	if s.processors == nil {
		return Processor{}, c, diag.WithHint(&NoneError{errors.New("this program knows no GPUs")}, "use `device: auto`, which trains on the CPU where there is no GPU")
	}
	p, err := s.processors.Find(c)
	return p, c, err
}

// choose takes a GPU if there is one that pays. A stage that has declared one
// keeps it from others, and so uses it.
func (s *Train) choose(gpus pipeline.GPUs, inputs pipeline.Sources) (pipeline.Placement, error) {
	p, c, err := s.find(max(1, gpus.Declared))
	switch {
	case err == nil && p.GPUs == 0, errors.As(err, new(*NoneError)) && gpus.Declared == 0:
		return pipeline.Placement{}, nil
	case err != nil: // no reason not to train
		return pipeline.Placement{Why: strings.ReplaceAll(err.Error(), "\n", "; ")}, nil
	}
	if p.GPUs > gpus.Offered {
		return pipeline.Placement{Why: "the run is offered no GPU"}, nil
	}
	on := placement(p, c)
	if gpus.Declared > 0 {
		on.Why = "the stage has resources.gpu"
		return on, nil
	}
	work, err := s.work(inputs)
	if err != nil {
		return pipeline.Placement{}, err
	}
	cpu, gpu := work.onCPU(), work.onGPU(s.Precision)
	if cpu < pays*gpu {
		return pipeline.Placement{Why: fmt.Sprintf("training takes about %s on a CPU, and a GPU pays from about %s on", roughly(cpu), roughly(pays*gpu))}, nil
	}
	on.Why = fmt.Sprintf("training takes about %s on a CPU, and about %s there", roughly(cpu), roughly(gpu))
	return on, nil
}

// backend starts the processor on which the stage was placed; nil is the CPU. It
// must be the very one that the key of the stage names.
func (s *Train) backend(ctx context.Context, env pipeline.Env) (Backend, error) {
	on := env.Placement()
	if s.Device == auto && on.Why != "" {
		where := "cpu"
		if !on.IsCPU() {
			where = on.Device
		}
		env.Log().Info(fmt.Sprintf("device auto: %s (%s)", where, on.Why))
	}
	if on.IsCPU() && s.Precision != full {
		env.Log().Info(fmt.Sprintf("precision: %s is for GPUs, the CPU trains with float32", s.Precision))
	}
	if on.IsCPU() {
		return nil, nil
	}
	p, c, err := s.find(on.Devices)
	if err != nil {
		return nil, err
	}
	if placement(p, c).Engine != on.Engine {
		return nil, diag.WithHint(fmt.Errorf("the stage was to run on %s, which is no longer the same", on.Device),
			"the GPU, its driver or the XLA plugin has changed since the run began: run it again")
	}
	gpus := env.GPUs()
	if p.GPUs == 0 {
		gpus = nil
	}
	text := "trains on " + on.Device
	if len(gpus) > 0 {
		text += ": GPU " + strings.Join(gpus, ", ")
	}
	env.Log().Info(text)
	return p.Open(ctx, gpus)
}

// trainedOn is what a model was trained on, in words; empty is the CPU.
func trainedOn(env pipeline.Env) string {
	on, before := env.Placement().Device, env.BegunOn()
	if before == "" {
		return on
	}
	return cmp.Or(on, "CPU") + "; begun on " + before
}
