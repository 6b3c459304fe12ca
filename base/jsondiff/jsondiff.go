// Package jsondiff says what differs between two JSON documents, each value by
// its path. It knows nothing of what the documents mean.
package jsondiff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// A Change is a value that is not the same in both documents.
type Change struct {
	// Path leads to the value: optimizer.adam.learning_rate, network[1].dropout,
	// features["bill length"]. It is empty for the document as a whole.
	Path string `json:"path"`
	Old  string `json:"old,omitempty"` // JSON; empty if there is none
	New  string `json:"new,omitempty"` // JSON; empty if there is none
}

// String is the change in the form "path: old -> new".
func (c Change) String() string {
	text := shown(c.Old) + " -> " + shown(c.New)
	if c.Path == "" {
		return text
	}
	return c.Path + ": " + text
}

func shown(v string) string {
	if v == "" {
		return "(none)"
	}
	return v
}

// Bytes compares two documents. Objects are compared by key, whatever the
// order; arrays by index. Numbers are equal if they are written alike.
func Bytes(old, new []byte) ([]Change, error) {
	a, err := Decode(old)
	if err != nil {
		return nil, err
	}
	b, err := Decode(new)
	if err != nil {
		return nil, err
	}
	return Values(a, b), nil
}

// Decode reads one document in the form that Values takes.
func Decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON document")
	}
	return v, nil
}

// Values compares two values made of map[string]any, []any, string,
// json.Number, bool and nil. The changes come in the order of keys and indexes.
func Values(old, new any) []Change {
	var list []Change
	compare("", old, new, &list)
	return list
}

func compare(path string, old, new any, list *[]Change) {
	switch a := old.(type) {
	case map[string]any:
		if b, ok := new.(map[string]any); ok {
			compareObjects(path, a, b, list)
			return
		}
	case []any:
		if b, ok := new.([]any); ok {
			compareArrays(path, a, b, list)
			return
		}
	default:
		// Objects and arrays must not be compared with ==.
		switch new.(type) {
		case map[string]any, []any:
		default:
			if old == new {
				return
			}
		}
	}
	*list = append(*list, Change{path, text(old), text(new)})
}

func compareObjects(path string, old, new map[string]any, list *[]Change) {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(old)), maps.Keys(new))
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		a, inOld := old[k]
		b, inNew := new[k]
		switch at := join(path, k); {
		case !inOld:
			*list = append(*list, Change{at, "", text(b)})
		case !inNew:
			*list = append(*list, Change{at, text(a), ""})
		default:
			compare(at, a, b, list)
		}
	}
}

func compareArrays(path string, old, new []any, list *[]Change) {
	for i := range max(len(old), len(new)) {
		switch at := fmt.Sprintf("%s[%d]", path, i); {
		case i >= len(old):
			*list = append(*list, Change{at, "", text(new[i])})
		case i >= len(new):
			*list = append(*list, Change{at, text(old[i]), ""})
		default:
			compare(at, old[i], new[i], list)
		}
	}
}

var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

func join(path, key string) string {
	switch {
	case !plain.MatchString(key):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}

// text writes a value as JSON with sorted keys.
func text(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v) // cannot happen with the types that Values takes
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}
