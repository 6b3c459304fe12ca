package lineage

import (
	"cmp"
	"container/heap"
	"context"
	"database/sql"
	"slices"

	"pipe/artifacts"
)

// An upstreamWalk finds what executions come from. Makers are mostly a little
// older than their users, and have numbers a little smaller. So it goes from
// large numbers to small ones and reads whole blocks of executions, of which
// most turn out to be wanted: twice as fast as a recursive query. Where
// they are not, because what is wanted lies scattered, it asks for them by the
// recursive query after all.
type upstreamWalk struct {
	db      *DB
	state   sparse // of executions: unseen, wanted or done
	pending idHeap // wanted, and outside of the blocks that were read
	links   []link
	nodes   []ArtifactNode // IDs come last, see nameArtifacts
	rows    []int64        // of the nodes in the table of artifacts
	index   sparse         // of an artifact in nodes, plus one
	made    []link         // by artifact, the last of links that says who made it
	ports   []string
	portIDs map[string]int32
	texts   interner
	unsure  []link     // outputs of which the port is to be found
	buffer  []inputRow // for read
}

const (
	unseen = iota
	wanted
	done
)

// A link is an edge with numbers in place of names.
type link struct {
	execution int64
	artifact  int32 // in nodes
	port      int32 // in ports
	output    bool
}

// An inputRow is a row of execution_inputs, with who made the artifact.
type inputRow struct {
	execution, artifact, maker int64
	port, typ, path            string
	makerPort                  string // empty if it is not known
}

// The block of a walk grows and shrinks with what is found in it.
const (
	leastBlock  = 16
	mostBlock   = 1 << 14
	sparseLimit = 64 // blocks in which little is found
)

func (w *upstreamWalk) walk(ctx context.Context, start []int64) error {
	w.portIDs, w.texts = map[string]int32{}, interner{}
	for _, id := range start {
		w.want(id)
	}
	block, poor := int64(leastBlock), 0
	for w.pending.Len() > 0 {
		if poor > sparseLimit {
			return w.walkScattered(ctx)
		}
		hi := w.pending.ids[0]
		lo := hi - block + 1
		rows, err := w.read(ctx, "i.execution_id BETWEEN ? AND ?", lo, hi)
		if err != nil {
			return err
		}
		found := int64(w.takeBlock(rows, lo))
		switch {
		case found*2 >= block:
			block = min(block*4, mostBlock)
		case found*8 < block:
			if block == leastBlock {
				poor++
			}
			block = max(block/4, leastBlock)
		}
	}
	return w.findPorts(ctx)
}

// want marks an execution, unless it has been seen.
func (w *upstreamWalk) want(id int64) {
	if s := w.state.at(id); *s == unseen {
		*s = wanted
		heap.Push(&w.pending, id)
	}
}

// takeBlock takes what is wanted of the rows of a block that begins at lo and
// ends at the largest number that is pending. It returns how many executions
// that were.
func (w *upstreamWalk) takeBlock(rows []inputRow, lo int64) int {
	var now []int64
	for w.pending.Len() > 0 && w.pending.ids[0] >= lo {
		now = append(now, heap.Pop(&w.pending).(int64))
	}
	found := 0
	for end := len(rows); end > 0; {
		begin := end
		id := rows[end-1].execution
		for begin > 0 && rows[begin-1].execution == id {
			begin--
		}
		if s := w.state.at(id); *s == wanted {
			*s = done
			found++
			for i := begin; i < end; i++ {
				w.take(&rows[i])
				maker := rows[i].maker
				if maker >= lo && maker < id {
					if s := w.state.at(maker); *s == unseen {
						*s = wanted // and its turn comes in this block
						now = append(now, maker)
					}
				} else if maker != 0 {
					w.want(maker)
				}
			}
		}
		end = begin
	}
	for _, id := range now { // some have no rows
		*w.state.at(id) = done
	}
	return max(found, len(now))
}

