package artifacts

import (
	"context"
	"errors"
	"io"
	"os"

	"pipe/base/infile"
)

// Copy begins an artifact of what a file outside of the store holds. The bytes are
// hashed while they are copied or, where the file system lets files share them, in
// place of it. The error about the file is that of infile.Open, wrapped or not;
// that about the store is a *StoreError.
func (s *Store) Copy(ctx context.Context, path string) (*Writer, error) {
	src, err := infile.Open(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	w, err := s.Create()
	if err != nil {
		return nil, err
	}
	if err := w.take(ctx, src); err != nil {
		w.Discard()
		return nil, err
	}
	return w, nil
}

// take makes an empty Writer one of what a file holds, which is all that it will
// be. So it keeps no memory, however many wait to be committed together.
func (w *Writer) take(ctx context.Context, src *os.File) error {
	err := w.share(ctx, src)
	if err == errNoClone {
		_, err = io.Copy(w, infile.Reader(ctx, src))
	}
	if err == nil {
		_, err = w.seal()
	}
	return err
}

// errNoClone says that bytes have to be copied.
var errNoClone = errors.New("files cannot share bytes")

// share makes the temp file share the bytes of a large file, and hashes what it has
// got: src may change meanwhile.
func (w *Writer) share(ctx context.Context, src *os.File) error {
	info, err := src.Stat()
	if err != nil || info.Size() <= keepInMemory {
		return errNoClone
	}
	if err := w.spill(); err != nil {
		return err
	}
	if temp, ok := w.f.(*os.File); !ok || !clone(temp, src) {
		w.sum, w.buf = newDigest(), make([]byte, 0, chunkSize)
		return errNoClone
	}
	id, size, err := hashReader(infile.Reader(ctx, w.f), info.Size())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return storeError("read", w.path, err)
	}
	w.id, w.size = id, size
	return nil
}
