package feature

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"pipe/data/source/schema"
)

// The JSON form of a transform. A reader refuses later versions: a transform
// that is read must mean what it meant when it was written. One that has no
// chain, or does not say how the data were read or derived, is written as it was
// before there was such a thing.
const (
	formatName    = "pipe.transform"
	briefVersion  = 1
	chainVersion  = 2
	readVersion   = 3
	stepsVersion  = 4 // of derived columns
	targetVersion = 5 // of a target that is transformed, or several
	joinsVersion  = 6 // of joins and filters
	wideVersion   = 7 // of windows
	selectVersion = 8 // of features that were selected
	crossVersion  = 9 // of columns that are crossed

	programVersion = 10 // of commands
	groupVersion   = 11 // of what is filled in by group
	formatVersion  = 12 // of missing values that stay so
)

// maxDocument bounds the bytes of a transform: a million categories of ordinary
// length fit in.
const maxDocument = 64 << 20

// WriteTo writes the transform as JSON. Equal transforms give equal bytes.
func (t *Transform) WriteTo(w io.Writer) (int64, error) {
	b, err := t.bytes()
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	return int64(n), err
}

func (t *Transform) bytes() ([]byte, error) {
	doc, err := t.document()
	if err != nil {
		return nil, err
	}
	return encode(doc)
}

// ReadTransform reads what WriteTo wrote, of transforms of the given kinds. Bytes
// that WriteTo would not have written are an error, so that one transform has one
// artifact ID, but for those of steps of an earlier version.
func ReadTransform(r io.Reader, kinds []Kind) (*Transform, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err == nil && len(b) > maxDocument {
		err = fmt.Errorf("more than %d bytes", maxDocument)
	}
	if err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	t, err := parse(b, kinds)
	if err != nil {
		return nil, fmt.Errorf("transform: %w", err)
	}
	return t, nil
}

func parse(b []byte, kinds []Kind) (*Transform, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, err
	}
	if head.Format != formatName {
		return nil, fmt.Errorf("format is %q, want %q", head.Format, formatName)
	}
	if head.Version < briefVersion || head.Version > formatVersion {
		return nil, fmt.Errorf("version %d cannot be read, want at most %d: run the preprocess stage again", head.Version, formatVersion)
	}
	var doc document
	if err := decodeStrictly(b, &doc); err != nil {
		return nil, err
	}
	t, err := doc.transform(kinds)
	if err != nil {
		return nil, err
	}
	if t.reading != nil {
		at := max(0, bytes.Index(b, t.reading))
		if _, err := schema.ReadPart(b, at, at+len(t.reading), nil); err != nil {
			return nil, fmt.Errorf("reading: %w", err)
		}
	}
	if t.steps != nil {
		if t.reading == nil {
			return nil, errors.New("steps: nothing says how the data were read")
		}
		if err := t.replayed(); err != nil {
			return nil, err
		}
	}
	if err := t.derive(); err != nil {
		return nil, err
	}
	if again, err := t.bytes(); err != nil || !bytes.Equal(again, b) {
		return nil, errors.New("the bytes are not in the form in which transforms are written")
	}
	return t, nil
}

// transform finds what a hostile or damaged document could break.
func (d *document) transform(kinds []Kind) (*Transform, error) {
	if len(d.Columns) == 0 {
		return nil, errors.New("there are no columns")
	}
	targets := d.Targets
	if d.Target != nil {
		targets = append([]*fittedTarget{d.Target}, targets...) // of which only one form is written
	}
	t := &Transform{targets: targets, keep: d.Keep, reading: d.Reading, steps: d.Steps, dropped: d.Dropped}
	seen := make(map[string]bool, len(d.Columns))
	for i := range d.Columns {
		name := d.Columns[i].Column
		if name == "" || seen[name] {
			return nil, fmt.Errorf("column %q: no name, or listed twice", name)
		}
		seen[name] = true
		c, err := d.Columns[i].column(kinds)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
		if c.of != nil {
			if err := t.checkCrossed(&c); err != nil {
				return nil, fmt.Errorf("column %q: %w", name, err)
			}
		}
		if c.kept != nil && d.Dropped == nil {
			return nil, fmt.Errorf("column %q: features are missing that were not dropped", name)
		}
		t.columns = append(t.columns, c)
	}
	for _, target := range targets {
		if target == nil {
			return nil, errors.New("a target is none")
		}
		if seen[target.Column] {
			return nil, fmt.Errorf("target %q is also a feature, or there twice", target.Column)
		}
		seen[target.Column] = true
		if err := target.check(); err != nil {
			return nil, fmt.Errorf("target %q: %w", target.Column, err)
		}
	}
	return t, nil
}
