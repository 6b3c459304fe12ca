package settings

import (
	"encoding"
	"fmt"
	"iter"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A class says how a Go type is written in YAML. It is the one list of
// supported types: decoder, canonical form, reference and schema switch on it.
type class int

const (
	noClass       class = iota // not supported
	boolClass                  // bool
	offClass                   // Off
	intClass                   // int, int64
	uintClass                  // uint64
	floatClass                 // float64
	textClass                  // string
	durationClass              // time.Duration
	pathClass                  // FilePath
	folderClass                // Folder
	globClass                  // Glob
	pathsClass                 // Paths
	scalarClass                // Scalar
	rawClass                   // Raw
	parsedClass                // encoding.TextUnmarshaler
	listClass                  // slice
	mapClass                   // Map[T]
	structClass                // struct
	choiceClass                // struct that embeds OneOf, or is a Chooser
	optionalClass              // pointer
)

var (
	durationType        = reflect.TypeFor[time.Duration]()
	filePathType        = reflect.TypeFor[FilePath]()
	folderType          = reflect.TypeFor[Folder]()
	globType            = reflect.TypeFor[Glob]()
	pathsType           = reflect.TypeFor[Paths]()
	offType             = reflect.TypeFor[Off]()
	rawType             = reflect.TypeFor[Raw]()
	scalarType          = reflect.TypeFor[Scalar]()
	oneOfType           = reflect.TypeFor[OneOf]()
	orderedMapType      = reflect.TypeFor[orderedMap]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
)

// orderedMap is any Map[T].
type orderedMap interface{ isOrderedMap() }

func (Map[T]) isOrderedMap() {}

// entryElem is the T of a Map[T].
func entryElem(t reflect.Type) reflect.Type { return t.Elem().Field(1).Type }

func classOf(t reflect.Type) class {
	switch {
	case t == durationType:
		return durationClass
	case t == filePathType:
		return pathClass
	case t == folderType:
		return folderClass
	case t == globType:
		return globClass
	case t == pathsType:
		return pathsClass
	case t == offType:
		return offClass
	case t == rawType:
		return rawClass
	case t == scalarType:
		return scalarClass
	case t.Kind() == reflect.Pointer:
		return optionalClass
	case t.PkgPath() == "": // no name, or a basic type: it has no methods
	case reflect.PointerTo(t).Implements(textUnmarshalerType):
		return parsedClass
	case t.Implements(orderedMapType):
		return mapClass
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolClass
	case reflect.Int, reflect.Int64:
		return intClass
	case reflect.Uint64:
		return uintClass
	case reflect.Float64:
		return floatClass
	case reflect.String:
		return textClass
	case reflect.Slice:
		return listClass
	case reflect.Struct:
		if isChoice(t) {
			return choiceClass
		}
		return structClass
	}
	return noClass
}

var chooserType = reflect.TypeFor[Chooser]()

func isChooser(t reflect.Type) bool { return reflect.PointerTo(t).Implements(chooserType) }

// chooserOf is the Chooser that v is.
func chooserOf(v reflect.Value) Chooser {
	if !v.CanAddr() {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		v = p.Elem()
	}
	return v.Addr().Interface().(Chooser)
}

func isChoice(t reflect.Type) bool {
	if isChooser(t) {
		return true
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.Type == oneOfType {
			return true
		}
	}
	return false
}

// isPath reports whether a setting of the type holds nothing but the paths of
// external files and folders.
func isExternal(t reflect.Type) bool {
	switch classOf(t) {
	case pathClass, folderClass, globClass, pathsClass:
		return true
	case optionalClass, listClass:
		return isExternal(t.Elem())
	case mapClass:
		return isExternal(entryElem(t))
	}
	return false
}

// A shape is a configuration struct as its tags describe it.
type shape struct {
	fields []field // in declaration order
	choice bool    // the fields are the variants of a choice
	short  *field  // what a bare value in place of the mapping sets, or nil
}

// A field is one setting, or one variant of a choice.
type field struct {
	name     string
	doc      string
	index    []int // in the Go struct
	typ      reflect.Type
	required bool
	preset   *Node  // the default, nil if there is none
	written  string // the default as in the tag
	bounds   []bound
	enum     []string
	short    bool
	single   bool // a list that may be written as its only element
	names    bool // a map that may be written as a list of names
	keyless  bool // never part of the canonical form
	added    bool // not part of the canonical form while it has its default
}

// A bound limits a number, a duration, or the length of a list, map or text.
type bound struct {
	op    string // ">=", "<=", ">" or "<"
	text  string // as in the tag
	value float64
}

func (b bound) holds(x float64) bool {
	switch b.op {
	case ">=":
		return x >= b.value
	case "<=":
		return x <= b.value
	case ">":
		return x > b.value
	}
	return x < b.value
}

// words is a bound on a count of things.
func (b bound) words(one, many string) string {
	text := b.text + " " + many
	if b.value == 1 {
		text = b.text + " " + one
	}
	switch b.op {
	case ">=":
		return "at least " + text
	case "<=":
		return "at most " + text
	case ">":
		return "more than " + text
	}
	return "fewer than " + text
}

// boundTags are the tags of bounds, in the order in which they are printed.
var boundTags = []struct{ tag, op string }{
	{"min", ">="}, {"above", ">"}, {"max", "<="}, {"below", "<"},
}

func (s *shape) field(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

func (s *shape) names() []string {
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.name
	}
	return names
}

// shapes remembers the shapes of struct types, so that tags are read once.
type shapes map[reflect.Type]*shape

// of panics on wrong tags, which checkConfig finds when a kind is registered.
func (m shapes) of(t reflect.Type) *shape {
	s := m[t]
	if s == nil {
		var err error
		if s, err = readShape(t); err != nil {
			panic(fmt.Sprintf("settings: %v", err))
		}
		m[t] = s
	}
	return s
}

func readShape(t reflect.Type) (*shape, error) {
	if isChooser(t) {
		return readVariants(t)
	}
	s := &shape{choice: isChoice(t)}
	for _, sf := range goFields(t) {
		f, err := readField(sf)
		if err != nil {
			return nil, fmt.Errorf("%v.%s: %w", t, sf.Name, err)
		}
		if s.field(f.name) != nil {
			return nil, fmt.Errorf("%v.%s: the key %q is taken", t, sf.Name, f.name)
		}
		s.fields = append(s.fields, f)
	}
	for i := range s.fields {
		if s.fields[i].short {
			if s.short != nil {
				return nil, fmt.Errorf("%v: two fields are short", t)
			}
			s.short = &s.fields[i]
		}
	}
	return s, nil
}

// readVariants is readShape of a Chooser.
func readVariants(t reflect.Type) (*shape, error) {
	s := &shape{choice: true}
	for _, v := range chooserOf(reflect.Zero(t)).Variants() {
		f := field{name: v.Name, doc: v.Doc, typ: reflect.TypeOf(v.New())}
		if !identifier.MatchString(v.Name) || s.field(v.Name) != nil {
			return nil, fmt.Errorf("%v: %q cannot be the name of a variant, or is taken", t, v.Name)
		}
		s.fields = append(s.fields, f)
	}
	return s, nil
}

// A member is a setting of a value, by its name and its tags.
type member struct {
	name string
	tag  reflect.StructTag
}

// members yields the settings of a struct, or the variant of a choice that is
// set.
func members(v reflect.Value) iter.Seq2[member, reflect.Value] {
	return func(yield func(member, reflect.Value) bool) {
		if isChooser(v.Type()) {
			if name, chosen := chooserOf(v).Chosen(); name != "" {
				yield(member{name: name}, reflect.ValueOf(chosen))
			}
			return
		}
		choice := isChoice(v.Type())
		for _, sf := range goFields(v.Type()) {
			inner := v.FieldByIndex(sf.Index)
			if choice && inner.IsNil() {
				continue
			}
			if !yield(member{sf.Tag.Get("yaml"), sf.Tag}, inner) {
				return
			}
		}
	}
}

// goFields lists the fields of a struct that are settings, those of a struct that
// is embedded in its place. Their indexes are for FieldByIndex.
func goFields(t reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Type == oneOfType || !sf.IsExported() && !promotes(sf) {
			continue
		}
		if !isInline(sf) {
			list = append(list, sf)
			continue
		}
		for _, inner := range goFields(sf.Type) {
			inner.Index = append([]int{i}, inner.Index...)
			list = append(list, inner)
		}
	}
	return list
}

