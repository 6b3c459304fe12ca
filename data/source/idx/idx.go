// Package idx reads the files that MNIST and data sets like it come in: pictures, or
// other arrays of numbers, and their labels in a file beside them.
package idx

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/array"
)

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "idx",
		Version: 1,
		Title:   "IDX",
		Doc: `Arrays of numbers as MNIST has them (train-images-idx3-ubyte). A file of more than one dimension becomes a column
image, whose rows are lists of numbers with their shape; one of a single dimension a column label, of numbers or of
what classes says they stand for. Both together, as in path: "data/train-*", are one table.`,
		Endings:  []string{".idx", ".idx1-ubyte", ".idx3-ubyte"},
		Detect:   detect,
		Together: true,
		New:      func() source.Reader { return new(Reader) },
	}
}

// Reader reads IDX files.
type Reader struct {
	Classes []string `yaml:"classes" added:"true" doc:"What the labels 0, 1, 2 and so on stand for, such as [T-shirt, Trouser, Pullover]: they are texts then. A label that has no name is an error."`
}

// Validate checks what the tags cannot say.
func (r *Reader) Validate() error { return source.CheckNames("classes", r.Classes) }

// elements are the types of numbers by the third byte of a file.
var elements = map[byte]array.Element{
	0x08: array.Uint8, 0x09: array.Int8, 0x0B: array.Int16, 0x0C: array.Int32, 0x0D: array.Float32, 0x0E: array.Float64,
}

// maxDimensions is more than any such file has.
const maxDimensions = 8

// detect knows a file by its first four bytes and the room for its dimensions.
func detect(start []byte) bool {
	return len(start) >= 8 && start[0] == 0 && start[1] == 0 && elements[start[2]] != "" &&
		start[3] >= 1 && start[3] <= maxDimensions && len(start) >= 4+4*int(start[3])
}

// Open reads the headers.
func (r *Reader) Open(_ context.Context, in source.Inputs) (source.Rows, error) {
	var arrays []array.Array
	var names []string
	at := map[string]string{}
	for _, f := range in.Files {
		a, err := open(f)
		if err != nil {
			return nil, err
		}
		if other, ok := at[a.Name]; ok {
			return nil, diag.WithHint(fmt.Errorf("%s and %s would both be the column %s", other, f.Name, a.Name),
				"one file of pictures and one of labels are a table: read training and test data in a stage each")
		}
		at[a.Name] = f.Name
		if a.Name == label {
			a.Names = r.Classes
		}
		names = append(names, f.Name)
		arrays = append(arrays, a)
	}
	if len(arrays) == 2 && arrays[0].Name == label {
		arrays[0], arrays[1] = arrays[1], arrays[0]
	}
	return array.Rows(&in, strings.Join(names, " and "), arrays)
}

// The names of the columns.
const (
	image = "image"
	label = "label"
)

func open(f *source.File) (a array.Array, err error) {
	start, err := f.Begin()
	if err != nil {
		return a, err
	}
	if known := len(start) >= 4 && start[0] == 0 && start[1] == 0 && elements[start[2]] != ""; known && !detect(start) {
		if n := start[3]; n < 1 || n > maxDimensions {
			return a, fmt.Errorf("%s says that it has %d dimensions, and 1 to %d are possible", f.Name, n, maxDimensions)
		}
		return a, diag.WithHint(fmt.Errorf("%s ends in its header", f.Name), "it was not written or copied whole")
	} else if !known {
		return a, diag.WithHint(fmt.Errorf("%s does not begin as an IDX file does", f.Name), "such a file begins with two zero bytes, a type and the number of dimensions")
	}
	a = array.Array{Name: image, File: f, Of: elements[start[2]], BigEndian: true, Offset: 4 + 4*int64(start[3])}
	if start[3] == 1 {
		a.Name = label
	}
	for i := range int(start[3]) {
		a.Shape = append(a.Shape, int64(binary.BigEndian.Uint32(start[4+4*i:])))
	}
	return a, a.Check()
}
