// Command expr compares what an expression over columns takes with NumPy: CPU time
// for a row, since that holds on a busy machine, after both gave the same sum.
//
//	bench/data/peers.sh /tmp/peers
//	go run ./bench/expr -python /tmp/peers/bin/python
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/expr"
	"pipe/data/table"
)

//go:embed peer.py
var peer string

// batch is about how many rows a table has in a batch.
const batch = 65536

func main() {
	log.SetFlags(0)
	python := flag.String("python", "", "the Python of the environment that peers.sh made; empty measures pipe alone")
	rows := flag.Int("rows", 2_000_000, "rows of the columns")
	rounds := flag.Int("rounds", 7, "how often each is measured; the least counts")
	flag.Parse()
	if err := run(*python, *rows, *rounds); err != nil {
		log.Fatal("expr: ", err)
	}
}

// A result is what one of the two took.
type result struct {
	Name string  `json:"name"`
	NS   float64 `json:"ns"`
	Sum  float64 `json:"sum"`
}

func run(python string, rows, rounds int) error {
	scope, columns := sample(rows)
	peers := map[string]result{}
	names := []string{"x + y", "x / y ** 2", "(x - y) * 2 + x * y", "i + j", "i * j", "i % j", "x > 100 and y < 2", "if(x > 100, y, 0)", "log(x)", "month(d)"}
	if python != "" {
		out, err := exec.Command(python, "-c", peer, strconv.Itoa(rows), strconv.Itoa(rounds)).Output()
		if err != nil {
			return fmt.Errorf("%s: %w", python, err)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
			var r result
			if err := d.Decode(&r); err != nil {
				return err
			}
			peers[r.Name] = r
		}
	}
	fmt.Printf("%-22s %10s %10s %8s\n", "ns of CPU for a row", "pipe", "NumPy", "ratio")
	for _, name := range names {
		ours, err := measure(name, scope, columns, rows, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		other, ok := peers[name]
		if !ok {
			fmt.Printf("%-22s %10.2f\n", name, ours.NS)
			continue
		}
		if math.Abs(ours.Sum-other.Sum) > 1e-9*math.Abs(other.Sum) {
			return fmt.Errorf("%s: the sum is %v, that of NumPy %v", name, ours.Sum, other.Sum)
		}
		fmt.Printf("%-22s %10.2f %10.2f %8.2f\n", name, ours.NS, other.NS, ours.NS/other.NS)
	}
	return nil
}

// sample makes the columns, in batches.
func sample(rows int) (*expr.Scope, []map[string]arrow.Array) {
	scope := new(expr.Scope)
	var batches []map[string]arrow.Array
	for from := 0; from < rows; from += batch {
		n := min(batch, rows-from)
		x, y, i, j, d := make([]float64, n), make([]float64, n), make([]int64, n), make([]int64, n), make([]arrow.Date32, n)
		for r := range n {
			k := from + r
			x[r], y[r], i[r], j[r], d[r] = float64(k%977)+0.5, 1+float64(k%13)/7, int64(k), int64(k%101)+1, arrow.Date32(k%20000)
		}
		batches = append(batches, map[string]arrow.Array{"x": table.NewArray(x, nil), "y": table.NewArray(y, nil),
			"i": table.NewArray(i, nil), "j": table.NewArray(j, nil), "d": table.NewArray(d, nil)})
	}
	for name, arr := range batches[0] {
		scope.Set(name, arr.DataType())
	}
	return scope, batches
}

func measure(text string, scope *expr.Scope, batches []map[string]arrow.Array, rows, rounds int) (result, error) {
	r := result{Name: text, NS: math.Inf(1)}
	e, err := expr.Parse(text)
	if err != nil {
		return r, err
	}
	p, err := e.Bind(scope)
	if err != nil {
		return r, err
	}
	// The first round gives the sum, and is not measured: to add up takes time, too.
	for round := range rounds + 1 {
		began, at := cpu(), int64(0)
		for _, b := range batches {
			var in []arrow.Array
			for _, name := range p.Inputs() {
				in = append(in, b[name])
			}
			n := b["x"].Len()
			arr, _, err := p.Eval(in, n, at)
			if err != nil {
				return r, err
			}
			at += int64(n)
			if round == 0 {
				values, _, err := table.Floats(arr)
				if err != nil {
					return r, err
				}
				for _, v := range values {
					r.Sum += v
				}
			}
			arr.Release()
		}
		if round > 0 {
			r.NS = min(r.NS, float64((cpu()-began).Nanoseconds())/float64(rows))
		}
	}
	return r, nil
}

// cpu is the time that all processors have worked for this process.
func cpu() time.Duration {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
