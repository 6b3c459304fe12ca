package pipeline

import "slices"

// cycles finds one cycle in each knot of stages that wait for each other (each
// strongly connected component): a shortest one through the stage of the knot
// that was written first. Each stage of a cycle waits for the one in front of
// it, the first for the last. It takes linear time, and memory that does not
// grow with the depth of the graph on the stack.
func cycles(drafts []*draft) [][]*draft {
	var found [][]*draft
	knot := knots(drafts)
	seen := make(map[int]bool)
	size := make(map[int]int)
	for _, k := range knot {
		size[k]++
	}
	for _, d := range drafts {
		if k := knot[d.index]; size[k] > 1 && !seen[k] {
			seen[k] = true
			found = append(found, shortest(d, knot))
		}
	}
	return found
}

// shortest is a shortest cycle through start within its knot, by breadth-first
// search from consumers to producers.
func shortest(start *draft, knot []int) []*draft {
	next := map[*draft]*draft{} // on the way from a draft to start
	queue := []*draft{start}
	for len(queue) > 0 {
		d := queue[0]
		queue = queue[1:]
		for _, b := range d.before {
			if b == start {
				cycle := []*draft{start}
				for ; d != start; d = next[d] {
					cycle = append(cycle, d)
				}
				return cycle
			}
			if _, ok := next[b]; !ok && knot[b.index] == knot[start.index] {
				next[b] = d
				queue = append(queue, b)
			}
		}
	}
	panic("pipeline: a knot without a cycle")
}

// knots numbers the strongly connected components, by Tarjan's algorithm with
// a stack of its own. Formula: Tarjan 1972, https://doi.org/10.1137/0201010
func knots(drafts []*draft) []int {
	const none = -1
	var (
		knot  = slices.Repeat([]int{none}, len(drafts)) // the result
		order = slices.Repeat([]int{none}, len(drafts)) // when a draft was entered
		low   = make([]int, len(drafts))                // earliest one on the path that it leads to
		edge  = make([]int, len(drafts))                // how many of its edges were followed
		open  []*draft                                  // entered and without a knot
		path  []*draft                                  // from a root to the current draft
		clock = 0
		count = 0
	)
	enter := func(d *draft) {
		order[d.index], low[d.index] = clock, clock
		clock++
		open = append(open, d)
		path = append(path, d)
	}
	for _, root := range drafts {
		if order[root.index] != none {
			continue
		}
		enter(root)
		for len(path) > 0 {
			d := path[len(path)-1]
			i := d.index
			if edge[i] < len(d.before) {
				b := d.before[edge[i]]
				edge[i]++
				if order[b.index] == none {
					enter(b)
				} else if knot[b.index] == none {
					low[i] = min(low[i], order[b.index])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				up := path[len(path)-1].index
				low[up] = min(low[up], low[i])
			}
			if low[i] == order[i] {
				for knot[i] == none {
					last := open[len(open)-1]
					open = open[:len(open)-1]
					knot[last.index] = count
				}
				count++
			}
		}
	}
	return knot
}
