package artifacts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"pipe/base/infile"
)

// A Store is a directory of artifacts. Its methods may be called from any
// number of goroutines, and several processes may use one directory.
type Store struct {
	dir string
	fs  FS
	now func() time.Time

	// synced says for each directory objects/ab that this process has made its
	// own entry in objects durable.
	synced [256]atomic.Bool
	// syncedCheckpoints says the same of the directory checkpoints.
	syncedCheckpoints atomic.Bool

	verified verified

	claims claims

	readOnly bool
	secret   struct {
		sync.Mutex
		value []byte // nil until it was asked for
	}

	// owner is the locked file that shows other processes that the scratch
	// directories of this Store are in use; see TempDir.
	owner struct {
		sync.Mutex
		file FSFile
		name string
		dirs int
	}
}

// Open opens the store below dir (".pipe"), and makes it if it is not there.
func Open(dir string) (*Store, error) {
	return open(dir, osFS{}, time.Now)
}

// OpenReadOnly opens a store for methods that only read. It makes nothing, so
// that a store can be looked at that cannot be changed.
func OpenReadOnly(dir string) *Store {
	return &Store{dir: dir, fs: osFS{}, now: time.Now, readOnly: true}
}

// OpenFS is Open over another file system, for tests that let calls fail or
// let the process die between two of them.
func OpenFS(dir string, fsys FS) (*Store, error) {
	return open(dir, fsys, time.Now)
}

func open(dir string, fsys FS, now func() time.Time) (*Store, error) {
	s := &Store{dir: dir, fs: fsys, now: now}
	for _, d := range []string{s.objects(), s.tmp()} {
		if info, err := fsys.Lstat(d); err == nil && info.IsDir() {
			continue
		}
		if err := fsys.MkdirAll(dir); err != nil {
			return nil, storeError("make directory", dir, err)
		}
		if err := s.mkdir(d); err != nil {
			return nil, storeError("make directory", d, err)
		}
		for _, parent := range []string{dir, filepath.Dir(dir)} {
			if err := fsys.SyncDir(parent); err != nil {
				return nil, storeError("sync", d, err)
			}
		}
	}
	return s, nil
}

func (s *Store) objects() string { return filepath.Join(s.dir, "objects") }
func (s *Store) tmp() string     { return filepath.Join(s.dir, "tmp") }

func (s *Store) path(id ID) string {
	name := id.String()
	return filepath.Join(s.objects(), name[:2], name[2:])
}

// lock guards the moment in which an object appears (shared) or vanishes
// (exclusive). The file is never removed. The caller closes what it returns.
func (s *Store) lock(take func(FSFile) error) (io.Closer, error) {
	name := filepath.Join(s.dir, "objects.lock")
	f, err := s.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = s.fs.Create(name)
		if errors.Is(err, fs.ErrExist) { // somebody else was faster
			f, err = s.fs.Open(name)
		}
		s.share(name, 0o666)
	}
	if err != nil {
		return nil, storeError("open the lock", name, err)
	}
	if err := take(f); err != nil {
		f.Close()
		return nil, storeError("lock", name, err)
	}
	return f, nil
}

// Stat returns the size of an artifact without reading it. The error is a
// *NotFoundError if it is absent, a *DamagedError if something else is in its
// place, an *OutsideError if the file that it is in is another one now.
func (s *Store) Stat(id ID) (size int64, err error) {
	at, err := s.find(id)
	if err != nil {
		return 0, err
	}
	return at.size, nil
}

// Renew is Stat for an artifact that is about to be referred to: for Grace
// from now on, Sweep leaves it alone.
func (s *Store) Renew(id ID) (size int64, err error) {
	lock, err := s.lock(lockShared)
	if err != nil {
		return 0, err
	}
	defer lock.Close()
	at, err := s.find(id)
	if err != nil {
		return 0, err
	}
	if at.outside {
		return at.size, storeError("renew", s.referencePath(id), s.fs.Touch(s.referencePath(id), s.now()))
	}
	return at.size, storeError("renew", at.path, s.touch(id))
}

// touch makes an artifact young. That is no change of its bytes.
func (s *Store) touch(id ID) error {
	path := s.path(id)
	before, err := s.fs.Lstat(path)
	known := err == nil && s.verified.is(id, before)
	if err := s.fs.Touch(path, s.now()); err != nil || !known {
		return err
	}
	if after, err := s.fs.Lstat(path); err == nil {
		s.verified.remember(id, after)
	}
	return nil
}

