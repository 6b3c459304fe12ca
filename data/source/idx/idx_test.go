package idx

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"pipe/data/source"
	"pipe/data/source/sourcetest"
	"pipe/data/table"
)

func file(name string, of byte, elements any, shape ...uint32) *source.File {
	var b bytes.Buffer
	b.Write([]byte{0, 0, of, byte(len(shape))})
	binary.Write(&b, binary.BigEndian, shape)
	binary.Write(&b, binary.BigEndian, elements)
	return &source.File{ReaderAt: bytes.NewReader(b.Bytes()), Size: int64(b.Len()), Name: name}
}

// read gives the table of some files as CSV, with the types of its columns.
func read(t testing.TB, files ...*source.File) (string, error) {
	made, err := sourcetest.Read(t, new(Reader), source.Inputs{Files: files, Threads: 1})
	if err != nil {
		return "", err
	}
	return made.Shapes + "\n" + made.CSV, nil
}

func TestPicturesWithLabels(t *testing.T) {
	images, labels := file("train-images", 8, []uint8{0, 1, 2, 3, 4, 5, 6, 255}, 2, 2, 2), file("train-labels", 8, []uint8{9, 3}, 2)
	want := "u8[4][2 2];uint8[];\nimage[0],image[1],image[2],image[3],label\n0,1,2,3,9\n4,5,6,255,3\n"
	for _, files := range [][]*source.File{{images, labels}, {labels, images}} {
		if got, err := read(t, files...); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := read(t, file("x", 0x0D, []float32{1.5, -2}, 1, 2)); err != nil || got != "vector[2][2];\nimage[0],image[1]\n1.5,-2\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := read(t, file("x", 0x0B, []int16{-300, 2}, 2)); err != nil || got != "int16[];\nlabel\n-300\n2\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

// Labels are what classes names them, and a number without a name is an error.
func TestClasses(t *testing.T) {
	named := func(f *source.File) (string, error) {
		made, err := sourcetest.Read(t, &Reader{Classes: []string{"shirt", "bag"}}, source.Inputs{Files: []*source.File{f}, Threads: 1})
		return made.Types + "\n" + made.CSV, err
	}
	for _, f := range []*source.File{file("x", 8, []uint8{1, 0, 1}, 3), file("x", 0x0C, []int32{1, 0, 1}, 3)} {
		if got, err := named(f); err != nil || got != "label:string\nlabel\nbag\nshirt\nbag\n" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if got, err := named(file("x", 8, []uint8{1, 0}, 1, 2)); err != nil || !strings.HasPrefix(got, "image:") {
		t.Errorf("an array that is no label: %q, %v", got, err)
	}
	for want, f := range map[string]*source.File{
		"x: the number of row 2 has no name: there are 2, of 0 to 1": file("x", 8, []uint8{0, 2, 3}, 3),
		"x: the number of row 1 has no name":                         file("x", 9, []int8{-1}, 1),
		"x holds numbers of the type float64":                        file("x", 14, []float64{1}, 1),
	} {
		if _, err := named(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := (&Reader{Classes: []string{"a", "b", "a"}}).Validate(); err == nil {
		t.Error("two labels have one name")
	}
}

// Pictures of more than a batch come out whole and in order.
func TestManyPictures(t *testing.T) {
	levels, labels := make([]uint8, 9000*28*28), make([]uint8, 9000)
	for i := range labels {
		labels[i], levels[i*28*28] = uint8(i*7), uint8(i*7)
	}
	rows, err := new(Reader).Open(t.Context(), source.Inputs{Files: []*source.File{
		file("images", 8, levels, 9000, 28, 28), file("labels", 8, labels, 9000)}})
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for rec, err := range rows.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		pictures, _ := table.Lists(rec.Column(0))
		values, _, _ := table.Floats(rec.Column(1))
		for i, v := range values {
			if pictures.U8[i*28*28] != labels[at] || v != float64(labels[at]) {
				t.Fatalf("row %d has the picture of another", at)
			}
			at++
		}
	}
	if at != 9000 {
		t.Errorf("%d rows", at)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		files []*source.File
		want  string
	}{
		{[]*source.File{file("a", 8, []uint8{1, 2}, 2, 2)}, "a: uint8 of shape 2 x 2 take 4 bytes, and 2 follow the header"},
		{[]*source.File{file("a", 8, []uint8{1}, 1<<31, 1<<31, 1<<31)}, "which no file is large enough for"},
		{[]*source.File{file("a", 7, []uint8{1}, 1)}, "a does not begin as an IDX file does"},
		{[]*source.File{file("a", 8, []uint8{1}, 1), file("b", 8, []uint8{1}, 1)}, "a and b would both be the column label"},
		{[]*source.File{file("a", 8, []uint8{1, 2}, 2), file("b", 8, []uint8{1}, 1, 1)}, "b has 1 rows, and a has 2"},
		{[]*source.File{{ReaderAt: strings.NewReader("\x00\x00\x08\xc8"), Size: 4, Name: "a"}}, "a says that it has 200 dimensions, and 1 to 8 are possible"},
		{[]*source.File{{ReaderAt: strings.NewReader("\x00\x00\x08\x02\x00\x00\x00\x02"), Size: 8, Name: "a"}}, "a ends in its header"},
		{nil, "there is nothing to read"},
	} {
		if _, err := read(t, c.files...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// FuzzIDX: whatever a file holds, it is a table or an error.
func FuzzIDX(f *testing.F) {
	f.Add([]byte{0, 0, 8, 1, 0, 0, 0, 2, 1, 2})
	f.Add([]byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2})
	f.Add([]byte{0, 0, 14, 2, 255, 255, 255, 255, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		file := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "a"}
		if _, err := read(t, file); err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
	})
}
