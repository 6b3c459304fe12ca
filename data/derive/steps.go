package derive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source/schema"
	"pipe/pipeline/settings"
)

// StepsKey is the metadata of a table that says how its columns were made of those
// that were read, as JSON. A table whose columns were only read does not have it.
const StepsKey = "pipe.steps"

// maxSteps bounds the metadata.
const maxSteps = 16 << 20

// Steps are what columns went through since they were read, so that new rows can go
// through it, too.
type Steps struct {
	// Reading is the schema of the columns that were read, as a document.
	Reading json.RawMessage `json:"reading"`
	// Steps are the settings of each, without what says nothing.
	Steps []json.RawMessage `json:"steps"`
}

// Carried is what a table says of its columns, nil if they were only read.
func Carried(t *arrow.Schema) (*Steps, error) {
	text, ok := t.Metadata().GetValue(StepsKey)
	if !ok {
		return nil, nil
	}
	if len(text) > maxSteps {
		return nil, fmt.Errorf("the metadata %s of the table have more than %d MiB", StepsKey, maxSteps>>20)
	}
	s := new(Steps)
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil || len(s.Steps) == 0 {
		return nil, fmt.Errorf("the metadata %s of the table are no steps", StepsKey)
	}
	return s, nil
}

// Carry gives the schema of what Apply makes with what its columns went through: that of
// the table that came in, and this step.
func (c *Columns) Carry(in, out *arrow.Schema) (*arrow.Schema, error) {
	steps, err := Carried(in)
	if err != nil {
		return nil, err
	}
	if steps == nil {
		steps = new(Steps)
		if steps.Reading, err = schema.Whole(in); err != nil {
			return nil, err
		}
	}
	steps.Steps = append(steps.Steps, c.Step())
	return steps.carriedBy(out)
}

// carriedBy gives a schema the steps.
func (s *Steps) carriedBy(t *arrow.Schema) (*arrow.Schema, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil, err
	}
	meta := t.Metadata().ToMap()
	delete(meta, schema.ReadingKey) // of other columns than these
	if meta[StepsKey] = string(bytes.TrimSpace(text.Bytes())); len(meta[StepsKey]) > maxSteps {
		delete(meta, StepsKey) // so many that nobody will score such rows by hand
	}
	with := arrow.MetadataFrom(meta)
	return arrow.NewSchema(t.Fields(), &with), nil
}

// Step is what Carry adds to a table.
func (c *Columns) Step() json.RawMessage { return settings.Brief(c) }

// Replaced are the columns of a table with some names that others take the place of.
// Those count, too, whose names are not given, but which are themselves a part of
// what replaces them.
func (c *Columns) Replaced(names []string) (list []string) {
	for _, e := range c.Columns {
		if same, ok := e.Value.Alone(); ok && same == e.Key {
			continue
		}
		if slices.Contains(names, e.Key) || slices.Contains(e.Value.Columns(), e.Key) {
			list = append(list, e.Key)
		}
	}
	for _, e := range c.Rename {
		if slices.Contains(names, e.Value) && e.Key != e.Value {
			list = append(list, e.Value)
		}
	}
	return list
}

// Beside gives the schema of a table that got columns which were not made of its own:
// new rows need to have them, as they need those that were read. taken are those whose
// names columns had that were read: in new rows nobody can tell them from these.
func Beside(t *arrow.Schema, columns []arrow.Field) (with *arrow.Schema, taken []string, err error) {
	steps, err := Carried(t)
	if err != nil || steps == nil {
		return t, nil, err
	}
	reading, taken, err := schema.With(steps.Reading, columns)
	if err != nil {
		return nil, nil, err
	}
	steps.Reading = reading
	with, err = steps.carriedBy(t)
	return with, taken, err
}

// Meet gives the schema of a table that is made of several: it says how its data were
// read only if those of all were read in one way. rows is for tables whose rows come
// after each other, whose columns then hold dates of all of them.
func Meet(t *arrow.Schema, rows bool, of ...*arrow.Schema) (*arrow.Schema, error) {
	var first []byte
	for i, one := range of {
		reading, err := readingOf(one)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			first = reading
			continue
		}
		alike, err := schema.Alike(first, reading, rows)
		if err != nil {
			return nil, err
		}
		if !alike {
			return mix(t)
		}
	}
	kept, err := readingOf(t)
	if err != nil {
		return nil, err
	}
	if alike, err := schema.Alike(first, kept, false); err != nil || alike {
		return t, err
	}
	return mix(t) // what one of them says is not of all rows, and so nothing is said
}

