package walk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/batch"
)

// collect makes a graph of what a walk collects. What it found is looked up while
// it goes on.
func collect(ctx context.Context, d *lineage.DB, collect func(context.Context, *walk) error) (*Graph, error) {
	toExecutions, toArtifacts := make(chan found, 16), make(chan found, 16)
	w := &walk{db: d, texts: newTextNumbers(), follow: func(ctx context.Context, f found) error {
		for _, to := range []chan<- found{toExecutions, toArtifacts} {
			select {
			case to <- f:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}}
	g := &Graph{}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		r := executionReader{db: d, runs: newTextNumbers()}
		if err = readAll(ctx, toExecutions, r.read); err == nil {
			g.Executions, err = r.nodes()
		}
		return err
	})
	group.Go(func() error {
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error {
			defer close(toExecutions)
			defer close(toArtifacts)
			if err := collect(ctx, w); err != nil {
				return err
			}
			return w.tell(ctx, 1)
		})
		r := artifactReader{db: d}
		group.Go(func() error { return readAll(ctx, toArtifacts, r.read) })
		if err := group.Wait(); err != nil {
			return err
		}
		var links []link
		var places []int32
		var wg sync.WaitGroup
		wg.Go(func() { links = w.sortedLinks() })
		g.Artifacts, places = w.sortedNodes(&r.names)
		wg.Wait()
		g.Ports, g.Edges = w.edges(links, places)
		return nil
	})
	return g, group.Wait()
}

