package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// The description of a data set has two forms as JSON. The first is of features
// and at most one target; it came first, and is still written where it says
// all, so that the bytes of such data sets stay what they are.
type flatForm struct {
	Features []Feature `json:"features"`
	Target   *Target   `json:"target,omitempty"`
	Keep     []string  `json:"keep,omitempty"`
}

type form struct {
	Inputs  []Input  `json:"inputs"`
	Targets []Target `json:"targets,omitempty"`
	Weight  string   `json:"weight,omitempty"`
	Group   string   `json:"group,omitempty"`
	Time    string   `json:"time,omitempty"`
	ID      string   `json:"id,omitempty"`
	Keep    []string `json:"keep,omitempty"`
}

// MarshalJSON writes the description as it is in a file.
func (d DatasetInfo) MarshalJSON() ([]byte, error) {
	if d.Flat() {
		return json.Marshal(flatForm{d.Inputs[0].Features, d.Target(), d.Keep})
	}
	return json.Marshal(form(d))
}

// UnmarshalJSON reads either form. It checks nothing.
func (d *DatasetInfo) UnmarshalJSON(doc []byte) error {
	var keys map[string]json.RawMessage
	if err := decode(doc, &keys, false); err != nil {
		return err
	}
	if _, flat := keys["features"]; flat {
		var f flatForm
		if err := decode(doc, &f, true); err != nil {
			return err
		}
		*d = FlatDataset(f.Features, f.Target)
		d.Keep = f.Keep
		return nil
	}
	var f form
	if err := decode(doc, &f, true); err != nil {
		return err
	}
	*d = DatasetInfo(f)
	return nil
}

func decode(doc []byte, into any, strict bool) error {
	dec := json.NewDecoder(bytes.NewReader(doc))
	if strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("text after its end")
	}
	return nil
}
