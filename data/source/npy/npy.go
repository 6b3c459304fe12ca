// Package npy reads the arrays that NumPy saves.
package npy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/array"
	"pipe/pipeline/settings"
)

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "npy",
		Version: 1,
		Title:   "NumPy",
		Doc: `An array that numpy.save has written: numbers or truth values, in C order. Its first dimension are the rows. With one
dimension it is a column of its name without .npy; with more a column of lists with their shape, of uint8, int32 or
float32. A matrix of float64 becomes a column for each of its own: x_0, x_1. Several files, as in path: "data/*.npy",
are columns of one table, and so are the arrays of a file .npz, compressed or not, of which ` + "`arrays`" + ` chooses some.`,
		Endings:  []string{".npy", ".npz"},
		Detect:   func(start []byte) bool { return bytes.HasPrefix(start, magic) },
		Together: true,
		New:      func() source.Reader { return new(Reader) },
	}
}

// Reader reads .npy and .npz files.
type Reader struct {
	Arrays []string `yaml:"arrays" single:"true" doc:"Arrays of a file .npz to read, such as x_train and y_train: all have as many rows. By default it is all that there are, in their order."`

	Classes settings.Map[[]string] `yaml:"classes" added:"true" doc:"Of arrays of labels, by their names, what the numbers 0, 1, 2 and so on stand for: {y_train: [cat, dog]}. They are texts then. A number that has no name is an error."`
}

// Validate checks what the tags cannot say.
func (r *Reader) Validate() error {
	errs := []error{source.CheckNames("arrays", r.Arrays)}
	for _, e := range r.Classes {
		errs = append(errs, source.CheckNames("classes."+e.Key, e.Value))
	}
	return errors.Join(errs...)
}

var (
	magic    = []byte("\x93NUMPY")
	zipMagic = []byte("PK\x03\x04")
)

// Open reads the headers.
func (r *Reader) Open(_ context.Context, in source.Inputs) (source.Rows, error) {
	var arrays []array.Array
	var names []string
	for _, f := range in.Files {
		start, err := f.Begin()
		if err != nil {
			return nil, err
		}
		names = append(names, f.Name)
		if bytes.HasPrefix(start, zipMagic) {
			more, err := r.unzip(f, in.Carried)
			if err != nil {
				return nil, err
			}
			arrays = append(arrays, more...)
			continue
		}
		if len(r.Arrays) > 0 && !in.Carried {
			return nil, diag.WithHint(fmt.Errorf("arrays: %s holds one array", f.Name), "the setting is for files .npz; remove it")
		}
		a, err := open(f)
		if err != nil {
			return nil, err
		}
		arrays = append(arrays, a)
	}
	if err := r.name(arrays, in.Carried); err != nil {
		return nil, err
	}
	return array.Rows(&in, strings.Join(names, " and "), arrays)
}

// name says what the numbers of arrays stand for. Of new rows labels may be absent.
func (r *Reader) name(arrays []array.Array, carried bool) error {
	for _, e := range r.Classes {
		i := slices.IndexFunc(arrays, func(a array.Array) bool { return a.Name == e.Key })
		switch {
		case i < 0 && carried:
		case i < 0:
			var names []string
			for _, a := range arrays {
				names = append(names, a.Name)
			}
			return diag.WithHint(fmt.Errorf("classes: there is no array %q", e.Key), "there are: "+strings.Join(names, ", "))
		case len(arrays[i].Shape) != 1:
			return diag.WithHint(fmt.Errorf("classes: the array %q has %d dimensions, and labels have one", e.Key, len(arrays[i].Shape)), "save y.ravel()")
		default:
			arrays[i].Names = e.Value
		}
	}
	return nil
}

// maxHeader bounds the text that says what an array is.
const maxHeader = 1 << 16

func open(f *source.File) (a array.Array, err error) {
	start, err := f.Begin()
	if err != nil {
		return a, err
	}
	if !bytes.HasPrefix(start, magic) || len(start) < 12 {
		return a, fmt.Errorf("%s does not begin as a file of numpy.save does", f.Name)
	}
	header := int64(10)
	length := int64(binary.LittleEndian.Uint16(start[8:]))
	if version := start[6]; version > 1 {
		header, length = 12, int64(binary.LittleEndian.Uint32(start[8:]))
		if version > 3 {
			return a, fmt.Errorf("%s has the version %d of the format, and 1 to 3 are known", f.Name, version)
		}
	}
	if length > maxHeader || header+length > f.Size {
		return a, fmt.Errorf("%s has a header of %d bytes, which is more than it can be", f.Name, length)
	}
	text := make([]byte, length)
	if err := f.ReadFull(text, header); err != nil {
		return a, err
	}
	h, err := parse(string(text))
	if err != nil {
		return a, fmt.Errorf("%s: header: %w", f.Name, err)
	}
	name := path.Base(strings.ReplaceAll(f.Name, `\`, "/"))
	a = array.Array{Name: strings.TrimSuffix(name, path.Ext(name)), File: f, Offset: header + length, Shape: h.shape}
	if a.Of, a.BigEndian, err = element(h.descr); err != nil {
		return a, fmt.Errorf("%s: %w", f.Name, err)
	}
	if h.fortran && len(h.shape) > 1 {
		return a, diag.WithHint(fmt.Errorf("%s is in Fortran order, column by column", f.Name), "save numpy.ascontiguousarray(x)")
	}
	return a, a.Check()
}

// element finds the type of the elements.
func element(descr string) (of array.Element, big bool, err error) {
	types := map[string]array.Element{
		"b1": array.Bool, "i1": array.Int8, "i2": array.Int16, "i4": array.Int32, "i8": array.Int64,
		"u1": array.Uint8, "u2": array.Uint16, "u4": array.Uint32, "u8": array.Uint64,
		"f2": array.Float16, "f4": array.Float32, "f8": array.Float64,
	}
	if len(descr) > 1 && strings.ContainsRune("<>|=", rune(descr[0])) {
		big = descr[0] == '>'
		of = types[descr[1:]]
	}
	if of == "" {
		hint := `save numbers: x.astype("float32")`
		switch {
		case strings.Contains(descr, "O"):
			hint = "objects are saved as Python programs; " + hint
		case strings.ContainsAny(descr, "US"):
			hint = "save texts as CSV, or the index of each: numpy.unique(x, return_inverse=True)"
		}
		return "", false, diag.WithHint(fmt.Errorf("elements of the type %q are no numbers that can be read", descr), hint)
	}
	return of, big, nil
}