func readAll(ctx context.Context, from <-chan found, read func(context.Context, found) error) error {
	for f := range from {
		if err := read(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// among is a condition of a query: a column is one of some numbers. Where they
// lie close together it asks for all between the least and the largest, so
// there may be others too.
func among(column string, ids []int64) (where string, args []any) {
	lo, hi := slices.Min(ids), slices.Max(ids)
	if hi-lo < 2*int64(len(ids)) {
		return column + " BETWEEN ? AND ?", []any{lo, hi}
	}
	return column + " IN (SELECT value FROM json_each(?))", []any{lineage.JSONList(ids)}
}

// An executionReader reads what is known of executions.
type executionReader struct {
	db        *lineage.DB
	parts     []executionPart
	count     int
	runs      textNumbers
	pipelines []string // by number of the run
}

// An executionPart has the rows of executions, and perhaps of others too. They
// are made nodes when it is known how many there are.
type executionPart struct {
	ids  []int64 // sorted
	rows *batch.Batch
	runs []int32 // by row, their numbers
}

func (r *executionReader) read(ctx context.Context, f found) error {
	if len(f.executions) == 0 {
		return nil
	}
	known := len(r.runs.texts)
	ids := slices.Sorted(slices.Values(f.executions))
	where, args := among("e.id", ids)
	err := batch.Read(ctx, r.db.Reader(), func(b *batch.Batch) error {
		p := executionPart{ids: ids, rows: b.Keep()}
		for run := r.runs.column(1); b.Next(); {
			p.runs = append(p.runs, run.number(b))
		}
		r.parts = append(r.parts, p)
		r.count += len(ids)
		return nil
	}, "SELECT pipe_batch(e.id, e.run_id, e.stage, e.kind, e.status, e.started_at) FROM executions e WHERE "+where, args...)
	if err != nil {
		return err
	}
	for len(r.pipelines) < len(r.runs.texts) {
		r.pipelines = append(r.pipelines, "")
	}
	return batch.Read(ctx, r.db.Reader(), func(b *batch.Batch) error {
		for b.Next() {
			r.pipelines[known+int(b.Int(0))] = strings.Clone(b.Text(1))
		}
		return nil
	}, "SELECT pipe_batch(j.key, r.pipeline) FROM json_each(?) j CROSS JOIN runs r ON r.id = j.value", lineage.JSONList(r.runs.texts[known:]))
}

// nodes returns all that was read, sorted. As a rule the parts follow one
// another.
func (r *executionReader) nodes() ([]ExecutionNode, error) {
	slices.SortFunc(r.parts, func(x, y executionPart) int { return cmp.Compare(x.ids[0], y.ids[0]) })
	nodes := make([]ExecutionNode, 0, r.count)
	for _, p := range r.parts {
		var err error
		if nodes, err = r.add(nodes, p); err != nil {
			return nil, err
		}
	}
	byID := func(x, y ExecutionNode) int { return cmp.Compare(x.ID, y.ID) }
	if !slices.IsSortedFunc(nodes, byID) {
		slices.SortFunc(nodes, byID)
	}
	return nodes, nil
}

// add adds the nodes of a part to a list.
func (r *executionReader) add(list []ExecutionNode, p executionPart) ([]ExecutionNode, error) {
	var n ExecutionNode
	var started uint32 // of the row before: perhaps it is the same
	for b := p.rows; b.Next(); {
		run := p.runs[0]
		p.runs = p.runs[1:]
		n.ID = b.Int(0)
		if len(p.ids) > 0 && p.ids[0] == n.ID {
			p.ids = p.ids[1:]
		} else if _, ok := slices.BinarySearch(p.ids, n.ID); !ok {
			continue
		}
		n.RunID, n.Pipeline = r.runs.texts[run], r.pipelines[run]
		n.Stage, n.Kind, n.Status = b.Text(2), b.Text(3), lineage.Status(b.Text(4))
		if v := b.Value(5); v != started {
			started = v
			if err := lineage.SetTime(&n.Started, b.Text(5)); err != nil {
				return nil, err
			}
		}
		list = append(list, n)
	}
	return list, nil
}

// An artifactReader reads the names and sizes of artifacts.
type artifactReader struct {
	db    *lineage.DB
	names chunked[artifactName] // by number of the node
}

type artifactName struct {
	id   artifacts.ID
	size int64
}

func (r *artifactReader) read(ctx context.Context, f found) error {
	if len(f.artifacts) == 0 {
		return nil
	}
	var numbers sparse // by row, plus one
	for i, row := range f.artifacts {
		*numbers.at(row) = int32(f.firstNode + i + 1)
	}
	for range f.artifacts {
		r.names.push(artifactName{})
	}
	where, args := among("a.id", f.artifacts)
	return batch.Read(ctx, r.db.Reader(), func(b *batch.Batch) (err error) {
		for b.Next() && err == nil {
			if n := *numbers.at(b.Int(0)); n != 0 {
				name := r.names.at(n - 1)
				name.size = b.Int(2)
				name.id, err = artifacts.ParseID(b.Text(1))
			}
		}
		return err
	}, "SELECT pipe_batch(a.id, a.hash, a.size) FROM artifacts a WHERE "+where, args...)
}

// sortedLinks puts the links into lists by execution.
func (w *walk) sortedLinks() []link {
	for i, id := range slices.Sorted(slices.Values(w.executions)) { // a copy: they are still followed
		*w.state.at(id) = int32(i)
	}
	places := make([]int32, len(w.executions)+1)
	for _, chunk := range w.links.chunks {
		for _, l := range chunk {
			places[*w.state.at(l.execution)+1]++
		}
	}
	for i := range w.executions {
		places[i+1] += places[i]
	}
	sorted := make([]link, w.links.length)
	for _, chunk := range w.links.chunks {
		for _, l := range chunk {
			at := &places[*w.state.at(l.execution)]
			sorted[*at] = l
			*at++
		}
	}
	return sorted
}

// edges makes edges of links that are sorted by execution, and sorts those of
// each. places are those of artifacts in the graph.
func (w *walk) edges(links []link, places []int32) (ports []string, edges []Edge) {
	ports, ranks := w.ports(links)
	edges = make([]Edge, len(links))
	half := len(links) / 2
	for half > 0 && half < len(links) && links[half].execution == links[half-1].execution {
		half++
	}
	var first, second int
	var wg sync.WaitGroup
	wg.Go(func() { first = fillEdges(edges[:half], links[:half], places, ranks) })
	second = fillEdges(edges[half:], links[half:], places, ranks)
	wg.Wait()
	if first < half {
		copy(edges[first:], edges[half:half+second])
	}
	return ports, edges[:first+second]
}

// ports lists the ports of the links, and where the texts of the walk are among
// them.
func (w *walk) ports(links []link) (ports []string, ranks []int32) {
	used := make([]bool, len(w.texts.texts))
	for _, l := range links {
		used[l.kind/2] = true
	}
	for i, s := range w.texts.texts {
		if used[i] {
			ports = append(ports, s)
		}
	}
	slices.Sort(ports)
	ranks = make([]int32, len(used))
	for i, s := range ports {
		ranks[w.texts.numbers[s]] = int32(i)
	}
	return ports, ranks
}

// fillEdges fills the begin of a list with edges and returns how many there are.
func fillEdges(edges []Edge, links []link, places, ranks []int32) int {
	order := func(x, y Edge) int {
		return cmp.Or(compareBool(x.Output, y.Output), cmp.Compare(x.Port, y.Port), cmp.Compare(x.Artifact, y.Artifact))
	}
	n := 0
	for i := 0; i < len(links); {
		begin, execution := n, links[i].execution
		for ; i < len(links) && links[i].execution == execution; i++ {
			l := links[i]
			edges[n] = Edge{Execution: execution, Artifact: places[l.artifact], Port: ranks[l.kind/2], Output: l.kind&1 != 0}
			n++
		}
		list := edges[begin:n]
		if !slices.IsSortedFunc(list, order) {
			slices.SortFunc(list, order)
		}
		n = begin + len(slices.Compact(list))
	}
	return n
}

// sortedNodes makes the artifacts of a graph, and says where the ones of the
// walk are among them. They are sorted into lists by the first bytes of the
// ID, which are as good as random, and then each list by itself.
func (w *walk) sortedNodes(names *chunked[artifactName]) (sorted []lineage.ArtifactNode, places []int32) {
	type entry struct {
		prefix uint64 // first bytes of the ID, which nearly always decide
		number int32
	}
	width := min(bits.Len(uint(names.length)), 16)
	lists := 1 << width
	list := func(prefix uint64) uint64 { return prefix >> (64 - width) }
	ends := make([]int32, lists+1)
	all := make([]entry, 0, names.length)
	for _, chunk := range names.chunks {
		for i := range chunk {
			prefix := binary.BigEndian.Uint64(chunk[i].id[:])
			all = append(all, entry{prefix, int32(len(all))})
			ends[list(prefix)+1]++
		}
	}
	for i := range lists {
		ends[i+1] += ends[i]
	}
	next := slices.Clone(ends)
	entries := make([]entry, len(all))
	for _, e := range all {
		at := &next[list(e.prefix)]
		entries[*at] = e
		*at++
	}
	for i := range lists {
		slices.SortFunc(entries[ends[i]:ends[i+1]], func(x, y entry) int {
			if x.prefix != y.prefix {
				return cmp.Compare(x.prefix, y.prefix)
			}
			return bytes.Compare(names.at(x.number).id[:], names.at(y.number).id[:])
		})
	}
	sorted, places = make([]lineage.ArtifactNode, len(all)), make([]int32, len(all))
	for i, e := range entries {
		name, info := names.at(e.number), w.infos.at(e.number)
		sorted[i] = lineage.ArtifactNode{ID: name.id, Type: w.texts.texts[info.typ], Size: name.size, Path: w.texts.texts[info.path]}
		places[e.number] = int32(i)
	}
	return sorted, places
}
