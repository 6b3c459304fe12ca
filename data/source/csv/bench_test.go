package csv

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/source"
)

// BenchmarkCSV reads a generated file of 16 columns (5 int64, 6 float64 with
// 4 to 17 digits, 2 string, bool, date, timestamp; 2% missing) from memory and
// writes the table to nowhere.
func BenchmarkCSV(b *testing.B) {
	csv := generate(200_000)
	for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			b.SetBytes(int64(len(csv)))
			b.ReportAllocs()
			for b.Loop() {
				rows, err := Usual().Open(b.Context(), source.Inputs{
					Files:   []*source.File{{ReaderAt: strings.NewReader(csv), Size: int64(len(csv)), Name: "in.csv"}},
					Threads: threads,
				})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := source.Write(b.Context(), discard{io.Discard}, rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func generate(rows int) string {
	var b []byte
	rnd := random.New(1, "benchmark", 0)
	i := uint64(0)
	next := func(n int) int64 { i++; return int64(rnd.IntN(i, n)) }
	float := func(decimals int) {
		i++
		b = strconv.AppendFloat(b, 1000*rnd.Float64(i)-500, 'f', decimals, 64)
	}
	b = append(b, "id,i1,i2,i3,i4,f1,f2,f3,f4,f5,f6,s1,s2,b,d,t\n"...)
	for row := range rows {
		b = strconv.AppendInt(b, int64(row), 10)
		for _, n := range []int{10, 1000, 1_000_000, 1 << 40} {
			b = append(b, ',')
			if next(50) > 0 {
				b = strconv.AppendInt(b, next(n), 10)
			}
		}
		for _, decimals := range []int{1, 2, 3, 6, 8, -1} {
			b = append(b, ',')
			if next(50) > 0 {
				float(decimals)
			}
		}
		b = append(b, ",category "...)
		b = strconv.AppendInt(b, next(30), 10)
		b = append(b, ",text of a row "...)
		b = strconv.AppendInt(b, next(1<<30), 36)
		b = append(b, ',')
		b = strconv.AppendBool(b, next(2) == 0)
		b = fmt.Appendf(b, ",%04d-%02d-%02d", 1990+next(40), 1+next(12), 1+next(28))
		b = fmt.Appendf(b, ",2024-01-%02dT%02d:%02d:%02dZ\n", 1+next(31), next(24), next(60), next(60))
	}
	return string(b)
}
