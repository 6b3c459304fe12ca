package nn

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// A model file is a safetensors file, so that every tool for trained networks
// can read its tensors:
//
//	8 bytes   length of the header, little-endian
//	header    JSON: "__metadata__", then the tensors by name with their "dtype",
//	          "shape" and "data_offsets"; padded with spaces to 8 bytes
//	data      the tensors in the order of their names, without gaps; float32,
//	          little-endian, row-major
//
// "__metadata__" holds "format": "pipe" and "pipe.model": a JSON document, as a
// text, of everything that is not a tensor.
const (
	modelVersion  = 1
	modelFormat   = "pipe"
	documentKey   = "pipe.model"
	metadataKey   = "__metadata__"
	maxHeaderSize = 64 << 20 // some 500,000 epochs of curves
)

// A document is the part of a model that is not tensors.
type document struct {
	Version   int       `json:"version"`
	Spec      Spec      `json:"spec"`
	Signature Signature `json:"signature"`
	Summary   Summary   `json:"summary"`
}

// A tensorHeader is the entry of a tensor. Offsets are of its first byte and
// of the one after its last, in the data.
type tensorHeader struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// WriteTo writes the model file. The same model always gives the same bytes.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	if err := m.validate(); err != nil {
		return 0, fmt.Errorf("write model: %w", err)
	}
	params := slices.Clone(m.Params)
	slices.SortFunc(params, func(a, b Param) int { return strings.Compare(a.Name, b.Name) })
	header, err := m.header(params)
	if err != nil {
		return 0, fmt.Errorf("write model: %w", err)
	}
	out := bufio.NewWriter(w)
	n := int64(8 + len(header))
	out.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
	out.Write(header)
	var b [4]byte
	for _, p := range params {
		for _, v := range p.Data {
			binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
			out.Write(b[:])
		}
		n += int64(4 * len(p.Data))
	}
	if err := out.Flush(); err != nil { // reports the errors of the writes above as well
		return 0, fmt.Errorf("write model: %w", err)
	}
	return n, nil
}

// header is the JSON header of parameters that are sorted by name.
func (m *Model) header(params []Param) ([]byte, error) {
	doc, err := marshal(document{modelVersion, m.Spec, m.Signature, m.Summary})
	if err != nil {
		return nil, err
	}
	// Written entry by entry: the order is part of the bytes. (A map would
	// sort the same way, but only as long as no tensor is called "A".)
	b := []byte(`{"` + metadataKey + `":`)
	meta, err := marshal(map[string]string{"format": modelFormat, documentKey: string(doc)})
	if err != nil {
		return nil, err
	}
	b = append(b, meta...)
	offset := int64(0)
	for _, p := range params {
		end := offset + int64(4*len(p.Data))
		entry, err := marshal(tensorHeader{"F32", p.Shape, [2]int64{offset, end}})
		if err != nil {
			return nil, err
		}
		b = append(append(b, `,"`+p.Name+`":`...), entry...)
		offset = end
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if len(b) > maxHeaderSize {
		return nil, fmt.Errorf("the description of the model takes %d bytes, at most %d are allowed", len(b), maxHeaderSize)
	}
	return b, nil
}

// marshal is json.Marshal without the escapes that only HTML needs.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// ReadModel reads a model file of the given size. It trusts nothing: a file
// that WriteTo could not have written is an error, and no more memory is taken
// than a few times its size.
func ReadModel(r io.ReaderAt, size int64) (*Model, error) {
	m, err := readModel(r, size)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	return m, nil
}

func readModel(r io.ReaderAt, size int64) (*Model, error) {
	var b [8]byte
	if size < 8 {
		return nil, fmt.Errorf("%d bytes are too few for a model", size)
	}
	if err := readAt(r, b[:], 0); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(b[:])
	if length > maxHeaderSize || int64(length) > size-8 {
		return nil, fmt.Errorf("a header of %d bytes in a file of %d", length, size)
	}
	raw := make([]byte, length)
	if err := readAt(r, raw, 8); err != nil {
		return nil, err
	}
	doc, tensors, err := parseHeader(raw)
	if err != nil {
		return nil, err
	}
	m := &Model{Spec: doc.Spec, Signature: doc.Signature, Summary: doc.Summary}
	if err := m.Spec.Validate(); err != nil {
		return nil, err
	}
	want := m.Spec.params()
	if err := place(want, tensors, size-8-int64(length)); err != nil {
		return nil, err
	}
	for _, p := range want {
		data, err := readTensor(r, 8+int64(length)+tensors[p.Name].Offsets[0], p.Size())
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", p.Name, err)
		}
		m.Params = append(m.Params, Param{Name: p.Name, Shape: p.Shape, Data: data})
	}
	if err := m.validate(); err != nil {
		return nil, err
	}
	return m, nil
}

