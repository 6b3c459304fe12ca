package csv

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"pipe/data/source"
	"pipe/data/source/cell"
)

// A case of reading.
type reads struct {
	*Reader
	cell.Contract
	empty bool // there may be no rows
}

func usual() reads { return reads{Reader: Usual()} }

// read runs the reader on text with blocks of the given size.
func read(t testing.TB, in reads, csv string, block, threads int) ([]byte, error) {
	t.Helper()
	data, _, err := readAll(t, in, csv, block, threads)
	return data, err
}

// readAll gives the rows too, for what they know afterwards.
func readAll(t testing.TB, in reads, csv string, block, threads int) ([]byte, source.Rows, error) {
	t.Helper()
	rows, err := in.Open(t.Context(), source.Inputs{
		Files:    []*source.File{{ReaderAt: strings.NewReader(csv), Size: int64(len(csv)), Name: "in.csv"}},
		Contract: in.Contract, Empty: in.empty, Block: block, Threads: threads,
	})
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		return nil, nil, err
	}
	return out.Bytes(), rows, nil
}

// discard is an output that goes nowhere.
type discard struct{ io.Writer }

func (discard) Reset() {}
