package archive

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

func made(t testing.TB, files int, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range files {
		f, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf(name, i)}) // stored
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, i)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpen(t *testing.T) {
	data := made(t, 3, "../%d")
	files, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	r, err := files[2].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "2" {
		t.Errorf("%q, %v", got, err)
	}
	for _, c := range []struct {
		data []byte
		want string
	}{
		{made(t, Most+1, "%d"), "it holds 65537 files"},
		{made(t, 9000, strings.Repeat("x", 1000)+"%d"), "more than 8 MiB"},
		{data[:len(data)-10], "zip: not a valid zip file"},
	} {
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
