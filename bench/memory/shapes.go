package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"pipe/base/random"
)

// A shape is a kind of data, and what is done with it.
type shape struct {
	name, about string
	stages      []string
	pipeline    string
	write       func(dir string, size int64) error
}

const split = `
  split:
    uses: split
    inputs: {table: load}
    with: {parts: {train: 0.8, test: 0.2}}
`

const learn = `
  model:
    uses: train
    inputs: {train: features.train}
    with: {network: [{dense: {units: 32, activation: relu}}], optimizer: {adam: {}}, batch_size: 256, epochs: EPOCHS}
  score:
    uses: evaluate
    inputs: {model: model, data: features.test}
`

func shapes() []shape {
	return []shape{
		{"columns", "CSV of 16 columns", []string{"load", "split", "features", "model", "score"}, `
  load: {uses: ingest, with: {path: data.csv}}
` + split + `
  features:
    uses: preprocess
    inputs: {train: split.train, test: split.test}
    with:
      target: class
      features: {"x*": {impute: median, scale: robust}, group: {}}
` + learn, columns},
		{"wide", "CSV of 1,000 columns", []string{"load", "split", "features"}, `
  load: {uses: ingest, with: {path: data.csv}}
` + split + `
  features:
    uses: preprocess
    inputs: {train: split.train, test: split.test}
    with: {features: {"x*": {impute: median, scale: standard}}}
`, wide},
		{"texts", "CSV of texts of 20,000 characters", []string{"load", "split", "features"}, `
  load: {uses: ingest, with: {path: data.csv}}
` + split + `
  features:
    uses: preprocess
    inputs: {train: split.train, test: split.test}
    with: {features: {x: {}}, keep: [text]}
`, texts},
		{"groups", "CSV of 2 columns, split by groups of 4 rows", []string{"load", "split"}, `
  load: {uses: ingest, with: {path: data.csv}}
  split:
    uses: split
    inputs: {table: load}
    with: {parts: {train: 0.8, test: 0.2}, group: patient}
`, groups},
		pictures(),
	}
}

const (
	pictureBytes = 28 * 28
	trainShare   = 0.8 // of the rows
)

func pictures() shape {
	return shape{"pictures", "IDX of 28 x 28 bytes", []string{"load", "split", "features", "model", "score"}, `
  load: {uses: ingest, with: {path: "train-*"}}
` + split + `
  features:
    uses: preprocess
    inputs: {train: split.train, test: split.test}
    with: {target: {column: label, task: classification}, features: {image: {}}}
  model:
    uses: train
    inputs: {train: features.train}
    with: {branches: {image: [{conv2d: {filters: 8, kernel: 3, activation: relu}}, {max_pool: 2}, flatten]}, network: [{dense: {units: 32, activation: relu}}], optimizer: {adam: {}}, batch_size: 256, epochs: EPOCHS}
  score:
    uses: evaluate
    inputs: {model: model, data: features.test}
`, idx}
}

// lines writes a file of so many bytes at least.
func lines(path string, size int64, head string, line func(b []byte, row int) []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	_, err = w.WriteString(head)
	var b []byte
	for row, n := 0, int64(0); err == nil && n < size; row++ {
		b = line(b[:0], row)
		n += int64(len(b))
		_, err = w.Write(b)
	}
	return errors.Join(err, w.Flush(), f.Close())
}

// draws are the numbers of a file.
type draws struct {
	stream random.Stream
	i      uint64
}

func newDraws(name string) *draws { return &draws{stream: random.New(1, "bench.memory."+name, 0)} }

func (d *draws) intN(n int) int { d.i++; return d.stream.IntN(d.i, n) }

func (d *draws) decimal(b []byte) []byte {
	return strconv.AppendFloat(b, float64(d.intN(1<<30))/1000, 'f', 3, 64)
}

func columns(dir string, size int64) error {
	d := newDraws("columns")
	head := ""
	for i := range 14 {
		head += fmt.Sprintf("x%d,", i)
	}
	return lines(filepath.Join(dir, "data.csv"), size, head+"group,class\n", func(b []byte, _ int) []byte {
		for range 14 {
			if d.intN(50) > 0 {
				b = d.decimal(b)
			}
			b = append(b, ',')
		}
		return fmt.Appendf(b, "town %d,%c\n", d.intN(30), 'a'+rune(d.intN(3)))
	})
}

func wide(dir string, size int64) error {
	d := newDraws("wide")
	var head []byte
	for i := range 1000 {
		head = fmt.Appendf(head, "x%d,", i)
	}
	head[len(head)-1] = '\n'
	return lines(filepath.Join(dir, "data.csv"), size, string(head), func(b []byte, _ int) []byte {
		for range 1000 {
			b = append(d.decimal(b), ',')
		}
		b[len(b)-1] = '\n'
		return b
	})
}

func texts(dir string, size int64) error {
	d := newDraws("texts")
	return lines(filepath.Join(dir, "data.csv"), size, "x,text\n", func(b []byte, _ int) []byte {
		b = append(d.decimal(b), ",\""...)
		for n := len(b) + 10_000 + d.intN(20_000); len(b) < n; {
			b = append(strconv.AppendInt(b, int64(d.intN(1<<30)), 36), " ,\n"[d.intN(3)])
		}
		return append(b, "\"\n"...)
	})
}

func groups(dir string, size int64) error {
	d := newDraws("groups")
	return lines(filepath.Join(dir, "data.csv"), size, "patient,x\n", func(b []byte, row int) []byte {
		return append(d.decimal(fmt.Appendf(b, "patient %d,", row/4)), '\n')
	})
}

func idx(dir string, size int64) error {
	d := newDraws("pictures")
	rows := int(size / pictureBytes)
	begin := func(dims ...uint32) string {
		b := []byte{0, 0, 8, byte(len(dims))}
		for _, n := range dims {
			b = binary.BigEndian.AppendUint32(b, n)
		}
		return string(b)
	}
	return errors.Join(
		lines(filepath.Join(dir, "train-images.idx3-ubyte"), int64(rows)*pictureBytes, begin(uint32(rows), 28, 28), func(b []byte, row int) []byte {
			for range pictureBytes / 8 {
				b = binary.LittleEndian.AppendUint64(b, d.stream.Uint64(d.i))
				d.i++
			}
			return b
		}),
		lines(filepath.Join(dir, "train-labels.idx1-ubyte"), int64(rows), begin(uint32(rows)), func(b []byte, row int) []byte {
			return append(b, byte(row%10))
		}))
}