// isInline reports whether the settings of a field are those of the struct
// around it.
func isInline(sf reflect.StructField) bool {
	_, named := sf.Tag.Lookup("yaml")
	return sf.Anonymous && sf.IsExported() && !named && classOf(sf.Type) == structClass
}

// promotes reports whether a field that is not exported has fields that would
// look like settings in Go, and are none.
func promotes(sf reflect.StructField) bool {
	if !sf.Anonymous || valueType(sf.Type).Kind() != reflect.Struct {
		return false
	}
	for _, inner := range reflect.VisibleFields(valueType(sf.Type)) {
		if inner.IsExported() {
			return true
		}
	}
	return false
}

// identifier is what settings are named.
var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func readField(sf reflect.StructField) (field, error) {
	f := field{
		name:  sf.Tag.Get("yaml"),
		doc:   sf.Tag.Get("doc"),
		index: sf.Index,
		typ:   sf.Type,
	}
	if !sf.IsExported() || !identifier.MatchString(f.name) {
		return f, fmt.Errorf("needs to be exported with a yaml tag of lower-case letters, digits and underscores")
	}
	var err error
	if f.required, err = readFlag(sf.Tag, "required"); err != nil {
		return f, err
	}
	if f.short, err = readFlag(sf.Tag, "short"); err != nil {
		return f, err
	}
	if f.single, err = readFlag(sf.Tag, "single"); err != nil {
		return f, err
	}
	if f.names, err = readFlag(sf.Tag, "names"); err != nil {
		return f, err
	}
	if f.added, err = readFlag(sf.Tag, "added"); err != nil {
		return f, err
	}
	if text, ok := sf.Tag.Lookup("key"); ok && text != "false" {
		return f, fmt.Errorf("key:%q, want key:\"false\" or nothing", text)
	} else {
		f.keyless = ok
	}
	f.enum = enumOf(sf.Type)
	if enum, ok := sf.Tag.Lookup("enum"); ok {
		f.enum = strings.Split(enum, ",")
	}
	if text, ok := sf.Tag.Lookup("except"); ok {
		except := strings.Split(text, ",")
		if i := slices.IndexFunc(except, func(s string) bool { return !slices.Contains(f.enum, s) }); i >= 0 {
			return f, fmt.Errorf("tag except: %q is none of the texts that are allowed", except[i])
		}
		f.enum = slices.DeleteFunc(slices.Clone(f.enum), func(s string) bool { return slices.Contains(except, s) })
	}
	if preset, ok := sf.Tag.Lookup("default"); ok {
		f.written = preset
		if f.preset, err = parsePreset(preset, sf.Type); err != nil {
			return f, err
		}
	}
	f.bounds, err = readBounds(sf.Tag, sf.Type)
	return f, err
}

