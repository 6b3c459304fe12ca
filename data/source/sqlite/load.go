package sqlite

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source/cell"
	"pipe/data/table"
)

// load reads the rows again, now that the types of the columns are known.
func (rd *reading) load(ctx context.Context, write func(arrow.RecordBatch) error) error {
	builders := make([]cell.Builder, len(rd.plan.Targets))
	n, bytes := 0, 0
	begin := func() {
		for i, t := range rd.plan.Targets {
			builders[i].Reset(t, batchRows)
		}
		n, bytes = 0, 0
	}
	flush := func() error {
		arrays := make([]arrow.Array, len(builders))
		for i := range builders {
			arrays[i] = builders[i].Array(n)
		}
		rec, err := table.NewRecord(rd.plan.Schema, arrays...)
		if err != nil {
			return err
		}
		defer rec.Release()
		return write(rec)
	}
	begin()
	last := int64(0)
	err := rd.db.each(ctx, rd.sql, len(builders), func(row int64, values []value) error {
		if last = row; row > rd.survey.Rows {
			return errChanged
		}
		for i := range values {
			v := &values[i]
			if v.bad != "" {
				return errChanged
			}
			if v.null || rd.in.Contract.Missing.Lists(v.text) {
				builders[i].Null(n)
				continue
			}
			builders[i].Set(rd.rules[i], n, v.form, v.text)
			bytes += len(v.text)
		}
		if n++; n < batchRows && bytes < batchBytes {
			return nil
		}
		rd.advance(row, rd.survey.Rows)
		err := flush()
		begin()
		return err
	})
	switch {
	case err != nil:
		return err
	case last != rd.survey.Rows:
		return errChanged
	case n > 0:
		return flush()
	}
	return nil
}
