package pipeline

import (
	"errors"
	"fmt"
	"iter"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"pipe/base/diag"
)

// maxNesting is how deep settings may be nested.
const maxNesting = 100

// decodeInto fills the configuration struct that dst points to from the
// mapping n, and adds everything that is wrong with it to p. A nil n is an
// empty mapping. What is missing is reported at owner, usually the key that
// the mapping belongs to; a nil owner stands for n.
//
// Aliases in n must be resolved and parameters substituted.
func decodeInto(n, owner *yaml.Node, dst any, p *problems) {
	if owner == nil {
		owner = n
	}
	d := decoder{p}
	d.value(n, reflect.ValueOf(dst).Elem(), spot{owner: owner})
}

// DecodeStage makes a stage of a kind from the YAML text of its `with:`
// mapping, in which there are no parameters. The error is a diag.List.
func DecodeStage(k Kind, text string) (Stage, error) {
	p := newProblems("with", []byte(text))
	var n *yaml.Node
	if strings.TrimSpace(text) != "" {
		if n, _ = parseYAML([]byte(text), p); n == nil {
			return nil, p.err()
		}
	}
	stage := k.New()
	decodeInto(n, position(1, 1), stage, p)
	if err := p.err(); err != nil {
		return nil, err
	}
	return stage, nil
}

// A decoder turns nodes into values and reports into p.
type decoder struct{ p *problems }

// A spot is the place of a value that is being decoded.
type spot struct {
	name  string     // for messages: "epochs", "layers[2]"; "" at the top
	owner *yaml.Node // where to report that something is missing
	field *field     // the setting that the value belongs to, nil at the top
	depth int
}

// inside is the place of a part of the value.
func (s spot) inside(name string, owner *yaml.Node, f *field) spot {
	return spot{name: name, owner: owner, field: f, depth: s.depth + 1}
}

// subject is how a message names the value.
func (s spot) subject() string {
	if s.name == "" {
		return "this"
	}
	return strconv.Quote(shorten(s.name))
}

// value decodes n into v, by the class of v's type.
func (d decoder) value(n *yaml.Node, v reflect.Value, s spot) {
	if s.depth > maxNesting {
		d.p.at(n, "", "%s is nested more than %d levels deep", s.subject(), maxNesting)
		return
	}
	if n != nil && n.Kind == yaml.AliasNode {
		d.p.at(n, "write the value out", "an alias is not possible here")
		return
	}
	switch classOf(v.Type()) {
	case structClass:
		d.structure(n, v, s)
	case choiceClass:
		d.choice(n, v, s)
	case optionalClass:
		d.optional(n, v, s)
	case listClass:
		d.list(n, v, s)
	case mapClass:
		d.ordered(n, v, s)
	default:
		d.scalar(n, v, s)
	}
}

// optional decodes into a pointer. An empty value would say neither that the
// setting is absent nor what it is.
func (d decoder) optional(n *yaml.Node, v reflect.Value, s spot) {
	elem := v.Type().Elem()
	if isEmpty(n) {
		hint := "write a value, or remove the key"
		if classOf(elem) == structClass {
			hint = "write {} to use its defaults, or remove the key"
		}
		d.p.at(n, hint, "%s is empty", s.subject())
		return
	}
	target := reflect.New(elem)
	d.value(n, target.Elem(), s)
	v.Set(target)
}

// structure decodes a mapping, or the bare value of its short field, into a
// struct, and asks the struct what it thinks of the result.
func (d decoder) structure(n *yaml.Node, v reflect.Value, s spot) {
	before := d.p.errors()
	sh := d.p.shapes.of(v.Type())
	switch {
	case isEmpty(n):
		d.settings(nil, v, sh, s)
	case n.Kind == yaml.MappingNode:
		d.settings(n, v, sh, s)
	case sh.short != nil:
		d.value(n, v.Field(sh.short.index), s.inside(s.name, n, sh.short))
		d.absent(v, sh, s, map[string]*yaml.Node{sh.short.name: n})
	default:
		d.mismatch(n, s, "a mapping", "")
		return
	}
	if d.p.errors() == before {
		d.validate(n, v, s)
	}
}

// settings decodes the keys of a mapping, which may be nil.
func (d decoder) settings(n *yaml.Node, v reflect.Value, sh *shape, s spot) {
	seen := make(map[string]*yaml.Node)
	for key, value := range d.pairs(n, seen, s) {
		f := sh.field(key.Value)
		if f == nil {
			if at := d.elsewhere(key.Value, sh); at != "" {
				d.p.at(key, "write `"+at+"`", "unknown key %s%s", quote(key.Value), in(s.name))
				continue
			}
			d.unknown(key, "key", sh.names(), s)
			continue
		}
		d.value(value, v.Field(f.index), s.inside(f.name, key, f))
	}
	d.absent(v, sh, s, seen)
}