// readingOf is the schema of the columns of a table that were read.
func readingOf(t *arrow.Schema) ([]byte, error) {
	steps, err := Carried(t)
	if err == nil && steps != nil {
		return steps.Reading, nil
	}
	if err != nil {
		return nil, err
	}
	return schema.Whole(t)
}

// mix gives a schema that says that its data were read in several ways.
func mix(t *arrow.Schema) (*arrow.Schema, error) {
	steps, err := Carried(t)
	if err != nil {
		return nil, err
	}
	if steps == nil {
		return schema.MixTable(t), nil
	}
	if steps.Reading, err = schema.Mix(steps.Reading); err != nil {
		return nil, err
	}
	return steps.carriedBy(t)
}

// Equal says whether columns went through the same.
func (s *Steps) Equal(t *Steps) bool {
	return slices.EqualFunc(s.Steps, t.Steps, func(a, b json.RawMessage) bool { return bytes.Equal(compact(a), compact(b)) })
}

// Has says whether a step is one of them.
func (s *Steps) Has(step json.RawMessage) bool {
	return slices.ContainsFunc(s.Steps, func(one json.RawMessage) bool { return bytes.Equal(compact(one), compact(step)) })
}

func compact(text json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text
	}
	return b.Bytes()
}

// Columns reads the steps, which anyone may have written.
func (s *Steps) Columns() ([]*Columns, error) {
	list := make([]*Columns, len(s.Steps))
	for i, text := range s.Steps {
		list[i] = new(Columns)
		if err := settings.FromJSON(text, list[i]); err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
		if err := list[i].Validate(); err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return list, nil
}

// A Replay is as much of steps as some of the columns behind them need.
type Replay struct {
	steps    []*Columns
	needs    []string
	computed map[string]bool
}

// NewReplay finds out what columns need. It goes from the last step to the first.
func NewReplay(steps []*Columns, wanted []string) *Replay {
	r := &Replay{steps: make([]*Columns, len(steps))}
	need := slices.Clone(wanted)
	computed := map[string]bool{} // of those that are needed, whether an expression needs them
	for i, s := range slices.Backward(steps) {
		part := new(Columns)
		before := map[string]bool{}
		for _, name := range need {
			by := computed[name]
			for _, e := range s.Rename {
				if e.Value == name {
					part.Rename = append(part.Rename, e)
					name = e.Key
					break
				}
			}
			part.Select = append(part.Select, name)
			before[name] = before[name] || by
		}
		computed = before
		need = slices.Clone(part.Select)
		for _, e := range slices.Backward(s.Columns) {
			at := slices.Index(need, e.Key)
			if at < 0 {
				continue
			}
			need = slices.Delete(need, at, at+1)
			delete(computed, e.Key)
			for _, name := range e.Value.Columns() {
				computed[name] = true
				if !slices.Contains(need, name) {
					need = append(need, name)
				}
			}
			e.Value = *e.Value.Try() // a value that cannot be had is missing in a row that is to be scored
			part.Columns = append(part.Columns, e)
		}
		slices.Reverse(part.Columns)
		r.steps[i] = part
	}
	slices.Sort(need)
	r.needs, r.computed = need, computed
	return r
}

// Needs are the columns that have to be there, sorted.
func (r *Replay) Needs() []string { return r.needs }

// Computes says whether something is computed of a column that has to be there.
func (r *Replay) Computes(name string) bool { return r.computed[name] }

// A Chain is a Replay that was bound to the columns of a table.
type Chain []*Plan

// Bind finds the columns.
func (r *Replay) Bind(in *arrow.Schema) (Chain, error) {
	var c Chain
	for _, s := range r.steps {
		p, err := s.Bind(in)
		if err != nil {
			return nil, err
		}
		c, in = append(c, p), p.Schema()
	}
	return c, nil
}

// Schema is that of what Apply makes.
func (c Chain) Schema() *arrow.Schema { return c[len(c)-1].Schema() }

// Apply makes the columns of some rows.
func (c Chain) Apply(rec arrow.RecordBatch) (out arrow.RecordBatch, met []Met, err error) {
	out = rec
	out.Retain()
	for _, p := range c {
		next, m, err := p.Apply(out, 0)
		out.Release()
		if err != nil {
			return nil, nil, err
		}
		for _, one := range m {
			for i := range one.Notes {
				one.Notes[i].Tried = false // it was not the one who wrote the expression who tried
			}
		}
		met = append(met, m...)
		out = next
	}
	return out, met, nil
}