// parseHeader takes the header apart. encoding/json would let the last of two
// equal names win, so the entries are read one by one.
func parseHeader(raw []byte) (*document, map[string]tensorHeader, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("the header is not a JSON object")
	}
	var meta map[string]string
	tensors := map[string]tensorHeader{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header: %w", err)
		}
		name, _ := t.(string)
		if _, twice := tensors[name]; twice || name == metadataKey && meta != nil {
			return nil, nil, fmt.Errorf("header: %q appears twice", name)
		}
		if name == metadataKey {
			err = dec.Decode(&meta)
		} else {
			var h tensorHeader
			err = dec.Decode(&h)
			tensors[name] = h
		}
		if err != nil {
			return nil, nil, fmt.Errorf("header: entry %q: %w", name, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if rest := bytes.TrimRight(raw[dec.InputOffset():], " "); len(rest) > 0 {
		return nil, nil, fmt.Errorf("header: %d bytes after its end", len(rest))
	}
	text, ok := meta[documentKey]
	if meta["format"] != modelFormat || !ok {
		return nil, nil, errors.New("a safetensors file, but not of a model of pipe")
	}
	var doc document
	if err := unmarshalDocument(text, &doc); err != nil {
		return nil, nil, err
	}
	return &doc, tensors, nil
}

func unmarshalDocument(text string, doc *document) error {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return fmt.Errorf("description of the model: %w", err)
	}
	if v.Version != modelVersion {
		return fmt.Errorf("model format %d: this program reads format %d", v.Version, modelVersion)
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(doc); err != nil {
		return fmt.Errorf("description of the model: %w", err)
	}
	return nil
}

// place checks that the tensors are those of the network, and that they fill
// the data from its start to its end, each byte belonging to one of them.
func place(want []ParamShape, tensors map[string]tensorHeader, size int64) error {
	if len(tensors) != len(want) {
		return fmt.Errorf("%d tensors, the network has %d", len(tensors), len(want))
	}
	var parts [][2]int64
	for _, p := range want {
		t, ok := tensors[p.Name]
		switch {
		case !ok:
			return fmt.Errorf("no tensor %s", p.Name)
		case t.DType != "F32":
			return fmt.Errorf("tensor %s is %s, want F32", p.Name, t.DType)
		case !slices.Equal(t.Shape, p.Shape):
			return fmt.Errorf("tensor %s has shape %v, the network needs %v", p.Name, t.Shape, p.Shape)
		case t.Offsets[0] < 0 || t.Offsets[1] < 0 || t.Offsets[1]-t.Offsets[0] != 4*int64(p.Size()):
			return fmt.Errorf("tensor %s of shape %v lies at %v", p.Name, t.Shape, t.Offsets)
		}
		parts = append(parts, t.Offsets)
	}
	slices.SortFunc(parts, func(a, b [2]int64) int {
		switch {
		case a[0] < b[0]:
			return -1
		case a[0] > b[0]:
			return 1
		}
		return 0
	})
	end := int64(0)
	for _, p := range parts {
		if p[0] != end {
			return fmt.Errorf("tensors leave a gap or overlap at byte %d of the data", end)
		}
		end = p[1]
	}
	if end != size {
		return fmt.Errorf("tensors of %d bytes in %d bytes of data", end, size)
	}
	return nil
}

func readTensor(r io.ReaderAt, at int64, n int) ([]float32, error) {
	raw := make([]byte, 4*n)
	if err := readAt(r, raw, at); err != nil {
		return nil, err
	}
	data := make([]float32, n)
	for i := range data {
		data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return data, nil
}

// readAt fills b; an early end of the file is an error.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}
