package nn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"

	"pipe/nn/graph"
	"pipe/pipeline/settings"
)

// A Layer is a choice of one layer, or of a preset that stands for several. The
// kinds are declared in families, each where its layers are. What a layer does
// to one row of the data depends on the shape it gets: features (F), a sequence
// (T, D) of T steps or an image (C, H, W).
//
// The type is both what people write (see package settings) and what a model
// keeps, as JSON. A model has no presets and nothing that is left out, see
// Expand.
type Layer struct {
	settings.OneOf
	Values
	Windows
	Norms
	Sequences
	Structure
	Presets

	from origin
}

// An origin is where a layer was written: the zero value if that is not known.
type origin struct {
	setting string // "network.2.conv2d"
	within  bool   // it is one of several layers that the setting stands for
}

// part is the origin of a layer that another one is made of.
func (o origin) part() origin { return origin{o.setting, o.setting != ""} }

// Setting is what the layer was written as, such as network.2.conv2d, as far as
// Expand knows.
func (l *Layer) Setting() string { return l.from.setting }

// A layer is a kind of layer, or a preset.
type layer interface {
	// infer checks the settings against the input and sets the output.
	infer(*step) error
	// build adds its operators to a graph.
	build(*builder, *Node, *graph.Node) *graph.Node
	// words are its settings, for people.
	words() string
}

// An expander is a layer that was written shorter than a model keeps it.
type expander interface {
	// expand gives the layers that it stands for, and whether it is a preset. at is
	// the setting that it was written as, and kind what it is called.
	expand(kind, at string) (list []Layer, preset bool)
}

// NewLayer is a layer of a kind. It panics if that is none, or one of another
// type: these are mistakes of programmers.
func NewLayer(kind string, of any) Layer {
	var l Layer
	for f, v := range l.kinds() {
		if f == kind {
			v.Set(reflect.ValueOf(of))
			return l
		}
	}
	panic(fmt.Sprintf("nn: %q is no kind of layer", kind))
}

// kinds yields all kinds of layers by the names that they have in YAML and in
// JSON, with their fields.
func (l *Layer) kinds() iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		v := reflect.ValueOf(l).Elem()
		for i := range v.NumField() {
			family := v.Field(i)
			if family.Kind() != reflect.Struct || !v.Type().Field(i).Anonymous {
				continue
			}
			for j := range family.NumField() {
				if !yield(family.Type().Field(j).Tag.Get("yaml"), family.Field(j)) {
					return
				}
			}
		}
	}
}

// chosen lists the kinds that are set, which should be one.
func (l *Layer) chosen() (names []string, values []layer) {
	for name, v := range l.kinds() {
		if !v.IsNil() {
			names = append(names, name)
			values = append(values, v.Interface().(layer))
		}
	}
	return names, values
}

// Kind is the name of the kind, "" unless there is exactly one.
func (l *Layer) Kind() string {
	if names, _ := l.chosen(); len(names) == 1 {
		return names[0]
	}
	return ""
}

// String is what a person needs to know of a layer, in a few words.
func (l Layer) String() string {
	names, values := l.chosen()
	if len(names) != 1 {
		return fmt.Sprintf("a layer of %d kinds", len(names))
	}
	return join(strings.ReplaceAll(names[0], "_", " "), values[0].words())
}

// Advise knows that a number is meant to be a dense layer.
func (l *Layer) Advise(written string) string {
	if n, err := strconv.Atoi(written); err != nil || n < 1 {
		return ""
	}
	return fmt.Sprintf("write `dense: %s`, or all such layers as `network: {mlp: [%s, ...]}`", written, written)
}

// Expand gives the layers that a model has for those that were written as a
// setting: presets are taken apart, and what was left out is filled in. A
// LayerError about one of them knows what it comes from, unless the setting has
// no name.
func Expand(list []Layer, setting string) []Layer {
	out := make([]Layer, 0, len(list))
	for i, l := range list {
		made, from := []Layer{l}, origin{setting: child(setting, i)}
		if names, values := l.chosen(); len(names) == 1 {
			from.setting += "." + names[0]
			if e, ok := values[0].(expander); ok {
				made, from.within = e.expand(names[0], from.setting)
			}
		}
		for j := range made {
			if made[j].from = from; setting == "" {
				made[j].from = origin{}
			}
		}
		out = append(out, made...)
	}
	return out
}

// inOrder writes v as JSON with the keys of the struct in an order of their own:
// that of models, where people write them in another.
func inOrder(v any, keys ...string) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(plain, &values); err != nil {
		return nil, err
	}
	b := []byte{'{'}
	for _, key := range keys {
		if value, ok := values[key]; ok {
			delete(values, key)
			b = fmt.Appendf(b, "%q:%s,", key, value)
		}
	}
	if len(values) > 0 {
		return nil, fmt.Errorf("nn: %d settings of %T have no place in a model", len(values), v)
	}
	return append(bytes.TrimSuffix(b, []byte{','}), '}'), nil
}

func join(parts ...string) string {
	text := ""
	for _, p := range parts {
		if p != "" {
			text += " " + p
		}
	}
	return strings.TrimPrefix(text, " ")
}

func when(condition bool, text string) string {
	if condition {
		return text
	}
	return ""
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
