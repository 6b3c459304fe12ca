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

// Every example meets its own gate with the seed in its file.
func TestExamplesMeetTheirGates(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	reg := stages.All(func(string) (string, bool) { return "", false }, exec.NewSupervisor(), nil)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			plan, err := pipeline.Load(file, reg, pipeline.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Warnings) > 0 {
				t.Error(plan.Warnings)
			}
			if plan.Schedule == nil || plan.Description == "" {
				t.Error("an example has a schedule and a description")
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

func TestDataIsAsDescribed(t *testing.T) {
	readme, err := os.ReadFile("data/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"penguins.csv", "cars.csv", "digits.csv", "co2.csv", "diamonds.csv.gz", "flights.csv.gz", "planes.csv.gz", "weather.csv.gz", "comments.csv.gz", "sine.csv"} {
		id, _, err := artifacts.HashFile(t.Context(), filepath.Join("data", file))
		if err != nil {
			t.Fatal(err)
		}
		if want := id.String() + "  " + file; !strings.Contains(string(readme), want) {
			t.Errorf("data/README.md does not say %q", want)
		}
		header, rows := readData(t, file)
		summary := fmt.Sprintf("| `%s`", file)
		if i := strings.Index(string(readme), summary); i < 0 || !strings.Contains(string(readme)[i:i+30], fmt.Sprintf(" %d |", len(rows))) {
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
