package walk

import (
	"cmp"
	"container/heap"
	"context"
	"database/sql"
	"slices"

	"pipe/lineage"
	"pipe/lineage/batch"
)

// Upstream returns all that an artifact, an execution or a run came from. Of
// several executions that made the same bytes it follows the one that the
// reader in fact took them from; where that is not known, the first.
func Upstream(ctx context.Context, d *lineage.DB, ref lineage.Ref) (_ *Graph, err error) {
	defer func() { err = d.RefError("read the lineage from", err) }()
	start, err := upstreamStart(ctx, d, ref)
	if err != nil {
		return nil, err
	}
	return collect(ctx, d, func(ctx context.Context, w *walk) error {
		if err := w.begin(ctx, ref, start); err != nil {
			return err
		}
		return (&upstreamWalk{walk: w, first: map[int64]int64{}}).run(ctx, start)
	})
}

// upstreamStart lists the executions that a walk starts from.
func upstreamStart(ctx context.Context, d *lineage.DB, ref lineage.Ref) ([]int64, error) {
	start, err := graphStart(ctx, d, ref)
	switch {
	case err != nil || start != nil:
		return start, err
	case ref.Execution != 0:
		return []int64{ref.Execution}, nil
	}
	return executionIDs(ctx, d, `SELECT min(o.execution_id) FROM execution_outputs o JOIN artifacts a ON a.id = o.artifact_id
		WHERE a.hash = ? HAVING count(*) > 0`, ref.Artifact.String())
}

// An upstreamWalk finds what executions come from. Makers are mostly a little
// older than their users, and have numbers a little smaller. So it goes from
// large numbers to small ones and reads whole blocks of executions, of which
// most turn out to be wanted. Where they are not, because what is wanted lies
// scattered, it asks for them by a recursive query after all.
type upstreamWalk struct {
	*walk
	pending idHeap          // wanted, and outside of the blocks that were read
	first   map[int64]int64 // who was the first to make an artifact, where the reader does not say who did
	unsure  []link          // outputs of which the port is to be found
	buffer  []inputRow      // for read
}

// An inputRow is a row of execution_inputs, with who made the artifact. Its
// texts are numbers.
type inputRow struct {
	execution, artifact, maker int64
	port, typ, path            int32
	makerPort                  int32 // 0 if it is not known
}

// The block of a walk grows and shrinks with what is found in it.
const (
	leastBlock  = 16
	mostBlock   = 1 << 15
	sparseLimit = 64 // blocks in which little is found
)

// run takes all that executions come from.
func (w *upstreamWalk) run(ctx context.Context, start []int64) error {
	for _, id := range start {
		w.want(id)
	}
	block, poor := int64(leastBlock), 0
	for w.pending.Len() > 0 {
		if poor > sparseLimit {
			if err := w.walkScattered(ctx); err != nil {
				return err
			}
			break
		}
		hi := w.pending.ids[0]
		lo := hi - block + 1
		rows, err := w.read(ctx, "i.execution_id BETWEEN ? AND ?", lo, hi)
		if err != nil {
			return err
		}
		found := int64(w.takeBlock(rows, lo))
		if err := w.tell(ctx, enough); err != nil {
			return err
		}
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
		if *w.state.at(id) == wanted {
			w.finish(id)
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
		w.finish(id)
	}
	return max(found, len(now))
}

// walkScattered ends a walk over executions that lie far apart.
func (w *upstreamWalk) walkScattered(ctx context.Context) error {
	var ids []int64
	err := w.db.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		if *w.state.at(id) != done {
			ids = append(ids, id)
		}
		return nil
	}, `WITH RECURSIVE up (id) AS (
			SELECT value FROM json_each(?)
			UNION
			SELECT coalesce(i.made_by, (SELECT min(o.execution_id) FROM execution_outputs o WHERE o.artifact_id = i.artifact_id)) AS maker
			FROM up CROSS JOIN execution_inputs i ON i.execution_id = up.id WHERE maker IS NOT NULL
		) SELECT id FROM up`, lineage.JSONList(w.pending.ids))
	if err != nil {
		return err
	}
	slices.Sort(ids)
	for chunk := range slices.Chunk(ids, mostBlock) {
		rows, err := w.read(ctx, "i.execution_id IN (SELECT value FROM json_each(?))", lineage.JSONList(chunk))
		if err != nil {
			return err
		}
		for i := range rows {
			w.take(&rows[i])
		}
		for _, id := range chunk {
			w.finish(id)
		}
		if err := w.tell(ctx, enough); err != nil {
			return err
		}
	}
	return nil
}

