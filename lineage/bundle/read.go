package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"pipe/artifacts"
	"pipe/base/infile"
	"pipe/lineage"
	"pipe/lineage/slice"
)

// A Bundle is an open bundle of which every byte has been checked.
type Bundle struct {
	Manifest *Manifest
	slice    *slice.Slice
	r        io.ReaderAt
	at       []int64 // where the content of each file begins
}

// Read checks a bundle of the given size, whole: the form, the hashes, that
// every artifact that a row promises is there, and that nothing else is. It
// writes nothing. The error is a *FormatError, or that of r or ctx.
func Read(ctx context.Context, r io.ReaderAt, size int64) (*Bundle, error) {
	m, at, err := readManifest(r, size)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Manifest: m, r: r}
	for _, f := range m.Files {
		want, err := header(f.Path, f.Size)
		if err != nil {
			return nil, damaged("%v", err)
		}
		if err := b.expect(want, at, "the header of "+f.Path); err != nil {
			return nil, err
		}
		at += int64(len(want))
		if err := b.checkFile(ctx, f, at); err != nil {
			return nil, err
		}
		b.at = append(b.at, at)
		if at += f.Size; padding(f.Size) > 0 {
			if err := b.expect(make([]byte, padding(f.Size)), at, "the end of "+f.Path); err != nil {
				return nil, err
			}
			at += padding(f.Size)
		}
	}
	if err := b.expect(make([]byte, 2*block), at, "the end"); err != nil {
		return nil, err
	}
	if b.slice, err = slice.Read(b.open(0)); err != nil {
		return nil, damaged("%v", err)
	}
	return b, b.checkComplete()
}

func (b *Bundle) expect(want []byte, at int64, what string) error {
	have := make([]byte, len(want))
	if n, err := b.r.ReadAt(have, at); n < len(have) {
		if err == nil || errors.Is(err, io.EOF) {
			return damaged("it ends before %s", what)
		}
		return err
	}
	if !bytes.Equal(have, want) {
		return damaged("%s is not as pipe writes it", what)
	}
	return nil
}

func (b *Bundle) checkFile(ctx context.Context, f File, at int64) error {
	h := sha256.New()
	n, err := io.Copy(h, infile.Reader(ctx, io.NewSectionReader(b.r, at, f.Size)))
	if err != nil {
		return err
	}
	if n != f.Size {
		return damaged("it ends in %s", f.Path)
	}
	if artifacts.ID(h.Sum(nil)) != f.Hash {
		return damaged("the bytes of %s do not have the hash of the manifest", f.Path)
	}
	return nil
}

func (b *Bundle) open(i int) *io.SectionReader {
	return io.NewSectionReader(b.r, b.at[i], b.Manifest.Files[i].Size)
}

// checkComplete compares the objects with what the rows refer to.
func (b *Bundle) checkComplete() error {
	if b.slice.Run != b.Manifest.Run {
		return damaged("the manifest is that of another run than the rows")
	}
	list, err := b.slice.Artifacts()
	if err != nil {
		return damaged("%v", err)
	}
	objects := map[artifacts.ID]int{}
	for i, f := range b.Manifest.Files {
		if i > 0 && f.Path != specName && f.Path != reportName {
			objects[f.Hash] = i
		}
	}
	wanted := map[artifacts.ID]bool{}
	needed := neededArtifacts(list)
	for _, a := range list {
		i, ok := objects[a.ID]
		if !ok && needed[a.ID] {
			return damaged("artifact %s is missing", a.ID.Short())
		}
		if ok && a.Size >= 0 && a.Size != b.Manifest.Files[i].Size {
			return damaged("artifact %s has %d bytes, and %d according to its row", a.ID.Short(), b.Manifest.Files[i].Size, a.Size)
		}
		wanted[a.ID] = true
		if !ok || a.Type != typeDirectory {
			continue
		}
		files, err := artifacts.ListedIn(b.open(i))
		if err != nil {
			return damaged("artifact %s: %v", a.ID.Short(), err)
		}
		for _, e := range files {
			if at, ok := objects[e.ID]; !ok || b.Manifest.Files[at].Size != e.Size {
				return damaged("file %q of directory %s is missing", e.Path, a.ID.Short())
			}
			wanted[e.ID] = true
		}
	}
	for id := range objects {
		if !wanted[id] {
			return damaged("nothing refers to object %s", id.Short())
		}
	}
	for _, f := range b.Manifest.Files {
		if !wanted[f.Hash] && f.Path != rowsName {
			return damaged("%s is not an artifact of the run", f.Path)
		}
	}
	return nil
}

// Import puts a bundle into a store: the objects first and then, in one
// transaction, the rows. To import a bundle again changes nothing. If it
// fails, nobody can see that it was tried.
func (b *Bundle) Import(ctx context.Context, store *artifacts.Store, db *lineage.DB, from string) (slice.Imported, error) {
	for i, f := range b.Manifest.Files {
		if i == 0 || f.Path == specName || f.Path == reportName {
			continue // the rows, and what is there again as an object
		}
		if err := b.importObject(ctx, store, i); err != nil {
			return slice.Imported{}, fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return slice.Import(ctx, db, b.slice, from)
}

func (b *Bundle) importObject(ctx context.Context, store *artifacts.Store, i int) error {
	w, err := store.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	if _, err := io.Copy(w, infile.Reader(ctx, b.open(i))); err != nil {
		return err
	}
	id, _, err := w.Commit()
	if err == nil && id != b.Manifest.Files[i].Hash {
		err = damaged("the file changed while it was read")
	}
	return err
}
