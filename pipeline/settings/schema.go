package settings

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"pipe/base/markdown"
)

// A Schema collects the JSON schemas (draft 2020-12) of settings. They are as
// strict as the decoder about names and types, but leave to it what a schema
// cannot say: bounds of durations, Validate. Structs with a name become
// definitions, which also ends the recursion of those that contain themselves.
type Schema struct {
	// Reference is the schema of what can stand for any value, nil for nothing.
	Reference Object
	// Definitions are those that the others refer to, by name.
	Definitions Object

	shapes shapes
	names  map[reflect.Type]string // of definitions
	owner  string                  // package of the struct that is being described
}

// An Object is a JSON object; it is written with sorted keys.
type Object = map[string]any

// NewSchema makes a schema without definitions.
func NewSchema() *Schema {
	return &Schema{Definitions: Object{}, shapes: make(shapes), names: make(map[reflect.Type]string)}
}

// Of is the schema of the struct behind v: a reference to its definition.
func (w *Schema) Of(v any) Object {
	t := structOf(v)
	w.begin(t)
	return w.reference(t)
}

// begin says which struct the definitions that follow belong to.
func (w *Schema) begin(t reflect.Type) { w.owner, _, _ = strings.Cut(t.String(), ".") }

// Mapping is the schema of a mapping with the settings of the struct behind v,
// which has no definition.
func (w *Schema) Mapping(v any) Object {
	t := structOf(v)
	w.begin(t)
	return w.settings(w.shapes.of(t))
}

// Required names the settings of the struct behind v that must be written.
func Required(v any) []string { return requiredNames(make(shapes).of(structOf(v))) }

// setting is the schema of a field: of its type within its limits, or of a
// reference, with its documentation.
func (w *Schema) setting(f *field) Object {
	s := w.orReference(f.typ, f)
	if f.doc != "" {
		s["description"] = markdown.Line(f.doc)
	}
	if f.preset != nil {
		s["default"] = plainValue(f.preset)
	}
	return s
}

// orReference is the schema of a value or of a reference in its place. Without
// limits a text can be either anyway.
func (w *Schema) orReference(t reflect.Type, f *field) Object {
	if classOf(t) == rawClass {
		return Object{}
	}
	s := w.value(t, f)
	if len(s) == 1 && (s["type"] == "string" || reflect.DeepEqual(s, anyScalar())) {
		return s
	}
	if w.Reference == nil {
		return s
	}
	return Object{"anyOf": []any{s, w.Reference}}
}

// anyScalar is what has a form that a schema does not know.
func anyScalar() Object { return Object{"type": []any{"string", "number", "boolean"}} }

func (w *Schema) value(t reflect.Type, f *field) Object {
	switch classOf(t) {
	case boolClass, offClass:
		return Object{"type": "boolean"}
	case intClass:
		return limit(Object{"type": "integer"}, f)
	case uintClass:
		return limit(Object{"type": "integer", "minimum": 0}, f)
	case floatClass:
		return limit(Object{"type": "number"}, f)
	case textClass:
		return w.text(f)
	case pathClass, folderClass, globClass, pathsClass:
		return Object{"type": "string", "minLength": 1}
	case durationClass:
		return Object{"type": "string", "pattern": durationPattern}
	case optionalClass:
		return w.value(t.Elem(), f)
	case listClass:
		s := Object{"type": "array", "items": w.orReference(t.Elem(), elementOf(f))}
		s = count(s, f, "minItems", "maxItems")
		if f != nil && f.single {
			return Object{"anyOf": []any{w.value(t.Elem(), elementOf(f)), s}}
		}
		return s
	case mapClass:
		s := Object{"type": "object", "additionalProperties": w.orReference(entryElem(t), elementOf(f))}
		s = count(s, f, "minProperties", "maxProperties")
		if f != nil && f.names {
			name := Object{"type": "string"}
			return Object{"anyOf": []any{name, count(Object{"type": "array", "items": name}, f, "minItems", "maxItems"), s}}
		}
		return s
	case structClass, choiceClass:
		return w.reference(t)
	}
	return anyScalar()
}

// durationPattern is the grammar of time.ParseDuration.
const durationPattern = `^([-+]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+|[-+]?0)$`

