package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/sourcetest"
)

// saved is a file as numpy.save writes it.
func saved(descr, order, shape string, elements any) []byte {
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order, shape)
	text += strings.Repeat(" ", (64-(10+len(text)+1)%64)%64) + "\n"
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	binary.Write(&b, binary.LittleEndian, uint16(len(text)))
	b.WriteString(text)
	var end binary.ByteOrder = binary.LittleEndian
	if strings.HasPrefix(descr, ">") {
		end = binary.BigEndian
	}
	binary.Write(&b, end, elements)
	return b.Bytes()
}

func file(name string, data []byte) *source.File {
	return &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: name}
}

// read gives the table of some files as CSV, with the types of its columns.
func read(t testing.TB, files ...*source.File) (string, error) {
	made, err := sourcetest.Read(t, new(Reader), source.Inputs{Files: files, Threads: 1})
	if err != nil {
		return "", err
	}
	return made.Shapes + "\n" + made.CSV, nil
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, descr, shape string
		elements           any
		want               string
	}{
		{"bytes", "|u1", "(3,)", []uint8{0, 1, 255}, "uint8[];\nx\n0\n1\n255\n"},
		{"truth", "|b1", "(9,)", []uint8{0, 1, 1, 0, 0, 0, 0, 0, 2}, "bool[];\nx\nfalse\ntrue\ntrue\nfalse\nfalse\nfalse\nfalse\nfalse\ntrue\n"},
		{"signed", "|i1", "(2,)", []int8{-1, 1}, "int8[];\nx\n-1\n1\n"},
		{"big", ">i4", "(2,)", []int32{-2, 1 << 30}, "int32[];\nx\n-2\n1073741824\n"},
		{"wide", "<i8", "(2,)", []int64{-2, 1 << 60}, "int64[];\nx\n-2\n1152921504606846976\n"},
		{"unsigned", "<u8", "(1,)", []uint64{math.MaxUint64}, "uint64[];\nx\n18446744073709551615\n"},
		{"half", "<f2", "(2,)", []uint16{0x3C00, 0xC100}, "float32[];\nx\n1\n-2.5\n"},
		{"single", ">f4", "(2,)", []float32{0.5, -3}, "float32[];\nx\n0.5\n-3\n"},
		{"pictures", "|u1", "(2, 2, 3)", []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "u8[6][2 3];\nx[0],x[1],x[2],x[3],x[4],x[5]\n0,1,2,3,4,5\n6,7,8,9,10,11\n"},
		{"ids", ">i8", "(2, 2)", []int64{1, -2, 3, 4}, "i32[2][2];\nx[0],x[1]\n1,-2\n3,4\n"},
		{"vectors", "<f4", "(1, 2)", []float32{1.5, 2}, "vector[2][2];\nx[0],x[1]\n1.5,2\n"},
		{"matrix", "<f8", "(2, 3)", []float64{1, 2, 3, 4, 5, 0.1}, "float64[];float64[];float64[];\nx_0,x_1,x_2\n1,2,3\n4,5,0.1\n"},
		{"masks", "|b1", "(1, 2, 2)", []uint8{0, 1, 5, 0}, "u8[4][2 2];\nx[0],x[1],x[2],x[3]\n0,1,1,0\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := read(t, file("data/x.npy", saved(c.descr, "False", c.shape, c.elements)))
			if err != nil || got != c.want {
				t.Errorf("got %q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

func TestReadTogether(t *testing.T) {
	x, y := file("x.npy", saved("|u1", "False", "(2, 1, 2)", []uint8{1, 2, 3, 4})), file("y.npy", saved("<i4", "True", "(2,)", []int32{7, 8}))
	got, err := read(t, x, y)
	if want := "u8[2][1 2];int32[];\nx[0],x[1],y\n1,2,7\n3,4,8\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	_, err = read(t, x, file("z.npy", saved("|u1", "False", "(1,)", []uint8{1})))
	if want := "x.npy has 2 rows, and z.npy has 1"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestErrors(t *testing.T) {
	one := []uint8{1}
	for _, c := range []struct {
		name       string
		data       []byte
		want, hint string
	}{
		{"empty", nil, "a.npy is empty", ""},
		{"text", []byte("a,b,c,d,e,f,g"), "a.npy does not begin as a file of numpy.save does", ""},
		{"archive", []byte("PK\x03\x04 and more"), "a.npy holds several arrays in a zip archive", "unzip"},
		{"cut header", saved("|u1", "False", "(1,)", one)[:40], "which is more than it can be", ""},
		{"cut", saved("<f4", "False", "(3,)", []float32{1, 2}), "float32 of shape 3 take 12 bytes, and 8 follow the header", "copied whole"},
		{"too long", saved("|u1", "False", "(1,)", []uint8{1, 2}), "uint8 of shape 1 take 1 bytes, and 2 follow the header", ""},
		{"huge", saved("<f8", "False", "(9223372036854775807, 2)", one), "which no file is large enough for", ""},
		{"number", saved("|u1", "False", "()", one), "a single number", ""},
		{"none", saved("|u1", "False", "(0, 3)", []uint8{}), "a.npy has no rows", "empty: allow"},
		{"no elements", saved("|u1", "False", "(1, 0)", []uint8{}), "has no elements", ""},
		{"fortran", saved("|u1", "True", "(1, 1)", one), "Fortran order", "ascontiguousarray"},
		{"objects", saved("|O", "False", "(1,)", one), `elements of the type "|O" are no numbers`, "Python programs"},
		{"texts", saved("<U3", "False", "(1,)", one), `elements of the type "<U3" are no numbers`, "CSV"},
		{"fields", bytes.Replace(saved("|u1", "False", "(1,)", one), []byte("'|u1'"), []byte("[('a', '|u1')]"), 1), "rows of named fields cannot be read", ""},
		{"fine pictures", saved("<f8", "False", "(1, 1, 1)", []float64{1}), "too fine for pictures", "float32"},
		{"large ids", saved("<i8", "False", "(2, 1)", []int64{1, 1 << 40}), "row 2 has a number that 32 bits do not hold", "ids"},
		{"shape", saved("|u1", "False", "(-1,)", one), `the shape has no number at "-1`, ""},
		{"key", bytes.Replace(saved("|u1", "False", "(1,)", one), []byte("descr"), []byte("desc_"), 1), `"desc_" is not known`, ""},
		{"version", append([]byte("\x93NUMPY\x09\x00"), make([]byte, 80)...), "version 9", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(t, file("a.npy", c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(diag.HintOf(err), c.hint) {
				t.Errorf("error %v (%s), want %q (%q)", err, diag.HintOf(err), c.want, c.hint)
			}
		})
	}
}

// FuzzNPY: whatever a file holds, it is a table that takes no more memory than the
// file is long, or an error.
func FuzzNPY(f *testing.F) {
	f.Add(saved("|u1", "False", "(2, 1, 2)", []uint8{1, 2, 3, 4}))
	f.Add(saved(">f8", "False", "(1, 2)", []float64{1, 2}))
	f.Add(saved("<i8", "False", "(2, 1)", []int64{1, 1 << 40}))
	f.Add([]byte("\x93NUMPY\x02\x00\x10\x00\x00\x00{'shape': (3L,), "))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := read(t, file("a.npy", data)); err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
	})
}
