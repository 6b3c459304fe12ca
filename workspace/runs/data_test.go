package runs

import (
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/data/format"
	"pipe/data/report"
	"pipe/data/table/tabletest"
	"pipe/lineage"
	"pipe/workspace"
)

// TestLargeTables: a page of something else does not read a large table, unless
// somebody has looked at it before.
func TestLargeTables(t *testing.T) {
	store, err := artifacts.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	out, err := store.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(tabletest.Table(t, "x", []float64{1, 2})); err != nil {
		t.Fatal(err)
	}
	id, _, err := out.Commit()
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace.Workspace{Store: store}
	f := folding{stage: &lineage.Execution{Stage: "load"}, made: []lineage.Output{{Port: "table", ID: id, Size: maxProfiled + 1}}}
	fold := func() *report.Fold {
		fold, err := f.fold(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		return fold
	}
	if got := fold(); got.Title != "load.table" || len(got.Blocks) > 0 || !strings.Contains(got.Notes[0], "pipe show "+id.Short()) {
		t.Errorf("%+v", got)
	}
	f.asked = true
	if got := fold(); len(got.Blocks) == 0 || format.KeptProfile(store, id) == nil {
		t.Errorf("asked for: %+v", got)
	}
	f.asked = false
	if got := fold(); len(got.Blocks) == 0 {
		t.Errorf("once it was looked at: %+v", got)
	}
}
