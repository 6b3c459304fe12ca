package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"

	"gopkg.in/yaml.v3"
)

// An object is a JSON object; it is written with sorted keys.
type object = map[string]any

// paramRef is the schema of `$name` and of texts that contain `${name}`,
// which can stand for any value: what it is, only the loader knows.
var paramRef = object{"$ref": "#/$defs/parameter"}

// Schema is the JSON schema (draft 2020-12) of pipeline files that use the
// kinds of a registry, for completion and checks in editors. It is as strict
// as the loader about names and types, but leaves to it what a schema cannot
// say: references, bounds of durations, Validate. The same registry always
// gives the same bytes.
func Schema(r *Registry) []byte {
	w := newSchemaWriter()
	doc := w.file(r)
	doc["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	doc["$comment"] = "Code generated from the registry of stages. DO NOT EDIT."
	doc["title"] = "pipe pipeline"
	doc["$defs"] = w.defs
	return encodeJSON(doc)
}

func encodeJSON(v object) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("pipeline: schema: %v", err)) // plain values cannot fail
	}
	return b.Bytes()
}

// A schemaWriter turns configuration types into schemas. Structs with a name
// become definitions, which also ends the recursion of those that contain
// themselves.
type schemaWriter struct {
	shapes shapes
	names  map[reflect.Type]string // of definitions
	defs   object
}

func newSchemaWriter() *schemaWriter {
	return &schemaWriter{
		shapes: make(shapes),
		names:  make(map[reflect.Type]string),
		defs: object{"parameter": object{
			"type":        "string",
			"pattern":     `\$(\{|[A-Za-z_])`,
			"description": "Reference to a parameter.",
		}},
	}
}

// setting is the schema of a field: of its type within its limits, or of a
// parameter, with its documentation.
func (w *schemaWriter) setting(f *field) object {
	s := w.orParam(f.typ, f)
	if f.doc != "" {
		s["description"] = oneLine(f.doc)
	}
	if f.preset != nil {
		s["default"] = plainValue(f.preset)
	}
	return s
}

// orParam is the schema of a value or of a parameter in its place. Without
// limits a text can be either anyway.
func (w *schemaWriter) orParam(t reflect.Type, f *field) object {
	s := w.value(t, f)
	if len(s) == 1 && (s["type"] == "string" || reflect.DeepEqual(s, anyScalar())) {
		return s
	}
	return object{"anyOf": []any{s, paramRef}}
}

// anyScalar is what has a form that a schema does not know.
func anyScalar() object { return object{"type": []any{"string", "number", "boolean"}} }

func (w *schemaWriter) value(t reflect.Type, f *field) object {
	switch classOf(t) {
	case boolClass:
		return object{"type": "boolean"}
	case intClass:
		return limit(object{"type": "integer"}, f)
	case uintClass:
		return limit(object{"type": "integer", "minimum": 0}, f)
	case floatClass:
		return limit(object{"type": "number"}, f)
	case textClass:
		return w.text(f)
	case pathClass:
		return object{"type": "string", "minLength": 1}
	case durationClass:
		return object{"type": "string", "pattern": durationPattern}
	case optionalClass:
		return w.value(t.Elem(), f)
	case listClass:
		s := object{"type": "array", "items": w.orParam(t.Elem(), elementOf(f))}
		s = count(s, f, "minItems", "maxItems")
		if f != nil && f.single {
			return object{"anyOf": []any{w.value(t.Elem(), elementOf(f)), s}}
		}
		return s
	case mapClass:
		s := object{"type": "object", "additionalProperties": w.orParam(entryElem(t), elementOf(f))}
		return count(s, f, "minProperties", "maxProperties")
	case structClass, choiceClass:
		return w.reference(t)
	}
	return anyScalar()
}

// durationPattern is the grammar of time.ParseDuration.
const durationPattern = `^([-+]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+|[-+]?0)$`

func (w *schemaWriter) text(f *field) object {
	if f != nil && len(f.enum) > 0 {
		return object{"enum": anys(f.enum)}
	}
	return count(object{"type": "string"}, f, "minLength", "maxLength")
}

// limit adds the bounds of a number.
func limit(s object, f *field) object {
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
func count(s object, f *field, least, most string) object {
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
func (w *schemaWriter) reference(t reflect.Type) object {
	if t.Name() == "" {
		return w.structure(t)
	}
	name, ok := w.names[t]
	if !ok {
		name = w.unusedName(t)
		w.names[t] = name
		w.defs[name] = nil // taken, also while the struct is being described
		w.defs[name] = w.structure(t)
	}
	return object{"$ref": "#/$defs/" + name}
}

var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// unusedName is the Go name of a type with its package, numbered if another
// package has the same.
func (w *schemaWriter) unusedName(t reflect.Type) string {
	base := unsafeInName.ReplaceAllString(t.String(), "_")
	name := base
	for i := 2; ; i++ {
		if _, taken := w.defs[name]; !taken {
			return name
		}
		name = fmt.Sprintf("%s_%d", base, i)
	}
}

func (w *schemaWriter) structure(t reflect.Type) object {
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
	return object{"anyOf": []any{s, w.value(sh.short.typ, sh.short)}}
}

// settings is the schema of a mapping with the settings of a struct.
func (w *schemaWriter) settings(sh *shape) object {
	properties := make(object, len(sh.fields))
	for i := range sh.fields {
		properties[sh.fields[i].name] = w.setting(&sh.fields[i])
	}
	s := object{"type": "object", "properties": properties, "additionalProperties": false}
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
func (w *schemaWriter) choice(sh *shape) object {
	properties := make(object, len(sh.fields))
	var bare []string
	for i := range sh.fields {
		f := &sh.fields[i]
		properties[f.name] = w.setting(f)
		if len(requiredNames(w.shapes.of(f.typ.Elem()))) == 0 {
			bare = append(bare, f.name)
		}
	}
	mapping := object{
		"type":                 "object",
		"properties":           properties,
		"additionalProperties": false,
		"minProperties":        1,
		"maxProperties":        1,
	}
	if len(bare) == 0 {
		return mapping
	}
	return object{"anyOf": []any{object{"enum": anys(bare)}, mapping}}
}

// plainValue is a default as JSON.
func plainValue(n *yaml.Node) any {
	var v any
	if err := n.Decode(&v); err != nil {
		panic(fmt.Sprintf("pipeline: default in line %d: %v", n.Line, err)) // it was parsed before
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
