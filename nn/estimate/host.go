package estimate

import (
	"errors"
	"time"

	"pipe/nn/backend"
	"pipe/nn/cpu"
	"pipe/nn/graph"
)

// What the engine of this processor reaches.
const (
	hostShare  = 0.5                   // of the rate of a large product
	hostWindow = 0.2                   // of convolutions, likewise
	hostPiece  = 500 * time.Nanosecond // between two pieces of work
)

// Sizes that a processor is measured with.
const (
	probeSide   = 512     // of matrices, which fit into caches
	probeLength = 1 << 22 // of vectors, which do not
	probeRuns   = 4
)

// Calibrate says what the engine of this processor reaches, in a fraction of a
// second: how fast it multiplies matrices, and how fast it adds vectors.
func Calibrate(name string, threads int, memory int64) (Machine, error) {
	m := Machine{Name: name, Memory: memory, host: true}
	product := func(g *graph.Graph) *graph.Node {
		return g.Dense(g.Input("x", probeSide, probeSide), g.Param("w", probeSide, probeSide), nil, graph.Activation{})
	}
	took, err := timed(threads, product)
	if err != nil {
		return m, err
	}
	m.Float32 = 2 * probeSide * probeSide * probeSide / took
	sum := func(g *graph.Graph) *graph.Node {
		return g.Apply(graph.Add{}, g.Input("a", probeLength), g.Input("b", probeLength))
	}
	if took, err = timed(threads, sum); err != nil {
		return m, err
	}
	m.Bandwidth = 3 * 4 * probeLength / took
	return m, nil
}

// timed is the least time of a few runs of a graph, in seconds.
func timed(threads int, build func(*graph.Graph) *graph.Node) (least float64, err error) {
	g := graph.New()
	keep := build(g)
	if err := g.Err(); err != nil {
		return 0, err
	}
	p, err := cpu.New().Compile(g, []*graph.Node{keep}, backend.Options{Threads: threads})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	least = -1
	for i := range probeRuns {
		begun := time.Now()
		if err := p.Run(0); err != nil {
			return 0, err
		}
		if took := time.Since(begun).Seconds(); i > 0 && (least < 0 || took < least) {
			least = took
		}
	}
	return max(least, 1e-9), nil
}
