package feature

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"pipe/data/replay"
	"pipe/data/table"
)

// A document is a Transform in its JSON form.
type document struct {
	Format  string         `json:"format"`
	Version int            `json:"version"`
	Columns []fittedColumn `json:"columns"`
	Target  *fittedTarget  `json:"target,omitempty"`
	// Targets are several, in place of Target.
	Targets []*fittedTarget `json:"targets,omitempty"`
	Keep    []string        `json:"keep,omitempty"`

	// Reading is a schema: how the data were read.
	Reading json.RawMessage `json:"reading,omitempty"`
	// Steps are what the columns went through since then, see replay.Steps.
	Steps []json.RawMessage `json:"steps,omitempty"`
	// Dropped are features that were not selected; see fittedColumn.Kept.
	Dropped []Dropped `json:"dropped,omitempty"`
}

// A fittedColumn is a column as it was learned: a chain, or the short form, which
// is either of a number or of a category, and of the first versions of its kinds.
type fittedColumn struct {
	Column    string          `json:"column"`
	Type      string          `json:"type"`         // as in training, by table.TypeName
	Of        []string        `json:"of,omitempty"` // the columns before it that it is crossed of; none: it is read
	Impute    *fill           `json:"impute,omitempty"`
	Indicator bool            `json:"indicator,omitempty"`
	Number    *scaling        `json:"number,omitempty"`
	Category  *fittedCategory `json:"category,omitempty"`

	Form  string       `json:"form,omitempty"` // in which its values begin
	Chain []fittedStep `json:"chain,omitempty"`

	Kept  []int `json:"kept,omitempty"`  // of the features those that stay; none: all
	Aside bool  `json:"aside,omitempty"` // no feature stays, but others are crossed of it
}

type fittedCategory struct {
	Encoding string `json:"encoding"`
	vocabulary
	DropFirst bool `json:"drop_first,omitempty"`
}

// A fittedStep is a transform of a chain.
type fittedStep struct {
	Kind    string          `json:"kind"`
	Version int             `json:"version"`
	State   json.RawMessage `json:"state"`
}

// unscaled is the scale of numbers that are as they are. In a chain it is no step.
var unscaled = scaling{None, 0, 1}

func (s scaling) checkBrief() error {
	if s == unscaled {
		return nil
	}
	return s.check()
}

// document is the transform in its JSON form.
func (t *Transform) document() (document, error) {
	doc := document{Format: formatName, Version: briefVersion, Keep: t.keep}
	for i := range t.columns {
		c := &t.columns[i]
		if c.brief && !slices.ContainsFunc(c.steps, func(s step) bool { return s.version > 1 || !s.hasBrief() }) {
			brief := c.documentBrief()
			brief.Kept, brief.Aside = c.kept, c.aside()
			doc.Columns = append(doc.Columns, brief)
			continue
		}
		doc.Version = chainVersion
		out := fittedColumn{Column: c.Name, Type: c.Type, Of: c.of, Form: c.form.String(), Kept: c.kept, Aside: c.aside()}
		for _, s := range c.steps {
			state, err := encode(s.Fitted)
			if err != nil {
				return doc, err
			}
			out.Chain = append(out.Chain, fittedStep{s.kind.Name, s.version, state})
		}
		doc.Columns = append(doc.Columns, out)
	}
	if t.reading != nil {
		doc.Version, doc.Reading = readVersion, t.reading
	}
	if t.steps != nil {
		doc.Version, doc.Steps = stepsVersion, t.steps
	}
	switch {
	case len(t.targets) > 1:
		doc.Version, doc.Targets = targetVersion, t.targets
	case len(t.targets) == 1:
		if doc.Target = t.targets[0]; doc.Target.Transform != nil {
			doc.Version = targetVersion
		}
	}
	if !replay.Simple(t.replay) {
		doc.Version = joinsVersion
	}
	if replay.Wide(t.replay) {
		doc.Version = wideVersion
	}
	if t.dropped != nil {
		doc.Version, doc.Dropped = selectVersion, t.dropped
	}
	if slices.ContainsFunc(t.columns, func(c column) bool { return c.of != nil }) {
		doc.Version = crossVersion
	}
	if len(replay.Programs(t.replay)) > 0 {
		doc.Version = programVersion
	}
	if slices.ContainsFunc(t.columns, func(c column) bool { return c.beside != "" }) {
		doc.Version = groupVersion
	}
	if slices.ContainsFunc(t.columns, func(c column) bool { return len(c.open) > 0 }) {
		doc.Version = formatVersion
	}
	return doc, nil
}

