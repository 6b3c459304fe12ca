package images

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/sourcetest"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

func file(label string, data []byte) *source.File {
	return &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "photos/" + label, Label: label}
}

func pngOf(t testing.TB, m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gray(height, width int, levels ...uint8) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, width, height))
	copy(m.Pix, levels)
	return m
}

func colored(height, width int, colors ...color.NRGBA) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i, c := range colors {
		m.SetNRGBA(i%width, i/width, c)
	}
	return m
}

// pictures gives the levels of all pictures, the shape of each, and the other columns as CSV.
func pictures(t testing.TB, in *Reader, threads int, files ...*source.File) (levels []uint8, shape []int, rest string, err error) {
	t.Helper()
	rows, err := in.Open(t.Context(), source.Inputs{Files: files, Threads: threads})
	if err != nil {
		return nil, nil, "", err
	}
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		return nil, nil, "", err
	}
	rec := tabletest.Rows(t, out.Bytes())
	lists, _ := table.Lists(rec.Column(0))
	_, shape, _ = table.ShapeOf(rec.Schema().Field(0))
	for c := 1; c < int(rec.NumCols()); c++ {
		values, _, err := table.Texts(rec.Column(c))
		if err != nil {
			t.Fatal(err)
		}
		rest += rec.ColumnName(c) + ": " + strings.Join(values, " ") + ";"
	}
	return lists.U8, shape, rest, nil
}

func TestPictures(t *testing.T) {
	red, blue := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 10, 200, 0}
	a, b := gray(2, 3, 1, 2, 3, 4, 5, 6), colored(2, 3, red, blue)
	for _, c := range []struct {
		name   string
		in     Reader
		files  []*source.File
		levels []uint8
		shape  []int
		rest   string
	}{
		{"gray in folders", Reader{}, []*source.File{file("cat/1.png", pngOf(t, a)), file("dog/1.png", pngOf(t, a))},
			[]uint8{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}, []int{1, 2, 3}, "file: cat/1.png dog/1.png;label: cat dog;"},
		{"colours without folders", Reader{}, []*source.File{file("1.png", pngOf(t, b)), file("2.png", pngOf(t, a))},
			[]uint8{255, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 200, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}, []int{3, 2, 3}, "file: 1.png 2.png;"},
		{"colours as gray", Reader{Color: "gray"}, []*source.File{file("1.png", pngOf(t, b))}, []uint8{76, 29, 0, 0, 0, 0}, []int{1, 2, 3}, "file: 1.png;"},
		{"gray as colours", Reader{Color: "rgb"}, []*source.File{file("1.png", pngOf(t, gray(1, 2, 7, 8)))}, []uint8{7, 8, 7, 8, 7, 8}, []int{3, 1, 2}, "file: 1.png;"},
		{"labels of a table", Reader{Labels: "labels.csv"}, []*source.File{file("labels.csv", []byte("label;file\ncat;b/1.png\n;.\\b\\2.png\n\n\"d;g\";3.png\n")),
			file("3.png", pngOf(t, gray(1, 1, 3))), file("b/1.png", pngOf(t, gray(1, 1, 1))), file("b/2.png", pngOf(t, gray(1, 1, 2)))},
			[]uint8{3, 1, 2}, []int{1, 1, 1}, "file: 3.png b/1.png b/2.png;label: d;g cat ;"},
		{"labels beside pictures", Reader{Labels: "x/labels.csv"}, []*source.File{file("x/1.png", pngOf(t, gray(1, 1, 3))), file("x/labels.csv", []byte("file,more,label\n1.png,x,7\n"))},
			[]uint8{3}, []int{1, 1, 1}, "file: x/1.png;label: 7;"},
		{"of one size", Reader{Size: []int{1, 2}}, []*source.File{file("1.png", pngOf(t, gray(2, 4, 0, 0, 100, 100, 0, 0, 100, 100))), file("2.png", pngOf(t, gray(1, 2, 7, 8)))},
			[]uint8{14, 86, 7, 8}, []int{1, 1, 2}, "file: 1.png 2.png;"},
		{"cut to a size", Reader{Size: []int{1, 2}, Fit: cut}, []*source.File{file("1.png", pngOf(t, gray(1, 4, 1, 2, 3, 4))), file("2.png", pngOf(t, gray(3, 2, 1, 2, 3, 4, 5, 6)))},
			[]uint8{2, 3, 3, 4}, []int{1, 1, 2}, "file: 1.png 2.png;"},
		{"surrounded in a size", Reader{Size: []int{3, 3}, Fit: surround}, []*source.File{file("1.png", pngOf(t, gray(1, 3, 1, 2, 3))), file("2.png", pngOf(t, gray(1, 1, 7)))},
			[]uint8{0, 0, 0, 1, 2, 3, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 7}, []int{1, 3, 3}, "file: 1.png 2.png;"},
		{"surrounded by a line", Reader{Size: []int{2, 2}, Fit: surround}, []*source.File{file("1.png", pngOf(t, gray(1, 2, 1, 2)))},
			[]uint8{1, 2, 0, 0}, []int{1, 2, 2}, "file: 1.png;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, threads := range []int{1, 3} {
				levels, shape, rest, err := pictures(t, &c.in, threads, c.files...)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.levels, levels); diff != "" || !cmp.Equal(shape, c.shape) || rest != c.rest {
					t.Errorf("shape %v, %s\n%s", shape, rest, diff)
				}
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	_, _, _, err := pictures(t, &Reader{Size: []int{16384, 16384}}, 1, file("1.png", pngOf(t, gray(1, 1, 0))))
	if err == nil || !strings.Contains(err.Error(), "pictures of 16384 x 16384 pixels") || !strings.Contains(diag.HintOf(err), "size:") {
		t.Errorf("%v, hint %s", err, diag.HintOf(err))
	}
}