// walkScattered ends a walk over executions that lie far apart.
func (w *upstreamWalk) walkScattered(ctx context.Context) error {
	var ids []int64
	err := w.db.each(ctx, func(rows *sql.Rows) error {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		if s := w.state.at(id); *s != done {
			*s = done
			ids = append(ids, id)
		}
		return nil
	}, `WITH RECURSIVE up (id) AS (
			SELECT value FROM json_each(?)
			UNION
			SELECT coalesce(i.made_by, (SELECT min(o.execution_id) FROM execution_outputs o WHERE o.artifact_id = i.artifact_id)) AS maker
			FROM up CROSS JOIN execution_inputs i ON i.execution_id = up.id WHERE maker IS NOT NULL
		) SELECT id FROM up`, idList(w.pending.ids))
	if err != nil {
		return err
	}
	slices.Sort(ids)
	for chunk := range slices.Chunk(ids, mostBlock) {
		rows, err := w.read(ctx, "i.execution_id IN (SELECT value FROM json_each(?))", idList(chunk))
		if err != nil {
			return err
		}
		for i := range rows {
			w.take(&rows[i])
		}
	}
	return w.findPorts(ctx)
}

// read returns inputs, sorted by execution. Of several executions that made
// the same bytes, the maker is the one that the reader took them from; where
// that is not known, the first.
func (w *upstreamWalk) read(ctx context.Context, where string, args ...any) ([]inputRow, error) {
	list := w.buffer[:0]
	var port, typ, path, fromPort sql.RawBytes
	var maker sql.NullInt64
	err := w.db.each(ctx, func(rows *sql.Rows) error {
		var row inputRow
		if err := rows.Scan(&row.execution, &row.artifact, &port, &typ, &path, &maker, &fromPort); err != nil {
			return err
		}
		row.port, row.typ, row.path = w.texts.text(port), w.texts.text(typ), w.texts.text(path)
		row.maker, row.makerPort = maker.Int64, w.texts.text(fromPort)
		list = append(list, row)
		return nil
	}, `SELECT i.execution_id, i.artifact_id, i.port, i.type, i.path,
			coalesce(i.made_by, (SELECT min(o.execution_id) FROM execution_outputs o WHERE o.artifact_id = i.artifact_id)),
			CASE WHEN i.made_by IS NOT NULL THEN i.from_port END
		FROM execution_inputs i WHERE `+where, args...)
	w.buffer = list
	byExecution := func(x, y inputRow) int { return cmp.Compare(x.execution, y.execution) }
	if !slices.IsSortedFunc(list, byExecution) { // it is: they are read along their key
		slices.SortFunc(list, byExecution)
	}
	return list, err
}

// take adds what an input says to the graph.
func (w *upstreamWalk) take(row *inputRow) {
	at := w.index.at(row.artifact)
	if *at == 0 {
		w.nodes = append(w.nodes, ArtifactNode{})
		w.rows = append(w.rows, row.artifact)
		w.made = append(w.made, link{})
		*at = int32(len(w.nodes))
	}
	n := *at - 1
	node := &w.nodes[n]
	node.Type, node.Path = leastText(node.Type, row.typ), leastText(node.Path, row.path)
	w.links = append(w.links, link{execution: row.execution, artifact: n, port: w.port(row.port)})
	switch {
	case row.makerPort != "":
		w.link(row.maker, n, row.makerPort)
	case row.maker != 0:
		w.unsure = append(w.unsure, link{execution: row.maker, artifact: n})
	}
}

// link says that an execution made an artifact. Mostly many read what one has
// made, one after the other.
func (w *upstreamWalk) link(maker int64, artifact int32, port string) {
	l := link{execution: maker, artifact: artifact, port: w.port(port), output: true}
	if w.made[artifact] != l {
		w.made[artifact] = l
		w.links = append(w.links, l)
	}
}

