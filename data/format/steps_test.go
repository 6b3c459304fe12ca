package format_test

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/format"
	"pipe/data/replay"
	"pipe/data/source/schema"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline"
)

// A program that hands on the metadata of a table has changed its columns all the
// same: what they went through before does not say what they are.
func TestStepsEndAtAProgram(t *testing.T) {
	rec := tabletest.Record(t, "x", []int64{1, 2})
	meta := arrow.NewMetadata([]string{replay.StepsKey, schema.ReadingKey}, []string{`{"reading": {}, "steps": [{}]}`, `{}`})
	data := tabletest.Bytes(t, array.NewRecordBatch(arrow.NewSchema(rec.Schema().Fields(), &meta), rec.Columns(), rec.NumRows()))
	var out bytes.Buffer
	if err := format.Of(pipeline.Table).Take(t.Context(), &out, bytes.NewReader(data), int64(len(data)), func(string) {}); err != nil {
		t.Fatal(err)
	}
	r, err := table.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, ok := r.Schema().Metadata().GetValue(replay.StepsKey); ok {
		t.Error("the steps are still there")
	}
	if _, ok := r.Schema().Metadata().GetValue(schema.ReadingKey); !ok {
		t.Error("other metadata is gone, too")
	}
}
