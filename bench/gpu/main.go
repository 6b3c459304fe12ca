// Command gpu compares a step of training (forward, backward, Adam) on a GPU with
// PyTorch, eager and compiled, and with JAX: the same networks from the same weights
// on the same data, by turns in one run, after the losses have shown to be the same.
// README.md says how it is run on a machine that has a GPU and nothing else.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"regexp"
	"strings"
	"time"

	"pipe/nn/xla"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("gpu: ")
	var b bench
	w := worker{}
	var only, peers, precision string
	serves := flag.Bool("worker", false, "be the program that trains, driven by lines of text")
	flag.StringVar(&precision, "precision", "float32", "of a worker")
	flag.BoolVar(&w.options.Deterministic, "deterministic", false, "of a worker")
	flag.StringVar(&w.options.Cache, "cache", "", "folder of compiled programs, of a worker")
	flag.Int64Var(&w.options.Room, "room", 0, "bytes for data on the device, of a worker; below 0: none")
	flag.BoolVar(&b.small, "small", false, "small networks, for a rehearsal on a machine without a GPU")
	flag.StringVar(&only, "only", "", "variants whose name matches this expression, as in \"mlp float32\"")
	flag.StringVar(&peers, "peers", "compile,eager,jax", "whom to compare with")
	flag.StringVar(&b.python, "python", "python3", "the Python that has PyTorch and JAX")
	flag.StringVar(&b.scripts, "scripts", "bench/gpu", "folder of the programs in Python")
	flag.StringVar(&b.out, "out", ".", "folder for the results")
	flag.IntVar(&b.rounds, "rounds", 5, "how often each program is measured")
	flag.DurationVar(&b.turn, "turn", 250*time.Millisecond, "how long a measurement takes, more or less")
	flag.Float64Var(&b.tolerance, "tolerance", 2e-3, "how far losses in float32 may be apart, relative to 1 and the loss")
	limit := flag.Duration("limit", time.Hour, "what is not done by then is left out")
	flag.Parse()
	w.options.Precision, w.small = xla.Precision(precision), b.small
	if *serves {
		defer w.close()
		if err := w.serve(os.Stdin, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	var err error
	if b.only, err = regexp.Compile(only); err != nil {
		log.Fatal(err)
	}
	b.peers = strings.Split(peers, ",")
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	if err := b.run(ctx); err != nil {
		log.Fatal(err)
	}
}
