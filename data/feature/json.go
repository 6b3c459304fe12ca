package feature

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"pipe/data/task"
)

// The JSON form of a transform. A reader refuses other versions: a transform
// that is read must mean what it meant when it was written.
const (
	formatName    = "pipe.transform"
	formatVersion = 1
)

// maxDocument bounds the bytes of a transform: a million categories of ordinary
// length fit in.
const maxDocument = 64 << 20

// WriteTo writes the transform as JSON. Equal transforms give equal bytes.
func (t *Transform) WriteTo(w io.Writer) (int64, error) {
	b, err := encode(t.doc)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	return int64(n), err
}

func encode(doc document) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	return b.Bytes(), nil
}

// ReadTransform reads what WriteTo wrote. Bytes that WriteTo would not have
// written are an error, so that one transform has one artifact ID.
func ReadTransform(r io.Reader) (*Transform, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	if len(b) > maxDocument {
		return nil, fmt.Errorf("transform: more than %d bytes", maxDocument)
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	if head.Format != formatName {
		return nil, fmt.Errorf("transform: format is %q, want %q", head.Format, formatName)
	}
	if head.Version != formatVersion {
		return nil, fmt.Errorf("transform: version %d cannot be read, want %d: run the preprocess stage again", head.Version, formatVersion)
	}
	var doc document
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	if err := doc.check(); err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	if again, err := encode(doc); err != nil || !bytes.Equal(again, b) {
		return nil, errors.New("transform: the bytes are not in the form in which transforms are written")
	}
	t := newTransform(doc)
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	return t, nil
}

// check finds what a hostile or damaged document could break.
func (d document) check() error {
	if len(d.Columns) == 0 {
		return errors.New("there are no columns")
	}
	width := 0
	seen := make(map[string]bool, len(d.Columns))
	for _, c := range d.Columns {
		if c.Column == "" || seen[c.Column] {
			return fmt.Errorf("column %q: no name, or listed twice", c.Column)
		}
		seen[c.Column] = true
		n, err := c.check()
		if err != nil {
			return fmt.Errorf("column %q: %w", c.Column, err)
		}
		if width += n; width > maxFeatures {
			return fmt.Errorf("more than %d features", maxFeatures)
		}
	}
	if t := d.Target; t != nil {
		if seen[t.Column] {
			return fmt.Errorf("target %q is also a feature", t.Column)
		}
		if err := t.check(); err != nil {
			return fmt.Errorf("target %q: %w", t.Column, err)
		}
	}
	return nil
}

// check gives an upper bound of the features of the column.
func (f fitted) check() (int, error) {
	if (f.Number == nil) == (f.Category == nil) {
		return 0, errors.New("want either a number or a category")
	}
	if f.Impute == nil && f.Indicator {
		return 0, errors.New("an indicator without an imputation")
	}
	if n := f.Number; n != nil {
		if f.Type != "int64" && f.Type != "float64" && f.Type != "bool" {
			return 0, fmt.Errorf("type %q is no number", f.Type)
		}
		if im := f.Impute; im != nil {
			if im.Number == nil || im.Text != nil || !slices.Contains([]Strategy{Mean, Median, MostFrequent, Constant}, im.Strategy) {
				return 0, errors.New("the imputation is not one of numbers")
			}
		}
		return 2, n.check()
	}
	if f.Type != "string" && f.Type != "int64" && f.Type != "bool" {
		return 0, fmt.Errorf("type %q is no category", f.Type)
	}
	if im := f.Impute; im != nil {
		if im.Text == nil || im.Number != nil || im.Strategy != MostFrequent && im.Strategy != Constant {
			return 0, errors.New("the imputation is not one of categories")
		}
		if f.Category.Missing {
			return 0, errors.New("missing values are both imputed and a category")
		}
	}
	return f.Category.check(f.Type == "int64")
}

func (n fittedNumber) check() error {
	switch n.Scaling {
	case None, Standard, MinMax, MaxAbs, Robust:
	default:
		return fmt.Errorf("unknown scaling %q", n.Scaling)
	}
	// JSON has no infinities, but a scale of zero makes one.
	if !(n.Scale > 0) || math.IsInf(1/n.Scale, 0) {
		return fmt.Errorf("the scale %v is not positive", n.Scale)
	}
	return nil
}

func (c fittedCategory) check(integers bool) (int, error) {
	codes := len(c.Categories) + btoi(c.Missing)
	compare := compareCategories(integers)
	for i := 1; i < len(c.Categories); i++ {
		if compare(c.Categories[i-1], c.Categories[i]) >= 0 {
			return 0, fmt.Errorf("category %q is out of order", c.Categories[i])
		}
	}
	for i, rare := range c.Infrequent {
		if rare < 0 || rare >= codes || i > 0 && rare <= c.Infrequent[i-1] {
			return 0, fmt.Errorf("infrequent category %d is out of order or not there", rare)
		}
	}
	switch {
	case len(c.Categories) == 0:
		return 0, errors.New("there are no categories")
	case c.Encoding != OneHot && c.Encoding != Ordinal:
		return 0, fmt.Errorf("unknown encoding %q", c.Encoding)
	case c.Unseen != UnseenError && c.Unseen != UnseenIgnore && c.Unseen != UnseenInfrequent:
		return 0, fmt.Errorf("unknown rule %q for unseen categories", c.Unseen)
	case c.DropFirst && c.Encoding != OneHot:
		return 0, errors.New("only a one_hot feature can be dropped")
	case c.Encoding == Ordinal:
		return 2, nil
	}
	return codes - max(0, len(c.Infrequent)-1) + 1, nil
}

func (t fittedTarget) check() error {
	if t.Task == task.Regression {
		if t.Number == nil || t.Classes != nil || t.Type != "int64" && t.Type != "float64" {
			return errors.New("a regression has a scale and no classes")
		}
		return t.Number.check()
	}
	n := len(t.Classes)
	if t.Number != nil || t.Task == task.Binary && n != 2 || t.Task == task.Multiclass && n < 3 || n > maxOneHot ||
		t.Task != task.Binary && t.Task != task.Multiclass {
		return fmt.Errorf("task %q does not go with %d classes", t.Task, n)
	}
	compare := compareCategories(t.Type == "int64")
	for i := 1; i < n; i++ {
		order := compare(t.Classes[i-1], t.Classes[i])
		if order == 0 || order > 0 && t.Task != task.Binary { // of two the positive one is last
			return fmt.Errorf("class %q is out of order", t.Classes[i])
		}
	}
	return nil
}

// check finds out whether the features can be told apart by name and are as
// many as a vector can have.
func (t *Transform) check() error {
	n := t.width()
	if n == 0 {
		return errors.New("no feature is left after dropping")
	}
	if n > maxFeatures {
		return fmt.Errorf("%d features, at most %d are possible", n, maxFeatures)
	}
	source := make(map[string]string, n)
	for _, f := range t.info.Features() {
		if other, ok := source[f.Name]; ok {
			return fmt.Errorf("columns %q and %q would both make a feature named %q: rename a column or one of its values", other, f.Column, f.Name)
		}
		source[f.Name] = f.Column
	}
	return nil
}
