// Package pipelines_test runs the example pipelines and checks their data
// against what data/README.md says.
package pipelines_test

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/stages"
	"pipe/stages/exec"
)

// brief are parameters by which an example takes less time here than for people. With -short
// these examples are planned only.
var brief = map[string]map[string]string{
	"adult.yaml":      {"seeds": "[5]"},
	"co2.yaml":        {"seeds": "1"},
	"default.yaml":    {"seeds": "[1]"},
	"departures.yaml": {"seeds": "1"},
	"diamonds.yaml":   {"seeds": "[3]"},
	"fashion.yaml":    {"epochs": "2", "accuracy": "0.8"},
	"flights.yaml":    {"seeds": "[11]"},
	"weather.yaml":    {"seeds": "1"},
}

// large are examples that are planned here, and run by .ci/run alone: 15 networks that read 36,000 comments.
var large = map[string]bool{"sentiment.yaml": true}

// Every example meets its own gate with the seed in its file.
func TestExamplesMeetTheirGates(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	reg := stages.All(func(string) (string, bool) { return "", false }, exec.NewSupervisor(), nil)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			plan, err := pipeline.Load(file, reg, pipeline.Options{Set: brief[file]})
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Warnings) > 0 {
				t.Error(plan.Warnings)
			}
			if plan.Schedule == nil || plan.Description == "" {
				t.Error("an example has a schedule and a description")
			}
			if large[file] || testing.Short() && brief[file] != nil {
				t.Skip("planned, not run")
			}
			dir := t.TempDir()
			store, err := artifacts.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			db, err := lineage.Open(filepath.Join(dir, "lineage.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			r := &runner.Runner{Store: store, DB: db, Capacity: pipeline.Resources{CPU: runtime.NumCPU()}}
			result, err := r.Run(t.Context(), plan, runner.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range result.Stages {
				var unmet *pipeline.RequirementError
				if errors.As(s.Err, &unmet) {
					t.Errorf("%s: %v", s.Stage, unmet.Failed)
				} else if s.Err != nil {
					t.Errorf("%s: %v", s.Stage, s.Err)
				}
			}
			if result.Status != lineage.Succeeded {
				t.Errorf("the run is %s", result.Status)
			}
			warnings, err := db.Query(t.Context(), "SELECT message FROM warnings", 0)
			if err != nil || len(warnings.Rows) > 0 {
				t.Errorf("an example warns of nothing: %v, %v", warnings, err)
			}
		})
	}
}

// readData gives the rows of a file, each by its columns.
func readData(t *testing.T, name string) (header []string, rows []map[string]string) {
	t.Helper()
	f, err := os.Open(filepath.Join("data", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var text io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if text, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := csv.NewReader(text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[lines[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return lines[0], rows
}

// hasSum checks what a README says of the bytes of a file.
func hasSum(t *testing.T, readme, file string) {
	t.Helper()
	id, _, err := artifacts.HashFile(t.Context(), filepath.Join("data", file))
	if err != nil {
		t.Fatal(err)
	}
	if want := id.String() + "  " + file; !strings.Contains(readme, want) {
		t.Errorf("data/README.md does not say %q", want)
	}
}

// The sample of Fashion-MNIST has as many pictures of each class.
func TestPicturesAreAsDescribed(t *testing.T) {
	readme, err := os.ReadFile("data/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for part, each := range map[string]int{"fashion/train": 500, "fashion/t10k": 100} {
		hasSum(t, string(readme), part+"-images-idx3-ubyte.gz")
		hasSum(t, string(readme), part+"-labels-idx1-ubyte.gz")
		pictures, labels := readIDX(t, part+"-images-idx3-ubyte.gz"), readIDX(t, part+"-labels-idx1-ubyte.gz")
		if len(pictures) != 28*28*len(labels) {
			t.Errorf("%s has %d labels and %d levels", part, len(labels), len(pictures))
		}
		var count [256]int
		for _, class := range labels {
			count[class]++
		}
		for class, n := range count {
			if class < 10 && n != each || class >= 10 && n > 0 {
				t.Errorf("%s has %d pictures of class %d", part, n, class)
			}
		}
	}
}

// readIDX gives the bytes of an IDX file of the data, without its header.
func readIDX(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("data", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil || len(all) < 4 {
		t.Fatalf("%s: %d bytes, %v", name, len(all), err)
	}
	return all[4+4*int(all[3]):]
}

func TestDataIsAsDescribed(t *testing.T) {
	readme, err := os.ReadFile("data/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"penguins.csv", "cars.csv", "digits.csv", "co2.csv", "diamonds.csv.gz", "adult.csv.gz", "default.csv.gz", "flights.csv.gz", "planes.csv.gz", "weather.csv.gz", "departures.csv.gz", "goemotions3.csv.gz", "sine.csv"} {
		hasSum(t, string(readme), file)
		header, rows := readData(t, file)
		summary := fmt.Sprintf("| `%s`", file)
		if i := strings.Index(string(readme), summary); i < 0 || !strings.Contains(string(readme)[i:i+40], fmt.Sprintf(" %d |", len(rows))) {
			t.Errorf("data/README.md does not say that %s has %d rows", file, len(rows))
		}
		if file == "sine.csv" || file == "digits.csv" {
			continue // their columns are in the text
		}
		_, section, _ := strings.Cut(string(readme), "## "+file)
		section, _, _ = strings.Cut(section, "\n## ")
		for _, column := range header {
			missing := 0
			for _, row := range rows {
				if row[column] == "NA" || row[column] == "" {
					missing++
				}
			}
			_, line, _ := strings.Cut(section, "| `"+column+"`")
			line, _, _ = strings.Cut(line, "\n")
			cells := strings.Split(line, "|")
			if len(cells) < 4 || strings.TrimSpace(cells[2]) != strconv.Itoa(missing) {
				t.Errorf("%s: data/README.md does not say that %q lacks %d values", file, column, missing)
			}
		}
	}
}

func TestSineFollowsItsFormula(t *testing.T) {
	_, rows := readData(t, "sine.csv")
	for i, row := range rows {
		x, errX := strconv.ParseFloat(row["x"], 64)
		y, errY := strconv.ParseFloat(row["y"], 64)
		if errX != nil || errY != nil {
			t.Fatal(errX, errY)
		}
		part := "outside"
		if math.Abs(x) <= 2*math.Pi {
			part = "inside"
		}
		wantX := -4*math.Pi + 8*math.Pi*float64(i)/599
		if math.Abs(x-wantX) > 1e-14 || math.Abs(y-math.Sin(x)) > 1e-15 || row["range"] != part {
			t.Fatalf("row %d is %v", i+1, row)
		}
	}
}
