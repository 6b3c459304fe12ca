package ingest

import (
	"context"
	"errors"
	"os"
	"slices"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/packed"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Place is the settings that say where the bytes come from.
type Place struct {
	Path        settings.FilePath `yaml:"path" doc:"File to read, which may be compressed with gzip or zstd. Instead of it, an input named file can be connected."`
	UnpackLimit settings.Bytes    `yaml:"unpack_limit" added:"true" default:"0B" doc:"How much may come out of a compressed file, such as 20GB. 0B is 1 GiB, or a hundred times the file if that is more: a small file that fills the disk is no data."`
}

// An opened is what there is to read.
type opened struct {
	port  string // where it comes from
	files []*source.File
	close []func() error
}

// Close gives back what open took.
func (o *opened) Close() error {
	var errs []error
	for _, f := range slices.Backward(o.close) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// open opens what is to be read, unpacked. The caller closes it, also after an error.
func (in *Place) open(ctx context.Context, env pipeline.Env) (o opened, err error) {
	if o.port, err = in.port(env.Inputs()); err != nil {
		return o, err
	}
	file, err := env.Open(o.port)
	if err != nil {
		return o, err
	}
	o.close = append(o.close, file.Close)
	f := &source.File{ReaderAt: file, Size: file.Size(), Name: file.Name, Path: file.Path()}
	if err := in.unpack(ctx, env, f, &o); err != nil {
		return o, err
	}
	o.files = append(o.files, f)
	return o, nil
}

// unpack makes a compressed file what it holds.
func (in *Place) unpack(ctx context.Context, env pipeline.Env, f *source.File, o *opened) error {
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
		o.close = append(o.close, func() error { return errors.Join(file.Close(), os.Remove(file.Name())) })
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

// port finds where the bytes come from.
func (in *Place) port(inputs []string) (string, error) {
	connected := slices.Contains(inputs, "file")
	switch {
	case connected && in.Path != "":
		return "", diag.WithHint(errors.New("both an input file and the setting path are given"), "remove one of them")
	case connected:
		return "file", nil
	case in.Path != "":
		return "path", nil
	}
	return "", diag.WithHint(errors.New("there is nothing to read"), "add path: data.csv, or connect an input named file")
}
