// Package images reads folders of pictures.
package images

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"iter"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/pipeline/settings"
)

// Kind describes the format.
func Kind() source.Kind {
	return source.Kind{
		Name:    "images",
		Version: 3,
		Title:   "pictures",
		Doc: `Pictures in PNG and JPEG, each of them a row, in the order of their names: its levels of 8 bits in the column image, and
its name in the column file. Where pictures lie in folders of their classes, as in path: photos/ with photos/cat/1.jpg,
the name of the folder is the column label; labels names a table that has them instead. All pictures have one size unless size makes it so. Transparency is left out, and so is
what a camera notes of how it was held.`,
		Endings:  []string{".png", ".jpg", ".jpeg"},
		Detect:   func(start []byte) bool { return formatOf(start) != nil },
		Together: true,
		New:      func() source.Reader { return new(Reader) },
	}
}

// Reader reads pictures.
type Reader struct {
	Size   []int  `yaml:"size" min:"2" max:"2" doc:"[height, width] that all pictures are scaled to, as Pillow does with bilinear means. Without it one of another size than the first is an error."`
	Fit    string `yaml:"fit" added:"true" default:"stretch" enum:"stretch,crop,pad" doc:"What becomes of a picture of other proportions than size: it is stretched, scaled so that it covers the size and cut on both sides, or scaled so that all of it is there, with zeros around."`
	Labels string `yaml:"labels" added:"true" doc:"A CSV file among those that are read, which has the labels: photos/labels.csv is labels.csv where path is photos/. Its columns are file, the picture as it is called from there, and label, which may be empty. Each picture has a line."`
	Color  string `yaml:"color" default:"auto" enum:"auto,gray,rgb" doc:"Whether a picture has one channel (gray) or three (rgb). By default as the first picture has it, and new pictures for a model as those of training; a coloured one among gray ones is an error then."`
}

// Validate finds sizes that are none.
func (in *Reader) Validate() error {
	if len(in.Size) == 0 && (in.Fit == cut || in.Fit == surround) {
		return &settings.FieldError{Field: "fit", Err: errors.New("there is no size that pictures could fit into"), Todo: "add `size: [height, width]`"}
	}
	for _, n := range in.Size {
		if n < 1 || n > maxSide {
			return settings.FieldErrorf("size", "%d is no size, want 1 to %d", n, maxSide)
		}
	}
	return nil
}

// The ways to fit a picture into a size.
const (
	stretch  = "stretch" // also if nothing is said
	cut      = "crop"
	surround = "pad"
)

const (
	maxSide   = 1 << 14 // of what comes out
	maxPixels = 1 << 26 // of a picture in a file
	maxBytes  = 1 << 28 // of a file
)

