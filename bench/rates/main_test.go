package main

import (
	"path/filepath"
	"testing"
)

// On each of the ten data sets most searches are within a factor of 3 of the rate that a grid of
// trainings has shown to be right: all that the command does, but for the grid.
func TestSearchesAreRight(t *testing.T) {
	list, err := problems(filepath.Join("..", "..", "pipelines", "data"))
	if err != nil {
		t.Fatal(err)
	}
	const seeds = 3
	for i := range list {
		p := &list[i]
		good := 0
		for seed := uint64(2); seed < 2+seeds; seed++ {
			rate, err := p.find(seed, 100)
			if err != nil {
				t.Fatal(err)
			}
			if near(rate, p.right) {
				good++
			} else {
				t.Logf("%s, seed %d: found %.2g, right is %.2g", p.name, seed, rate, p.right)
			}
		}
		if 2*good <= seeds {
			t.Errorf("%s: %d of %d searches are right", p.name, good, seeds)
		}
	}
}
