package walk

import (
	"context"
	"slices"

	"pipe/lineage"
	"pipe/lineage/batch"
)

// Downstream returns all that was made from an artifact, or from what an
// execution or the executions of a run made. It follows bytes: who read the
// same bytes from another maker belongs to it too.
func Downstream(ctx context.Context, d *lineage.DB, ref lineage.Ref) (_ *Graph, err error) {
	defer func() { err = d.RefError("read the lineage from", err) }()
	start, err := graphStart(ctx, d, ref)
	if err != nil {
		return nil, err
	}
	return collect(ctx, d, func(ctx context.Context, w *walk) error {
		if err := w.begin(ctx, ref, start); err != nil {
			return err
		}
		for _, id := range start {
			w.finish(id)
		}
		return w.takeDownstream(ctx)
	})
}

// takeDownstream takes all that was made from the artifacts that have been
// taken.
func (w *walk) takeDownstream(ctx context.Context) error {
	// Walks from artifact to artifact, so that each is visited once however
	// many executions lie between.
	var rows []int64
	err := batch.Read(ctx, w.db.Reader(), func(b *batch.Batch) error {
		for b.Next() {
			rows = append(rows, b.Int(0))
		}
		return nil
	}, `WITH RECURSIVE down (id) AS (
			SELECT value FROM json_each(?)
			UNION
			SELECT o.artifact_id FROM down
			CROSS JOIN execution_inputs i ON i.artifact_id = down.id
			CROSS JOIN execution_outputs o ON o.execution_id = i.execution_id
		) SELECT pipe_batch(id) FROM down`, lineage.JSONList(w.rows))
	if err != nil {
		return err
	}
	slices.Sort(rows)
	var readers []int64
	for chunk := range slices.Chunk(rows, enough) {
		err := batch.Read(ctx, w.db.Reader(), func(b *batch.Batch) error {
			for port, typ, path := w.texts.column(2), w.texts.column(3), w.texts.column(4); b.Next(); {
				execution, artifact := b.Int(0), w.node(b.Int(1), typ.number(b), path.number(b))
				w.links.push(link{execution: execution, artifact: artifact, kind: 2 * port.number(b)})
				if s := w.state.at(execution); *s == unseen {
					*s = wanted
					readers = append(readers, execution)
				}
			}
			return nil
		}, `SELECT pipe_batch(i.execution_id, i.artifact_id, i.port, i.type, i.path)
			FROM json_each(?) j CROSS JOIN execution_inputs i ON i.artifact_id = j.value`, lineage.JSONList(chunk))
		if err != nil {
			return err
		}
	}
	slices.Sort(readers)
	for chunk := range slices.Chunk(readers, enough) {
		if err := w.takeOutputs(ctx, chunk, 0); err != nil {
			return err
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
