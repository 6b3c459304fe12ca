package settings

import (
	"fmt"
	"iter"
	"path"
	"reflect"
	"strconv"
	"strings"

	"pipe/base/address"
	"pipe/base/diag"
)

// maxNesting is how deep settings may be nested.
const maxNesting = 100

// Decode fills the configuration struct that dst points to from the
// mapping n, and adds everything that is wrong with it to p. A nil n is an
// empty mapping. What is missing is reported at owner, usually the key that
// the mapping belongs to; a nil owner stands for n.
func Decode(n, owner *Node, dst any, p *Problems) {
	if owner == nil {
		owner = n
	}
	d := decoder{p: p}
	d.value(n, reflect.ValueOf(dst).Elem(), spot{owner: owner})
}

// A decoder turns nodes into values and reports into p.
type decoder struct {
	p     *Problems
	exact bool // what is read is the canonical form, see FromCanonical

	stored bool // what is read was written by JSON, see FromJSON
}

// A spot is the place of a value that is being decoded.
type spot struct {
	name  string // for messages: "epochs", "layers[2]"; "" at the top
	owner *Node  // where to report that something is missing
	field *field // the setting that the value belongs to, nil at the top
	depth int
}

// inside is the place of a part of the value.
func (s spot) inside(name string, owner *Node, f *field) spot {
	return spot{name: name, owner: owner, field: f, depth: s.depth + 1}
}

// subject is how a message names the value.
func (s spot) subject() string {
	if s.name == "" {
		return "this"
	}
	return strconv.Quote(diag.Shorten(s.name))
}

