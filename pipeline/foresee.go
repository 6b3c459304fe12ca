package pipeline

import (
	"fmt"
	"slices"

	"pipe/data/task"
)

// A Foreseer is a Stage that finds out before there is any data what does not go
// together: its settings with the inputs that are connected, and with what is
// known of those.
type Foreseer interface {
	// Foresee is asked at plan time, after Validate and OutputPorts, of producers
	// before consumers. There is an entry for each connected input. What it
	// returns holds for all outputs. Errors are like those of Validate; what is
	// returned with them is used all the same.
	Foresee(inputs map[string]Facts) (Facts, error)
}

// Facts are what is known of an artifact before it is made. Zero is nothing.
type Facts struct {
	// Tasks are what there may be to learn from a data set, or what a model may
	// have learned, in the words of its signature. Nil: not known. Empty: there
	// is nothing, since there is no target.
	Tasks []task.Kind
	// Why is the setting that says so, as in "loss: mse".
	Why string
	// From is the stage that has it; empty for the one that is asked.
	From string

	// Missing is the setting by which numbers may be missing in a data set, as in
	// "impute: keep"; empty: none are, or that is not known.
	Missing string

	// Keep lists the columns that a data set carries along. Nil: not known.
	Keep []string

	// Data names the data set that it is, as STAGE.PORT; Learned the one that a model
	// has learned from. Empty: not known.
	Data, Learned string
	// Doubts are what the stage that says so has of its inputs.
	Doubts []Doubt
}

// A Doubt is what looks wrong of an input but is allowed.
type Doubt struct{ Port, Msg, Hint string }

// Narrow keeps those of the tasks that a setting goes with. It says whether any
// are left; if none are, nothing changes.
func (f Facts) Narrow(tasks []task.Kind, why string) (Facts, bool) {
	left := tasks
	if f.Tasks != nil {
		left = slices.DeleteFunc(slices.Clone(f.Tasks), func(t task.Kind) bool { return !slices.Contains(tasks, t) })
		if len(left) == 0 {
			return f, false
		}
		if len(left) == len(f.Tasks) {
			return f, true
		}
	}
	f.Tasks, f.Why, f.From = left, why, ""
	return f, true
}

// Reason says, for a message, why the tasks are what they are.
func (f Facts) Reason() string {
	if f.From == "" {
		return "this stage has " + f.Why
	}
	return fmt.Sprintf("stage %s has %s", f.From, f.Why)
}

// known is what is known of the connected inputs.
func (d *draft) known() map[string]Facts {
	inputs := make(map[string]Facts, len(d.inputs))
	for _, in := range d.inputs {
		inputs[in.port] = Facts{}
		if in.from != nil {
			facts := in.from.facts
			if facts.Doubts = nil; in.edge.Type == Dataset {
				facts.Data = in.edge.From.String()
			}
			inputs[in.port] = facts
		}
	}
	return inputs
}

// foresee asks the stages in their order.
func (l *linker) foresee(sorted []*draft) {
	for _, d := range sorted {
		f, ok := d.step.Stage.(Foreseer)
		if d.step.Kind == nil || !ok {
			continue
		}
		facts, err := f.Foresee(d.known())
		if facts.From == "" {
			facts.From = d.step.Name
		}
		d.facts = facts
		for _, doubt := range facts.Doubts {
			for _, in := range d.inputs {
				if in.port == doubt.Port {
					l.p.Warn(in.refAt, doubt.Hint, "%s", doubt.Msg)
				}
			}
		}
		if err != nil {
			l.p.Report(err, d.with, d.configAt)
		}
	}
}
