package packed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"pipe/base/diag"
)

// pack compresses pieces one after the other: members of gzip, frames of zstd.
func pack(t testing.TB, packing string, pieces ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, p := range pieces {
		var w io.WriteCloser = gzip.NewWriter(&out)
		if packing == "zstd" {
			enc, err := zstd.NewWriter(&out)
			if err != nil {
				t.Fatal(err)
			}
			w = enc
		}
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// options of a test keep what does not fit into memory in its folder.
func options(t testing.TB) Options {
	dir := t.TempDir()
	return Options{Threads: 2, Scratch: func() (*os.File, error) {
		f, err := os.Create(filepath.Join(dir, "unpacked"))
		if err == nil {
			t.Cleanup(func() { f.Close() })
		}
		return f, err
	}}
}

func unpack(ctx context.Context, data []byte, o Options) ([]byte, error) {
	p := Of(data)
	if p == nil {
		return nil, errors.New("not packed")
	}
	r, size, err := p.Unpack(ctx, &File{bytes.NewReader(data), int64(len(data)), "data.csv.x"}, o)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(r, 0, size))
}

func TestUnpack(t *testing.T) {
	large := bytes.Repeat([]byte("a,b,c\n1,2,3\n"), inMemory/6)
	for _, packing := range []string{"gzip", "zstd"} {
		for i, pieces := range [][][]byte{{nil}, {[]byte("a\n1\n")}, {[]byte("a\n"), []byte("1\n"), nil, []byte("2\n")}, {large}, {large, large[:99]}} {
			got, err := unpack(t.Context(), pack(t, packing, pieces...), options(t))
			if want := bytes.Join(pieces, nil); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s %d: %d bytes, want %d; %v", packing, i, len(got), len(want), err)
			}
		}
	}
	if p := Of([]byte("a,b\n1,2\n")); p != nil {
		t.Errorf("text is %s", p.Name)
	}
}

// What is cut, changed or followed by something else is an error with the byte.
func TestUnpackDamaged(t *testing.T) {
	var text strings.Builder
	for i := range 200_000 {
		fmt.Fprintln(&text, i*i)
	}
	for _, packing := range []string{"gzip", "zstd"} {
		whole := pack(t, packing, []byte(text.String()))
		for n := 2 + 2*len(packing)/4; n < len(whole); n += 1 + len(whole)/31 {
			_, err := unpack(t.Context(), whole[:n], options(t))
			if want := fmt.Sprintf("data.csv.x: the %s data end too early, at byte %d", packing, n); err == nil || err.Error() != want {
				t.Fatalf("cut: %v, want %s", err, want)
			}
		}
		after := append(bytes.Clone(whole), "and more than that"...)
		if _, err := unpack(t.Context(), after, options(t)); err == nil ||
			packing == "zstd" && !strings.Contains(err.Error(), "data are wrong at byte") ||
			packing == "gzip" && err.Error() != fmt.Sprintf("data.csv.x: from byte %d on it holds what is no gzip data: \"and more than th\"", len(whole)+1) {
			t.Errorf("%s with more: %v", packing, err)
		}
		if packing == "gzip" {
			filled, err := unpack(t.Context(), append(bytes.Clone(whole), make([]byte, 1000)...), options(t))
			if plain, _ := unpack(t.Context(), whole, options(t)); err != nil || !bytes.Equal(filled, plain) {
				t.Errorf("filled with zeros: %v", err)
			}
		}
		changed := bytes.Clone(whole)
		changed[len(changed)/2] ^= 0x55
		if _, err := unpack(t.Context(), changed, options(t)); err == nil || !strings.Contains(err.Error(), "data.csv.x: the "+packing+" data") {
			t.Errorf("%s changed: %v", packing, err)
		}
	}
}

// A small file that becomes a huge one is refused before it fills the disk.
func TestUnpackBomb(t *testing.T) {
	for _, packing := range []string{"gzip", "zstd"} {
		o := options(t)
		o.Limit = 9 << 20
		_, err := unpack(t.Context(), pack(t, packing, make([]byte, 10<<20)), o)
		if err == nil || !strings.Contains(err.Error(), "more than 9437184 bytes come out of") || !strings.Contains(diag.HintOf(err), "unpack_limit") {
			t.Errorf("%s: %v", packing, err)
		}
		o.Limit = 10 << 20
		if _, err := unpack(t.Context(), pack(t, packing, make([]byte, 10<<20)), o); err != nil {
			t.Errorf("%s: %v", packing, err)
		}
	}
	if Usual(1) != 1<<30 || Usual(1<<30) != 100<<30 {
		t.Error("the usual limit")
	}
}

func TestUnpackEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := unpack(ctx, pack(t, "gzip", []byte("x")), options(t)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	o := options(t)
	full := errors.New("no space left")
	o.Scratch = func() (*os.File, error) { return nil, full }
	if _, err := unpack(t.Context(), pack(t, "gzip", make([]byte, inMemory+1)), o); !errors.Is(err, full) {
		t.Error(err)
	}
}

func TestInner(t *testing.T) {
	for name, want := range map[string]string{
		"data/a.csv.gz": "data/a.csv", "a.jsonl.ZST": "a.jsonl", "a.csv": "a.csv", "a.gz": "a", "gz": "gz", "": "", "a.csv.gz.gz": "a.csv.gz",
	} {
		if got := Inner(name); got != want {
			t.Errorf("%q is %q inside, want %q", name, got, want)
		}
	}
}

// Whatever the bytes are, it ends, within the limit.
func FuzzUnpack(f *testing.F) {
	for _, packing := range []string{"gzip", "zstd"} {
		whole := pack(f, packing, []byte("a,b\n1,2\n"), bytes.Repeat([]byte("x"), 1000))
		f.Add(whole)
		f.Add(whole[:len(whole)-3])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o := options(t)
		o.Limit = 1 << 20
		got, err := unpack(t.Context(), data, o)
		if err == nil && int64(len(got)) > o.Limit {
			t.Errorf("%d bytes came out", len(got))
		}
	})
}
