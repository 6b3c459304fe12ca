package pipeline

// A Placer is a Stage that more than one processor can work on, whose results
// differ from each other in the last bits.
type Placer interface {
	// Place says which of them is to do it. It is asked when the inputs are there and before each look-up in the cache, so
	// it has to be quick and, as long as nothing changes, to say the same; and it
	// gets bytes that nobody has verified. Before a run begins it is asked without
	// inputs (nil), what is sure by then. An error says that the stage cannot be
	// worked on here.
	Place(gpus GPUs, inputs Sources) (Placement, error)
	// Choices are the settings that say where and how the work is done: with other
	// values of them it still is the same work.
	Choices() []string
}

// GPUs are how many of them a stage declares, and how many its run is offered.
type GPUs struct{ Declared, Offered int }

// EngineSeparator is between the words of a numeric class.
const EngineSeparator = "; "

// A Placement is the processor that works on a stage. The zero value is the CPU.
type Placement struct {
	// Engine is the numeric class of the results, in place of that of the kind:
	// the same class gives the same bits. Empty is that of the kind. It is words with
	// an EngineSeparator between them, of which people are told those that differ.
	Engine string
	// Device is the processor in words, as in "NVIDIA H200, bfloat16, deterministic".
	Device string
	// Devices are how many share the work, GPUs how many of those of the machine
	// the stage takes while it runs. Both are 0 on the CPU.
	Devices, GPUs int
	// Varies says that two runs give different bits, in spite of their class.
	Varies bool
	// Moves says that the stage may go on from what another processor has left of
	// the same work. The results are of no class then.
	Moves bool
	// Why says why it was chosen, if that is not plain from the settings.
	Why string
}

// IsCPU reports whether it is the processor on which all stages run that say
// nothing.
func (p Placement) IsCPU() bool { return p.Engine == "" }

// Of is the numeric class of a stage of a kind; empty if there is none.
func (p Placement) Of(k *Kind) string {
	if p.Engine != "" {
		return p.Engine
	}
	return k.Engine
}
