package settings

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pipe/base/address"
)

// Canonical is decoded settings as JSON that depends on nothing but the values,
// such as for the key of a cache. It has every setting, defaults filled in, in
// the order of the Go fields:
//
//	struct              object, without settings that are external files, or how
//	                    something is got (the tag key)
//	choice              object with the one variant that is set, or null
//	Map                 array of [key, value], in written order
//	list                array
//	not written         null for a Map, a list or a pointer
//	number              shortest decimal that reads back as the same value
//	duration            text as time.Duration prints it
//	Scalar              [tag, text]
//	TextUnmarshaler     its MarshalText
//
// External files are left out: what counts are their bytes, which are known by
// the names that Files gives. A setting that came later (added) is left out while it
// is not used, so that what was stored before it came is still found.
func Canonical(v any) []byte {
	w := jsonWriter{strict: true}
	w.value(reflect.ValueOf(v))
	return w.buf
}

// JSON is like Canonical, but for people: a Map is an object in written
// order, a Scalar is its value, and external files are there with their paths, or with
// what may be shown of their addresses.
func JSON(v any) []byte {
	var w jsonWriter
	w.value(reflect.ValueOf(v))
	return w.buf
}

// Brief is like JSON without what says nothing: settings that are not written and
// have no default, external files, and those that came later and are not used. So
// it is the same in later versions, as Canonical is.
func Brief(v any) []byte {
	w := jsonWriter{brief: true}
	w.value(reflect.ValueOf(v))
	return w.buf
}

// A jsonWriter writes configurations. The standard encoder would sort Maps,
// escape HTML and leave it to json tags what is written.
type jsonWriter struct {
	buf    []byte
	strict bool // write the canonical form
	brief  bool // leave out what says nothing
}

// omits says whether a setting is left out.
func (w *jsonWriter) omits(m member, v reflect.Value) bool {
	if !w.strict && !w.brief {
		return false
	}
	if isExternal(v.Type()) || m.tag.Get("key") == "false" || m.tag.Get("added") == "true" && isUnused(v, m.tag.Get("default")) {
		return true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice:
		return w.brief && v.IsNil()
	}
	return false
}

func (w *jsonWriter) raw(s string) { w.buf = append(w.buf, s...) }

func (w *jsonWriter) value(v reflect.Value) {
	switch classOf(v.Type()) {
	case boolClass:
		w.buf = strconv.AppendBool(w.buf, v.Bool())
	case offClass:
		w.buf = strconv.AppendBool(w.buf, !v.Bool())
	case rawClass:
		w.raw("null")
	case intClass:
		w.buf = strconv.AppendInt(w.buf, v.Int(), 10)
	case uintClass:
		w.buf = strconv.AppendUint(w.buf, v.Uint(), 10)
	case floatClass:
		w.float(v.Float())
	case textClass:
		w.string(v.String())
	case pathClass, folderClass, globClass, pathsClass:
		w.string(address.Shown(v.String()))
	case durationClass:
		w.string(time.Duration(v.Int()).String())
	case scalarClass:
		w.scalar(v.Interface().(Scalar))
	case parsedClass:
		w.marshaler(v)
	case optionalClass:
		w.optional(v)
	case listClass, mapClass:
		w.collection(v)
	case structClass, choiceClass:
		w.structure(v)
	default:
		panic(fmt.Sprintf("settings: settings cannot have the type %v", v.Type()))
	}
}

func (w *jsonWriter) optional(v reflect.Value) {
	if v.IsNil() {
		w.raw("null")
		return
	}
	w.value(v.Elem())
}

// collection tells one that was not written from one that is empty, as a stage
// can, too.
func (w *jsonWriter) collection(v reflect.Value) {
	switch {
	case v.IsNil():
		w.raw("null")
	case classOf(v.Type()) == listClass:
		w.list(v)
	default:
		w.ordered(v)
	}
}

func (w *jsonWriter) list(v reflect.Value) {
	w.raw("[")
	for i := range v.Len() {
		if i > 0 {
			w.raw(",")
		}
		w.value(v.Index(i))
	}
	w.raw("]")
}

func (w *jsonWriter) ordered(v reflect.Value) {
	before, open, colon, end, after := "{", "", ":", "", "}"
	if w.strict {
		before, open, colon, end, after = "[", "[", ",", "]", "]"
	}
	w.raw(before)
	for i := range v.Len() {
		if i > 0 {
			w.raw(",")
		}
		w.raw(open)
		w.string(v.Index(i).Field(0).String())
		w.raw(colon)
		w.value(v.Index(i).Field(1))
		w.raw(end)
	}
	w.raw(after)
}

func (w *jsonWriter) structure(v reflect.Value) {
	separator := "{"
	for m, inner := range members(v) {
		if w.omits(m, inner) {
			continue
		}
		w.raw(separator)
		separator = ","
		w.string(m.name)
		w.raw(":")
		w.value(inner)
	}
	switch {
	case separator == ",":
		w.raw("}")
	case isChoice(v.Type()):
		w.raw("null")
	default:
		w.raw("{}")
	}
}

// isUnused reports whether a setting that came later has the value that it has
// when nobody has heard of it: its default, as the tag says it, else none.
func isUnused(v reflect.Value, preset string) bool {
	switch v.Kind() {
	case reflect.String:
		return v.String() == preset
	case reflect.Bool:
		return v.Bool() == (preset == "true")
	}
	return v.IsZero()
}

func (w *jsonWriter) scalar(s Scalar) {
	switch {
	case w.strict:
		w.raw("[")
		w.string(s.Tag)
		w.raw(",")
		w.string(s.Text)
		w.raw("]")
	case s.Tag == "!!bool":
		w.raw(strconv.FormatBool(strings.EqualFold(s.Text, "true")))
	case s.Tag == "!!int" || s.Tag == "!!float":
		w.number(s.Text)
	default:
		w.string(s.Text)
	}
}

// number writes a number of a Scalar: as one where JSON can hold it without
// loss, otherwise as the text that was written.
func (w *jsonWriter) number(text string) {
	if i, err := strconv.ParseInt(text, 0, 64); err == nil {
		w.buf = strconv.AppendInt(w.buf, i, 10)
		return
	}
	if f, err := parseFloat(text); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		w.float(f)
		return
	}
	w.string(text)
}

// marshaler panics if a value that was decoded cannot be written back, which
// is a mistake of its type.
func (w *jsonWriter) marshaler(v reflect.Value) {
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		m = p.Interface().(encoding.TextMarshaler)
	}
	text, err := m.MarshalText()
	if err != nil {
		panic(fmt.Sprintf("settings: %v: %v", v.Type(), err))
	}
	w.string(string(text))
}

// float writes the shortest decimal that reads back as f.
func (w *jsonWriter) float(f float64) {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	w.buf = strconv.AppendFloat(w.buf, f, format, -1, 64)
}

// string writes a JSON text in which only what must be escaped is.
func (w *jsonWriter) string(s string) {
	w.raw(`"`)
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.buf = append(w.buf, '\\', byte(r))
		case r < 0x20:
			w.buf = fmt.Appendf(w.buf, `\u%04x`, r)
		default:
			w.buf = utf8.AppendRune(w.buf, r)
		}
	}
	w.raw(`"`)
}
