package relation

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/tensor"
)

// A Framing puts beside each row of a series what a network learns from: values of
// the steps before it, and of the steps after it, which are to be predicted. Rows of
// a group are a series; they are in the order of Time, which no two of them share.
type Framing struct {
	By     []string `json:"by,omitempty"`
	Time   string   `json:"time"`
	Step   string   `json:"step,omitempty"` // from a row to the next one: a length of time, or a whole number; empty: each row is a step
	Gaps   Gaps     `json:"gaps"`           // what becomes of steps without a row; they can be told only by Step
	Frames []Frame  `json:"frames"`
}

// Gaps says what a step is without a row.
type Gaps string

const (
	GapsWrong   Gaps = "error"   // a row that needs it lacks it
	GapsMissing Gaps = "missing" // its values are missing
	GapsFilled  Gaps = "fill"    // what is missing is the last value before; for what is before the row only
)

// A Frame is a column that is made.
type Frame struct {
	Name    string   `json:"name"`
	View    View     `json:"view"`
	Columns []string `json:"columns,omitempty"` // of the table: one, or those of Listed
	// Steps is how far away the value is, before the row if negative; with Change how
	// far back the value is that is subtracted; with Listed how many are listed.
	Steps    int    `json:"steps,omitempty"`
	Before   bool   `json:"before,omitempty"`   // with Listed and Rolled: the row itself is none of them
	Period   string `json:"period,omitempty"`   // of the others: a length of time, or a whole number
	Harmonic int    `json:"harmonic,omitempty"` // how often a wave comes in a period
	// Measure is the statistic of Rolled, of Steps steps as with Listed. Its column is in Columns.
	Measure *Measure `json:"measure,omitempty"`
	// Target says that nobody knows it at the time of the row: it is to be predicted.
	Target bool `json:"target,omitempty"`
}

// A View is what a Frame shows.
type View string

const (
	Shift  View = "shift"  // a value of another step
	Change View = "change" // by how much the value is larger than that of a step before
	Listed View = "list"   // the values of several columns in each of the last steps, the earliest first
	Rolled View = "rolled" // a statistic of a column in the last steps
	Sine   View = "sine"   // of the place of the time in a period
	Cosine View = "cosine" // likewise
	Phase  View = "phase"  // how many whole steps of the period are over
)

// Bounds of a framing.
const (
	MostFrames    = 10_000
	MostSteps     = 1_000_000 // how far one looks
	mostHarmonics = 1000
)

