package pipeline

import (
	"reflect"
	"slices"
)

// The keys of a pipeline file that the loader reads by hand, since they refer
// to each other. All others are described by the structs header and common.

// file is the schema of a whole pipeline file.
func (w *schemaWriter) file(r *Registry) object {
	doc := w.settings(w.shapes.of(reflect.TypeFor[header]()))
	properties := doc["properties"].(object)
	properties["params"] = object{
		"type":        []any{"object", "null"},
		"description": "Values that the rest of the file refers to as $name, and that --set can change.",
	}
	properties["stages"] = object{
		"type":                 "object",
		"description":          "The stages by name.",
		"additionalProperties": w.stage(r),
		"minProperties":        1,
	}
	doc["patternProperties"] = object{"^" + extension: object{"description": "Ignored: a place for anchors."}}
	doc["required"] = append(doc["required"].([]any), "stages")
	return doc
}

// stage is the schema of one stage: what all have in common, and for each kind
// its settings and inputs.
func (w *schemaWriter) stage(r *Registry) object {
	s := w.settings(w.shapes.of(reflect.TypeFor[common]()))
	properties := s["properties"].(object)
	uses := make([]any, len(r.kinds))
	for i, k := range r.kinds {
		uses[i] = object{"const": k.Name, "description": k.Summary()}
	}
	if len(uses) > 0 {
		properties["uses"] = object{"description": "Kind of the stage.", "anyOf": uses}
	}
	properties["inputs"] = object{
		"type":        []any{"object", "null"},
		"description": "What each input port is connected to: STAGE, or STAGE.PORT.",
	}
	properties["needs"] = object{
		"anyOf":       []any{textOr("null"), object{"type": "array", "items": textOr(), "uniqueItems": true}},
		"description": "Stages that have to be done before, without data from them.",
	}
	properties["with"] = object{"description": "The settings of the kind."}
	var rules []any
	for _, k := range r.kinds {
		rules = append(rules, w.rule(k))
	}
	if len(rules) > 0 {
		s["allOf"] = rules
	}
	return s
}

func textOr(types ...string) object {
	return object{"type": append([]any{"string"}, anys(types)...)}
}

// rule says what follows for a stage from its kind.
func (w *schemaWriter) rule(k *Kind) object {
	t := k.configType()
	then := object{"properties": object{
		"inputs": inputsSchema(k),
		"with":   object{"anyOf": []any{w.reference(t), paramRef}},
	}}
	var required []any
	if len(requiredNames(w.shapes.of(t))) > 0 {
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

func isRequired(p Port) bool { return !p.Optional && p.Name != "*" }

func inputsSchema(k *Kind) object {
	properties := make(object, len(k.Inputs))
	var required []any
	var others any = false
	for _, p := range k.Inputs {
		source := textOr()
		source["description"] = oneLine(p.Doc) + " (" + string(p.Type) + ")"
		if p.Name == "*" {
			others = source
			continue
		}
		properties[p.Name] = source
		if isRequired(p) {
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