// pairs yields the keys and values of a mapping in written order, after it
// reported keys that are not text and keys that were there before. The keys
// that it saw are in seen.
func (d decoder) pairs(n *yaml.Node, seen map[string]*yaml.Node, s spot) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
				d.notAName(key, s)
				continue
			}
			if first := seen[key.Value]; first != nil {
				d.p.at(key, "", "duplicate key %s, first in line %d", quote(key.Value), first.Line)
				continue
			}
			seen[key.Value] = key
			if !yield(key, value) {
				return
			}
		}
	}
}

func (d decoder) notAName(key *yaml.Node, s spot) {
	d.p.at(key, "", "a key in %s must be a plain name", s.subject())
}

// absent gives the settings without a key their defaults.
func (d decoder) absent(v reflect.Value, sh *shape, s spot, seen map[string]*yaml.Node) {
	for i := range sh.fields {
		f := &sh.fields[i]
		if seen[f.name] != nil {
			continue
		}
		inside := s.inside(f.name, s.owner, f)
		switch {
		case f.required:
			d.p.at(s.owner, addHint(f), "missing key %s%s", quote(f.name), in(s.name))
		case f.preset != nil:
			d.value(placed(f.preset, s.owner), v.Field(f.index), inside)
		case classOf(f.typ) == structClass:
			d.value(nil, v.Field(f.index), inside)
		}
	}
}

// addHint says how to supply a setting.
func addHint(f *field) string {
	if f.doc == "" {
		return fmt.Sprintf("add %s: ...", f.name)
	}
	return fmt.Sprintf("add %s: %s", f.name, summary(f.doc))
}

func in(name string) string {
	if name == "" {
		return ""
	}
	return " in " + quote(name)
}

// placed is a copy of a default with the position at which its problems would
// be reported.
func placed(n, owner *yaml.Node) *yaml.Node {
	c := *n
	if owner != nil {
		c.Line, c.Column = owner.Line, owner.Column
	}
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, inner := range n.Content {
		c.Content[i] = placed(inner, owner)
	}
	return &c
}

// unknown reports a name that is none of the valid ones.
func (d decoder) unknown(n *yaml.Node, what string, valid []string, s spot) {
	d.p.at(n, nearestHint(n.Value, valid), "unknown %s %s%s", what, quote(n.Value), in(s.name))
}

// choice decodes `name`, or `{name: settings}`, into the variant of the name.
func (d decoder) choice(n *yaml.Node, v reflect.Value, s spot) {
	before := d.p.errors()
	sh := d.p.shapes.of(v.Type())
	var key, settings *yaml.Node
	switch {
	case isEmpty(n), n.Kind == yaml.SequenceNode:
		d.mismatch(n, s, "one of "+strings.Join(sh.names(), ", "), "")
		return
	case n.Kind == yaml.ScalarNode:
		key = n
	case len(n.Content) != 2:
		d.p.at(n, "choose one of "+strings.Join(sh.names(), ", "),
			"%s must have exactly one key, not %d", s.subject(), len(n.Content)/2)
		return
	default:
		key, settings = n.Content[0], n.Content[1]
	}
	if key.Kind != yaml.ScalarNode {
		d.notAName(key, s)
		return
	}
	f := sh.field(key.Value)
	if f == nil {
		if a, ok := v.Addr().Interface().(Adviser); ok {
			if hint := a.Advise(key.Value); hint != "" {
				d.p.at(key, hint, "unknown name %s%s", quote(key.Value), in(s.name))
				return
			}
		}
		d.unknown(key, "name", sh.names(), s)
		return
	}
	variant := reflect.New(f.typ.Elem())
	d.value(settings, variant.Elem(), s.inside(f.name, key, f))
	v.Field(f.index).Set(variant)
	if d.p.errors() == before {
		d.validate(n, v, s)
	}
}

// list decodes a sequence into a slice.
func (d decoder) list(n *yaml.Node, v reflect.Value, s spot) {
	if s.field != nil && s.field.single && !isEmpty(n) && n.Kind != yaml.SequenceNode {
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		d.value(n, v.Index(0), s.inside(s.name, s.owner, elementOf(s.field)))
		d.length(n, v, s)
		return
	}
	if n == nil || n.Kind != yaml.SequenceNode {
		hint := ""
		if n != nil && n.Kind == yaml.ScalarNode && !isEmpty(n) {
			hint = fmt.Sprintf("write [%s]", shorten(n.Value))
		}
		d.mismatch(n, s, "a list", hint)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		name := fmt.Sprintf("%s[%d]", s.name, i)
		d.value(item, v.Index(i), s.inside(name, item, elementOf(s.field)))
	}
	d.length(n, v, s)
	if paths, ok := v.Interface().([]FilePath); ok {
		d.distinct(n, paths)
	}
}