// Check finds what is wrong with a framing whatever the table is.
func (f *Framing) Check() error {
	if f.Gaps != GapsWrong && f.Gaps != GapsMissing && f.Gaps != GapsFilled {
		return fmt.Errorf("unknown gaps %q", f.Gaps)
	}
	if len(f.Frames) == 0 || len(f.Frames) > MostFrames {
		return fmt.Errorf("%d columns are to be made, want 1 to %d", len(f.Frames), MostFrames)
	}
	seen := map[string]bool{}
	for _, one := range f.Frames {
		if seen[one.Name] {
			return fmt.Errorf("two columns would be named %q", one.Name)
		}
		seen[one.Name] = true
		if err := one.check(); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	return nil
}

func (f *Frame) check() error {
	steps, columns := max(f.Steps, -f.Steps), len(f.Columns)
	switch f.View {
	case Shift:
		if steps < 1 || steps > MostSteps || columns != 1 {
			return errors.New("it shifts no column, or by no steps")
		}
	case Change:
		if f.Steps < 1 || f.Steps > MostSteps || columns != 1 {
			return errors.New("it is the change of no column, or since no steps")
		}
	case Listed:
		if f.Steps < 1 || f.Steps > MostSteps || columns < 1 || columns > MostFrames {
			return errors.New("it lists no columns, or no steps")
		}
	case Rolled:
		m := f.Measure
		if f.Steps < 1 || f.Steps > MostSteps || m == nil || m.Column == "" && m.Statistic != Count || !slices.Equal(f.Columns, m.columns()) ||
			!(m.Quantile >= 0 && m.Quantile <= 1) || m.DDoF < 0 || m.DDoF > 1000 {
			return errors.New("it is the statistic of no column, or of no steps")
		}
	case Sine, Cosine:
		if f.Harmonic < 1 || f.Harmonic > mostHarmonics || columns != 0 {
			return errors.New("it is no wave")
		}
	case Phase:
		if columns != 0 {
			return errors.New("it is of no column")
		}
	default:
		return fmt.Errorf("unknown view %q", f.View)
	}
	return nil
}

// columns are those that a measure needs: one or none.
func (m *Measure) columns() []string {
	if m.Column == "" {
		return nil
	}
	return []string{m.Column}
}

// Needs are the columns of the table that are needed, in the order in which they are named.
func (f *Framing) Needs() []string {
	var names []string
	need(&names, f.Time)
	for _, name := range f.By {
		need(&names, name)
	}
	for _, one := range f.Frames {
		for _, name := range one.Columns {
			need(&names, name)
		}
	}
	return names
}

// A Framer is a framing of a table with certain columns.
type Framer struct {
	siding
	spec    Framing
	time    int // in records of names
	nanos   bool
	whole   bool // times are whole numbers
	step    Span // with Step; of whole numbers, in Nanos
	unit    int64
	frames  []frame
	numbers []bool // of each needed column, whether it is needed as numbers
	fills   []bool // likewise, whether it is filled
	schema  *arrow.Schema
}

// A frame is one of certain columns.
type frame struct {
	Frame
	columns   []int // in records of names
	field     arrow.Field
	every     *window    // of Period
	measuring *measuring // of Measure
}

// lackColumn is a column that only the parts of a framing see.
const lackColumn = "lack"

// NewFramer checks that a table with the columns can be framed. The error is about
// Time, By, Step, or the Name of a frame.
func NewFramer(schema *arrow.Schema, spec Framing) (*Framer, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	f := &Framer{spec: spec, siding: siding{table: schema, hasher: newHasher(), rowSize: framedBytes}}
	at, err := table.Column(schema, spec.Time)
	if err != nil {
		return nil, fmt.Errorf("time: %w", err)
	}
	t := schema.Field(at).Type
	if !inOrder(t) {
		return nil, diag.WithHint(fmt.Errorf("time: column %q is %s, which has no order in time", spec.Time, table.TypeName(t)),
			fmt.Sprintf("read it as a time: `columns: {%s: timestamp}` of the ingest stage; whole numbers and dates do as well", spec.Time))
	}
	f.nanos, f.whole, f.unit = inNanos(t), orderOf(t) == table.ClassWhole, 1000
	if f.nanos || f.whole {
		f.unit = 1
	}
	if spec.Step != "" {
		if f.step, err = f.spanOf(spec.Step); err != nil {
			return nil, fmt.Errorf("step: %w", err)
		}
	}
	f.time = need(&f.names, spec.Time)
	for _, name := range spec.By {
		need(&f.names, name)
	}
	made := map[string]bool{}
	for _, one := range spec.Frames {
		if made[one.Name] || len(schema.FieldIndices(one.Name)) > 0 {
			return nil, diag.WithHint(fmt.Errorf("there would be two columns %q", one.Name), "rename the one that the table has before")
		}
		made[one.Name] = true
		frame, err := f.frameOf(schema, one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.Name, err)
		}
		f.frames = append(f.frames, frame)
	}
	var out []arrow.Field
	needs, err := narrowed(schema, f.names)
	if err != nil {
		return nil, err
	}
	if f.keys, err = NewKeys(needs, spec.By...); err != nil {
		return nil, fmt.Errorf("by: %w", err)
	}
	for i := range f.frames {
		one := &f.frames[i]
		if one.View != Rolled {
			continue
		}
		if one.measuring, err = newMeasuring(needs, *one.Measure, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", one.Name, err)
		}
		one.field = one.measuring.out
		one.field.Name, one.field.Nullable = one.Name, true
	}
	f.numbers, f.fills = make([]bool, len(f.names)), make([]bool, len(f.names))
	for _, one := range f.frames {
		out = append(out, one.field)
		for _, c := range one.columns {
			f.numbers[c] = f.numbers[c] || one.View == Change || one.View == Listed
			f.fills[c] = f.fills[c] || spec.Gaps == GapsFilled && (one.View != Shift || one.Steps < 0)
		}
	}
	meta := schema.Metadata()
	f.schema = arrow.NewSchema(append(slices.Clone(schema.Fields()), out...), &meta)
	out = append(out, arrow.Field{Name: lackColumn, Type: arrow.PrimitiveTypes.Uint16})
	f.made = arrow.NewSchema(out, nil)
	f.out = arrow.NewSchema(append(slices.Clone(schema.Fields()), out...), nil)
	return f, nil
}

// spanOf reads a step or a period of the times.
func (f *Framer) spanOf(text string) (Span, error) {
	if f.whole {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return Span{}, diag.WithHint(fmt.Errorf("%q is no distance of whole numbers, which the column %q holds", text, f.spec.Time), "write a whole number from 1")
		}
		return Span{Nanos: n, text: text}, nil
	}
	span, err := ParseSpan(text)
	if err == nil && span.Nanos%f.unit != 0 {
		err = diag.WithHint(fmt.Errorf("column %q is in microseconds, of which %v is no multiple", f.spec.Time, span), "write a longer time")
	}
	return span, err
}

