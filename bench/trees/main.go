// Command trees trains on what peer.py has written, and prints the same lines:
//
//	python bench/trees/peer.py adult.csv.gz diamonds.csv.gz islp_default.csv flights13.csv.gz --out DIR
//	go run ./bench/trees DIR
package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"pipe/data/metric"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
	"pipe/trees"
)

func main() {
	threads := flag.Int("threads", 2, "as many as the peers have")
	profile := flag.String("profile", "", "write a CPU profile of all trainings to this file")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: trees [-threads N] DIR")
		os.Exit(2)
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer pprof.StopCPUProfile()
	}
	files, err := filepath.Glob(filepath.Join(flag.Arg(0), "*.train.bin"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s has none of the files of peer.py", flag.Arg(0))
	}
	for _, f := range files {
		if err == nil {
			err = one(f, *threads)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// spent is how many seconds the processors have worked.
func spent() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

type part struct {
	nn.Data
	columns, rounds int
	classes         bool
	categories      []string
	names           []string
}

func load(path string) (*part, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var head [4]int64
	if err := binary.Read(f, binary.LittleEndian, &head); err != nil {
		return nil, err
	}
	p := &part{columns: int(head[1]), rounds: int(head[2]), classes: head[3] == 1}
	p.Rows = int(head[0])
	marks := make([]uint8, p.columns)
	p.Features, p.Target = make([]float32, p.Rows*p.columns), make([]float64, p.Rows)
	for _, to := range []any{marks, p.Features, p.Target} {
		if err := binary.Read(f, binary.LittleEndian, to); err != nil {
			return nil, err
		}
	}
	for i, m := range marks {
		p.names = append(p.names, fmt.Sprint("c", i))
		if m == 1 {
			p.categories = append(p.categories, p.names[i])
		}
	}
	return p, nil
}

func one(path string, threads int) error {
	train, err := load(path)
	if err != nil {
		return err
	}
	test, err := load(strings.TrimSuffix(path, "train.bin") + "test.bin")
	if err != nil {
		return err
	}
	sig := nn.Signature{Features: train.names, Column: "y", Task: task.Regression, Scale: 1}
	if train.classes {
		sig.Task, sig.Classes, sig.Scale = task.Binary, []string{"no", "yes"}, 0
	}
	cfg := trees.Config{Loss: trees.Auto, Rounds: train.rounds, LearningRate: .1, MaxLeaves: 31, MinRows: 20, MaxBins: 255, RowShare: 1, ColumnShare: 1,
		Categories: train.categories, Threads: threads}
	start, before := time.Now(), spent()
	m, err := trees.Train(context.Background(), sig, train.Data, nil, cfg)
	if err != nil {
		return err
	}
	took, cpu := time.Since(start).Seconds(), spent()-before
	p, err := m.NewPredictor()
	if err != nil {
		return err
	}
	said, err := p.Predict([]tensor.Rows{{F32: test.Features}}, test.Rows)
	if err != nil {
		return err
	}
	name := strings.Split(filepath.Base(path), ".")
	fmt.Printf("%s %s pipe     %.2f s  cpu %.2f s", name[0], name[1], took, cpu)
	if !train.classes {
		var abs, square float64
		for i, v := range said { // of logarithms
			d := math.Exp(v) - math.Exp(test.Target[i])
			abs += math.Abs(d)
			square += d * d
		}
		n := float64(test.Rows)
		fmt.Printf("  mae %.2f  rmse %.2f\n", abs/n, math.Sqrt(square/n))
		return nil
	}
	actual := make([]int32, test.Rows)
	for i, y := range test.Target {
		actual[i] = int32(y)
	}
	c, err := metric.NewClasses(sig.Classes, actual, said)
	if err != nil {
		return err
	}
	for _, v := range c.Measure(metric.Usual(task.Binary), nil) {
		if i := slices.Index([]string{"roc_auc", "log_loss"}, v.Def.Name); i >= 0 {
			fmt.Printf("  %s %.4f", v.Def.Name, v.Value)
		}
	}
	fmt.Println()
	return nil
}