// findPorts looks up the outputs of makers of which only the artifact is known.
func (w *upstreamWalk) findPorts(ctx context.Context) error {
	var pairs [][3]int64
	for _, l := range w.unsure {
		pairs = append(pairs, [3]int64{l.execution, w.rows[l.artifact], int64(l.artifact)})
	}
	return w.db.each(ctx, func(rows *sql.Rows) error {
		var maker int64
		var artifact int32
		var port string
		if err := rows.Scan(&maker, &artifact, &port); err != nil {
			return err
		}
		w.link(maker, artifact, port)
		return nil
	}, `SELECT o.execution_id, j.value ->> 2, o.port FROM json_each(?) j
		CROSS JOIN execution_outputs o ON o.execution_id = j.value ->> 0 AND o.artifact_id = j.value ->> 1`, jsonList(pairs))
}

func (w *upstreamWalk) port(name string) int32 {
	id, ok := w.portIDs[name]
	if !ok {
		id = int32(len(w.ports))
		w.ports = append(w.ports, name)
		w.portIDs[name] = id
	}
	return id
}

// nameArtifacts fills in the IDs and sizes of the nodes.
func (w *upstreamWalk) nameArtifacts(ctx context.Context) error {
	var hash sql.RawBytes
	return w.db.each(ctx, func(rows *sql.Rows) error {
		var row, size int64
		if err := rows.Scan(&row, &hash, &size); err != nil {
			return err
		}
		n := *w.index.at(row) - 1
		id, err := artifacts.ParseID(string(hash))
		w.nodes[n].ID, w.nodes[n].Size = id, size
		return err
	}, `SELECT a.id, a.hash, coalesce(a.size, 0) FROM json_each(?) j CROSS JOIN artifacts a ON a.id = j.value`,
		idList(slices.Sorted(slices.Values(w.rows))))
}

// sortLinks puts the links into the order of the edges of a graph.
func (w *upstreamWalk) sortLinks() {
	sorted := slices.Sorted(slices.Values(w.ports))
	rank := make([]int32, len(w.ports))
	for i, name := range sorted {
		rank[w.portIDs[name]] = int32(i)
	}
	for i := range w.links {
		w.links[i].port = rank[w.links[i].port]
	}
	w.ports = sorted
	slices.SortFunc(w.links, func(x, y link) int {
		switch {
		case x.execution != y.execution:
			return cmp.Compare(x.execution, y.execution)
		case x.output != y.output:
			return compareBool(x.output, y.output)
		case x.port != y.port:
			return cmp.Compare(x.port, y.port)
		}
		return cmp.Compare(x.artifact, y.artifact)
	})
	w.links = slices.Compact(w.links)
}

// A sparse is an array of numbers, all zero at first, of which the used parts
// take memory.
type sparse struct {
	pages map[int64]*[1024]int32
	last  int64
	page  *[1024]int32 // the last one used
}

func (s *sparse) at(i int64) *int32 {
	if n := i >> 10; s.page == nil || n != s.last {
		if s.pages == nil {
			s.pages = map[int64]*[1024]int32{}
		}
		s.last, s.page = n, s.pages[n]
		if s.page == nil {
			s.page = new([1024]int32)
			s.pages[n] = s.page
		}
	}
	return &s.page[i&1023]
}

// An idHeap has the largest number first.
type idHeap struct{ ids []int64 }

func (h *idHeap) Len() int           { return len(h.ids) }
func (h *idHeap) Less(i, j int) bool { return h.ids[i] > h.ids[j] }
func (h *idHeap) Swap(i, j int)      { h.ids[i], h.ids[j] = h.ids[j], h.ids[i] }
func (h *idHeap) Push(x any)         { h.ids = append(h.ids, x.(int64)) }

func (h *idHeap) Pop() any {
	last := len(h.ids) - 1
	x := h.ids[last]
	h.ids = h.ids[:last]
	return x
}
