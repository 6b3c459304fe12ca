package relate

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// csvOf writes a table as text.
func csvOf(t testing.TB, data []byte) string {
	t.Helper()
	var b strings.Builder
	rec := tabletest.Rows(t, data)
	b.WriteString(strings.Join(table.Names(rec.Schema()), ",") + "\n")
	for row := range int(rec.NumRows()) {
		for i, c := range rec.Columns() {
			if i > 0 {
				b.WriteByte(',')
			}
			if c.IsNull(row) {
				b.WriteByte('-')
				continue
			}
			b.WriteString(table.Text(c, row))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// gives runs a stage and compares an output, written as text.
func gives(t testing.TB, c pipelinetest.Case, port, want string) pipelinetest.Result {
	t.Helper()
	r := pipelinetest.Run(t, c)
	if diff := cmp.Diff(strings.TrimLeft(want, "\n"), csvOf(t, r.Outputs[port])); diff != "" {
		t.Errorf("%s: -want +got\n%s", c.With, diff)
	}
	return r
}

// refuses runs a stage that fails, and looks for texts in the error and its hint.
func refuses(t testing.TB, c pipelinetest.Case, message, hint string) {
	t.Helper()
	_, err := pipelinetest.RunErr(t, c)
	if err == nil || !strings.Contains(err.Error(), message) || !strings.Contains(diag.HintOf(err), hint) {
		t.Errorf("%s: error %v\nhint %q\nwant %q with %q", c.With, err, diag.HintOf(err), message, hint)
	}
}

// refusesSettings decodes settings that are wrong.
func refusesSettings(t testing.TB, k pipeline.Kind, with, message string) {
	t.Helper()
	if _, err := pipeline.DecodeStage(k, with); err == nil || !strings.Contains(err.Error(), message) {
		t.Errorf("%s: %v, want %q", with, err, message)
	}
}

// sameOnAnyThreads runs a stage on several numbers of threads.
func sameOnAnyThreads(t *testing.T, c pipelinetest.Case) {
	t.Helper()
	c.Threads = 1
	want := pipelinetest.Run(t, c)
	for _, threads := range []int{2, 4, 8} {
		c.Threads = threads
		got := pipelinetest.Run(t, c)
		for port, data := range want.Outputs {
			if !bytes.Equal(data, got.Outputs[port]) {
				t.Errorf("%s: output %s has other bytes on %d threads", c.With, port, threads)
			}
		}
		if got.Log != want.Log {
			t.Errorf("%s: log on %d threads\n%s\nwant\n%s", c.With, threads, got.Log, want.Log)
		}
	}
}

func pcol(port, column string) pipeline.ColumnRef {
	return pipeline.ColumnRef{Port: port, Column: column}
}

func times(seconds ...int64) []arrow.Timestamp {
	list := make([]arrow.Timestamp, len(seconds))
	for i, s := range seconds {
		list[i] = arrow.Timestamp(s * 1e6)
	}
	return list
}