// aside says whether no feature of the column stays, while others are crossed of it.
func (c *column) aside() bool { return c.kept != nil && len(c.kept) == 0 }

// hasBrief says whether there is a short form of what was learned, as there is of
// what there was before there were chains.
func (s step) hasBrief() bool {
	switch s.Fitted.(type) {
	case missingness, fill, scaling, oneHot, ordinal:
		return true
	}
	return false
}

func (c *column) documentBrief() fittedColumn {
	out := fittedColumn{Column: c.Name, Type: c.Type}
	if c.form == Numbers {
		number := unscaled
		out.Number = &number
	}
	for _, s := range c.steps {
		switch f := s.Fitted.(type) {
		case missingness:
			out.Indicator = true
		case fill:
			out.Impute = &f
		case scaling:
			out.Number = &f
		case oneHot:
			out.Category = &fittedCategory{s.kind.Name, f.vocabulary, f.DropFirst}
		case ordinal:
			out.Category = &fittedCategory{s.kind.Name, f.vocabulary, false}
		}
	}
	return out
}

// column is what the document says, checked.
func (d *fittedColumn) column(kinds []Kind) (column, error) {
	c := column{Name: d.Column, Type: d.Type, brief: d.Chain == nil && d.Of == nil, of: d.Of, kept: d.Kept}
	if d.Aside {
		c.kept = []int{}
	}
	if c.brief {
		if err := d.readBrief(&c); err != nil {
			return c, err
		}
		return c, c.check()
	}
	for _, form := range []Form{Numbers, Texts, Lists, Times} {
		if form.String() == d.Form {
			c.form = form
		}
	}
	for i, s := range d.Chain {
		kind, err := kindOf(kinds, s.Kind)
		if err != nil {
			return c, err
		}
		if s.Version < 1 || s.Version > kind.Version {
			return c, fmt.Errorf("version %d of %s cannot be read, want at most %d: run the preprocess stage again", s.Version, s.Kind, kind.Version)
		}
		f, err := kind.Read(s.Version, s.State)
		if err != nil {
			return c, fmt.Errorf("step %d, %s: %w", i+1, s.Kind, err)
		}
		c.steps = append(c.steps, step{kind, s.Version, f})
	}
	return c, c.check()
}

// readBrief makes steps of the short form.
func (d *fittedColumn) readBrief(c *column) error {
	if (d.Number == nil) == (d.Category == nil) {
		return errors.New("want either a number or a category")
	}
	add := func(kind Kind, f Fitted) { c.steps = append(c.steps, step{&kind, 1, f}) }
	if d.Indicator {
		if d.Impute == nil {
			return errors.New("an indicator without an imputation")
		}
		add(indicatorKind(), missingness{})
	}
	if d.Impute != nil {
		if err := d.Impute.check(); err != nil {
			return err
		}
		add(imputeKind(), *d.Impute)
	}
	if d.Number != nil {
		c.form = Numbers
		if *d.Number != unscaled {
			add(scaleKind(), *d.Number)
		}
		return d.Number.checkBrief()
	}
	c.form = Texts
	v := d.Category.vocabulary
	if v.Missing && d.Impute != nil {
		return errors.New("missing values are both imputed and a category")
	}
	if err := v.check(compareCategories(table.ClassNamed(d.Type) == table.ClassWhole)); err != nil {
		return err
	}
	switch d.Category.Encoding {
	case "one_hot":
		add(oneHotKind(), oneHot{vocabulary: v, DropFirst: d.Category.DropFirst}.prepared())
	case "ordinal":
		if d.Category.DropFirst {
			return errors.New("only a one_hot feature can be dropped")
		}
		add(ordinalKind(), newOrdinal(v))
	default:
		return fmt.Errorf("unknown encoding %q", d.Category.Encoding)
	}
	return nil
}

// encode writes JSON as transforms have it.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	return b.Bytes(), nil
}

// decodeStrictly reads JSON that must not have more than is wanted.
func decodeStrictly(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
