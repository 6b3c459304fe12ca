package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/relation"
	"pipe/data/table"
)

// A Window put beside rows what others of their series have.
type Window struct {
	Framing relation.Framing `json:"framing"`
	// Incomplete says that rows that have too few others before or after them stayed.
	Incomplete bool `json:"incomplete,omitempty"`
}

// made says whether the window has made a column.
func (w *Window) made(name string) bool {
	return slices.ContainsFunc(w.Framing.Frames, func(f relation.Frame) bool { return f.Name == name })
}

// window needs what is put beside rows in place of that, unless somebody has put all of
// it there already.
func (p *Part) window(w *Window, need []string, given *Given) (binder, []string) {
	part := *w
	part.Framing.Frames = nil
	there := given != nil
	for _, f := range w.Framing.Frames {
		if slices.Contains(need, f.Name) {
			part.Framing.Frames = append(part.Framing.Frames, f)
			there = there && given.Has(f.Name) && !given.Read(f.Name)
		}
	}
	if len(part.Framing.Frames) == 0 {
		return nil, need
	}
	if there {
		for _, f := range part.Framing.Frames {
			p.taken = append(p.taken, f.Name)
		}
		return nil, need
	}
	var before []string
	for _, name := range need {
		if !w.made(name) {
			before = append(before, name)
		}
	}
	for _, f := range part.Framing.Frames {
		delete(p.computed, f.Name)
	}
	for _, name := range part.Framing.Needs() {
		p.computed[name] = true
		before = with(before, name)
	}
	return &windowing{Window: &part, from: before, leave: given != nil && given.Leave}, before
}

// Targets are the columns that a window takes from later rows, which nobody knows when a
// forecast is made.
func (p *Part) Targets() (names []string) {
	for _, b := range p.links {
		if w, ok := b.(*windowing); ok {
			for _, f := range w.Framing.Frames {
				if f.Target {
					names = append(names, f.Name)
				}
			}
		}
	}
	return names
}

// A windowing is a window of which only some columns are wanted.
type windowing struct {
	*Window
	from  []string // columns of the table that are needed
	leave bool
}

func (w *windowing) bind(in *arrow.Schema, _ []Table) (link, error) {
	fields := make([]arrow.Field, len(w.from))
	for i, name := range w.from {
		at, err := table.Column(in, name)
		if err != nil {
			return nil, err
		}
		fields[i] = in.Field(at)
	}
	framer, err := relation.NewFramer(arrow.NewSchema(fields, nil), w.Framing)
	if err != nil {
		return nil, err
	}
	return &windowed{w, framer}, nil
}

// A windowed looks at many rows, so that rows do not go through it one batch at a time:
// see Stage.
type windowed struct {
	*windowing
	framer *relation.Framer
}

func (w *windowed) schema() *arrow.Schema         { return w.framer.Schema() }
func (*windowed) load(context.Context, int) error { return nil }

func (*windowed) apply(arrow.RecordBatch, *Met) (arrow.RecordBatch, error) {
	return nil, errors.New("rows of a window need the others of their series")
}

// oneOfThem is what to do about rows of one time.
const oneOfThem = "leave one of the rows with one time out, as a stage `dedupe` does"

// lacking says what becomes of a row that lacks something.
func (w *windowed) lacking(l relation.Lack) (p *Problem, gone bool) {
	reason := l.Reason()
	switch wrong := l&(relation.Wrong|relation.Gap) != 0; {
	case reason == "" || w.Incomplete && !wrong:
		return nil, false
	case w.leave && !wrong:
		return nil, true
	}
	p = &Problem{Column: w.Framing.Time, Reason: reason, Msg: reason, Fix: "add the rows of the series that are not there to the table"}
	if wrong := l & relation.Wrong; wrong != 0 {
		switch {
		case wrong&relation.NoTime != 0:
			p.Fix = "write the time there, or leave the row out"
		case wrong&relation.OffStep != 0:
			p.Fix = fmt.Sprintf("give it a time that is whole steps of %s behind the first of its series, or leave the row out", w.Framing.Step)
		default:
			p.Fix = oneOfThem
		}
		return p, false
	}
	for _, f := range w.Framing.Frames { // the first one that may be lacking
		ahead := f.View == relation.Shift && f.Steps > 0
		if len(f.Columns) > 0 && (reason != relation.Late.Reason() || ahead) && (reason != relation.Early.Reason() || !ahead) && (reason != relation.Hole.Reason() || f.View == relation.Listed) {
			p.Column = f.Columns[0]
			break
		}
	}
	return p, false
}
