package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/sourcetest"
	"pipe/pipeline/settings"
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

// Labels are what classes names them.
func TestClasses(t *testing.T) {
	x, y := file("x.npy", saved("|u1", "False", "(2, 1)", []uint8{1, 2})), file("y.npy", saved("<i8", "False", "(2,)", []int64{1, 0}))
	r := &Reader{Classes: settings.Map[[]string]{{Key: "y", Value: []string{"cat", "dog"}}}}
	made, err := sourcetest.Read(t, r, source.Inputs{Files: []*source.File{x, y}, Threads: 1})
	if want := "x[0],y\n1,dog\n2,cat\n"; err != nil || made.CSV != want {
		t.Errorf("got %q, %v, want %q", made.CSV, err, want)
	}
	if made, err = sourcetest.Read(t, r, source.Inputs{Files: []*source.File{x}, Threads: 1, Carried: true}); err != nil || made.CSV != "x[0]\n1\n2\n" {
		t.Errorf("new rows without labels: %q, %v", made.CSV, err)
	}
	for want, files := range map[string][]*source.File{
		`classes: there is no array "y"`:                                    {x},
		`classes: the array "y" has 2 dimensions, and labels have one`:      {file("y.npy", saved("|u1", "False", "(1, 1)", []uint8{1}))},
		"y.npy: the number of row 3 has no name: there are 2, of 0 to 1":    {file("y.npy", saved("<i8", "False", "(3,)", []int64{1, 0, 1 << 40}))},
		"y.npy holds numbers of the type bool, which are none that a class": {file("y.npy", saved("|b1", "False", "(1,)", []uint8{1}))},
	} {
		if _, err := sourcetest.Read(t, r, source.Inputs{Files: files, Threads: 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := (&Reader{Classes: settings.Map[[]string]{{Key: "y", Value: []string{"a", "a"}}}}).Validate(); err == nil {
		t.Error("two labels have one name")
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
		{"archive", []byte("PK\x03\x04 and more"), "a.npy: zip: not a valid zip file", ""},
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

// zipped is a file as numpy.savez writes it.
func zipped(t testing.TB, method uint16, members ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: members[i].(string), Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(members[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestZipped: the arrays of an archive are columns, of those that are listed.
func TestZipped(t *testing.T) {
	x, y, z := saved("|u1", "False", "(2, 1, 2)", []uint8{1, 2, 3, 4}), saved("<i4", "True", "(2,)", []int32{7, 8}), saved("|u1", "False", "(1,)", []uint8{9})
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		one := zipped(t, method, "x.npy", x, "y.npy", y, "notes.txt", []byte("no array"))
		many := zipped(t, method, "z.npy", z, "x.npy", x, "y.npy", y)
		damaged := bytes.Replace(zipped(t, zip.Store, "x.npy", x), []byte{1, 2, 3, 4}, []byte{1, 2, 3, 5}, 1)
		for _, c := range []struct {
			data       []byte
			arrays     []string
			want, hint string
		}{
			{one, nil, "u8[2][1 2];int32[];\nx[0],x[1],y\n1,2,7\n3,4,8\n", ""},
			{many, []string{"y", "x"}, "int32[];u8[2][1 2];\ny,x[0],x[1]\n7,1,2\n8,3,4\n", ""},
			{many, []string{"z"}, "uint8[];\nz\n9\n", ""},
			{many, nil, "error a.npz holds arrays of different numbers of rows: z (1), x (2), y (2)", "arrays: lists those"},
			{many, []string{"z", "x"}, "error a.npz: z.npy has 1 rows, and a.npz: x.npy has 2", ""},
			{many, []string{"w"}, `error arrays: a.npz has no array "w"`, "x, y"},
			{zipped(t, method, "x.txt", x), nil, "error a.npz is a zip archive without arrays", "savez"},
			{zipped(t, method, "x.npy", x, "x.npy", x), nil, `error a.npz holds two arrays named "x"`, ""},
			{damaged, nil, "error read a.npz: x.npy at byte 0: its bytes are not those that were written (zip: checksum error)", ""},
			{x, []string{"x"}, "error arrays: a.npz holds one array", "remove it"},
		} {
			made, err := sourcetest.Read(t, &Reader{Arrays: c.arrays}, source.Inputs{Files: []*source.File{file("a.npz", c.data)}})
			got := made.Shapes + "\n" + made.CSV
			if err != nil {
				got = "error " + err.Error()
			}
			if !strings.HasPrefix(got, c.want) || !strings.Contains(diag.HintOf(err), c.hint) {
				t.Errorf("%v: got %s (%s), want %s", c.arrays, got, diag.HintOf(err), c.want)
			}
		}
	}
}

// TestCarried: of the arrays that other files had those are read that are there.
func TestCarried(t *testing.T) {
	x := saved("<i4", "False", "(2,)", []int32{7, 8})
	for _, c := range []struct {
		name   string
		data   []byte
		arrays []string
		want   string
	}{
		{"a.npz", zipped(t, zip.Store, "x.npy", x, "z.npy", x), []string{"x", "y"}, "x\n7\n8\n"},
		{"a.npz", zipped(t, zip.Store, "x.npy", x), []string{"w", "y"}, `error arrays: a.npz has no array "w"`},
		{"x.npy", x, []string{"x", "y"}, "x\n7\n8\n"},
	} {
		made, err := sourcetest.Read(t, &Reader{Arrays: c.arrays}, source.Inputs{Files: []*source.File{file(c.name, c.data)}, Carried: true})
		if got := made.CSV; err != nil && "error "+err.Error() != c.want || err == nil && got != c.want {
			t.Errorf("%s, %v: got %s, %v; want %s", c.name, c.arrays, got, err, c.want)
		}
	}
}

// FuzzNPY: whatever a file holds, it is a table that takes no more memory than the
// file is long, or an error.
func FuzzNPY(f *testing.F) {
	f.Add(saved("|u1", "False", "(2, 1, 2)", []uint8{1, 2, 3, 4}))
	f.Add(saved(">f8", "False", "(1, 2)", []float64{1, 2}))
	f.Add(saved("<i8", "False", "(2, 1)", []int64{1, 1 << 40}))
	f.Add(zipped(f, zip.Store, "x.npy", saved("|u1", "False", "(2,)", []uint8{1, 2})))
	f.Add(zipped(f, zip.Deflate, "x.npy", saved("|u1", "False", "(2,)", []uint8{1, 2}), "y.npy", saved("|u1", "False", "(2,)", []uint8{1, 2})))
	f.Add([]byte("\x93NUMPY\x02\x00\x10\x00\x00\x00{'shape': (3L,), "))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := read(t, file("a.npy", data)); err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
	})
}
