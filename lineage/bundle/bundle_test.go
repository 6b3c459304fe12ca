package bundle

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/slice"
)

type place struct {
	dir   string
	store *artifacts.Store
	db    *lineage.DB
}

func newPlace(t testing.TB) place {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".pipe")
	store, err := artifacts.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	db, err := lineage.Open(filepath.Join(dir, "lineage.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return place{dir, store, db}
}

func (p place) put(t testing.TB, text string) (artifacts.ID, int64) {
	t.Helper()
	w, err := p.store.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	id, size, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return id, size
}

const csv = "a,b\n1,2\n"

// fill records two runs: the first does the work, the second finds part of it.
func (p place) fill(t testing.TB) (first, second string) {
	t.Helper()
	ctx := context.Background()
	begin := func() string {
		spec := "pipeline: demo\n"
		id, _ := p.put(t, spec)
		run, err := p.db.BeginRun(ctx, lineage.Run{Pipeline: "demo", File: "demo.yaml", SpecID: id, SpecText: spec, Seed: 1<<63 + 5, Trigger: "manual", Stages: 2,
			Params: []lineage.Param{{Name: "rate", Value: "0.5", Source: "file"}}, Environment: lineage.Environment{PipeVersion: "1", Hostname: "there"}})
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	record := func(e lineage.Execution) {
		if err := p.db.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	finish := func(run string) {
		if err := p.db.FinishRun(ctx, run, lineage.Succeeded, ""); err != nil {
			t.Fatal(err)
		}
	}
	source := filepath.Join(t.TempDir(), "tree")
	if err := os.MkdirAll(filepath.Join(source, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x.txt", "sub/y.txt"} {
		if err := os.WriteFile(filepath.Join(source, name), []byte("file "+name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tree, _, err := p.store.AddDir(ctx, source)
	if err != nil {
		t.Fatal(err)
	}
	treeSize, err := p.store.Stat(tree)
	if err != nil {
		t.Fatal(err)
	}
	in, inSize := p.put(t, csv)
	out, outSize := p.put(t, "the table")
	page, pageSize := p.put(t, "<html>report</html>")
	model, modelSize := p.put(t, "the model")
	seed := uint64(1<<64 - 1)
	first = begin()
	record(lineage.Execution{RunID: first, Stage: "load", Kind: "ingest", Status: lineage.Succeeded, Key: artifacts.Key(artifacts.Sum([]byte("load"))), Reason: "not made before",
		Config: []byte(`{"path":"a.csv"}`), KeyParts: []artifacts.KeyPart{{Name: "kind", Value: "ingest"}},
		Inputs:  []lineage.Input{{Port: "path", Type: "file", ID: in, Size: inSize, Path: "a.csv"}},
		Outputs: []lineage.Output{{Port: "table", Type: "table", ID: out, Size: outSize}, {Port: "tree", Type: "directory", ID: tree, Size: treeSize}},
		Columns: []lineage.ColumnEdge{{OutPort: "table", OutColumn: "a", InPort: "path", InColumn: "a"}}})
	finish(first)
	second = begin()
	hit, err := p.db.Lookup(ctx, artifacts.Key(artifacts.Sum([]byte("load"))))
	if err != nil || hit == nil {
		t.Fatal(hit, err)
	}
	record(lineage.Execution{RunID: second, Stage: "load", Kind: "ingest", Status: lineage.Cached, CachedFrom: hit.ExecutionID, Reason: "same key"})
	record(lineage.Execution{RunID: second, Stage: "model", Kind: "train", Attempt: 1, Status: lineage.Failed, Error: "bad luck \xff", Reason: "not made before",
		Inputs: []lineage.Input{{Port: "gone", Type: "file", ID: artifacts.Sum([]byte("gone")), Size: 4, Path: "gone.csv"}}})
	record(lineage.Execution{RunID: second, Stage: "model", Kind: "train", Attempt: 2, Status: lineage.Succeeded, Key: artifacts.Key(artifacts.Sum([]byte("model"))), Seed: &seed,
		Inputs:  []lineage.Input{{Port: "train", Type: "table", ID: out, Size: outSize, FromStage: "load", FromPort: "table"}},
		Outputs: []lineage.Output{{Port: "model", Type: "model", ID: model, Size: modelSize}, {Port: "report", Type: "report", ID: page, Size: pageSize}},
		Metrics: []lineage.Metric{{Name: "accuracy", Value: 0.1 + 0.2}}, Points: []lineage.Point{{Name: "loss", Step: 1, Value: 1e-300}}})
	finish(second)
	return first, second
}

func (p place) write(t testing.TB, run string) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(context.Background(), &b, p.store, p.db, run); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (p place) read(data []byte) (slice.Imported, error) {
	b, err := Read(context.Background(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return slice.Imported{}, err
	}
	return b.Import(context.Background(), p.store, p.db, "x.tar")
}

// count says how much there is of everything.
func (p place) count(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	rows, err := p.db.Query(context.Background(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows.Rows {
		n, err := p.db.Query(context.Background(), fmt.Sprintf("SELECT count(*) FROM %s", r[0]), 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, r[0], n.Rows[0][0])
	}
	return b.String()
}

func TestRoundTrip(t *testing.T) {
	here, there := newPlace(t), newPlace(t)
	first, second := here.fill(t)
	data := here.write(t, second)
	if again := here.write(t, second); !bytes.Equal(data, again) {
		t.Error("the same run gives other bytes")
	}
	done, err := there.read(data)
	if err != nil {
		t.Fatal(err)
	}
	if want := (slice.Imported{Runs: 2, Executions: 4}); done != want {
		t.Errorf("imported %+v, want %+v", done, want)
	}
	if again := there.write(t, second); !bytes.Equal(data, again) {
		t.Error("what was imported is exported as other bytes")
	}
	counts := there.count(t)
	if done, err = there.read(data); err != nil || done != (slice.Imported{}) {
		t.Errorf("a second import gave %+v, %v", done, err)
	}
	if diff := cmp.Diff(counts, there.count(t)); diff != "" {
		t.Errorf("a second import changed rows:\n%s", diff)
	}
	// The run that the second one had taken from was known in part only.
	if _, err = there.read(here.write(t, first)); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(here.count(t), there.count(t)); diff != "" {
		t.Errorf("here (-) and there (+):\n%s", diff)
	}
	for key, execution := range map[string]string{"load": first, "model": second} {
		hit, err := there.db.Lookup(t.Context(), artifacts.Key(artifacts.Sum([]byte(key))))
		if err != nil || hit == nil || hit.RunID != execution {
			t.Errorf("look-up of %s gives %+v, %v", key, hit, err)
			continue
		}
		for _, o := range hit.Outputs {
			f, err := there.store.Open(t.Context(), o.ID)
			if err != nil {
				t.Error(err)
				continue
			}
			f.Close()
		}
	}
	if err := there.store.Extract(t.Context(), treeOf(t, there), filepath.Join(t.TempDir(), "out")); err != nil {
		t.Error(err)
	}
	rows, err := there.db.Query(t.Context(), "SELECT count(*) FROM runs WHERE imported_at IS NOT NULL AND imported_from = 'x.tar' AND seq < 0", 0)
	if err != nil || rows.Rows[0][0] != int64(2) {
		t.Errorf("imported runs: %v, %v", rows, err)
	}
}

func treeOf(t *testing.T, p place) artifacts.ID {
	rows, err := p.db.Query(t.Context(), "SELECT hash FROM outputs_view WHERE type = 'directory'", 0)
	if err != nil || len(rows.Rows) == 0 {
		t.Fatal(rows, err)
	}
	id, err := artifacts.ParseID(rows.Rows[0][0].(string))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Runs of this store stay what "latest" and the name of the pipeline mean.
func TestImportedRunsAreOlder(t *testing.T) {
	here, there := newPlace(t), newPlace(t)
	_, exported := here.fill(t)
	_, own := there.fill(t)
	if _, err := there.read(here.write(t, exported)); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"latest", "demo"} {
		if run, err := there.db.RunByRef(t.Context(), ref); err != nil || run.ID != own {
			t.Errorf("%s means %v, %v", ref, run, err)
		}
	}
}

// Damage is found wherever it is, and nothing comes of it.
func TestDamage(t *testing.T) {
	here, there := newPlace(t), newPlace(t)
	_, run := here.fill(t)
	data := here.write(t, run)
	empty := there.count(t)
	for n := 0; n < len(data); n += 61 {
		if _, err := there.read(data[:n]); err == nil {
			t.Errorf("%d of %d bytes were imported", n, len(data))
		}
	}
	for at := 0; at < len(data); at += 17 {
		flipped := bytes.Clone(data)
		flipped[at] ^= 1 << (at % 8)
		if _, err := there.read(flipped); err == nil {
			t.Errorf("byte %d flipped: it was imported", at)
		}
	}
	for _, extra := range []int{1, 512, 10240} {
		if _, err := there.read(append(bytes.Clone(data), make([]byte, extra)...)); err == nil {
			t.Errorf("%d bytes more: it was imported", extra)
		}
	}
	if diff := cmp.Diff(empty, there.count(t)); diff != "" {
		t.Errorf("rows were left behind:\n%s", diff)
	}
	for info, err := range there.store.All() {
		t.Errorf("an object was left behind: %v, %v", info, err)
	}
}

// What is missing from the store cannot be exported, with a hint.
func TestExportOfWhatIsGone(t *testing.T) {
	here := newPlace(t)
	_, run := here.fill(t)
	id := artifacts.Sum([]byte("the model")).String()
	if err := os.Remove(filepath.Join(here.dir, "objects", id[:2], id[2:])); err != nil {
		t.Fatal(err)
	}
	_, err := Write(t.Context(), io.Discard, here.store, here.db, run)
	if err == nil || !strings.Contains(err.Error(), "cannot be exported whole") {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	p := newPlace(f)
	first, second := p.fill(f)
	for _, run := range []string{first, second} {
		data := p.write(f, run)
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Read(context.Background(), bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		// There is one form of a bundle: what is accepted can be written again.
		text, err := b.Manifest.encode()
		if err != nil || !bytes.Equal(text, data[block:block+len(text)]) {
			t.Errorf("the manifest has another form, %v", err)
		}
	})
}
