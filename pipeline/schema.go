package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"pipe/base/markdown"
	"pipe/pipeline/settings"
)

type object = settings.Object

// Schema is the JSON schema (draft 2020-12) of pipeline files that use the
// kinds of a registry, for completion and checks in editors. It leaves to the
// loader what a schema cannot say: references, and what settings.Schema leaves
// out. The same registry always gives the same bytes.
func Schema(r *Registry) []byte {
	w := schemaWriter{settings.NewSchema()}
	w.Definitions["parameter"] = object{
		"type":        "string",
		"pattern":     `\$(\{|[A-Za-z_])`,
		"description": "Reference to a parameter.",
	}
	w.Reference = object{"$ref": "#/$defs/parameter"}
	doc := w.file(r)
	doc["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	doc["$comment"] = "Code generated from the registry of stages. DO NOT EDIT."
	doc["title"] = "pipe pipeline"
	doc["$defs"] = w.Definitions
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

// A schemaWriter knows which settings are where in a pipeline file. `$name` and
// texts that contain `${name}` can stand for any value: what it is, only the
// loader knows.
type schemaWriter struct{ *settings.Schema }

// file is the schema of a whole pipeline file.
func (w schemaWriter) file(r *Registry) object {
	doc := w.Mapping(new(header))
	properties := doc["properties"].(object)
	add(properties["params"], object{"type": []any{"object", "null"}})
	add(properties["stages"], object{"type": "object", "additionalProperties": w.stage(r), "minProperties": 1})
	doc["patternProperties"] = object{"^" + extension: object{"description": "Ignored: a place for anchors."}}
	doc["required"] = append(doc["required"].([]any), "stages")
	return doc
}

// stage is the schema of one stage: what all have in common, and for each kind
// its settings and inputs.
func (w schemaWriter) stage(r *Registry) object {
	s := w.Mapping(new(common))
	properties := s["properties"].(object)
	uses := make([]any, len(r.kinds))
	for i, k := range r.kinds {
		uses[i] = object{"const": k.Name, "description": k.Summary()}
	}
	if len(uses) > 0 {
		properties["uses"] = object{"description": "Kind of the stage.", "anyOf": uses}
	}
	add(properties["inputs"], object{"type": []any{"object", "null"}})
	add(properties["matrix"], object{"anyOf": []any{w.axes(), object{"type": "array", "items": object{"type": "object", "minProperties": 1}, "minItems": 1}, w.Reference, object{"type": "null"}}})
	add(properties["needs"], object{"anyOf": []any{textOr("null"), object{"type": "array", "items": textOr(), "uniqueItems": true}}})
	var rules []any
	for _, k := range r.kinds {
		rules = append(rules, w.rule(k))
	}
	if len(rules) > 0 {
		s["allOf"] = rules
	}
	return s
}

// axes is the schema of a matrix that is a mapping.
func (w schemaWriter) axes() object {
	cases := object{"anyOf": []any{object{"type": "object"}, object{"type": "array", "items": object{"type": "object", "minProperties": 1}}, w.Reference}}
	number := object{"type": "integer", "minimum": 1, "maximum": maxCases}
	values := []any{object{"type": "array", "minItems": 1}, object{"type": "object", "minProperties": 1}, w.Reference}
	return object{
		"type": "object",
		"properties": object{
			zipKey:     object{"anyOf": []any{object{"type": "boolean"}, object{"type": "array", "items": object{"type": "string"}, "minItems": 2}}, "description": "Whether the first values of all names are a case, the second ones and so on, in place of all combinations; or the names of those for which it is so."},
			excludeKey: maps.Clone(cases),
			includeKey: maps.Clone(cases),
			seedAxis:   object{"anyOf": append([]any{number}, values...), "description": "Seeds, or how many of them; each takes the place of the seed of the run."},
			foldAxis:   object{"anyOf": append([]any{number}, values...), "description": "Folds, how many of them, or {of: STAGE} for those that a stage makes."},
		},
		"additionalProperties": object{"anyOf": values},
	}
}

// add says more about what is raw.
func add(schema any, more object) { maps.Copy(schema.(object), more) }

func textOr(types ...string) object {
	return object{"type": append([]string{"string"}, types...)}
}

// rule says what follows for a stage from its kind.
func (w schemaWriter) rule(k *Kind) object {
	stage := k.New()
	then := object{"properties": object{
		"inputs": inputsSchema(k),
		"with":   object{"anyOf": []any{w.Of(stage), w.Reference}},
	}}
	var required []any
	if len(settings.Required(stage)) > 0 {
		required = append(required, "with")
	}
	if slices.ContainsFunc(k.Inputs, isRequired) {
		required = append(required, "inputs")
	}
	if len(required) > 0 {
		then["required"] = required
	}
	return object{
		"if":   object{"properties": object{"uses": object{"const": k.Name}}, "required": []any{"uses"}},
		"then": then,
	}
}

func isRequired(p Port) bool { return !p.Optional && p.InPlaceOf == nil && p.Name != "*" }

func inputsSchema(k *Kind) object {
	properties := make(object, len(k.Inputs))
	var required []any
	var others any = false
	for _, p := range k.Inputs {
		source := textOr()
		if p.Many {
			source = object{"anyOf": []any{textOr(), object{"type": "object", "additionalProperties": textOr(), "minProperties": 1}}}
		}
		source["description"] = markdown.Line(p.Doc) + " (" + string(p.Type) + ")"
		if p.Name == "*" {
			others = source
			continue
		}
		properties[p.Name] = source
		replaced := slices.ContainsFunc(k.Inputs, func(other Port) bool { return slices.Contains(other.InPlaceOf, p.Name) })
		if isRequired(p) && !replaced {
			required = append(required, p.Name)
		}
	}
	s := object{"properties": properties, "additionalProperties": others}
	if len(required) > 0 {
		s["type"] = "object"
		s["required"] = required
	}
	return s
}