// Open opens an artifact for reading, after it has hashed all its bytes; those of
// a large one only if this process has not yet, or has not written them, or if
// its file has changed since. The error is a *NotFoundError, a *DamagedError or a
// *StoreError, or that of ctx.
func (s *Store) Open(ctx context.Context, id ID) (*File, error) {
	if f, err := s.openKnown(id); f != nil || err != nil {
		return f, err
	}
	var kept bytes.Buffer
	f, at, err := s.verify(ctx, id, &kept)
	if err != nil {
		return nil, err
	}
	if at.size <= keepInMemory {
		if err := f.Close(); err != nil {
			return nil, storeError("close a file", at.path, err)
		}
		return &File{content: bytes.NewReader(kept.Bytes()), held: at}, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		f.Close()
		return nil, storeError("seek", at.path, err)
	}
	return newFile(f, at), nil
}

// newFile is an artifact whose bytes are read from its file. One that is not of the
// store is not mapped: if its owner cuts it, the process would die.
func newFile(f FSFile, at held) *File {
	file := &File{content: f, file: f, held: at}
	if f, ok := f.(*os.File); ok && !at.outside {
		file.mapped = mapFile(f, at.size)
	}
	return file
}

// Peek opens an artifact without hashing its bytes. It is for a look at what is in
// it that does no harm if the bytes are wrong.
func (s *Store) Peek(id ID) (*File, error) {
	at, err := s.find(id)
	if err != nil {
		return nil, err
	}
	f, err := s.openAt(at)
	if err != nil {
		return nil, err
	}
	return newFile(f, at), nil
}

// openKnown opens an artifact that need not be hashed; nil is none.
func (s *Store) openKnown(id ID) (*File, error) {
	at, err := s.find(id)
	if err != nil || at.size <= keepInMemory {
		return nil, nil // verify says what is wrong
	}
	f, err := s.fs.Open(at.path)
	if err != nil {
		return nil, nil
	}
	if info, err := f.Stat(); err != nil || !s.verified.is(id, info) {
		return nil, storeError("close a file", at.path, f.Close())
	}
	return newFile(f, at), nil
}

// keepInMemory is the size up to which Open gives the very bytes that it
// hashed. Larger artifacts are read a second time, mostly from the memory of
// the system.
const keepInMemory = 1 << 20

// Check hashes the bytes of an artifact and returns what Open would return as
// error, or that of ctx.
func (s *Store) Check(ctx context.Context, id ID) error {
	f, _, err := s.verify(ctx, id, nil)
	if err != nil {
		return err
	}
	return f.Close()
}

// verify hashes an artifact. What fits into keepInMemory is also put into
// kept, if that is not nil.
func (s *Store) verify(ctx context.Context, id ID, kept *bytes.Buffer) (FSFile, held, error) {
	at, err := s.find(id)
	if err != nil {
		return nil, at, err
	}
	f, err := s.openAt(at)
	if err != nil {
		return nil, at, err
	}
	if at.size, err = s.hashFile(ctx, at, f, kept); err != nil {
		f.Close()
		return nil, at, err
	}
	return f, at, nil
}

func (s *Store) openAt(at held) (FSFile, error) {
	f, err := s.fs.Open(at.path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // swept in between
		return nil, at.absent()
	case err != nil:
		return nil, storeError("open", at.path, err)
	}
	return f, nil
}

// hashFile hashes the open file of an artifact, of probably the size that was found.
func (s *Store) hashFile(ctx context.Context, at held, f FSFile, kept *bytes.Buffer) (int64, error) {
	before, err := f.Stat()
	if err != nil {
		return 0, storeError("stat", at.path, err)
	}
	var r io.Reader = f
	if kept != nil && at.size <= keepInMemory {
		kept.Grow(int(at.size))
		r = io.TeeReader(f, kept)
	}
	got, size, err := hashReader(infile.Reader(ctx, r), at.size)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return 0, storeError("read", at.path, err)
	case got != at.id && at.outside:
		return 0, at.wrong("has other bytes now")
	case got != at.id:
		return 0, at.wrong(fmt.Sprintf("its %d bytes hash to %s", size, got.Short()))
	}
	if !at.outside || changedBefore(before, s.now().Add(-settled)) {
		s.verified.remember(at.id, before)
	}
	return size, nil
}

