package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"pipe/base/random"
)

// A graph is a layered DAG: stage i reads the stages of inputs[i], all of
// which come earlier.
type graph struct{ inputs [][]int }

// layerWidth is the number of stages that do not depend on each other. It
// grows with the square root, so that wide and deep parts keep their ratio.
func layerWidth(stages int) int {
	w := 1
	for w*w < stages {
		w++
	}
	return w
}

// newGraph draws one to three inputs for each stage, mostly from the layer
// before and sometimes from anywhere earlier. The same number of stages gives
// the same graph.
func newGraph(stages int) graph {
	g := graph{inputs: make([][]int, stages)}
	width := layerWidth(stages)
	src := random.New(1, "bench/dag", 0)
	draw := func(i, k, n int) int { return int(src.At(uint64(i)).Uint64(uint64(k)) % uint64(n)) }
	for i := width; i < stages; i++ {
		layer := i / width * width
		for k := range 1 + draw(i, 0, 3) {
			from := layer - width + draw(i, 2*k+1, width)
			if draw(i, 2*k+2, 8) == 0 {
				from = draw(i, 2*k+9, layer)
			}
			if !slices.Contains(g.inputs[i], from) {
				g.inputs[i] = append(g.inputs[i], from)
			}
		}
	}
	return g
}

func name(i int) string { return fmt.Sprintf("s%06d", i) }

// writePipeline writes the graph as a pipeline.
func (g graph) writePipeline(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "pipeline: dag\ndescription: %d stages.\n\nstages:\n", len(g.inputs))
	for i, inputs := range g.inputs {
		fmt.Fprintf(b, "  %s:\n    uses: manifest\n", name(i))
		for k, from := range inputs {
			if k == 0 {
				b.WriteString("    inputs: {")
			} else {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "%c: %s", 'a'+k, name(from))
		}
		if len(inputs) > 0 {
			b.WriteString("}\n")
		}
		fmt.Fprintf(b, "    with: {text: stage %d}\n", i)
	}
	return b.Flush()
}

// writeNinja writes the graph for ninja: each stage touches a file.
func (g graph) writeNinja(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("rule touch\n  command = touch $out\n\n")
	for i, inputs := range g.inputs {
		fmt.Fprintf(b, "build out/%s: touch", name(i))
		for _, from := range inputs {
			b.WriteString(" out/" + name(from))
		}
		b.WriteByte('\n')
	}
	return b.Flush()
}
