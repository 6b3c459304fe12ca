package content

import (
	"encoding/json"
	"fmt"
	"io"

	"pipe/artifacts"
	"pipe/base/jsondiff"
	"pipe/data/table"
	"pipe/nn"
	"pipe/pipeline"
)

// A Comparer finds where two artifacts begin to differ, with the package that
// knows their format. Bytes that are not of that format are compared as bytes.
type Comparer struct{}

// Difference says where two artifacts of one type begin to differ.
func (Comparer) Difference(portType string, was, is *artifacts.File) (string, error) {
	var text string
	var err error
	switch pipeline.PortType(portType) {
	case pipeline.Table, pipeline.Dataset:
		text, err = tableDifference(was, is)
	case pipeline.Model:
		text, err = modelDifference(was, is)
	case pipeline.Transform, pipeline.Metrics:
		text, err = jsonDifference(was, is)
	}
	if err == nil && text != "" {
		return text, nil
	}
	return byteDifference(was, is)
}

func tableDifference(was, is *artifacts.File) (string, error) {
	a, err := table.Open(was, was.Size())
	if err != nil {
		return "", err
	}
	defer a.Close()
	b, err := table.Open(is, is.Size())
	if err != nil {
		return "", err
	}
	defer b.Close()
	return table.FirstDifference(a, b)
}

func modelDifference(was, is *artifacts.File) (string, error) {
	a, err := nn.ReadModel(was, was.Size())
	if err != nil {
		return "", err
	}
	b, err := nn.ReadModel(is, is.Size())
	if err != nil {
		return "", err
	}
	if text := nn.FirstDifference(a, b); text != "" {
		return text, nil
	}
	document := func(m *nn.Model) ([]byte, error) {
		return json.Marshal(map[string]any{"network": m.Spec, "signature": m.Signature, "summary": m.Summary})
	}
	x, err := document(a)
	if err != nil {
		return "", err
	}
	y, err := document(b)
	if err != nil {
		return "", err
	}
	return firstChange(x, y)
}

// maxDocument bounds what is read into memory to be compared as JSON.
const maxDocument = 256 << 20

func jsonDifference(was, is *artifacts.File) (string, error) {
	if was.Size() > maxDocument || is.Size() > maxDocument {
		return "", nil
	}
	a, err := io.ReadAll(io.NewSectionReader(was, 0, was.Size()))
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.NewSectionReader(is, 0, is.Size()))
	if err != nil {
		return "", err
	}
	return firstChange(a, b)
}

func firstChange(a, b []byte) (string, error) {
	changes, err := jsondiff.Bytes(a, b)
	if err != nil || len(changes) == 0 {
		return "", err
	}
	return changes[0].String(), nil
}

// firstByte is the offset at which two streams of one length begin to differ,
// -1 if they do not.
func firstByte(a, b io.Reader) (int64, error) {
	x, y := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); ; {
		n, err := io.ReadFull(a, x)
		if _, errB := io.ReadFull(b, y[:n]); errB != nil && n > 0 {
			return -1, errB
		}
		for i := range n {
			if x[i] != y[i] {
				return at + int64(i), nil
			}
		}
		at += int64(n)
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return -1, nil
		default:
			return -1, err
		}
	}
}

// byteDifference finds the first byte that differs. Offsets count from 0.
func byteDifference(was, is *artifacts.File) (string, error) {
	common := min(was.Size(), is.Size())
	at, err := firstByte(io.NewSectionReader(was, 0, common), io.NewSectionReader(is, 0, common))
	if err != nil {
		return "", err
	}
	if at < 0 {
		return fmt.Sprintf("size: %d -> %d bytes, the first %d are the same", was.Size(), is.Size(), common), nil
	}
	var x, y [1]byte
	if _, err := was.ReadAt(x[:], at); err != nil {
		return "", err
	}
	if _, err := is.ReadAt(y[:], at); err != nil {
		return "", err
	}
	return fmt.Sprintf("byte %d: 0x%02x -> 0x%02x", at, x[0], y[0]), nil
}