// A format is a way to write pictures.
type format struct {
	start  string // of every file
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var formats = []format{
	{"\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode},
	{"\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode},
}

// formatOf knows a picture by its beginning. It is nil for other files.
func formatOf(start []byte) *format {
	for i := range formats {
		if bytes.HasPrefix(start, []byte(formats[i].start)) {
			return &formats[i]
		}
	}
	return nil
}

// Open looks at the first picture.
func (in *Reader) Open(ctx context.Context, from source.Inputs) (source.Rows, error) {
	if len(from.Files) == 0 {
		return nil, errNone
	}
	var labels map[*source.File]label
	if in.Labels != "" {
		var err error
		if from.Files, labels, err = labelsOf(ctx, in.Labels, &from); err != nil {
			return nil, err
		}
	}
	r := &reading{Reader: in, from: from, labels: labels, labelled: labels != nil || in.Labels == "", data: from.Files[0].Name}
	if n := len(from.Files); n > 1 {
		r.data = fmt.Sprintf("%d pictures from %s", n, r.data)
	}
	for _, f := range from.Files {
		r.labelled = r.labelled && (f.Folder() != "" || labels != nil)
	}
	first, err := read(from.Files[0])
	if err != nil {
		return nil, err
	}
	r.height, r.width = first.Bounds().Dy(), first.Bounds().Dx()
	if len(in.Size) > 0 {
		r.height, r.width = in.Size[0], in.Size[1]
	}
	r.channels = 3
	if in.Color == "gray" || in.Color != "rgb" && isGray(first) {
		r.channels = 1
	}
	if err := table.CheckList(tensor.U8, r.channels*r.height*r.width); err != nil {
		return nil, diag.WithHint(fmt.Errorf("pictures of %d x %d pixels (height x width), as %s is, are too large for a table: %w", r.height, r.width, from.Files[0].Name, err),
			"write `format: {images: {size: [256, 256]}}` to scale all to one size")
	}
	rows, err := r.rows(ctx)
	if err != nil {
		return nil, err
	}
	return &opened{rows, in, r.channels}, nil
}

// opened is the rows of pictures. Others are read with as many channels, whatever the
// first of them has.
type opened struct {
	source.Typed
	in       *Reader
	channels int
}

// Detected implements source.Detector.
func (o *opened) Detected() map[string]any {
	told := *o.in
	told.Color = "rgb"
	if o.channels == 1 {
		told.Color = "gray"
	}
	return map[string]any{"format": map[string]any{Kind().Name: json.RawMessage(settings.Brief(&told))}}
}

// A reading is what is known of the pictures.
type reading struct {
	*Reader
	from                    source.Inputs
	data                    string                 // for messages
	labels                  map[*source.File]label // nil if folders have them
	labelled                bool
	channels, height, width int
}

// batchBytes is about what pictures are decoded at a time.
const batchBytes = 4 << 20

func (r *reading) rows(ctx context.Context) (source.Typed, error) {
	size := r.channels * r.height * r.width
	fields := []arrow.Field{
		table.WithShape(arrow.Field{Name: "image", Type: table.ListType(tensor.U8, size)}, []int{r.channels, r.height, r.width}),
		{Name: "file", Type: arrow.BinaryTypes.String},
	}
	if r.labelled {
		fields = append(fields, arrow.Field{Name: "label", Type: arrow.BinaryTypes.String})
	}
	type batch struct {
		files  []*source.File
		levels []byte
	}
	decode := func(files []*source.File) (batch, error) {
		b := batch{files, make([]byte, 0, size*len(files))}
		for _, f := range files {
			var err error
			if b.levels, err = r.add(b.levels, f); err != nil {
				return b, err
			}
		}
		return b, nil
	}
	return source.Stream(&r.from, r.data, arrow.NewSchema(fields, nil), func(yield func(...arrow.Array) bool) error {
		enough := errors.New("enough")
		done := 0
		err := block.Ordered(ctx, max(1, r.from.Threads), groups(r.from.Files, max(1, batchBytes/size)), decode, func(b batch) error {
			names, labels := make([]string, len(b.files)), make([]string, len(b.files))
			var known []bool // nil: all
			for i, f := range b.files {
				names[i], labels[i] = f.Title(), f.Folder()
				if r.labels != nil {
					labels[i] = r.labels[f].text
					known = append(known, labels[i] != "")
				}
			}
			columns := []arrow.Array{table.NewLists(tensor.U8, tensor.Rows{U8: b.levels}, size), table.NewArray(names, nil)}
			if r.labelled {
				columns = append(columns, table.NewArray(labels, known))
			}
			done += len(b.files)
			r.from.Advance(int64(done), int64(len(r.from.Files)))
			if !yield(columns...) {
				return enough
			}
			return nil
		})
		if err == enough {
			return nil
		}
		return err
	})
}

func groups(files []*source.File, n int) iter.Seq2[[]*source.File, error] {
	return func(yield func([]*source.File, error) bool) {
		for ; len(files) > 0; files = files[min(n, len(files)):] {
			if !yield(files[:min(n, len(files))], nil) {
				return
			}
		}
	}
}

// add adds the levels of a picture, channel by channel.
func (r *reading) add(levels []byte, f *source.File) ([]byte, error) {
	m, err := read(f)
	if err != nil {
		return nil, err
	}
	if r.channels == 1 && r.Color != "gray" && !isGray(m) {
		return nil, diag.WithHint(fmt.Errorf("%s has colours, and the first picture has none", f.Name), "write `format: {images: {color: rgb}}`, or `format: {images: {color: gray}}` to drop them")
	}
	p := planesOf(m, r.channels)
	if p.height != r.height || p.width != r.width {
		if len(r.Size) == 0 {
			return nil, diag.WithHint(fmt.Errorf("%s has %d x %d levels, and the first picture, %s, %d x %d (height x width)", f.Name, p.height, p.width, r.from.Files[0].Name, r.height, r.width),
				fmt.Sprintf("write `format: {images: {size: [%d, %d]}}` to scale all to one size", r.height, r.width))
		}
		p = p.sized(r.height, r.width, r.Fit)
	}
	return append(levels, p.levels...), nil
}

// read decodes a picture.
func read(f *source.File) (image.Image, error) {
	if f.Size > maxBytes {
		return nil, fmt.Errorf("%s has %d bytes, which is more than a picture has", f.Name, f.Size)
	}
	start, err := f.Begin()
	if err != nil {
		return nil, err
	}
	format := formatOf(start)
	if format == nil {
		return nil, diag.WithHint(fmt.Errorf("%s is no picture in PNG or JPEG", f.Name), "convert it, or leave it out: path: \"photos/**/*.png\" has the pictures of all folders in photos. A table of labels is named in labels:")
	}
	data := make([]byte, f.Size)
	if err := f.ReadFull(data, 0); err != nil {
		return nil, err
	}
	c, err := format.config(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(f, err)
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
		return nil, fmt.Errorf("%s has %d x %d pixels, at most %d are possible", f.Name, c.Height, c.Width, maxPixels)
	}
	m, err := format.decode(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(f, err)
	}
	return m, nil
}

// damaged is the error about a picture that cannot be decoded.
func damaged(f *source.File, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || strings.HasSuffix(err.Error(), io.ErrUnexpectedEOF.Error()) { // image/png tells it as a text
		return diag.WithHint(fmt.Errorf("%s: the picture is cut off", f.Name), "copy the file again, or remove it")
	}
	return diag.WithHint(fmt.Errorf("%s: %w", f.Name, err), "the picture is damaged, or of a kind that is not read: convert it, or remove it")
}
