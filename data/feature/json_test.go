package feature

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected files")

func written(t testing.TB, tr *Transform) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := tr.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The bytes are the artifact: if they change, so must the version of the
// format or of the stage.
func TestWrittenForm(t *testing.T) {
	const path = "testdata/penguins.json"
	got := written(t, fit(t, penguinSpec(), penguins()...))
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("run go test ./feature -update if this is meant:\n%s", diff)
	}
}

func TestReadGivesTheSameTransform(t *testing.T) {
	tr := fit(t, penguinSpec(), penguins()...)
	again, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tr.Info(), again.Info()); diff != "" {
		t.Error(diff)
	}
	want, err := tr.Apply(record(t, penguins()...), true)
	if err != nil {
		t.Fatal(err)
	}
	got, err := again.Apply(record(t, penguins()...), true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rowsOf(want), rowsOf(got)); diff != "" {
		t.Error(diff)
	}
}

func TestReadRefuses(t *testing.T) {
	good := string(written(t, fit(t, penguinSpec(), penguins()...)))
	tests := []struct{ old, new, err string }{
		{`"version": 1`, fmt.Sprintf(`"version": %d`, formatVersion+1), fmt.Sprintf("version %d cannot be read", formatVersion+1)},
		{`"pipe.transform"`, `"pipe.model"`, `format is "pipe.model"`},
		{`"version": 1`, `"version": 1, "extra": 1`, "unknown field"},
		{`"version": 1`, `"Version": 1`, "not in the form"},
		{"{\n", "{ \n", "not in the form"},
		{`"scaling": "min_max"`, `"scaling": "log"`, "unknown scaling"},
		{`"scale": 12`, `"scale": 0`, "is not positive"},
		{`"scale": 12`, `"scale": -1`, "is not positive"},
		{`"scale": 12`, `"scale": 1e-320`, "is not positive"},
		{`"unseen": "ignore"`, `"unseen": "guess"`, "unknown rule"},
		{`"encoding": "ordinal"`, `"encoding": "hash"`, "unknown encoding"},
		{"\"Biscoe\",\n          \"Dream\"", "\"Dream\",\n          \"Biscoe\"", "out of order"},
		{"\"Adelie\",\n      \"Gentoo\"", "\"Adelie\",\n      \"Adelie\"", "out of order"},
		{`"task": "binary"`, `"task": "multiclass"`, "does not go with 2 classes"},
		{`"column": "bill"`, `"column": "sex"`, "listed twice"},
		{`"column": "bill"`, `"column": "species"`, "is also a feature, or there twice"},
		{`"type": "float64"`, `"type": "string"`, "is no number"},
		{`"drop_first": true`, `"infrequent": [3]`, "not there"},
		{`"drop_first": true`, `"infrequent": [-1]`, "not there"},
	}
	for _, test := range tests {
		bad := strings.Replace(good, test.old, test.new, 1)
		if bad == good {
			t.Errorf("the written form does not contain %s", test.old)
			continue
		}
		_, err := ReadTransform(strings.NewReader(bad), All())
		if err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s for %s: got %v, want an error with %q", test.new, test.old, err, test.err)
		}
	}
	for n := range len(good) {
		if _, err := ReadTransform(strings.NewReader(good[:n]), All()); err == nil {
			t.Errorf("the first %d of %d bytes were taken for a transform", n, len(good))
		}
	}
}

// Whatever can be read can be applied, and is written as it was.
func FuzzReadTransform(f *testing.F) {
	f.Add(written(f, fit(f, penguinSpec(), penguins()...)))
	f.Add(written(f, fit(f, kitchen(), penguins()...)))
	f.Add(written(f, fit(f, Spec{Features: []Column{{Name: "island", Encode: asOneHot(OneHot{MaxCategories: 2, Unseen: UnseenInfrequent})},
		{Name: "sex", Impute: by(MostFrequent), Indicator: true}}}, penguins()...)))
	read, err := told(f, anyReading)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(written(f, read))
	rec := record(f, penguins()...)
	f.Fuzz(func(t *testing.T, data []byte) {
		// Most mutations spoil the form, which would hide what is behind it.
		var doc document
		if json.Unmarshal(data, &doc) == nil {
			if proper, err := encode(doc); err == nil {
				data = proper
			}
		}
		tr, err := ReadTransform(bytes.NewReader(data), All())
		if err != nil {
			return
		}
		if !bytes.Equal(written(t, tr), data) {
			t.Error("written otherwise than it was read")
		}
		for _, withTarget := range []bool{false, true} {
			out, err := tr.Apply(rec, withTarget)
			if err != nil {
				continue
			}
			if got, want := len(vectors(out)[0]), len(tr.Info().Features()); got != want {
				t.Errorf("vectors of %d elements, want %d", got, want)
			}
		}
	})
}
