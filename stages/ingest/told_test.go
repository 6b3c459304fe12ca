package ingest

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source"
	"pipe/pipeline/pipelinetest"
)

// losing is rows of which the second batch is lost on the way.
type losing struct {
	source.Rows
	source.Counter
}

func (l losing) Batches(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		n := 0
		for rec, err := range l.Rows.Batches(ctx) {
			if n++; n != 2 && !yield(rec, err) {
				return
			}
		}
	}
}

// TestLeftOut: each record is a row or was left out, or that is an error with both numbers.
func TestLeftOut(t *testing.T) {
	text := "a,b\n" + strings.Repeat("1,2\n", 30) + "x\n" + strings.Repeat("3,4\n", 9)
	for _, c := range []struct {
		rows func(source.Rows) source.Rows
		want string
	}{
		{func(r source.Rows) source.Rows { return r }, ""},
		{func(r source.Rows) source.Rows { return losing{r, r.(source.Counter)} }, "internal error: 40 records were read and 1 of them left out, and the table has 3"},
	} {
		in := defaults()
		in.Rows = "skip"
		file := &source.File{ReaderAt: strings.NewReader(text), Size: int64(len(text)), Name: "in.csv"}
		opened, err := in.Reader.Open(t.Context(), source.Inputs{Files: []*source.File{file}, Contract: in.contract(), Threads: 2, Block: 32})
		if err != nil {
			t.Fatal(err)
		}
		rows := c.rows(opened)
		read, err := source.Write(t.Context(), new(discard), rows)
		if err != nil {
			t.Fatal(err)
		}
		left, err := leftOut(rows, read.Rows)
		switch {
		case c.want == "" && (err != nil || left != 1 || read.Rows != 39):
			t.Errorf("%d rows, %d left out, %v", read.Rows, left, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

type discard struct{}

func (*discard) Write(b []byte) (int, error) { return len(b), nil }
func (*discard) Reset()                      {}

// The schema says how many records were left out.
func TestSchemaLeftOut(t *testing.T) {
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), With: "path: in.csv\nrows: collect", Inputs: map[string][]byte{"path": []byte("a,b\n1,2\n3\n4,5\n6\n")}})
	if s := string(r.Outputs["schema"]); !strings.Contains(s, "\"rows\": 2,\n  \"left_out\": 2,") {
		t.Errorf("%s", s)
	}
	if r.Metrics["left_out"] != 2 {
		t.Errorf("%v", r.Metrics)
	}
}
