package pipeline

import "pipe/base/diag"

// A Repeater is a Stage that new rows go through again when a model is asked about
// them, or that says why they cannot.
type Repeater interface {
	// Repeats gives, of the inputs, the one whose rows the output has, empty for any of
	// them. why says, as the end of a sentence, that new rows cannot go through the stage
	// as those of training did; it is empty if they can.
	Repeats() (port, why string)
}

// repeats notes which stages between what was read and what is learned from new rows
// cannot go through.
func (l *linker) repeats() {
	seen := map[*draft]bool{}
	var through func(d *draft, port string)
	through = func(d *draft, port string) {
		for _, in := range d.inputs {
			from := in.from
			if from == nil || from.open || in.edge.Type != Table || port != "" && in.port != port || seen[from] {
				continue
			}
			seen[from] = true
			port, why := "", ""
			if r, ok := from.step.Stage.(Repeater); ok {
				port, why = r.Repeats()
			}
			if why == "" {
				through(from, port)
				continue
			}
			l.p.Note(from.at, "give pipe predict files that have the columns that the stage makes, or let new rows go through the same stages of a pipeline and connect them to a stage `predict`",
				"a model behind stage %s (%s) cannot score rows as they are read: %s", diag.Quote(from.step.Name), from.step.Kind.Name, why)
		}
	}
	for _, d := range l.drafts {
		if _, ok := d.step.Stage.(Fitter); ok && !d.open {
			through(d, "")
		}
	}
}
