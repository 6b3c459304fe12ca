package settings

import (
	"bytes"
	"fmt"
	"reflect"
)

// DecodeFile fills the struct that dst points to from a YAML file that has
// nothing but its settings. An empty file gives the defaults. The error is a
// diag.List with everything that is wrong.
func DecodeFile(name string, source []byte, dst any) error {
	p := NewProblems(name, source)
	var root *Node
	if !OnlyComments(source) {
		doc := Parse(source, p)
		if doc == nil {
			return p.Err()
		}
		root = doc.Root
	}
	if root == nil {
		Decode(nil, At(1, 1), dst, p)
	} else {
		Decode(root, nil, dst, p)
	}
	return p.Err()
}

// OnlyComments reports whether a file says nothing.
func OnlyComments(source []byte) bool {
	for line := range bytes.Lines(source) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// FromJSON fills the struct that dst points to from what JSON has written at an
// earlier time, in which what was not set is null, and a Scalar is a value whose
// text is the shortest one. An external file that was not set is an empty path.
func FromJSON(settings []byte, dst any) error {
	n, err := parseJSON(settings)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	p := NewProblems("settings", settings)
	dropNulls(n)
	decoder{p: p, stored: true}.value(n, reflect.ValueOf(dst).Elem(), spot{owner: At(1, 1)})
	return p.Err()
}

// dropNulls takes keys without a value out of mappings.
func dropNulls(n *Node) {
	if n.Type == Mapping {
		kept := n.Content[:0]
		for i := 0; i+1 < len(n.Content); i += 2 {
			if v := n.Content[i+1]; v.Type != Null {
				kept = append(kept, n.Content[i], v)
			}
		}
		n.Content = kept
	}
	for _, c := range n.Content {
		dropNulls(c)
	}
}
