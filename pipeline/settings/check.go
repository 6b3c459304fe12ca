package settings

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
)

// Check finds the mistakes in the tags of the struct behind v, and of
// everything in it.
func Check(v any) error {
	c := configChecker{shapes: make(shapes)}
	return c.structure(structOf(v))
}

// structOf is the type of a struct, given itself or a pointer to it.
func structOf(v any) reflect.Type {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// CheckDocs names the settings without a doc tag in the struct behind v and
// below it.
func CheckDocs(v any) error { return undocumented(structOf(v), make(shapes)) }

func undocumented(t reflect.Type, seen shapes) error {
	t = structBehind(t)
	if t == nil || seen[t] != nil {
		return nil
	}
	var errs []error
	for _, f := range seen.of(t).fields {
		if f.doc == "" {
			errs = append(errs, fmt.Errorf("setting %q of %v has no documentation", f.name, t))
		}
		errs = append(errs, undocumented(f.typ, seen))
	}
	return errors.Join(errs...)
}

// structBehind is the struct type with settings of its own that a type is or
// is made of, nil if there is none.
func structBehind(t reflect.Type) reflect.Type {
	switch classOf(t) {
	case structClass, choiceClass:
		return t
	case optionalClass, listClass:
		return structBehind(t.Elem())
	case mapClass:
		return structBehind(entryElem(t))
	}
	return nil
}

// A configChecker goes once through all struct types that a configuration
// struct reaches; those it has been to are in shapes.
type configChecker struct{ shapes shapes }

func (c configChecker) structure(t reflect.Type) error {
	if c.shapes[t] != nil {
		return nil
	}
	s, err := readShape(t)
	if err != nil {
		return err
	}
	c.shapes[t] = s
	for i := range s.fields {
		f := &s.fields[i]
		var sf reflect.StructField
		if f.index != nil {
			sf = t.FieldByIndex(f.index)
		}
		if err := c.field(sf, f, s); err != nil {
			return fmt.Errorf("%v.%s: %w", t, cmp.Or(sf.Name, f.name), err)
		}
	}
	return nil
}

func (c configChecker) field(sf reflect.StructField, f *field, s *shape) error {
	if err := c.typeOf(f.typ); err != nil {
		return err
	}
	if s.choice {
		return checkVariant(f)
	}
	return errors.Join(
		checkTagNames(sf.Tag),
		checkPresence(f),
		checkShort(f),
		checkSingle(f),
		checkNames(f),
		checkEnum(f),
		checkBounds(f),
		checkPreset(f),
	)
}

// typeOf checks that the type is supported, and what it is made of.
func (c configChecker) typeOf(t reflect.Type) error {
	switch classOf(t) {
	case noClass, rawClass:
		return fmt.Errorf("settings cannot have the type %v", t)
	case optionalClass:
		if classOf(t.Elem()) == optionalClass {
			return errors.New("a pointer to a pointer")
		}
		return c.typeOf(t.Elem())
	case listClass:
		return c.elem(t.Elem())
	case mapClass:
		return c.elem(entryElem(t))
	case structClass, choiceClass:
		return c.structure(t)
	case parsedClass:
		if !reflect.PointerTo(t).Implements(textMarshalerType) {
			return fmt.Errorf("%v has UnmarshalText but not MarshalText", t)
		}
	}
	return nil
}

// elem checks what a list or a mapping is made of.
func (c configChecker) elem(t reflect.Type) error {
	if c := classOf(t); isExternal(t) && (c == optionalClass || c == listClass || c == mapClass) {
		return fmt.Errorf("files in %v, which have no names", t)
	}
	return c.typeOf(t)
}

func checkVariant(f *field) error {
	if classOf(f.typ) != optionalClass || structBehind(f.typ) != f.typ.Elem() {
		return errors.New("a variant must be a pointer to a struct")
	}
	if f.required || f.short || f.single || f.names || f.added || f.keyless || f.preset != nil || f.enum != nil || f.bounds != nil {
		return errors.New("a variant has no tags but yaml and doc")
	}
	return nil
}

var (
	tagKey    = regexp.MustCompile(`(?:^| )([a-z]+):"`)
	knownTags = []string{
		"yaml", "json", "doc", "default", "required", "min", "max", "above", "below", "enum", "except", "short", "single", "names", "added", "key",
	}
)

// checkTagNames finds misspelled tags, which would silently have no effect.
func checkTagNames(tag reflect.StructTag) error {
	for _, m := range tagKey.FindAllStringSubmatch(string(tag), -1) {
		if !slices.Contains(knownTags, m[1]) {
			return fmt.Errorf("unknown tag %q", m[1])
		}
	}
	return nil
}

func checkPresence(f *field) error {
	switch {
	case f.required && f.preset != nil:
		return errors.New("required, but has a default")
	case f.required && f.added:
		return errors.New("required, but added: files of before do not have it")
	case f.keyless && (f.required || f.added):
		return errors.New("key: it is no part of the canonical form, and so neither required nor added")
	case classOf(f.typ) == choiceClass && !f.required && f.preset == nil:
		return errors.New("a choice must be required, have a default, or be a pointer")
	}
	return nil
}

// checkShort: a mapping is always taken for the struct itself.
func checkShort(f *field) error {
	if c := classOf(valueType(f.typ)); f.short && (c == mapClass || c == structClass) {
		return errors.New("a field that is written as a mapping cannot be short")
	}
	return nil
}

// checkSingle: a list in a list could not be told from its elements.
func checkSingle(f *field) error {
	if t := valueType(f.typ); f.single && (classOf(t) != listClass || classOf(t.Elem()) == listClass) {
		return errors.New("only a list of what is no list can be single")
	}
	return nil
}

// checkNames: a name stands for a text, which is the name.
func checkNames(f *field) error {
	if t := valueType(f.typ); f.names && (classOf(t) != mapClass || classOf(entryElem(t)) != textClass) {
		return errors.New("only a Map of texts can be a list of names")
	}
	return nil
}

func checkEnum(f *field) error {
	if f.enum == nil {
		return nil
	}
	t := valueType(f.typ)
	switch classOf(t) {
	case listClass:
		t = t.Elem()
	case mapClass:
		t = entryElem(t)
	}
	if classOf(t) != textClass {
		return fmt.Errorf("an enum of %v", t)
	}
	return nil
}

func checkBounds(f *field) error {
	if len(f.bounds) == 0 {
		return nil
	}
	switch classOf(valueType(f.typ)) {
	case intClass, uintClass, floatClass, durationClass, textClass, listClass, mapClass:
		return nil
	}
	return fmt.Errorf("bounds of %v", f.typ)
}

// checkPreset decodes the default as a pipeline file with that value would be.
func checkPreset(f *field) error {
	if f.added && classOf(f.typ) == structClass {
		return errors.New("added, but there is always a mapping with its own defaults, which would not be left out: make it a pointer")
	}
	if f.preset == nil {
		return nil
	}
	p := NewProblems("default", nil)
	owner := At(1, 1)
	target := reflect.New(f.typ).Elem()
	decoder{p: p}.value(placed(f.preset, owner), target, spot{name: f.name, owner: owner, field: f})
	if f.added && !isUnused(target, f.written) {
		return errors.New("added, but its default is neither a text, true or false, nor the zero value: it would not be left out")
	}
	return p.Err()
}
