package source

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pipe/data/source/cell"
)

// A clock makes times in UTC of those that the data have as clocks show them.
type clock struct {
	*cell.Notation
	perSecond int64
	skipped   int64 // times that clocks leave out
	first     int64 // row of the first, counted from 1
}

// clockOf is that of a column, nil if its times are in a zone or nobody has said in which
// they are; such are taken for UTC.
func (in *Inputs) clockOf(f *arrow.Field) *clock {
	meta := f.Metadata.ToMap()
	if _, local := meta[cell.LocalKey]; !local {
		return nil
	}
	delete(meta, cell.LocalKey)
	f.Metadata = arrow.MetadataFrom(meta)
	n := in.Contract.Notation
	typ, ok := f.Type.(*arrow.TimestampType)
	if n == nil || n.Zone == nil || !ok {
		return nil
	}
	return &clock{Notation: n, perSecond: 1e9 / int64(typ.Unit.Multiplier())}
}

// apply makes the times of some rows, which come after others.
func (c *clock) apply(in *array.Timestamp, before int64) arrow.Array {
	b := array.NewTimestampBuilder(memory.DefaultAllocator, in.DataType().(*arrow.TimestampType))
	defer b.Release()
	b.Reserve(in.Len())
	for row, v := range in.TimestampValues() {
		if in.IsNull(row) {
			b.AppendNull()
			continue
		}
		utc, ok := c.Local(int64(v), c.perSecond)
		if !ok {
			if c.skipped++; c.skipped == 1 {
				c.first = before + int64(row) + 1
			}
			b.AppendNull()
			continue
		}
		b.Append(arrow.Timestamp(utc))
	}
	return b.NewArray()
}

// Local is the metadata of a column whose timestamps are in no zone.
func Local() arrow.Metadata { return arrow.MetadataFrom(map[string]string{cell.LocalKey: "true"}) }
