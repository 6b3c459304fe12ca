package format_test

import (
	"bytes"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/data/format"
	"pipe/data/table/tabletest"
	"pipe/pipeline"
)

// put stores bytes and opens them.
func put(t *testing.T, s *artifacts.Store, data string) (artifacts.ID, *artifacts.File) {
	t.Helper()
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	id, _, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return id, f
}

// TestHostileBytes: whatever the type of an artifact, bytes that are none of it
// are an error or nothing to show, and two of them differ by their bytes.
func TestHostileBytes(t *testing.T) {
	s, err := artifacts.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id, was := put(t, s, "no artifact of any type")
	_, is := put(t, s, "no artifact of any kind")
	seen := map[pipeline.PortType]bool{}
	for _, f := range append(format.All(), format.Of("unheard")) {
		if seen[f.Type] {
			t.Errorf("%s is there twice", f.Type)
		}
		seen[f.Type] = true
		if f.View != nil {
			if v, err := f.View(t.Context(), s, id, 5); err == nil {
				t.Errorf("%s: can be shown: %v", f.Type, v)
			}
		}
		if f.Columns != nil {
			if c, err := f.Columns(was); err == nil {
				t.Errorf("%s: has columns: %v", f.Type, c)
			}
		}
		if f.Take != nil {
			if err := f.Take(t.Context(), new(bytes.Buffer), was, was.Size(), func(string) {}); err == nil {
				t.Errorf("%s: was taken", f.Type)
			}
		}
		if text, err := format.Difference(f.Type, was, is); err != nil || text != "byte 19: 0x74 -> 0x6b" {
			t.Errorf("%s: difference %q, %v", f.Type, text, err)
		}
	}
}

// TestTables: what is known of a table and of a transform.
func TestTables(t *testing.T) {
	s, err := artifacts.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id, was := put(t, s, string(tabletest.Table(t, "a", []any{int64(1), nil}, "b", []string{"x", "y"})))
	_, is := put(t, s, string(tabletest.Table(t, "a", []any{int64(1), nil}, "b", []string{"x", "z"})))
	f := format.Of(pipeline.Table)
	view, err := f.View(t.Context(), s, id, 1)
	if v, ok := view.(*format.Table); err != nil || !ok || v.Name() != "table" || v.Rows != 2 || v.Columns[0].Missing != 1 || len(v.Head) != 1 {
		t.Errorf("view %+v, %v", view, err)
	}
	if c, err := f.Columns(was); err != nil || c.Rows != 2 || c.List[0] != (format.ColumnInfo{Name: "a", Type: "int64", Missing: 1}) {
		t.Errorf("columns %+v, %v", c, err)
	}
	if text, err := format.Difference(pipeline.Table, was, is); err != nil || !strings.Contains(text, `"y"`) || !strings.Contains(text, `"z"`) {
		t.Errorf("difference %q, %v", text, err)
	}
	_, a := put(t, s, `{"x": {"y": 1}}`)
	_, b := put(t, s, `{"x": {"y": 2}}`)
	if text, err := format.Difference(pipeline.Transform, a, b); err != nil || text != "x.y: 1 -> 2" {
		t.Errorf("difference %q, %v", text, err)
	}
}