func (f *Framer) frameOf(schema *arrow.Schema, spec Frame) (frame, error) {
	one := frame{Frame: spec}
	var first arrow.Field
	for i, name := range spec.Columns {
		at, err := table.Column(schema, name)
		if err != nil {
			return one, err
		}
		field := schema.Field(at)
		if i == 0 {
			first = field
		}
		switch c := table.ClassOf(field.Type); {
		case c == table.ClassOther:
			return one, diag.WithHint(fmt.Errorf("column %q holds lists", name), "use columns with one value in each row")
		case spec.View != Shift && spec.View != Rolled && c != table.ClassWhole && c != table.ClassReal && c != table.ClassBool:
			return one, diag.WithHint(fmt.Errorf("column %q is %s, and this is of numbers", name, table.TypeName(field.Type)), "use `lags` for other values, or make numbers of them with a `derive` stage")
		}
		one.columns = append(one.columns, need(&f.names, name))
	}
	switch spec.View {
	case Shift:
		one.field = arrow.Field{Name: spec.Name, Type: first.Type, Nullable: true, Metadata: first.Metadata}
		return one, nil
	case Rolled:
		return one, nil // its field is that of the statistic
	case Change:
		one.field = arrow.Field{Name: spec.Name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
		return one, nil
	case Listed:
		width := spec.Steps * len(spec.Columns)
		if err := table.CheckList(tensor.F32, width); err != nil {
			return one, err
		}
		one.field = table.WithShape(arrow.Field{Name: spec.Name, Type: table.VectorType(width)}, []int{spec.Steps, len(spec.Columns)})
		one.field = table.WithShown(one.field, table.Series)
		return one, nil
	}
	one.field = arrow.Field{Name: spec.Name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
	every, err := f.spanOf(spec.Period)
	if err != nil {
		return one, fmt.Errorf("period: %w", err)
	}
	one.every = &window{Window: Window{Every: every}, unit: f.unit}
	if spec.View == Phase {
		one.field.Type = arrow.PrimitiveTypes.Int64
		if f.spec.Step == "" {
			return one, diag.WithHint(fmt.Errorf("nothing says how long a step is"), "write `step: 1h`")
		}
		if f.step.Months > 0 && every.Months == 0 {
			return one, diag.WithHint(fmt.Errorf("a period of %v is not of steps of %v", every, f.step), "write months, quarters or years")
		}
	}
	return one, nil
}

// Schema is that of what is made: the columns of the table, then the frames.
func (f *Framer) Schema() *arrow.Schema { return f.schema }

// Run emits the rows of a table, in their order, with the frames beside them, and says
// of each what it lacks. Where it lacks something, frames may be missing, and lists
// are zeros.
func (f *Framer) Run(ctx context.Context, with Means, t *table.Reader, emit func(rec arrow.RecordBatch, lacks []Lack) error) error {
	return f.run(ctx, with, t, f.frame, func(rec arrow.RecordBatch) error {
		n := int(rec.NumCols()) - 1
		lacks := make([]Lack, rec.NumRows())
		for i, l := range rec.Column(n).(*array.Uint16).Values() {
			lacks[i] = Lack(l)
		}
		out := array.NewRecordBatch(f.schema, rec.Columns()[:n], rec.NumRows())
		defer out.Release()
		return emit(out, lacks)
	})
}

// A Lack is what a row needs and is not there; several come together.
type Lack uint16

const (
	NoTime   Lack = 1 << iota // it has no time
	OffStep                   // its time is at no step
	Twice                     // a row before it has its time, or is in its step
	Unclear                   // two rows of its group have one time
	Gap                       // a step that it needs has no row
	Early                     // it needs steps before the first row
	Late                      // it needs steps after the last row
	Hole                      // a value of a list is missing
	AfterGap                  // the step before it has no row: no lack of the row itself
)

// Wrong are the lacks that no row of a series has that is as it should be.
const Wrong = NoTime | OffStep | Twice | Unclear

// Reason says what is lacking, the most important of several; empty if nothing is.
func (l Lack) Reason() string {
	for _, r := range [...]struct {
		lack   Lack
		reason string
	}{
		{NoTime, "it has no time"},
		{OffStep, "its time is at no step of its series"},
		{Twice, "another row of its series has its time"},
		{Unclear, "two rows of its series have one time"},
		{Gap, "a step that it needs has no row"},
		{Early, "its series has too few rows before it"},
		{Late, "its series has too few rows after it"},
		{Hole, "a value of its window is missing"},
	} {
		if l&r.lack != 0 {
			return r.reason
		}
	}
	return ""
}

// monthOf numbers the month of a time.
func (f *Framer) monthOf(t int64) int64 { return monthOf(t, day/f.unit) }

// phase says how many steps of a period are over, and what share of it is.
func (f *Framer) phase(every *window, t int64) (steps int64, share float64) {
	var begin, end int64
	switch {
	case f.whole:
		begin = t - floorMod(t, every.Every.Nanos)
		end = begin + every.Every.Nanos
	case every.Every.Months > 0:
		begin = every.begin(t)
		end = every.begin(begin + 31*every.Every.Months*day/f.unit)
	default:
		begin = every.begin(t)
		end = begin + every.Every.Nanos/f.unit
	}
	if f.step.Months > 0 {
		steps = (f.monthOf(t) - f.monthOf(begin)) / f.step.Months
	} else if f.step.Nanos > 0 {
		steps = (t - begin) / (f.step.Nanos / f.unit)
	}
	return steps, min(1, max(0, float64(t-begin)/math.Max(1, float64(end-begin))))
}
