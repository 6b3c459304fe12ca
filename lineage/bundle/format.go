package bundle

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"pipe/artifacts"
	"pipe/lineage/slice"
)

// The layout of a bundle. It is a tar file, so that people can look into it,
// but one of only one form: each byte follows from the manifest and from the
// contents. The reader makes that form and compares, instead of interpreting
// what somebody else may have put into a header.
const (
	formatName    = "pipe-bundle"
	formatVersion = 1

	manifestName = "manifest.json"
	rowsName     = "rows.json"
	specName     = "pipeline.yaml"
	reportName   = "report.html"
	objectPrefix = "objects/"

	block = 512

	// Bounds of what is held in memory. Objects are streamed.
	maxManifest = 256 << 20
	maxRows     = 128 << 20
	maxFiles    = 1 << 20
)

// A Manifest is the first file of a bundle.
type Manifest struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Run     string `json:"run"`
	Files   []File `json:"files"` // in the order in which they follow
}

// A File is a file of a bundle.
type File struct {
	Path string       `json:"path"`
	Size int64        `json:"size"`
	Hash artifacts.ID `json:"sha256"`
}

// A FormatError says that a file is no bundle, or a damaged one.
type FormatError struct{ Msg string }

func (e *FormatError) Error() string { return "bundle: " + e.Msg }

// Hint says what to do next.
func (e *FormatError) Hint() string {
	return "fetch the file again, or write it again with `pipe export`; nothing was imported"
}

func damaged(format string, args ...any) error {
	return &FormatError{fmt.Sprintf(format, args...)}
}

// header is what stands before a file: one block, or three if it is too large
// for the classical form.
func header(name string, size int64) ([]byte, error) {
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644})
	return b.Bytes(), err
}

// padding is how many zero bytes follow a file.
func padding(size int64) int64 { return (block - size%block) % block }

// encode writes the manifest. There is one encoding of each.
func (m *Manifest) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(m)
	return b.Bytes(), err
}

func parseManifest(data []byte) (*Manifest, error) {
	m := &Manifest{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		return nil, damaged("the manifest is not one: %v", err)
	}
	if m.Format != formatName {
		return nil, damaged("the manifest is that of another format")
	}
	if m.Version != formatVersion {
		return nil, damaged("it has version %d of the format, this pipe reads version %d", m.Version, formatVersion)
	}
	again, err := m.encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, data) {
		return nil, damaged("the manifest is not written in the one way in which pipe writes it")
	}
	return m, m.check()
}

// check allows the known names in the known order, each once.
func (m *Manifest) check() error {
	if len(m.Files) > maxFiles {
		return damaged("%d files, at most %d are possible", len(m.Files), maxFiles)
	}
	stage, last := 0, ""
	for _, f := range m.Files {
		if f.Size < 0 || f.Size > 1<<50 {
			return damaged("file %.100q cannot have %d bytes", f.Path, f.Size)
		}
		at := 0
		switch hex, isObject := strings.CutPrefix(f.Path, objectPrefix); {
		case f.Path == rowsName:
			at = 1
		case f.Path == specName:
			at = 2
		case f.Path == reportName:
			at = 3
		case isObject && hex == f.Hash.String():
			at = 4
		default:
			return damaged("no file of a bundle is named %.100q", f.Path)
		}
		if at < stage || at == stage && (at != 4 || f.Path <= last) {
			return damaged("file %q is there twice or out of order", f.Path)
		}
		stage, last = at, f.Path
	}
	if len(m.Files) == 0 || m.Files[0].Path != rowsName {
		return damaged("the rows are missing")
	}
	if m.Files[0].Size > maxRows {
		return damaged("%d bytes of rows, at most %d are possible", m.Files[0].Size, maxRows)
	}
	return nil
}

// size is how long the whole file is.
func (m *Manifest) size(manifest int64) (int64, error) {
	var total int64
	for _, f := range append([]File{{Path: manifestName, Size: manifest}}, m.Files...) {
		h, err := header(f.Path, f.Size)
		if err != nil {
			return 0, err
		}
		if total += int64(len(h)) + f.Size + padding(f.Size); total > 1<<60 {
			return 0, damaged("its files are too large together")
		}
	}
	return total + 2*block, nil
}

// readManifest reads the beginning of a bundle. It returns where the files
// begin.
func readManifest(r io.ReaderAt, size int64) (*Manifest, int64, error) {
	first := make([]byte, block)
	if _, err := r.ReadAt(first, 0); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, 0, damaged("it ends before it has begun")
		}
		return nil, 0, err
	}
	length, err := strconv.ParseInt(strings.TrimRight(string(first[124:136]), "\x00 "), 8, 64)
	if err != nil || length < 2 || length > min(size, maxManifest) {
		return nil, 0, damaged("it does not begin with a manifest")
	}
	if want, err := header(manifestName, length); err != nil || !bytes.Equal(want, first) {
		return nil, 0, damaged("it does not begin with a manifest")
	}
	data := make([]byte, length+padding(length))
	if _, err := r.ReadAt(data, block); err != nil {
		return nil, 0, damaged("it ends in the manifest")
	}
	if !zero(data[length:]) {
		return nil, 0, damaged("there is something after the manifest")
	}
	m, err := parseManifest(data[:length])
	if err != nil {
		return nil, 0, err
	}
	want, err := m.size(length)
	if err != nil {
		return nil, 0, err
	}
	if want != size {
		return nil, 0, damaged("it has %d bytes, and %d according to its manifest", size, want)
	}
	return m, block + int64(len(data)), nil
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// neededArtifacts are the artifacts without which rows would promise what is
// not there: all outputs. Inputs may be gone, if they were those of a stage
// that failed.
func neededArtifacts(list []slice.Artifact) map[artifacts.ID]bool {
	needed := map[artifacts.ID]bool{}
	for _, a := range list {
		needed[a.ID] = a.Output || a.Spec
	}
	return needed
}
