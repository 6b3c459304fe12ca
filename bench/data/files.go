package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"pipe/base/random"
)

// A bench is a file that all programs read.
type bench struct {
	name  string
	about string
	rows  int
	short int // rows of the short form
	write func(rows int, line func([]byte) error) error
}

func benches() []bench {
	return []bench{
		{"mixed", "16 columns: 5 int64, 6 float64, 2 text, bool, date, timestamp", 2_000_000, 100_000, mixed},
		{"text", "6 columns, 3 of quoted text with commas, line ends and doubled quotes", 700_000, 40_000, texts},
		{"wide", "1,000 columns: int64 and float64", 50_000, 2_000, wide},
	}
}

// file gives the file in a folder, and makes it if it is not there.
func (b *bench) file(dir string, short bool) (string, error) {
	rows := b.rows
	if short {
		rows = b.short
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.csv", b.name, rows))
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	f, err := os.Create(path + ".part")
	if err != nil {
		return "", err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = b.write(rows, func(line []byte) error {
		_, err := w.Write(line)
		return err
	})
	if err := errors.Join(err, w.Flush(), f.Close()); err != nil {
		return "", err
	}
	return path, os.Rename(f.Name(), path)
}

// draws are the numbers of a file, in the order in which they are asked for.
type draws struct {
	stream random.Stream
	i      uint64
}

func newDraws(name string) *draws { return &draws{stream: random.New(1, "bench."+name, 0)} }

func (d *draws) intN(n int) int { d.i++; return d.stream.IntN(d.i, n) }

func (d *draws) float() float64 { d.i++; return 1000*d.stream.Float64(d.i) - 500 }

// mixed writes numbers of different lengths, 2% of them missing, and times.
func mixed(rows int, line func([]byte) error) error {
	b := []byte("id,i1,i2,i3,i4,f1,f2,f3,f4,f5,f6,s1,s2,b,d,t\n")
	d := newDraws("mixed")
	for row := range rows {
		b = strconv.AppendInt(b, int64(row), 10)
		for _, n := range []int{10, 1000, 1_000_000, 1 << 40} {
			b = append(b, ',')
			if d.intN(50) > 0 {
				b = strconv.AppendInt(b, int64(d.intN(n)), 10)
			}
		}
		for _, decimals := range []int{1, 2, 3, 6, 8, -1} {
			b = append(b, ',')
			if d.intN(50) > 0 {
				b = strconv.AppendFloat(b, d.float(), 'f', decimals, 64)
			}
		}
		b = append(b, ",category "...)
		b = strconv.AppendInt(b, int64(d.intN(30)), 10)
		b = append(b, ",text of a row "...)
		b = strconv.AppendInt(b, int64(d.intN(1<<30)), 36)
		b = append(b, ',')
		b = strconv.AppendBool(b, d.intN(2) == 0)
		b = fmt.Appendf(b, ",%04d-%02d-%02d", 1990+d.intN(40), 1+d.intN(12), 1+d.intN(28))
		b = fmt.Appendf(b, ",2024-01-%02dT%02d:%02d:%02dZ\n", 1+d.intN(31), d.intN(24), d.intN(60), d.intN(60))
		if err := line(b); err != nil {
			return err
		}
		b = b[:0]
	}
	return nil
}

// pieces are what quoted text is put together from.
var pieces = []string{
	"the delivery came late", "two of three, as ordered", "they said \"\"never again\"\"", "first line\nsecond line",
	"size 12\"\" by 8\"\"", "paid in cash", "naïve café, Zürich", "no remarks at all", "ask again tomorrow", "a\nb\nc",
}

// texts writes fields in quotes, with all that quotes are for.
func texts(rows int, line func([]byte) error) error {
	b := []byte("id,title,body,comment,group,score\n")
	d := newDraws("text")
	for row := range rows {
		b = strconv.AppendInt(b, int64(row), 10)
		for _, n := range []int{1, 8, 3} {
			b = append(b, ",\""...)
			for i := range n {
				if i > 0 {
					b = append(b, ", "...)
				}
				b = append(b, pieces[d.intN(len(pieces))]...)
			}
			b = append(b, '"')
		}
		b = append(b, ",group "...)
		b = strconv.AppendInt(b, int64(d.intN(100)), 10)
		b = append(b, ',')
		b = strconv.AppendFloat(b, d.float(), 'f', 3, 64)
		b = append(b, '\n')
		if err := line(b); err != nil {
			return err
		}
		b = b[:0]
	}
	return nil
}

// wide writes short numbers in many columns.
func wide(rows int, line func([]byte) error) error {
	const columns = 1000
	var b []byte
	for i := range columns {
		b = fmt.Appendf(b, "x%d,", i)
	}
	b[len(b)-1] = '\n'
	d := newDraws("wide")
	for range rows {
		for i := range columns {
			if i%4 == 0 {
				b = strconv.AppendInt(b, int64(d.intN(10000)), 10)
			} else {
				b = strconv.AppendFloat(b, d.float()/50, 'f', 2, 64)
			}
			b = append(b, ',')
		}
		b[len(b)-1] = '\n'
		if err := line(b); err != nil {
			return err
		}
		b = b[:0]
	}
	return nil
}
