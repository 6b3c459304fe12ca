package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source/schema"
)

// StepsKey is the metadata of a table that says how its columns were made of those
// that were read, as JSON. A table whose columns were only read does not have it.
const StepsKey = "pipe.steps"

// FileStepsKey is the metadata of a table of new rows with the steps that their file says
// that they went through. They may be those of another pipeline, behind which training
// began: then they say nothing of the steps of training.
const FileStepsKey = "pipe.file_steps"

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
func Carried(t *arrow.Schema) (*Steps, error) { return under(StepsKey, t) }

func under(key string, t *arrow.Schema) (*Steps, error) {
	text, ok := t.Metadata().GetValue(key)
	if !ok {
		return nil, nil
	}
	if len(text) > maxSteps {
		return nil, fmt.Errorf("the metadata %s of the table have more than %d MiB", key, maxSteps>>20)
	}
	s := new(Steps)
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil || len(s.Steps) == 0 {
		return nil, fmt.Errorf("the metadata %s of the table are no steps", key)
	}
	return s, nil
}

// Behind are the steps that rows of a table have before them, of those of training, and
// whether they went through any. It is an error if they went through others.
func Behind(t *arrow.Schema, steps []*Step) (left []*Step, went bool, err error) {
	for _, key := range []string{StepsKey, FileStepsKey} {
		through, err := under(key, t)
		if err != nil {
			return nil, false, err
		}
		if through == nil {
			continue
		}
		list, err := through.List()
		if err != nil {
			return nil, false, err
		}
		left, ok := Left(list, steps)
		switch {
		case ok:
			return left, true, nil
		case key == StepsKey:
			return nil, false, diag.WithHint(errors.New("its columns were derived in another way than those of the training table"),
				"connect a table that went through the same stages, or one that went through none of them")
		}
	}
	return steps, false, nil
}

// Undone says which steps of a table would have to be undone so that its rows can go
// through those of training: the last ones. It gives the schema of what is left, which has the
// columns that were there before, and what these have before them. ok is false if nothing is to
// be undone, or if that cannot be: the steps made other rows, or new rows would have to be
// seen beside those that are no longer there.
func Undone(t *arrow.Schema, steps []*Step) (before *arrow.Schema, left []*Step, ok bool, err error) {
	through, err := Carried(t)
	if err != nil || through == nil {
		return nil, nil, false, err
	}
	list, err := through.List()
	if err != nil {
		return nil, nil, false, err
	}
	n := len(list)
	for ; n >= 0; n-- {
		if left, ok = Left(list[:n], steps); ok {
			break
		}
	}
	if n == len(list) || Wide(list[n:]) || Wide(left) {
		return nil, nil, false, nil
	}
	made := Made(list[n:])
	var fields []arrow.Field
	for _, f := range t.Fields() {
		if !slices.Contains(made, f.Name) {
			fields = append(fields, f)
		}
	}
	meta := t.Metadata()
	before = arrow.NewSchema(fields, &meta)
	if n > 0 {
		through.Steps = through.Steps[:n]
		before, err = through.carriedBy(before)
		return before, left, err == nil, err
	}
	rest := meta.ToMap()
	delete(rest, StepsKey)
	without := arrow.MetadataFrom(rest)
	return arrow.NewSchema(fields, &without), left, true, nil
}

// Carry gives the schema of what a stage made of the rows of a table, one row of each,
// with what they went through: that of the table that came in, and this step.
func Carry(in, out *arrow.Schema, step Step) (*arrow.Schema, error) {
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
	text, err := step.JSON()
	if err != nil {
		return nil, err
	}
	steps.Steps = append(steps.Steps, text)
	return steps.carriedBy(out)
}

// On gives a schema the steps, if there are any.
func (s *Steps) On(t *arrow.Schema) (*arrow.Schema, error) {
	if len(s.Steps) == 0 {
		return t, nil
	}
	return s.carriedBy(t)
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
	delete(meta, FileStepsKey)
	if meta[StepsKey] = string(bytes.TrimSpace(text.Bytes())); len(meta[StepsKey]) > maxSteps {
		delete(meta, StepsKey) // so many that nobody will score such rows by hand
	}
	with := arrow.MetadataFrom(meta)
	return arrow.NewSchema(t.Fields(), &with), nil
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
