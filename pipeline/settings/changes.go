package settings

import (
	"encoding/json"
	"strings"

	"pipe/base/jsondiff"
)

// Changes says what differs between two settings in their canonical form,
// setting by setting as a person wrote them. It is empty only if the texts are
// the same.
func Changes(old, new string) []jsondiff.Change {
	if old == new {
		return nil
	}
	a, errA := jsondiff.Decode([]byte(old))
	b, errB := jsondiff.Decode([]byte(new))
	if errA != nil || errB != nil {
		return []jsondiff.Change{{Old: old, New: new}}
	}
	if list := jsondiff.Values(readable(a), readable(b)); len(list) > 0 {
		return list
	}
	// The order of a Map counts, or a scalar has another type.
	return jsondiff.Values(a, b)
}

// readable turns the canonical form of a Map into an object and that of a
// Scalar into its text, as far as they can be told from lists.
func readable(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = readable(x)
		}
		return m
	case []any:
		if s, ok := scalarOf(v); ok {
			return s
		}
		if m, ok := mapOf(v); ok {
			return m
		}
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = readable(x)
		}
		return list
	}
	return v
}

func scalarOf(v []any) (any, bool) {
	if len(v) != 2 {
		return nil, false
	}
	tag, ok := v[0].(string)
	text, isText := v[1].(string)
	if !ok || !isText || !strings.HasPrefix(tag, "!!") {
		return nil, false
	}
	switch tag {
	case "!!int", "!!float":
		var n json.Number
		if err := json.Unmarshal([]byte(text), &n); err == nil {
			return n, true
		}
	case "!!bool":
		return strings.EqualFold(text, "true"), true
	}
	return text, true
}

func mapOf(v []any) (map[string]any, bool) {
	if len(v) == 0 {
		return nil, false
	}
	m := make(map[string]any, len(v))
	for _, x := range v {
		pair, ok := x.([]any)
		if !ok || len(pair) != 2 {
			return nil, false
		}
		key, ok := pair[0].(string)
		if _, double := m[key]; !ok || double || strings.HasPrefix(key, "!!") {
			return nil, false
		}
		m[key] = readable(pair[1])
	}
	return m, true
}
