package format

import (
	"fmt"
	"io"

	"pipe/artifacts"
	"pipe/pipeline"
)

// Difference says where two artifacts of one type begin to differ. Bytes that are
// not of that type are compared as bytes.
func Difference(t pipeline.PortType, was, is *artifacts.File) (string, error) {
	if inside := Of(t).Difference; inside != nil {
		if text, err := inside(was, is); err == nil && text != "" {
			return text, nil
		}
	}
	return byteDifference(was, is)
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
