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

// A Remedier is a Repeater that new rows cannot go through with its settings, and that knows
// others with which they can.
type Remedier interface{ Remedy() string }

// A Surveyor is a Stage that makes something of each row of other rows around it, so that it
// matters which rows there are. New rows go through it again.
type Surveyor interface {
	// Series are the columns whose equal values make rows one series: others do not count.
	// around is false if it looks at no others with its settings.
	Series() (columns []string, around bool)
}

// A Thinner is a Stage that leaves out rows, and that new rows do not go through: all
// of them stay, and are around the others.
type Thinner interface {
	// Thins says which rows are left out of series by some columns, as in "rows that it
	// does not draw". It is empty if each series is whole, or an end of it is left out.
	Thins(series []string) string
}

// repeats notes which stages between what was read and what is learned from new rows
// cannot go through.
func (l *linker) repeats() {
	type visit struct {
		*draft
		around bool
	}
	seen, told := map[visit]bool{}, map[*draft]bool{}
	var through func(d *draft, port string, around *draft)
	through = func(d *draft, port string, around *draft) {
		for _, in := range d.inputs {
			from := in.from
			if from == nil || from.open || in.edge.Type != Table || port != "" && in.port != port || seen[visit{from, around != nil}] {
				continue
			}
			seen[visit{from, around != nil}] = true
			port, why := "", ""
			if r, ok := from.step.Stage.(Repeater); ok {
				port, why = r.Repeats()
			}
			if why != "" {
				if !told[from] {
					told[from] = true
					hint := ""
					if r, ok := from.step.Stage.(Remedier); ok {
						hint = r.Remedy() + "; otherwise "
					}
					l.p.Note(from.at, hint+"give pipe predict files that have the columns that the stage makes, or let new rows go through the same stages of a pipeline and connect them to a stage `predict`",
						"a model behind stage %s (%s) cannot score rows as they are read: %s", diag.Quote(from.step.Name), from.step.Kind.Name, why)
				}
				continue
			}
			if t, ok := from.step.Stage.(Thinner); ok && around != nil {
				series, _ := around.step.Stage.(Surveyor).Series()
				if which := t.Thins(series); which != "" {
					l.p.Note(from.at, "let a `filter` leave the rows out, which new rows go through, too; or put the stage behind "+diag.Quote(around.step.Name)+"; or let new rows go through the same stages of a pipeline and connect them to a stage `predict`",
						"a model behind stage %s (%s) predicts otherwise of rows as they are read: here %s are left out before it, and there they are not", diag.Quote(around.step.Name), around.step.Kind.Name, which)
				}
			}
			next := around
			if s, ok := from.step.Stage.(Surveyor); ok {
				if _, looks := s.Series(); looks {
					next = from
				}
			}
			through(from, port, next)
		}
	}
	for _, d := range l.drafts {
		if _, ok := d.step.Stage.(Fitter); ok && !d.open {
			through(d, "", nil)
		}
	}
}
