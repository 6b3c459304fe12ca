package feature

import (
	"slices"

	"pipe/data/table"
	"pipe/data/task"
)

// A Transform is what was learned from a table. It is immutable and may be
// used by several goroutines.
type Transform struct {
	doc     document
	info    table.DatasetInfo
	columns []encoder
	classes map[string]int32 // classification: class -> index
	counts  []int64          // likewise: rows of each class in training; only of one that was just fitted
	remarks []Remark         // only of one that was just fitted
}

// Names of features that no single value of the column stands for.
const (
	missingName    = "<missing>"
	infrequentName = "<infrequent>"
)

// Info describes the vectors that Apply makes and the target.
func (t *Transform) Info() table.DatasetInfo {
	target := t.info.Target()
	if target != nil {
		own := *target
		own.Classes = slices.Clone(own.Classes)
		target = &own
	}
	info := table.FlatDataset(slices.Clone(t.info.Features()), target)
	info.Keep = slices.Clone(t.info.Keep)
	return info
}

// ClassCounts is how many rows of each class, in their order, a transform was
// fitted on. It is nil for one that was read, and where there are no classes.
func (t *Transform) ClassCounts() []int64 { return slices.Clone(t.counts) }

// A TypedColumn is a column with its type by table.TypeName.
type TypedColumn struct{ Name, Type string }

// Columns lists the columns that features are made of, as they were in training.
func (t *Transform) Columns() []TypedColumn {
	list := make([]TypedColumn, len(t.columns))
	for i, c := range t.columns {
		list[i] = TypedColumn{c.Column, c.Type}
	}
	return list
}

// width is the number of features.
func (t *Transform) width() int { return len(t.info.Features()) }

// A document is a Transform in its JSON form.
type document struct {
	Format  string        `json:"format"`
	Version int           `json:"version"`
	Columns []fitted      `json:"columns"`
	Target  *fittedTarget `json:"target,omitempty"`
	Keep    []string      `json:"keep,omitempty"`
}

// A fitted is a column as it was learned: either Number or Category is set.
type fitted struct {
	Column    string          `json:"column"`
	Type      string          `json:"type"` // as in training, by table.TypeName
	Impute    *fill           `json:"impute,omitempty"`
	Indicator bool            `json:"indicator,omitempty"`
	Number    *fittedNumber   `json:"number,omitempty"`
	Category  *fittedCategory `json:"category,omitempty"`
}

// A fill is what takes the place of a missing value: Number for a column of
// numbers, Text for one of categories.
type fill struct {
	Strategy Strategy `json:"strategy"`
	Number   *float64 `json:"number,omitempty"`
	Text     *string  `json:"text,omitempty"`
}

type fittedNumber struct {
	Scaling Scale   `json:"scaling"`
	Center  float64 `json:"center"`
	Scale   float64 `json:"scale"`
}

type fittedCategory struct {
	Encoding   Encoding `json:"encoding"`
	Unseen     Unseen   `json:"unseen"`
	Categories []string `json:"categories"`           // in order
	Missing    bool     `json:"missing,omitempty"`    // the missing value is one more, after them
	Infrequent []int    `json:"infrequent,omitempty"` // indices of those in the bucket
	DropFirst  bool     `json:"drop_first,omitempty"` // code 0 has no feature
}

type fittedTarget struct {
	Column  string        `json:"column"`
	Type    string        `json:"type"`
	Task    task.Kind     `json:"task"`
	Classes []string      `json:"classes,omitempty"` // sorted, but of two the positive one is last
	Number  *fittedNumber `json:"number,omitempty"`
}

// An encoder writes the features of one column.
type encoder struct {
	*fitted
	at    int // index of its first feature
	width int
	codes map[string]int // category -> code
	// Codes of values that have no text of their own; none means an error.
	missing, unseen int
}

const (
	codeNone  = -2 // an error
	codeZeros = -1 // no category: all zeros, or ordinal -1
)

// newTransform derives what applying needs from what was fitted.
func newTransform(doc document) *Transform {
	t := &Transform{doc: doc}
	var features []table.Feature
	t.columns = make([]encoder, len(doc.Columns))
	for i := range doc.Columns {
		f := &t.doc.Columns[i]
		e := encoder{fitted: f, at: len(features)}
		for _, name := range e.derive() {
			features = append(features, table.Feature{Name: name, Column: f.Column})
		}
		e.width = len(features) - e.at
		t.columns[i] = e
	}
	t.info = table.FlatDataset(features, nil)
	t.info.Keep = doc.Keep
	if target := doc.Target; target != nil {
		t.info.Targets = []table.Target{{Column: target.Column, Task: target.Task, Classes: target.Classes, Scale: 1}}
		if n := target.Number; n != nil {
			t.info.Targets[0].Center, t.info.Targets[0].Scale = n.Center, n.Scale
		} else {
			t.classes = make(map[string]int32, len(target.Classes))
			for i, class := range target.Classes {
				t.classes[class] = int32(i)
			}
		}
	}
	return t
}

// derive fills in the codes of the encoder and names its features.
func (e *encoder) derive() []string {
	var names []string
	if c := e.Category; c != nil {
		codes := e.deriveCodes()
		if c.Encoding == Ordinal {
			names = append(names, e.Column)
		} else {
			for _, code := range codes[btoi(c.DropFirst):] {
				names = append(names, e.Column+"="+code)
			}
		}
	} else {
		names = append(names, e.Column)
	}
	if e.Indicator {
		names = append(names, e.Column+"="+missingName)
	}
	return names
}

// deriveCodes numbers the categories: the frequent ones in order, then the
// missing value, then the bucket. It gives the name of each code.
func (e *encoder) deriveCodes() []string {
	c := e.Category
	e.codes = make(map[string]int, len(c.Categories))
	e.missing, e.unseen = codeNone, codeNone
	rare := make(map[int]bool, len(c.Infrequent))
	for _, i := range c.Infrequent {
		rare[i] = true
	}
	var names []string
	for i, name := range c.Categories {
		if !rare[i] {
			e.codes[name] = len(names)
			names = append(names, name)
		}
	}
	missingRare := rare[len(c.Categories)]
	if c.Missing && !missingRare {
		e.missing = len(names)
		names = append(names, missingName)
	}
	bucket := codeZeros
	if len(rare) > 0 {
		bucket = len(names)
		names = append(names, infrequentName)
		for i, name := range c.Categories {
			if rare[i] {
				e.codes[name] = bucket
			}
		}
	}
	switch c.Unseen {
	case UnseenIgnore:
		e.unseen = codeZeros
	case UnseenInfrequent:
		e.unseen = bucket
	}
	switch {
	case e.Impute != nil:
		code, ok := e.codes[*e.Impute.Text]
		if !ok {
			code = e.unseen // nothing was missing in training, so the constant was not there
		}
		e.missing = code
	case c.Missing && missingRare:
		e.missing = bucket
	case !c.Missing:
		e.missing = e.unseen // it was not there in training
	}
	return names
}