func TestJPEG(t *testing.T) {
	flat := gray(8, 8, bytes.Repeat([]byte{90}, 64)...)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, flat, nil); err != nil {
		t.Fatal(err)
	}
	levels, shape, _, err := pictures(t, new(Reader), 1, file("a.jpg", b.Bytes()))
	if err != nil || !cmp.Equal(shape, []int{1, 8, 8}) || levels[0] < 88 || levels[0] > 92 {
		t.Errorf("shape %v, level %d, %v", shape, levels[0], err)
	}
}

// Scaling keeps what is even even, and the mean of a picture about what it is.
func TestScaled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 20)
		p := planes{channels: 1, height: side.Draw(t, "height"), width: side.Draw(t, "width")}
		p.levels = bytes.Repeat([]byte{rapid.Byte().Draw(t, "level")}, p.height*p.width)
		q := p.sized(side.Draw(t, "new height"), side.Draw(t, "new width"), rapid.SampledFrom([]string{stretch, cut}).Draw(t, "fit"))
		for _, v := range q.levels {
			if v != p.levels[0] {
				t.Fatalf("%d became %d", p.levels[0], v)
			}
		}
		if same := p.sized(p.height, p.width, rapid.SampledFrom([]string{stretch, cut, surround, ""}).Draw(t, "same")); !bytes.Equal(same.levels, p.levels) {
			t.Fatal("the same size changes the picture")
		}
	})
}