// distinct reports files that are listed twice, however they are written: a
// stage reads them by their names.
func (d decoder) distinct(n *yaml.Node, paths []FilePath) {
	seen := make(map[string]int, len(paths))
	for i, p := range paths {
		name := cleanPath(p)
		first, ok := seen[name]
		if ok && p != "" {
			d.p.at(n.Content[i], "", "the file %s is listed twice, first in line %d",
				quote(name), n.Content[first].Line)
		}
		seen[name] = i
	}
}

// cleanPath is the name of an external file within its setting.
func cleanPath(p FilePath) string {
	return path.Clean(strings.ReplaceAll(string(p), `\`, "/"))
}

// ordered decodes a mapping into a Map.
func (d decoder) ordered(n *yaml.Node, v reflect.Value, s spot) {
	if n == nil || n.Kind != yaml.MappingNode {
		d.mismatch(n, s, "a mapping", "")
		return
	}
	entries := reflect.MakeSlice(v.Type(), 0, len(n.Content)/2)
	seen := make(map[string]*yaml.Node)
	for key, value := range d.pairs(n, seen, s) {
		if key.Value == "" {
			d.p.at(key, "", "a key in %s must not be empty", s.subject())
			continue
		}
		entry := reflect.New(v.Type().Elem()).Elem()
		entry.Field(0).SetString(key.Value)
		d.value(value, entry.Field(1), s.inside(key.Value, key, elementOf(s.field)))
		entries = reflect.Append(entries, entry)
	}
	v.Set(entries)
	d.length(n, v, s)
}

// elementOf is the field as it applies to an element of its list or mapping:
// an enum restricts the elements, a bound the length only.
func elementOf(f *field) *field {
	if f == nil || len(f.enum) == 0 {
		return nil
	}
	return &field{name: f.name, enum: f.enum}
}

// length checks the bounds of a list or mapping.
func (d decoder) length(n *yaml.Node, v reflect.Value, s spot) {
	if s.field == nil {
		return
	}
	for _, b := range s.field.bounds {
		if !b.holds(float64(v.Len())) {
			d.p.at(anchor(n, s.owner), "", "%s must have %s, not %d", s.subject(), b.words("entry", "entries"), v.Len())
		}
	}
}

// anchor is where to report a problem with the whole of n: at the key of a
// list or mapping that has no brackets, since its first entry is not at fault.
func anchor(n, key *yaml.Node) *yaml.Node {
	if n == nil || n.Kind != yaml.ScalarNode && n.Style&yaml.FlowStyle == 0 && key != nil {
		return key
	}
	return n
}

// validate asks a struct that was decoded without problems for its own.
func (d decoder) validate(n *yaml.Node, v reflect.Value, s spot) {
	validator, ok := v.Addr().Interface().(Validator)
	if !ok {
		return
	}
	if err := validator.Validate(); err != nil {
		d.invalid(err, n, s)
	}
}

// invalid reports the errors that Validate joined, each at its field.
func (d decoder) invalid(err error, n *yaml.Node, s spot) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			d.invalid(e, n, s)
		}
		return
	}
	hint := diag.HintOf(err)
	at := s.owner
	var fe *FieldError
	if errors.As(err, &fe) {
		hints := slices.DeleteFunc([]string{fe.Hint, hint}, func(h string) bool { return h == "" })
		hint = strings.Join(hints, "\n")
		if found := find(n, fe.Field); found != nil {
			at = found
		}
	}
	if fe != nil && fe.Warning {
		d.p.warn(at, hint, "%v", err)
		return
	}
	d.p.at(at, hint, "%v", err)
}

// find is where the setting of a name below n was written: a name, or names
// and list indexes joined by dots. A key that has dots itself wins. It is nil
// if the setting was not written.
func find(n *yaml.Node, field string) *yaml.Node {
	if n == nil || field == "" {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return n // the bare value of a short field
	}
	if key, value := child(n, field); value != nil {
		return anchor(value, key)
	}
	head, rest, ok := strings.Cut(field, ".")
	if !ok {
		return nil
	}
	key, value := child(n, head)
	if _, err := strconv.Atoi(head); value == nil && (err == nil) != (n.Kind == yaml.SequenceNode) {
		return find(n, rest) // the name of a short list, or the index of a single element: neither is written
	}
	if found := find(value, rest); found != nil {
		return found
	}
	return key
}

// child is an entry of a mapping, or an element of a list.
func child(n *yaml.Node, name string) (key, value *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				return n.Content[i], n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	}
	return nil, nil
}
