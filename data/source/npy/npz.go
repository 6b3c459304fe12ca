package npy

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/archive"
	"pipe/data/source/array"
	"pipe/data/source/packed"
)

// maxArrays bounds the arrays of a file.
const maxArrays = 1 << 10

// unzip finds the arrays of a file .npz, which is a zip archive of files .npy. Those that
// other files have, as is told, need not be there.
func (r *Reader) unzip(f *source.File, carried bool) ([]array.Array, error) {
	files, err := archive.Open(f, f.Size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	at, names := map[string]*zip.File{}, []string{}
	for _, z := range files {
		name, ok := strings.CutSuffix(z.Name, ".npy")
		if !ok {
			continue
		}
		if at[name] != nil {
			return nil, fmt.Errorf("%s holds two arrays named %q", f.Name, name)
		}
		at[name], names = z, append(names, name)
	}
	shown := strings.Join(names[:min(len(names), 20)], ", ")
	wanted := r.Arrays
	switch {
	case len(names) == 0:
		return nil, diag.WithHint(fmt.Errorf("%s is a zip archive without arrays", f.Name), "numpy.savez writes one that can be read")
	case len(wanted) == 0:
		wanted = names
	case carried && slices.ContainsFunc(wanted, func(name string) bool { return at[name] != nil }):
		wanted = slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return at[name] == nil })
	}
	if len(wanted) > maxArrays {
		return nil, diag.WithHint(fmt.Errorf("%s holds %d arrays, and at most %d are a table", f.Name, len(wanted), maxArrays), "arrays: lists some of them")
	}
	var arrays []array.Array
	for _, name := range wanted {
		z := at[name]
		if z == nil {
			hint := "the arrays are " + shown
			if near, ok := diag.Nearest(name, names); ok {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return nil, diag.WithHint(fmt.Errorf("arrays: %s has no array %q", f.Name, name), hint)
		}
		a, err := member(f, z, name)
		if err != nil {
			return nil, err
		}
		arrays = append(arrays, a)
	}
	if rows := func(a array.Array) bool { return a.Shape[0] != arrays[0].Shape[0] }; len(r.Arrays) == 0 && slices.ContainsFunc(arrays, rows) {
		var list []string
		for _, a := range arrays[:min(len(arrays), 20)] {
			list = append(list, fmt.Sprintf("%s (%d)", a.Name, a.Shape[0]))
		}
		return nil, diag.WithHint(fmt.Errorf("%s holds arrays of different numbers of rows: %s", f.Name, strings.Join(list, ", ")),
			fmt.Sprintf("arrays: lists those that are one table, as in format: {npy: {arrays: [%s]}}", arrays[0].Name))
	}
	return arrays, nil
}

// member opens an array of an archive.
func member(f *source.File, z *zip.File, name string) (array.Array, error) {
	in := &source.File{Name: f.Name + ": " + z.Name, Size: int64(z.UncompressedSize64)}
	switch {
	case z.UncompressedSize64 > uint64(packed.Usual(f.Size)):
		return array.Array{}, diag.WithHint(fmt.Errorf("%s: %d bytes would come out of an archive of %d", in.Name, z.UncompressedSize64, f.Size), "if that is right, unpack it (unzip), and read the .npy files that come out")
	case z.Flags&1 != 0:
		return array.Array{}, fmt.Errorf("%s is encrypted", in.Name)
	}
	in.ReaderAt = &forward{file: z}
	a, err := open(in)
	a.Name = path.Base(name)
	return a, err
}

// A forward reader unpacks a member of an archive. It is read from its beginning to
// its end, or not at all, and begins anew for what is behind.
type forward struct {
	file *zip.File
	r    io.ReadCloser
	at   int64
}

// ReadAt implements io.ReaderAt, but for one reader at a time.
func (z *forward) ReadAt(p []byte, offset int64) (n int, err error) {
	if z.r == nil || offset < z.at {
		if z.r != nil {
			z.r.Close()
		}
		if z.r, err = z.file.Open(); err != nil {
			return 0, err
		}
		z.at = 0
	}
	skipped, err := io.CopyN(io.Discard, z.r, offset-z.at)
	if z.at += skipped; err != nil {
		return 0, err
	}
	n, err = io.ReadFull(z.r, p)
	z.at += int64(n)
	if err == nil && z.at == int64(z.file.UncompressedSize64) {
		// The end tells whether the bytes are those that were written.
		if _, end := z.r.Read(make([]byte, 1)); end != io.EOF {
			return 0, fmt.Errorf("%w (%v)", errDamaged, end)
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

var errDamaged = errors.New("its bytes are not those that were written")
