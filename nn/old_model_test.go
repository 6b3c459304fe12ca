package nn

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipe/base/random"
	"pipe/data/tensor"
)

var newModel = flag.String("new-model", "", "add the sample of this name to testdata/models")

// Models that earlier versions of pipe wrote load, and predict what they
// predicted then, to the bit. A file in testdata/models is never changed: when
// the format grows, another one is added.
func TestOldModelsPredictTheSame(t *testing.T) {
	if *newModel != "" {
		b := encode(t, samples()[*newModel].train(t, func(*Config) {}))
		if err := os.WriteFile("testdata/models/"+strings.ReplaceAll(*newModel, " ", "_")+".safetensors", b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/models/*.safetensors")
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	var text strings.Builder
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ReadModel(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if again := encode(t, m); !bytes.Equal(again, b) {
			t.Errorf("%s: written again it has other bytes", file)
		}
		p, err := m.NewPredictor()
		if err != nil {
			t.Fatal(err)
		}
		// Whole numbers from 0 to 9, which are tokens too.
		const rows = 5
		x := make([]float32, rows*m.Spec.Inputs)
		for i := range x {
			x[i] = float32(random.New(1, "old models", 0).IntN(uint64(i), 10))
		}
		y, err := p.Predict([]tensor.Rows{{F32: x}}, rows)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		fmt.Fprintf(&text, "%s\n", filepath.Base(file))
		for i := range rows {
			fmt.Fprintf(&text, "  %v\n", y[i*p.Outputs():(i+1)*p.Outputs()])
		}
	}
	const want = "testdata/models/predictions.txt"
	if *update {
		if err := os.WriteFile(want, []byte(text.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != string(stored) {
		t.Errorf("got\n%swant\n%s", text.String(), stored)
	}
}