// Info describes an artifact without its bytes having been read.
type Info struct {
	ID      ID
	Size    int64
	ModTime time.Time // when it was last committed, or renewed
	Outside bool      // it is a reference, and its bytes are nothing of the store
}

// All yields the artifacts in the order of their IDs. An object that cannot
// be looked at yields its error, with Info.ID set where it is known, and the
// iteration goes on. Files with other names are passed over.
func (s *Store) All() iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		groups, err := s.fs.ReadDir(s.objects())
		if err != nil {
			yield(Info{}, storeError("list", filepath.Join(s.objects(), "*"), err))
			return
		}
		for _, group := range groups {
			if len(group.Name()) != 2 || !group.IsDir() {
				continue
			}
			dir := filepath.Join(s.objects(), group.Name())
			entries, err := s.fs.ReadDir(dir)
			if err != nil && !yield(Info{}, storeError("list", filepath.Join(dir, "*"), err)) {
				return
			}
			for _, e := range entries {
				id, err := ParseID(group.Name() + e.Name())
				if err != nil {
					continue
				}
				info := Info{ID: id}
				stat, err := e.Info()
				switch {
				case errors.Is(err, fs.ErrNotExist): // swept in between
					continue
				case err != nil:
					err = storeError("stat", s.path(id), err)
				case !stat.Mode().IsRegular():
					err = &DamagedError{ID: id, Path: s.path(id), Reason: "is not a regular file but " + infile.TypeName(stat.Mode())}
				default:
					info.Size, info.ModTime = stat.Size(), stat.ModTime()
				}
				if !yield(info, err) {
					return
				}
			}
		}
	}
}

// A File is an open artifact whose bytes have been verified, or are being verified
// if a Check has opened it. ReadAt, Size and Verify may be called from several
// goroutines.
type File struct {
	content interface {
		io.Reader
		io.ReaderAt
		io.Seeker
	}
	file FSFile // nil if the bytes are in memory
	// mapped is the file as memory, nil if that cannot be.
	mapped *mapping
	// verdict gives what Check found once its bytes are hashed; nil if they are.
	verdict chan error
	held
}

// ID returns the name of the bytes.
func (f *File) ID() ID { return f.id }

// Size returns the number of bytes.
func (f *File) Size() int64 { return f.size }

// Path is the file that holds the bytes, for what cannot do with a reader. It is
// empty for a small one, which is in memory, and for one in an archive. What is
// read from it is known to be sound when Verify has said so.
func (f *File) Path() string {
	if f.file == nil {
		return ""
	}
	return f.path
}

func (f *File) Read(p []byte) (int, error) {
	n, err := f.content.Read(p)
	return n, f.readError(err)
}

// ReadAt reads from an offset. A small piece of a large artifact is copied from
// memory that the file is mapped to; a large one is faster to read.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if f.mapped != nil && len(p) <= smallRead {
		n, err := f.mapped.readAt(p, off)
		return n, f.readError(err)
	}
	n, err := f.content.ReadAt(p, off)
	return n, f.readError(err)
}

// WillNeed says that n bytes at an offset will be read soon. Those that are not in
// memory are read beside the work, many pieces at once, which for a file that is
// larger than memory is several times as fast as to wait for one after the other.
func (f *File) WillNeed(off, n int64) {
	if file, ok := f.file.(*os.File); ok && f.mapped == nil && off >= 0 && n > 0 {
		willNeed(file, off, n)
	}
}

// smallRead is up to how many bytes a copy out of a mapping beats a call of the
// system, which need not fault in page by page.
const smallRead = 16 << 10

func (f *File) readError(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return storeError("read", f.path, err)
}

func (f *File) Seek(off int64, whence int) (int64, error) { return f.content.Seek(off, whence) }

func (f *File) Close() error {
	if f.file != nil {
		var err error
		if f.mapped != nil {
			err = f.mapped.close()
		}
		return errors.Join(err, f.file.Close())
	}
	if _, shut := f.content.(closed); shut {
		return fs.ErrClosed
	}
	f.content = closed{}
	return nil
}

// closed is the content of a closed file whose bytes were in memory: whoever
// reads on has the same bug as with a file on disk, and should hear of it.
type closed struct{}

func (closed) Read([]byte) (int, error)          { return 0, fs.ErrClosed }
func (closed) ReadAt([]byte, int64) (int, error) { return 0, fs.ErrClosed }
func (closed) Seek(int64, int) (int64, error)    { return 0, fs.ErrClosed }
