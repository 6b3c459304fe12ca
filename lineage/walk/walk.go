package walk

import (
	"context"
	"strings"

	"pipe/lineage"
	"pipe/lineage/batch"
)

// A walk collects the part of the lineage that a question is about. All that it
// keeps are numbers: a million of them must not be a burden to the garbage
// collector. Those who follow it find out what they stand for.
type walk struct {
	db         *lineage.DB
	follow     func(context.Context, found) error
	executions []int64 // of the graph
	state      sparse  // of executions: unseen, wanted or done
	rows       []int64 // of the artifacts of the graph in their table
	index      sparse  // of an artifact in rows, plus one
	infos      chunked[walkedInfo]
	links      chunked[link]
	texts      textNumbers
	told       struct{ executions, rows int } // how many have been followed
}

const (
	unseen = iota
	wanted
	done
)

// What a walk found, in the order in which it did.
type found struct {
	executions []int64 // each comes once
	firstNode  int     // of the artifacts in the nodes of the graph
	artifacts  []int64 // rows in the table of artifacts; each comes once
}

// enough is how much a walk finds before it says so.
const enough = 1 << 12

// A link is an edge with numbers in place of names.
type link struct {
	execution int64
	artifact  int32 // in rows
	kind      int32 // twice the number of the port in texts, plus one if it is an output
}

// A walkedInfo is what a walk knows of an artifact.
type walkedInfo struct {
	typ, path int32 // in texts
	made      link  // the last of links that says who made it
}

// begin takes the artifact that was asked for, if it was one, and what the
// executions that the walk starts from made: that artifact, or else all.
func (w *walk) begin(ctx context.Context, ref lineage.Ref, start []int64) error {
	if ref.Artifact.IsZero() {
		return w.takeOutputs(ctx, start, 0)
	}
	n, err := w.db.ArtifactNode(ctx, ref.Artifact)
	if err != nil {
		return err
	}
	var row int64
	if err := w.db.Reader().QueryRowContext(ctx, "SELECT id FROM artifacts WHERE hash = ?", ref.Artifact.String()).Scan(&row); err != nil {
		return err
	}
	w.node(row, w.texts.number(n.Type), w.texts.number(n.Path))
	return w.takeOutputs(ctx, start, row)
}

// takeOutputs takes what executions made, or only one artifact of it.
func (w *walk) takeOutputs(ctx context.Context, executions []int64, only int64) error {
	return batch.Read(ctx, w.db.Reader(), func(b *batch.Batch) error {
		for port, typ := w.texts.column(2), w.texts.column(3); b.Next(); {
			w.link(b.Int(0), w.node(b.Int(1), typ.number(b), 0), port.number(b))
		}
		return nil
	}, `SELECT pipe_batch(o.execution_id, o.artifact_id, o.port, o.type)
		FROM json_each(?) j CROSS JOIN execution_outputs o ON o.execution_id = j.value WHERE ? IN (0, o.artifact_id)`, lineage.JSONList(executions), only)
}

// tell gives on what was found since the last time, if it is enough.
func (w *walk) tell(ctx context.Context, enough int) error {
	f := found{executions: w.executions[w.told.executions:], firstNode: w.told.rows, artifacts: w.rows[w.told.rows:]}
	if len(f.executions)+len(f.artifacts) < enough {
		return nil
	}
	w.told.executions, w.told.rows = len(w.executions), len(w.rows)
	return w.follow(ctx, f)
}

// finish marks an execution as part of the graph.
func (w *walk) finish(id int64) {
	if s := w.state.at(id); *s != done {
		*s = done
		w.executions = append(w.executions, id)
	}
}

// node returns the number of an artifact.
func (w *walk) node(row int64, typ, path int32) int32 {
	at := w.index.at(row)
	if *at == 0 {
		w.rows = append(w.rows, row)
		w.infos.push(walkedInfo{typ: typ, path: path})
		*at = int32(len(w.rows))
		return *at - 1
	}
	// Bytes may be known under several types and paths; the least is kept,
	// whatever the order in which they come.
	info := w.infos.at(*at - 1)
	info.typ, info.path = w.texts.least(info.typ, typ), w.texts.least(info.path, path)
	return *at - 1
}

// link says that an execution made an artifact. Mostly many read what one has
// made, one after the other.
func (w *walk) link(maker int64, artifact, port int32) {
	l := link{execution: maker, artifact: artifact, kind: 2*port + 1}
	if made := &w.infos.at(artifact).made; *made != l {
		*made = l
		w.links.push(l)
	}
}

// textNumbers numbers texts in the order in which they come. Number 0 is the
// empty text.
type textNumbers struct {
	texts   []string
	numbers map[string]int32
}

func newTextNumbers() textNumbers {
	return textNumbers{texts: []string{""}, numbers: map[string]int32{"": 0}}
}

func (t *textNumbers) number(s string) int32 {
	if s == "" {
		return 0
	}
	n, ok := t.numbers[s]
	if !ok {
		s = strings.Clone(s) // which is part of a batch
		n = int32(len(t.texts))
		t.texts = append(t.texts, s)
		t.numbers[s] = n
	}
	return n
}

// A textColumn numbers the texts in a column of a batch.
type textColumn struct {
	texts  *textNumbers
	column int
	value  uint32 // of the last row
	last   int32  // its number
}

func (t *textNumbers) column(i int) *textColumn { return &textColumn{texts: t, column: i} }

func (c *textColumn) number(b *batch.Batch) int32 {
	if v := b.Value(c.column); v != c.value {
		c.value, c.last = v, c.texts.number(b.Text(c.column))
	}
	return c.last
}

// least returns the lesser of two texts, where an empty one is none.
func (t *textNumbers) least(a, b int32) int32 {
	if a == b || b == 0 || a != 0 && t.texts[a] < t.texts[b] {
		return a
	}
	return b
}

// A chunked is a list that is not copied when it grows.
type chunked[T any] struct {
	chunks [][]T // of chunkSize, but for the last one
	length int
}

const chunkSize = 1 << 12

func (c *chunked[T]) push(v T) {
	if c.length%chunkSize == 0 {
		room := chunkSize
		if c.length == 0 {
			room = 8 // most lists are short
		}
		c.chunks = append(c.chunks, make([]T, 0, room))
	}
	last := &c.chunks[len(c.chunks)-1]
	*last = append(*last, v)
	c.length++
}

func (c *chunked[T]) at(i int32) *T { return &c.chunks[i/chunkSize][i%chunkSize] }

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
