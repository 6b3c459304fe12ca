package artifacts

import (
	"encoding/binary"
	"path/filepath"
	"testing"
)

func benchStore(b *testing.B) *Store {
	s, err := Open(filepath.Join(b.TempDir(), ".pipe"))
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkCommit is the least that an output costs: mostly the disk.
func BenchmarkCommit(b *testing.B) {
	s := benchStore(b)
	content := make([]byte, 1000)
	for n := uint64(0); b.Loop(); n++ {
		binary.LittleEndian.PutUint64(content, n)
		if _, err := put(s, content); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCommitAgain commits content that the store has already.
func BenchmarkCommitAgain(b *testing.B) {
	s := benchStore(b)
	for b.Loop() {
		if _, err := put(s, []byte("x")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen64MiB is verification: it should run at the speed of SHA-256.
func BenchmarkOpen64MiB(b *testing.B) {
	s := benchStore(b)
	content := make([]byte, 64<<20)
	id, err := put(s, content)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		f, err := s.Open(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}
