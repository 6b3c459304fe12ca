package trees

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"pipe/nn"
)

// format marks the document, and its version what it may hold.
const (
	format        = "pipe.trees"
	formatVersion = 1
	maxSize       = 1 << 31
)

type document struct {
	Format    string       `json:"format"`
	Version   int          `json:"version"`
	Signature nn.Signature `json:"signature"`
	Summary   nn.Summary   `json:"summary"`
	Columns   []Column     `json:"columns"`
	Start     []float64    `json:"start"`
	Trees     []Tree       `json:"trees"`
}

// HeadSize is how much of a file says whether it is a document of trees.
const HeadSize = 64

// Is says whether a file that begins so is a document of trees, and not a network or
// another document, however its lines are broken.
func Is(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && bytes.Contains(head, []byte(strconv.Quote(format)))
}

// WriteTo writes the model as JSON, with a line for each tree.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	out := &counter{w: bufio.NewWriterSize(w, 1<<16)}
	fmt.Fprintf(out, "{\"format\": %q,\n\"version\": %d", format, formatVersion)
	for _, part := range []struct {
		name  string
		value any
	}{{"signature", m.Signature}, {"summary", m.Summary}, {"columns", m.Columns}, {"start", m.Start}} {
		text, err := json.Marshal(part.value)
		if err != nil {
			return out.n, err
		}
		fmt.Fprintf(out, ",\n%q: %s", part.name, text)
	}
	io.WriteString(out, ",\n\"trees\": [")
	for i := range m.Trees {
		text, err := json.Marshal(&m.Trees[i])
		if err != nil {
			return out.n, err
		}
		if i > 0 {
			io.WriteString(out, ",")
		}
		fmt.Fprintf(out, "\n%s", text)
	}
	io.WriteString(out, "\n]}\n")
	return out.n, out.w.Flush() // which gives the first error of any write
}

type counter struct {
	w *bufio.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// ReadModel reads a document, and checks all that predictions rely on.
func ReadModel(r io.ReaderAt, size int64) (*Model, error) {
	if size > maxSize {
		return nil, fmt.Errorf("the model has %d bytes, and at most %d are possible", size, int64(maxSize))
	}
	dec := json.NewDecoder(bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<16))
	var d document
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("the model is no document of trees: %w", err)
	}
	switch {
	case d.Format != format:
		return nil, errors.New("the model is no document of trees")
	case d.Version > formatVersion:
		return nil, fmt.Errorf("the model is of version %d of its format, and this program knows %d", d.Version, formatVersion)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the document of trees")
	}
	m := &Model{Signature: d.Signature, Summary: d.Summary, Columns: d.Columns, Start: d.Start, Trees: d.Trees}
	if err := m.validate(); err != nil {
		return nil, fmt.Errorf("the model is damaged: %w", err)
	}
	return m, nil
}
