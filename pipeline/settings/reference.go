package settings

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"pipe/base/markdown"
)

// A row is one setting in the reference. The rows of settings within a setting
// follow it, one level deeper.
type row struct {
	depth int
	name  string // key, or how elements are written: "[]", "<name>"
	path  string // all names from the top: "layers[].dense.units"
	typ   string // "whole number, at least 1"
	value string // "required", "default 10", or "" if it may be absent
	doc   string
}

// reference lists the settings of the struct behind v.
func reference(v any) []row {
	r := referencer{shapes: make(shapes)}
	r.structure(structOf(v), "", 0)
	return r.rows
}

// WriteText writes the reference of the struct behind v as plain text with a
// title.
func WriteText(w io.Writer, v any) {
	rows := reference(v)
	fmt.Fprint(w, "\nSettings\n")
	if len(rows) == 0 {
		fmt.Fprint(w, "  none\n")
	}
	for _, r := range rows {
		pad := strings.Repeat("  ", r.depth+1)
		facts := slices.DeleteFunc([]string{r.typ, r.value}, func(s string) bool { return s == "" })
		fmt.Fprintf(w, "%s\n", strings.TrimRight(pad+r.name+"  "+strings.Join(facts, "; "), " "))
		if r.doc != "" {
			fmt.Fprintf(w, "%s    %s\n", pad, markdown.Line(r.doc))
		}
	}
}

// WriteMarkdown writes the reference of the struct behind v as a table with a
// title.
func WriteMarkdown(w io.Writer, v any) {
	rows := reference(v)
	if len(rows) == 0 {
		fmt.Fprint(w, "\nThere are no settings.\n")
		return
	}
	fmt.Fprint(w, "\n**Settings**\n\n| Setting | Value | If absent | Meaning |\n| --- | --- | --- | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", markdown.Code(r.path), markdown.Cell(r.typ), absentCell(r.value), markdown.Cell(r.doc))
	}
}

func absentCell(value string) string {
	if preset, ok := strings.CutPrefix(value, "default "); ok {
		return markdown.Code(preset)
	}
	return value
}

type referencer struct {
	shapes shapes
	open   []openStruct // those whose settings are being listed, and Choosers
	rows   []row
}

type openStruct struct {
	typ  reflect.Type
	path string
}

// structure adds the settings of a struct type at a path.
func (r *referencer) structure(t reflect.Type, path string, depth int) {
	here := len(r.open)
	r.open = append(r.open, openStruct{t, path})
	s := r.shapes.of(t)
	for i := range s.fields {
		f := &s.fields[i]
		at := joinName(path, f.name)
		next := row{depth: depth, name: f.name, path: at, doc: f.doc}
		if !s.choice {
			next.typ, next.value = r.typeText(f.typ, f), valueText(f)
		} else if inner := r.shapes.of(f.typ.Elem()); inner.short != nil || inner.choice {
			next.typ = r.typeText(f.typ, nil)
		}
		r.rows = append(r.rows, next)
		r.inside(f.typ, at, depth+1)
	}
	if !isChooser(t) { // which has many variants, so that once is enough
		r.open = slices.Delete(r.open, here, here+1)
	}
}

// inside adds the settings that a value of a type has within it. Those of a
// struct inside itself have been listed, and so may be those of a Chooser.
func (r *referencer) inside(t reflect.Type, path string, depth int) {
	switch classOf(t) {
	case optionalClass:
		r.inside(t.Elem(), path, depth)
	case listClass:
		r.inside(t.Elem(), path+"[]", depth)
	case mapClass:
		r.inside(entryElem(t), path+".<name>", depth)
	case structClass, choiceClass:
		i := slices.IndexFunc(r.open, func(o openStruct) bool { return o.typ == t })
		if i < 0 {
			r.structure(t, path, depth)
			return
		}
		r.rows[len(r.rows)-1].doc += fmt.Sprintf(" Written like `%s`.", r.open[i].path)
	}
}

// valueText says what a setting is if it is absent.
func valueText(f *field) string {
	switch {
	case f.required:
		return "required"
	case f.preset != nil && f.written == "":
		return `default ""`
	case f.preset != nil:
		return "default " + f.written
	}
	return ""
}

// typeText says how a value is written. The field gives limits; it is nil for
// an element.
func (r *referencer) typeText(t reflect.Type, f *field) string {
	switch classOf(t) {
	case optionalClass:
		return r.typeText(t.Elem(), f)
	case textClass:
		if f != nil && len(f.enum) > 0 {
			return "one of " + strings.Join(f.enum, ", ")
		}
		return "text" + countText(" of", f, "character", "characters")
	case listClass:
		text := r.elements("list", " of", ", each", t.Elem(), f)
		switch {
		case f == nil || !f.single:
		case structBehind(t.Elem()) != nil:
			text += ", or its only entry"
		default:
			text = r.typeText(t.Elem(), elementOf(f)) + ", or " + text
		}
		return text
	case mapClass:
		text := r.elements("mapping of names", " to", ", each to", entryElem(t), f)
		if f != nil && f.names {
			return "name, list of names, or mapping of names to names"
		}
		return text
	case structClass:
		if s := r.shapes.of(t).short; s != nil {
			return "mapping, or the bare value of " + s.name
		}
		return "mapping"
	case choiceClass:
		return "one of " + strings.Join(r.shapes.of(t).names(), ", ")
	}
	return nouns[classOf(t)] + boundsText(f)
}

// nouns are the classes whose values look the same for all types.
var nouns = map[class]string{
	boolClass:     "true or false",
	offClass:      "true or false",
	intClass:      "whole number",
	uintClass:     "whole number",
	floatClass:    "number",
	durationClass: "duration",
	pathClass:     "file path",
	folderClass:   "folder path",
	globClass:     "file pattern",
	pathsClass:    "file path, folder/, pattern or https://...",
	scalarClass:   "number, text, true or false",
	parsedClass:   "text",
}

// elements is the text for a list or mapping: "list of numbers", "list, at
// most 2 entries, each one of a, b".
func (r *referencer) elements(collection, of, each string, elem reflect.Type, f *field) string {
	count := countText(",", f, "entry", "entries")
	text := r.typeText(elem, elementOf(f))
	switch text {
	case "text", "number", "whole number", "duration", "file path", "folder path", "file pattern", "mapping":
		return collection + of + " " + text + "s" + count
	}
	if strings.HasPrefix(text, "mapping, ") {
		text = "a " + text
	}
	return collection + count + each + " " + text
}

// boundsText is the bounds of a number.
func boundsText(f *field) string {
	if f == nil || len(f.bounds) == 0 {
		return ""
	}
	parts := make([]string, len(f.bounds))
	for i, b := range f.bounds {
		parts[i] = b.op + " " + b.text
	}
	return " " + strings.Join(parts, " and ")
}

// countText is the bounds of a length.
func countText(lead string, f *field, one, many string) string {
	if f == nil || len(f.bounds) == 0 {
		return ""
	}
	parts := make([]string, len(f.bounds))
	for i, b := range f.bounds {
		parts[i] = b.words(one, many)
	}
	return lead + " " + strings.Join(parts, " and ")
}