func TestErrors(t *testing.T) {
	one := pngOf(t, gray(1, 1, 7))
	table := func(text string) *source.File { return file("labels.csv", []byte(text)) }
	labels := Reader{Labels: "labels.csv"}
	huge := bytes.Clone(one)
	copy(huge[16:], "\x7f\xff\xff\xff\x7f\xff\xff\xff")
	for _, c := range []struct {
		name       string
		in         Reader
		files      []*source.File
		want, hint string
	}{
		{"none", Reader{}, nil, "there are no pictures", ""},
		{"other file", Reader{}, []*source.File{file("1.png", one), file("notes.txt", []byte("hello"))}, "photos/notes.txt is no picture in PNG or JPEG", "leave it out"},
		{"cut", Reader{}, []*source.File{file("1.png", one[:50])}, "photos/1.png: the picture is cut off", "copy the file again"},
		{"bomb", Reader{}, []*source.File{file("1.png", huge)}, "photos/1.png", ""},
		{"sizes", Reader{}, []*source.File{file("1.png", one), file("2.png", pngOf(t, gray(1, 2, 7, 8)))}, "photos/2.png has 1 x 2 levels, and the first picture, photos/1.png, 1 x 1", "size: [1, 1]"},
		{"colour among gray", Reader{}, []*source.File{file("1.png", one), file("2.png", pngOf(t, colored(1, 1, color.NRGBA{1, 2, 3, 255})))}, "photos/2.png has colours", "`format: {images: {color: gray}}`"},
		{"no such table", Reader{Labels: "labels.csv"}, []*source.File{file("1.png", one)}, "labels: labels.csv is none of the 1 files that are read", "paths:"},
		{"a table alone", labels, []*source.File{table("file,label\n")}, "there are no pictures", ""},
		{"other columns", labels, []*source.File{table("id,label\n1.png,x\n"), file("1.png", one)}, "photos/labels.csv has no columns file and label", "its header"},
		{"label of nothing", labels, []*source.File{table("file,label\n\n1.png,\"x\ny\"\n2.png,y\n"), file("1.png", one)}, `photos/labels.csv:5: there is no picture "2.png"`, `as "1.png"`},
		{"two labels", labels, []*source.File{table("file,label\n1.png,x\n1.png,x\n"), file("1.png", one)}, `photos/labels.csv:3: "1.png" has a label in line 2 already`, ""},
		{"no label", labels, []*source.File{table("file,label\n1.png,x\n"), file("1.png", one), file("2.png", one)}, "photos/labels.csv has no line for 2.png", "empty label"},
		{"a broken table", labels, []*source.File{table("file,label\n1.png,x\n1.png\n"), file("1.png", one)}, "photos/labels.csv:3: row 2: 1 field, want 2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, _, err := pictures(t, &c.in, 2, c.files...)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(diag.HintOf(err), c.hint) {
				t.Errorf("error %v (%s), want %q (%q)", err, diag.HintOf(err), c.want, c.hint)
			}
		})
	}
	if err := (&Reader{Size: []int{0, 5}}).Validate(); err == nil || !strings.Contains(err.Error(), "0 is no size") {
		t.Errorf("error %v", err)
	}
}

// TestCarried: pictures need no labels where others had a table of them.
func TestCarried(t *testing.T) {
	one := pngOf(t, gray(1, 1, 7))
	for _, c := range []struct {
		name  string
		files []*source.File
		want  string
	}{
		{"no table", []*source.File{file("cat/1.png", one)}, "image[0],file\n7,cat/1.png\n"},
		{"a table of some", []*source.File{file("labels.csv", []byte("file,label\n1.png,x\n3.png,y\n")), file("1.png", one), file("2.png", one)},
			"image[0],file,label\n7,1.png,x\n7,2.png,\n"},
	} {
		made, err := sourcetest.Read(t, &Reader{Labels: "labels.csv"}, source.Inputs{Files: c.files, Carried: true})
		if err != nil || made.CSV != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.name, made.CSV, err, c.want)
		}
	}
}

// FuzzImages: whatever a file holds, it is a picture or an error.
func FuzzImages(f *testing.F) {
	f.Add(pngOf(f, gray(2, 3, 1, 2, 3, 4, 5, 6)))
	f.Add(pngOf(f, colored(1, 2, color.NRGBA{1, 2, 3, 4})))
	var b bytes.Buffer
	if err := jpeg.Encode(&b, gray(8, 8), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, fm := range formats { // what is larger only takes longer
			if c, err := fm.config(bytes.NewReader(data)); err == nil && c.Width*c.Height > 1<<20 {
				return
			}
		}
		levels, shape, _, err := pictures(t, new(Reader), 1, file("a/b", data))
		if err == nil && len(levels) != shape[0]*shape[1]*shape[2] {
			t.Fatal(fmt.Sprint(len(levels), shape))
		}
	})
}
