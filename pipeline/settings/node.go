package settings

import (
	"math"
	"strconv"
	"strings"

	"pipe/base/diag"
)

// A Type says what a Node is.
type Type uint8

// The types of nodes. A date is a Text, as it is in JSON.
const (
	Absent  Type = iota // only a place
	Null                // nothing was written, or null
	Bool                //
	Int                 // a whole number in any base
	Float               // any other number
	Text                //
	List                //
	Mapping             //
	Spoiled             // a value that is wrong in itself, which was reported
)

// tags are what YAML calls the types of scalars.
var tags = [...]string{Null: "!!null", Bool: "!!bool", Int: "!!int", Float: "!!float", Text: "!!str", Spoiled: "!spoiled"}

// A Node is a value of a Document with its place.
type Node struct {
	Type    Type
	Value   string  // of a scalar, as written
	Content []*Node // the elements of a list; keys and values of a mapping in turn. Keys are distinct texts

	Line, Column int // from 1, in code points

	quoted   bool // a text in quotes
	inline   bool // a list or mapping in brackets
	replaced bool // stands where a reference was, see Document.Replace
}

// At makes a node that is only a place.
func At(line, column int) *Node { return &Node{Line: line, Column: column} }

// Plain is what YAML takes a text without quotes for.
func Plain(text string) *Node { return &Node{Type: plainType(text), Value: text} }

// IsEmpty reports whether nothing was written, or null. A nil Node is empty.
func (n *Node) IsEmpty() bool { return n == nil || n.Type == Absent || n.Type == Null }

// Is reports whether a node, which may be nil, has a type.
func (n *Node) Is(t Type) bool { return n != nil && n.Type == t }

// IsScalar reports whether a node, which may be nil, is a single value.
func (n *Node) IsScalar() bool {
	return n != nil && n.Type != Absent && n.Type != List && n.Type != Mapping
}

// Child is an entry of a mapping, or an element of a list, by its index or its text, which is its own key.
// Both are nil if there is none.
func (n *Node) Child(name string) (key, value *Node) {
	switch {
	case n.Is(Mapping):
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				return n.Content[i], n.Content[i+1]
			}
		}
	case n.Is(List):
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
		for _, item := range n.Content { // of a list of names
			if item.IsScalar() && item.Value == name {
				return item, item
			}
		}
	}
	return nil, nil
}

// Find is where the setting of a name below n was written: a name, or names
// and list indexes joined by dots. A key that has dots itself wins. It is nil
// if the setting was not written.
func (n *Node) Find(field string) *Node {
	if n == nil || field == "" {
		return nil
	}
	if n.IsScalar() {
		return n // the bare value of a short field
	}
	if key, value := n.Child(field); value != nil {
		return anchor(value, key)
	}
	head, rest, ok := strings.Cut(field, ".")
	if !ok {
		return nil
	}
	key, value := n.Child(head)
	if _, err := strconv.Atoi(head); value == nil && (err == nil) != n.Is(List) {
		return n.Find(rest) // the name of a short list, or the index of a single element: neither is written
	}
	if found := value.Find(rest); found != nil {
		return found
	}
	return key
}

// findKey is where the last name of a field was written; nil if it was not.
func (n *Node) findKey(field string) *Node {
	if n == nil {
		return nil
	}
	if key, value := n.Child(field); value != nil {
		return key
	}
	head, rest, ok := strings.Cut(field, ".")
	if !ok {
		return nil
	}
	_, value := n.Child(head)
	return value.findKey(rest)
}

// anchor is where to report a problem with the whole of n: at the key of a
// list or mapping that has no brackets, since its first entry is not at fault.
func anchor(n, key *Node) *Node {
	if n == nil || !n.IsScalar() && !n.inline && key != nil {
		return key
	}
	return n
}

// Describe says for a message what a value is: a mapping, the text "x".
func (n *Node) Describe() string {
	if n.IsEmpty() {
		return "empty"
	}
	switch n.Type {
	case Mapping:
		return "a mapping"
	case List:
		return "a list"
	case Int, Float:
		return "the number " + diag.Shorten(n.Value)
	case Bool:
		return diag.Shorten(n.Value)
	}
	return "the text " + diag.Quote(n.Value)
}

// Noun names what people see in a node: mapping, whole number.
func (n *Node) Noun() string {
	switch n.Type {
	case Mapping:
		return "mapping"
	case List:
		return "list"
	case Int:
		return "whole number"
	case Float:
		return "number"
	case Bool:
		return "boolean"
	case Null:
		return "null"
	}
	return "text"
}

// IsFinite is false for infinities and NaN.
func (n *Node) IsFinite() bool {
	if n.Type != Float {
		return true
	}
	_, ok := n.float()
	return ok
}

// HasLeadingZero reports whether a number is one that YAML 1.1 reads as octal,
// YAML 1.2 as decimal.
func (n *Node) HasLeadingZero() bool {
	return (n.Type == Int || n.Type == Float) && leadingZero.MatchString(n.Value)
}

// float reads a number that is finite.
func (n *Node) float() (float64, bool) {
	f, err := parseFloat(n.Value)
	if n.Type == Int || err != nil { // in any base
		digits := strings.ReplaceAll(n.Value, "_", "")
		if i, err := strconv.ParseInt(digits, 0, 64); err == nil {
			return float64(i), true
		}
		if u, err := strconv.ParseUint(digits, 0, 64); err == nil {
			return float64(u), true
		}
	}
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// JSON writes the value. Mappings keep their order.
func (n *Node) JSON() []byte {
	var w jsonWriter
	w.node(n)
	return w.buf
}

// node writes a value of a document.
func (w *jsonWriter) node(n *Node) {
	switch n.Type {
	case List:
		w.raw("[")
		for i, c := range n.Content {
			if i > 0 {
				w.raw(",")
			}
			w.node(c)
		}
		w.raw("]")
	case Mapping:
		w.raw("{")
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				w.raw(",")
			}
			w.string(n.Content[i].Value)
			w.raw(":")
			w.node(n.Content[i+1])
		}
		w.raw("}")
	case Absent, Null:
		w.raw("null")
	default:
		w.scalar(Scalar{Tag: tags[n.Type], Text: n.Value})
	}
}