// value decodes n into v, by the class of v's type.
func (d decoder) value(n *Node, v reflect.Value, s spot) {
	if s.depth > maxNesting {
		d.p.At(n, "", "%s is nested more than %d levels deep", s.subject(), maxNesting)
		return
	}
	c := classOf(v.Type())
	if d.exact {
		if n = d.written(n, c); n == nil {
			return
		}
	}
	switch c {
	case rawClass:
		v.Set(reflect.ValueOf(Raw{s.owner, n}))
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
func (d decoder) optional(n *Node, v reflect.Value, s spot) {
	elem := v.Type().Elem()
	if n.IsEmpty() {
		hint := "write a value, or remove the key"
		if classOf(elem) == structClass {
			hint = "write {} to use its defaults, or remove the key"
		}
		d.p.At(n, hint, "%s is empty", s.subject())
		return
	}
	target := reflect.New(elem)
	d.value(n, target.Elem(), s)
	v.Set(target)
}

// structure decodes a mapping, or the bare value of its short field, into a
// struct, and asks the struct what it thinks of the result.
func (d decoder) structure(n *Node, v reflect.Value, s spot) {
	before := d.p.Errors()
	sh := d.p.shapes.of(v.Type())
	switch {
	case n.IsEmpty():
		d.settings(nil, v, sh, s)
	case n.Type == Mapping:
		d.settings(n, v, sh, s)
	case sh.short != nil:
		d.value(n, v.FieldByIndex(sh.short.index), s.inside(s.name, n, sh.short))
		d.absent(v, sh, s, map[string]bool{sh.short.name: true})
	default:
		d.mismatch(n, s, "a mapping", "")
		return
	}
	if d.p.Errors() == before && !d.exact {
		d.validate(n, v, s)
	}
}

// settings decodes the keys of a mapping, which may be nil.
func (d decoder) settings(n *Node, v reflect.Value, sh *shape, s spot) {
	seen := make(map[string]bool)
	for key, value := range pairs(n) {
		seen[key.Value] = true
		f := sh.field(key.Value)
		if f == nil {
			if at := d.elsewhere(key.Value, sh); at != "" {
				d.p.At(key, "write `"+at+"`", "unknown key %s%s", diag.Quote(key.Value), in(s.name))
				continue
			}
			d.unknown(key, "key", sh.names(), s)
			continue
		}
		d.value(value, v.FieldByIndex(f.index), s.inside(f.name, key, f))
	}
	d.absent(v, sh, s, seen)
}

// pairs yields the keys and values of a mapping, which may be nil, in written
// order.
func pairs(n *Node) iter.Seq2[*Node, *Node] {
	return func(yield func(key, value *Node) bool) {
		if n == nil {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// absent gives the settings without a key their defaults. The canonical form
// leaves out only what has no value, or was added and has its default, or is no part
// of it.
func (d decoder) absent(v reflect.Value, sh *shape, s spot, seen map[string]bool) {
	for i := range sh.fields {
		f := &sh.fields[i]
		if seen[f.name] || d.exact && !((f.added || f.keyless) && f.preset != nil) {
			continue
		}
		inside := s.inside(f.name, s.owner, f)
		switch {
		case f.required:
			d.p.At(s.owner, addHint(f), "missing key %s%s", diag.Quote(f.name), in(s.name))
		case f.preset != nil:
			d.value(placed(f.preset, s.owner), v.FieldByIndex(f.index), inside)
		case classOf(f.typ) == structClass:
			d.value(nil, v.FieldByIndex(f.index), inside)
		}
	}
}

// addHint says how to supply a setting.
func addHint(f *field) string {
	if f.doc == "" {
		return fmt.Sprintf("add %s: ...", f.name)
	}
	return fmt.Sprintf("add %s: %s", f.name, Summary(f.doc))
}

func in(name string) string {
	if name == "" {
		return ""
	}
	return " in " + diag.Quote(name)
}

// placed is a copy of a default with the position at which its problems would
// be reported.
func placed(n, owner *Node) *Node {
	c := *n
	if owner != nil {
		c.Line, c.Column = owner.Line, owner.Column
	}
	c.Content = make([]*Node, len(n.Content))
	for i, inner := range n.Content {
		c.Content[i] = placed(inner, owner)
	}
	return &c
}

// unknown reports a name that is none of the valid ones.
func (d decoder) unknown(n *Node, what string, valid []string, s spot) {
	d.p.At(n, diag.NearestHint(n.Value, valid), "unknown %s %s%s", what, diag.Quote(n.Value), in(s.name))
}

// choice decodes `name`, or `{name: settings}`, into the variant of the name.
func (d decoder) choice(n *Node, v reflect.Value, s spot) {
	before := d.p.Errors()
	sh := d.p.shapes.of(v.Type())
	var key, settings *Node
	switch {
	case n.IsEmpty(), n.Type == List:
		d.mismatch(n, s, "one of "+strings.Join(sh.names(), ", "), "")
		return
	case n.IsScalar():
		key = n
	case len(n.Content) != 2:
		d.p.At(n, "choose one of "+strings.Join(sh.names(), ", "),
			"%s must have exactly one key, not %d", s.subject(), len(n.Content)/2)
		return
	default:
		key, settings = n.Content[0], n.Content[1]
	}
	f := sh.field(key.Value)
	if f == nil {
		if a, ok := v.Addr().Interface().(Adviser); ok {
			if hint := a.Advise(key.Value); hint != "" {
				d.p.At(key, hint, "unknown name %s%s", diag.Quote(key.Value), in(s.name))
				return
			}
		}
		d.unknown(key, "name", sh.names(), s)
		return
	}
	variant := reflect.New(f.typ.Elem())
	d.value(settings, variant.Elem(), s.inside(f.name, key, f))
	if isChooser(v.Type()) {
		chooserOf(v).Choose(f.name, variant.Interface())
	} else {
		v.FieldByIndex(f.index).Set(variant)
	}
	if d.p.Errors() == before && !d.exact {
		d.validate(n, v, s)
	}
}

// list decodes a sequence into a slice.
func (d decoder) list(n *Node, v reflect.Value, s spot) {
	if s.field != nil && s.field.single && !n.IsEmpty() && n.Type != List {
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		d.value(n, v.Index(0), s.inside(s.name, s.owner, elementOf(s.field)))
		d.length(n, v, s)
		return
	}
	if n == nil || n.Type != List {
		hint := ""
		if n != nil && n.IsScalar() && !n.IsEmpty() {
			hint = fmt.Sprintf("write [%s]", diag.Shorten(n.Value))
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
	if isExternal(v.Type()) {
		d.distinct(n, v)
	}
}

// distinct reports files that are listed twice, however they are written: a
// stage reads them by their names.
func (d decoder) distinct(n *Node, list reflect.Value) {
	seen := make(map[string]int, list.Len())
	for i := range list.Len() {
		path := list.Index(i).String()
		name := cleanPath(path)
		first, ok := seen[name]
		if ok && path != "" {
			d.p.At(n.Content[i], "", "the %s %s is listed twice, first in line %d",
				strings.TrimSuffix(nouns[classOf(list.Type().Elem())], " path"), diag.Quote(name), n.Content[first].Line)
		}
		seen[name] = i
	}
}

// cleanPath is the name of an external file within its setting.
func cleanPath(p string) string {
	if address.Is(p) {
		return address.Shown(p)
	}
	return path.Clean(strings.ReplaceAll(p, `\`, "/"))
}

// ordered decodes a mapping into a Map.
func (d decoder) ordered(n *Node, v reflect.Value, s spot) {
	if s.field != nil && s.field.names && !d.exact && (n.Is(List) || n.IsScalar() && !n.IsEmpty()) {
		if n = d.named(n, s); n == nil {
			return
		}
	}
	if n == nil || n.Type != Mapping {
		d.mismatch(n, s, "a mapping", "")
		return
	}
	entries := reflect.MakeSlice(v.Type(), 0, len(n.Content)/2)
	for key, value := range pairs(n) {
		if key.Value == "" {
			d.p.At(key, "", "a key in %s must not be empty", s.subject())
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

// named is the mapping that a list of names, or one name, stands for; nil if it
// makes none.
func (d decoder) named(n *Node, s spot) *Node {
	items := n.Content
	if n.IsScalar() {
		items = []*Node{n}
	}
	mapping := *n
	mapping.Type, mapping.Content = Mapping, nil
	seen := make(map[string]bool)
	for _, item := range items {
		switch {
		case !item.IsScalar() || item.IsEmpty():
			d.p.At(item, "write names, or a mapping of names to names", "%s is a list of something else than names", s.subject())
			return nil
		case seen[item.Value]:
			d.p.At(item, "remove one of them", "%s has %s twice", s.subject(), diag.Quote(item.Value))
			return nil
		}
		seen[item.Value] = true
		mapping.Content = append(mapping.Content, item, item)
	}
	return &mapping
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
func (d decoder) length(n *Node, v reflect.Value, s spot) {
	if s.field == nil {
		return
	}
	for _, b := range s.field.bounds {
		if !b.holds(float64(v.Len())) {
			d.p.At(anchor(n, s.owner), "", "%s must have %s, not %d", s.subject(), b.words("entry", "entries"), v.Len())
		}
	}
}

// validate asks a struct that was decoded without problems for its own.
func (d decoder) validate(n *Node, v reflect.Value, s spot) {
	validator, ok := v.Addr().Interface().(Validator)
	if !ok {
		return
	}
	if err := validator.Validate(); err != nil {
		d.p.Report(err, n, s.owner)
	}
}