// An Enum is a text type that knows the texts that are allowed, where a tag would
// repeat a list that is kept elsewhere. It does not depend on its value.
type Enum interface{ Enum() []string }

// enumOf is what the texts that a setting holds allow; nil if that is no Enum.
func enumOf(t reflect.Type) []string {
	t = valueType(t)
	switch classOf(t) {
	case listClass:
		t = t.Elem()
	case mapClass:
		t = entryElem(t)
	}
	if e, ok := reflect.Zero(t).Interface().(Enum); ok {
		return e.Enum()
	}
	return nil
}

func readFlag(tag reflect.StructTag, name string) (bool, error) {
	switch text, ok := tag.Lookup(name); {
	case !ok:
		return false, nil
	case text == "true":
		return true, nil
	default:
		return false, fmt.Errorf("%s:%q, want %s:\"true\" or nothing", name, text, name)
	}
}

func readBounds(tag reflect.StructTag, t reflect.Type) ([]bound, error) {
	var bounds []bound
	for _, b := range boundTags {
		text, ok := tag.Lookup(b.tag)
		if !ok {
			continue
		}
		value, err := parseBound(text, t)
		if err != nil {
			return nil, fmt.Errorf("tag %s: %w", b.tag, err)
		}
		bounds = append(bounds, bound{b.op, text, value})
	}
	return bounds, nil
}

func parseBound(text string, t reflect.Type) (float64, error) {
	if classOf(valueType(t)) == durationClass {
		d, err := time.ParseDuration(text)
		return float64(d), err
	}
	value, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsNaN(value) || math.IsInf(value, 0)) {
		err = fmt.Errorf("%q is not a finite number", text)
	}
	return value, err
}

// valueType is the type behind a pointer, if it is one.
func valueType(t reflect.Type) reflect.Type {
	if classOf(t) == optionalClass {
		return t.Elem()
	}
	return t
}

// parsePreset reads a default. What a text field has is text, also if it looks
// like something else ("true", "1", "").
func parsePreset(text string, t reflect.Type) (*Node, error) {
	p := NewProblems("", nil)
	doc := Parse([]byte(text), p)
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("tag default: %w", err)
	}
	n := doc.Root
	if n == nil {
		n = &Node{Type: Text}
	}
	if n.IsScalar() && classOf(valueType(t)) == textClass {
		n.Type = Text
	}
	return n, nil
}