// read returns inputs, sorted by execution. Of several executions that made
// the same bytes, the maker is the one that the reader took them from; where
// that is not known, the first.
func (w *upstreamWalk) read(ctx context.Context, where string, args ...any) ([]inputRow, error) {
	list := w.buffer[:0]
	var unknown []int64
	err := batch.Read(ctx, w.db.Reader(), func(b *batch.Batch) error {
		port, typ, path, makerPort := w.texts.column(3), w.texts.column(4), w.texts.column(5), w.texts.column(6)
		for b.Next() {
			row := inputRow{execution: b.Int(0), artifact: b.Int(1), maker: b.Int(2), port: port.number(b), typ: typ.number(b), path: path.number(b)}
			if row.maker != 0 {
				row.makerPort = makerPort.number(b)
			} else if _, ok := w.first[row.artifact]; !ok {
				w.first[row.artifact] = 0
				unknown = append(unknown, row.artifact)
			}
			list = append(list, row)
		}
		return nil
	}, "SELECT pipe_batch(i.execution_id, i.artifact_id, i.made_by, i.port, i.type, i.path, i.from_port) FROM execution_inputs i WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	w.buffer = list
	if err := w.findFirst(ctx, unknown); err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].maker == 0 {
			list[i].maker = w.first[list[i].artifact]
		}
	}
	byExecution := func(x, y inputRow) int { return cmp.Compare(x.execution, y.execution) }
	if !slices.IsSortedFunc(list, byExecution) { // it is: they are read along their key
		slices.SortStableFunc(list, byExecution)
	}
	return list, nil
}

// findFirst looks up who was the first to make artifacts.
func (w *upstreamWalk) findFirst(ctx context.Context, artifacts []int64) error {
	if len(artifacts) == 0 {
		return nil
	}
	return batch.Read(ctx, w.db.Reader(), func(b *batch.Batch) error {
		for b.Next() {
			w.first[b.Int(0)] = b.Int(1)
		}
		return nil
	}, `SELECT pipe_batch(artifact, maker) FROM (SELECT j.value AS artifact, min(o.execution_id) AS maker
		FROM json_each(?) j CROSS JOIN execution_outputs o ON o.artifact_id = j.value GROUP BY j.value)`, lineage.JSONList(artifacts))
}

// take adds what an input says to the graph.
func (w *upstreamWalk) take(row *inputRow) {
	n := w.node(row.artifact, row.typ, row.path)
	w.links.push(link{execution: row.execution, artifact: n, kind: 2 * row.port})
	switch {
	case row.makerPort != 0:
		w.link(row.maker, n, row.makerPort)
	case row.maker != 0:
		w.unsure = append(w.unsure, link{execution: row.maker, artifact: n})
	}
}

// findPorts looks up the outputs of makers of which only the artifact is known.
func (w *upstreamWalk) findPorts(ctx context.Context) error {
	var pairs [][3]int64
	for _, l := range w.unsure {
		pairs = append(pairs, [3]int64{l.execution, w.rows[l.artifact], int64(l.artifact)})
	}
	return batch.Read(ctx, w.db.Reader(), func(b *batch.Batch) error {
		for port := w.texts.column(2); b.Next(); {
			w.link(b.Int(0), int32(b.Int(1)), port.number(b))
		}
		return nil
	}, `SELECT pipe_batch(o.execution_id, j.value ->> 2, o.port) FROM json_each(?) j
		CROSS JOIN execution_outputs o ON o.execution_id = j.value ->> 0 AND o.artifact_id = j.value ->> 1`, lineage.JSONList(pairs))
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
