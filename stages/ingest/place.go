package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"pipe/base/address"
	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/packed"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Place is the settings that say where the bytes come from.
type Place struct {
	Path  settings.Paths   `yaml:"path" doc:"File to read, or several that are one table: a folder, which ends in a slash (data/), or a pattern (data/2024-*.csv). Files may be compressed with gzip or zstd. One that a server has is downloaded once: https://host/data.csv#sha256=..., where a run without the last part says what it is. Instead of it, an input named file or folder can be connected."`
	Paths []settings.Paths `yaml:"paths" added:"true" doc:"Files, folders, patterns and addresses in place of path. They are read in the order of their names, not of this list."`
	Copy  bool             `yaml:"copy" key:"false" default:"true" doc:"Whether the bytes of files are copied into the store. If not they are read where they are and the store notes where that is; they must not change for as long as somebody wants to run it again, which is found out whenever they are read."`
	pipeline.Download
	FileColumn  string         `yaml:"file_column" added:"true" doc:"Name of a column to add, which says which file a row is from: its path below the folder, or as paths has it."`
	UnpackLimit settings.Bytes `yaml:"unpack_limit" added:"true" default:"0B" doc:"How much may come out of a compressed file, or one that is compressed within, as those of Parquet are, such as 20GB. 0B is 1 GiB, or a hundred times the file if that is more: a small file that fills the disk is no data."`
}

// An opened is what there is to read.
type opened struct {
	ports []string // where it comes from
	files []*source.File
	close closers
}

// closers give back what was taken, the last first.
type closers []func() error

func (c closers) Close() error {
	var errs []error
	for _, f := range slices.Backward(c) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// open finds what is to be read. The caller closes it, also after an error.
func (in *Place) open(ctx context.Context, env pipeline.Env) (o opened, err error) {
	if o.ports, err = in.ports(env.Inputs()); err != nil {
		return o, err
	}
	for _, port := range o.ports {
		if err := in.openPort(ctx, env, port, &o); err != nil {
			return o, err
		}
	}
	slices.SortFunc(o.files, func(a, b *source.File) int { return strings.Compare(a.Name, b.Name) })
	for i := range o.files[1:] {
		if name := o.files[i].Name; name == o.files[i+1].Name {
			return o, fmt.Errorf("paths: %s is there twice", name)
		}
	}
	return o, nil
}

// openPort finds the files behind a port. One that stands alone is opened, others
// when they are read.
func (in *Place) openPort(ctx context.Context, env pipeline.Env, port string, o *opened) error {
	file, err := env.Open(port)
	if err != nil {
		return err
	}
	if file.Type != pipeline.Directory {
		f := &source.File{ReaderAt: file, Size: file.Size(), Name: file.Name, Label: path.Base(address.Name(file.Name)), Path: file.Path()}
		o.files, o.close = append(o.files, f), append(o.close, file.Close)
		if port != "path" && port != "file" {
			f.Label = f.Name
		}
		return in.unpack(ctx, env, f, &o.close)
	}
	if err := file.Close(); err != nil {
		return err
	}
	dir, err := env.OpenDir(port)
	if err != nil {
		return err
	}
	o.close = append(o.close, dir.Close)
	folder, _ := settings.Paths(file.Name).Folder()
	if port == "folder" {
		folder = file.Name
	}
	for i, e := range dir.Tree.Entries {
		f := &source.File{Name: path.Join(folder, e.Path), Label: e.Path, Size: e.Size, Acquire: func(ctx context.Context, f *source.File) (func() error, error) {
			file, err := dir.Open(i)
			if err != nil {
				return nil, err
			}
			close := closers{file.Close}
			f.ReaderAt, f.Size, f.Path = file, file.Size(), file.Path()
			if err := in.unpack(ctx, env, f, &close); err != nil {
				return nil, errors.Join(err, close.Close())
			}
			return close.Close, nil
		}}
		if port != "path" && port != "folder" {
			f.Label = f.Name
		}
		o.files = append(o.files, f)
	}
	return nil
}

// acquire opens files until the end of the stage.
func (o *opened) acquire(ctx context.Context, files []*source.File) error {
	for i, f := range files {
		if f.Acquire == nil {
			continue
		}
		whole := *f
		whole.Acquire = nil
		release, err := f.Acquire(ctx, &whole)
		if err != nil {
			return err
		}
		o.close = append(o.close, release)
		files[i] = &whole
	}
	return nil
}

// mostOpen is how many files of a table are open at once that are read side by side.
const mostOpen = 64

// sideBySide prepares the files for a reader that takes them all.
func (o *opened) sideBySide(ctx context.Context) error {
	if len(o.files) <= mostOpen {
		return o.acquire(ctx, o.files)
	}
	for i, f := range o.files {
		if f.Acquire != nil {
			whole := *f
			whole.Acquire, whole.ReaderAt = nil, onDemand{ctx, f}
			o.files[i] = &whole
		}
	}
	return nil
}

// onDemand is a file that is open only while it is read: one of too many.
type onDemand struct {
	ctx  context.Context
	file *source.File
}

func (o onDemand) ReadAt(p []byte, off int64) (int, error) {
	f := *o.file
	release, err := o.file.Acquire(o.ctx, &f)
	if err != nil {
		return 0, err
	}
	n, err := f.ReadAt(p, off)
	if e := release(); err == nil {
		err = e
	}
	return n, err
}

// unpack makes a compressed file what it holds.
func (in *Place) unpack(ctx context.Context, env pipeline.Env, f *source.File, close *closers) error {
	if f.Size == 0 {
		return nil
	}
	start, err := f.Begin()
	if err != nil {
		return err
	}
	p := packed.Of(start)
	if p == nil {
		return nil
	}
	scratch := func() (*os.File, error) {
		dir, err := env.Scratch()
		if err != nil {
			return nil, err
		}
		file, err := os.CreateTemp(dir, "unpacked-*")
		if err != nil {
			return nil, err
		}
		*close = append(*close, func() error { return errors.Join(file.Close(), os.Remove(file.Name())) })
		return file, nil
	}
	r, size, err := p.Unpack(ctx, &packed.File{ReaderAt: f, Size: f.Size, Name: f.Name},
		packed.Options{Limit: int64(in.UnpackLimit), Threads: env.Threads(), Scratch: scratch})
	if err != nil {
		return err
	}
	env.Log().Info("unpacked "+f.Name, "packing", p.Name, "bytes", size)
	f.ReaderAt, f.Size, f.Path = r, size, ""
	return nil
}

// ports finds where the bytes come from.
func (in *Place) ports(inputs []string) ([]string, error) {
	found := map[string][]string{}
	for _, port := range inputs {
		setting, _, _ := strings.Cut(port, "/")
		switch setting {
		case "path", "paths", "file", "folder":
			found[setting] = append(found[setting], port)
		}
	}
	kinds := slices.Sorted(maps.Keys(found))
	switch len(kinds) {
	case 0:
		return nil, diag.WithHint(errors.New("there is nothing to read"), "add path: data.csv, or connect an input named file")
	case 1:
		return found[kinds[0]], nil
	}
	return nil, diag.WithHint(fmt.Errorf("there is more than one thing to read: %s", strings.Join(kinds, " and ")), "leave one of path, paths and the inputs file and folder")
}

// one is a path of which the ending may tell the format; of several one will do.
func (in *Place) one() string {
	if in.Path == "" && len(in.Paths) > 0 {
		return string(in.Paths[0])
	}
	return string(in.Path)
}
