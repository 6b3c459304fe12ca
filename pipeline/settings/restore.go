package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"pipe/base/diag"
)

// FromCanonical fills the struct that dst points to from what Canonical has
// written of settings of its type, perhaps on another machine: Canonical of dst is
// b again. External files are no part of that form, so those that Files gave are
// given here. The settings are validated, and whatever Canonical would not write
// is an error: who sends them may be anyone.
func FromCanonical(b []byte, dst any, files ...File) error {
	n, err := parseJSON(b)
	if err != nil {
		return fmt.Errorf("canonical settings: %w", err)
	}
	p := NewProblems("canonical settings", nil)
	v := reflect.ValueOf(dst).Elem()
	decoder{p: p, exact: true}.value(n, v, spot{})
	if err := p.Err(); err != nil {
		return err
	}
	placeFiles(v, "", &files)
	if len(files) > 0 {
		return fmt.Errorf("canonical settings: there is no place for the file %s", diag.Quote(files[0].Name))
	}
	for _, f := range Files(dst) {
		if err := checkPath(f); err != nil {
			return fmt.Errorf("canonical settings: %s is not %w", f.Name, err)
		}
	}
	decoder{p: p}.validateAll(v)
	if err := p.Err(); err != nil {
		return err
	}
	if !bytes.Equal(Canonical(dst), b) {
		return errors.New("canonical settings: this is not their canonical form")
	}
	return nil
}

// parseJSON reads one JSON value as Parse would, but for what JSON and YAML take
// differently: a text may have any characters.
func parseJSON(b []byte) (*Node, error) { return readJSON(b, false) }

// ParseJSON is parseJSON of a file, with the places of the values.
func ParseJSON(source []byte) (*Node, error) { return readJSON(source, true) }

func readJSON(b []byte, placed bool) (*Node, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("more than %d MiB", MaxSize>>20)
	}
	r := &jsonReader{Decoder: json.NewDecoder(bytes.NewReader(b)), line: 1, column: 1}
	r.UseNumber()
	if placed {
		r.source = b
	}
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.Token(); err != io.EOF {
		return nil, errors.New("something follows the value")
	}
	return n, nil
}

// A jsonReader makes nodes of JSON.
type jsonReader struct {
	*json.Decoder
	source       []byte // nil: places do not matter
	at           int    // bytes of source that line and column have got to
	line, column int
}

// next reads a token with its place.
func (r *jsonReader) next() (json.Token, place, error) {
	from := int(r.InputOffset())
	token, err := r.Token()
	if r.source == nil {
		return token, place{}, err
	}
	for from < len(r.source) && strings.IndexByte(" \t\r\n,:", r.source[from]) >= 0 {
		from++
	}
	for ; r.at < from; r.at++ {
		switch c := r.source[r.at]; {
		case c == '\n':
			r.line, r.column = r.line+1, 1
		case utf8.RuneStart(c):
			r.column++
		}
	}
	return token, place{r.line, r.column}, err
}

func (r *jsonReader) value(depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	token, at, err := r.next()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	n := &Node{Type: Null, Line: at[0], Column: at[1]}
	switch t := token.(type) {
	case nil:
	case bool:
		n.Type, n.Value = Bool, fmt.Sprint(t)
	case string:
		n.Type, n.Value = Text, t
	case json.Number:
		n.Type, n.Value = plainType(t.String()), t.String()
	case json.Delim:
		n.Type, n.inline = List, true
		if t == '{' {
			n.Type = Mapping
		}
		for r.More() {
			c, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		if _, _, err := r.next(); err == io.EOF { // the end
			return nil, io.ErrUnexpectedEOF
		} else if err != nil {
			return nil, err
		}
		return n, distinctKeys(n)
	}
	return n, nil
}

func distinctKeys(n *Node) error {
	if n.Type != Mapping {
		return nil
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for key := range pairs(n) {
		if seen[key.Value] {
			return fmt.Errorf("the key %s is there twice", diag.Quote(key.Value))
		}
		seen[key.Value] = true
	}
	return nil
}

// written turns what the canonical form has for a value of a class into what a
// person would have written; nil stands for what was not.
func (d decoder) written(n *Node, c class) *Node {
	switch {
	case n.Is(Null) && (c == optionalClass || c == listClass || c == mapClass):
		return nil
	case c == mapClass && n.Is(List):
		m := &Node{Type: Mapping, inline: true}
		for _, entry := range n.Content {
			if !entry.Is(List) || len(entry.Content) != 2 || !entry.Content[0].Is(Text) {
				return n
			}
			m.Content = append(m.Content, entry.Content...)
		}
		if distinctKeys(m) != nil {
			return n
		}
		return m
	case c == scalarClass && n.Is(List) && len(n.Content) == 2 && n.Content[0].Is(Text) && n.Content[1].Is(Text):
		if t := slices.Index(tags[:], n.Content[0].Value); t == int(Bool) || t == int(Int) || t == int(Float) || t == int(Text) {
			return &Node{Type: Type(t), Value: n.Content[1].Value}
		}
	}
	return n
}

// placeFiles puts files in their places, and takes them off the list.
func placeFiles(v reflect.Value, name string, files *[]File) {
	switch classOf(v.Type()) {
	case pathClass, folderClass, globClass, pathsClass:
		if i := slices.IndexFunc(*files, func(f File) bool { return f.Name == name }); i >= 0 {
			v.SetString((*files)[i].Path)
			*files = slices.Delete(slices.Clone(*files), i, i+1)
		}
	case optionalClass:
		if !v.IsNil() {
			placeFiles(v.Elem(), name, files)
		} else if isExternal(v.Type()) {
			inner := reflect.New(v.Type().Elem())
			before := len(*files)
			if placeFiles(inner.Elem(), name, files); len(*files) < before {
				v.Set(inner)
			}
		}
	case listClass, mapClass:
		if isExternal(v.Type()) {
			placeEntries(v, name, files)
			return
		}
		for i := range v.Len() {
			v, name := entryOf(v, i, name)
			placeFiles(v, name, files)
		}
	case structClass, choiceClass:
		for m, inner := range members(v) {
			placeFiles(inner, joinName(name, m.name), files)
		}
	}
}

// placeEntries makes the entries of a list or Map of files.
func placeEntries(v reflect.Value, name string, files *[]File) {
	var others []File
	for _, f := range *files {
		key, ok := strings.CutPrefix(f.Name, name+"/")
		if !ok {
			others = append(others, f)
			continue
		}
		entry := reflect.New(v.Type().Elem()).Elem()
		if classOf(v.Type()) == listClass {
			entry.SetString(f.Path)
		} else {
			entry.Field(0).SetString(key)
			entry.Field(1).SetString(f.Path)
		}
		v.Set(reflect.Append(v, entry))
	}
	*files = others
}

// validateAll asks the structs within v, then v itself.
func (d decoder) validateAll(v reflect.Value) {
	switch classOf(v.Type()) {
	case optionalClass:
		if !v.IsNil() {
			d.validateAll(v.Elem())
		}
	case listClass:
		for i := range v.Len() {
			d.validateAll(v.Index(i))
		}
	case mapClass:
		for i := range v.Len() {
			d.validateAll(v.Index(i).Field(1))
		}
	case structClass, choiceClass:
		before := d.p.Errors()
		for _, inner := range members(v) {
			d.validateAll(inner)
		}
		if d.p.Errors() == before {
			d.validate(nil, v, spot{})
		}
	}
}