func (w *Schema) text(f *field) Object {
	if f != nil && len(f.enum) > 0 {
		return Object{"enum": anys(f.enum)}
	}
	return count(Object{"type": "string"}, f, "minLength", "maxLength")
}

// limit adds the bounds of a number.
func limit(s Object, f *field) Object {
	if f == nil {
		return s
	}
	keywords := map[string]string{
		">=": "minimum", "<=": "maximum", ">": "exclusiveMinimum", "<": "exclusiveMaximum",
	}
	for _, b := range f.bounds {
		s[keywords[b.op]] = b.value
	}
	return s
}

// count adds the bounds of a length, which a schema only has as inclusive.
func count(s Object, f *field, least, most string) Object {
	if f == nil {
		return s
	}
	for _, b := range f.bounds {
		switch b.op {
		case ">=":
			s[least] = b.value
		case ">":
			s[least] = b.value + 1
		case "<=":
			s[most] = b.value
		case "<":
			s[most] = b.value - 1
		}
	}
	return s
}

// reference is a schema that refers to the definition of a struct type, or
// the schema itself if the type has no name.
func (w *Schema) reference(t reflect.Type) Object {
	if t.Name() == "" {
		return w.structure(t)
	}
	name, ok := w.names[t]
	if !ok {
		name = w.unusedName(t)
		w.names[t] = name
		w.Definitions[name] = nil // taken, also while the struct is being described
		w.Definitions[name] = w.structure(t)
	}
	return Object{"$ref": "#/$defs/" + name}
}

var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// unusedName is the Go name of a type with the package of the struct that is
// made of it, wherever it is declared itself; numbered if there are several.
func (w *Schema) unusedName(t reflect.Type) string {
	base := unsafeInName.ReplaceAllString(w.owner+"."+t.Name(), "_")
	name := base
	for i := 2; ; i++ {
		if _, taken := w.Definitions[name]; !taken {
			return name
		}
		name = fmt.Sprintf("%s_%d", base, i)
	}
}

func (w *Schema) structure(t reflect.Type) Object {
	sh := w.shapes.of(t)
	if sh.choice {
		return w.choice(sh)
	}
	s := w.settings(sh)
	if len(requiredNames(sh)) == 0 {
		s["type"] = []any{"object", "null"}
	}
	if sh.short == nil {
		return s
	}
	return Object{"anyOf": []any{s, w.value(sh.short.typ, sh.short)}}
}

// settings is the schema of a mapping with the settings of a struct.
func (w *Schema) settings(sh *shape) Object {
	properties := make(Object, len(sh.fields))
	for i := range sh.fields {
		properties[sh.fields[i].name] = w.setting(&sh.fields[i])
	}
	s := Object{"type": "object", "properties": properties, "additionalProperties": false}
	if required := requiredNames(sh); len(required) > 0 {
		s["required"] = anys(required)
	}
	return s
}

func requiredNames(sh *shape) []string {
	var names []string
	for _, f := range sh.fields {
		if f.required {
			names = append(names, f.name)
		}
	}
	return names
}

// choice is a bare name, of a variant that needs no settings, or a mapping
// with one key.
func (w *Schema) choice(sh *shape) Object {
	properties := make(Object, len(sh.fields))
	var bare []string
	for i := range sh.fields {
		f := &sh.fields[i]
		properties[f.name] = w.setting(f)
		if inner := w.shapes.of(f.typ.Elem()); !inner.choice && len(requiredNames(inner)) == 0 {
			bare = append(bare, f.name)
		}
	}
	mapping := Object{
		"type":                 "object",
		"properties":           properties,
		"additionalProperties": false,
		"minProperties":        1,
		"maxProperties":        1,
	}
	if len(bare) == 0 {
		return mapping
	}
	return Object{"anyOf": []any{Object{"enum": anys(bare)}, mapping}}
}

// plainValue is a default as JSON.
func plainValue(n *Node) any {
	var v any
	if err := json.Unmarshal(n.JSON(), &v); err != nil {
		panic(fmt.Sprintf("settings: default %s: %v", n.JSON(), err)) // it was written by ourselves
	}
	return v
}

func anys(texts []string) []any {
	list := make([]any, len(texts))
	for i, s := range texts {
		list[i] = s
	}
	return list
}
