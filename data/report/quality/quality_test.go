package quality_test

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"pipe/data/metric"
	"pipe/data/report"
	"pipe/data/report/quality"
	"pipe/data/task"
)

// classes is a sample of n rows of k classes, some of which are wrong.
func classes(t *testing.T, k, n int) *metric.Classes {
	t.Helper()
	names := make([]string, k)
	for j := range names {
		names[j] = "<class " + strconv.Itoa(j) + ">"
	}
	actual, prob := make([]int32, n), make([]float64, 0, n*k)
	for i := range actual {
		actual[i] = int32(i % k)
		row, total := make([]float64, k), 0.
		for j := range row {
			row[j] = math.Mod(float64(i*k+j)*.618, 1)
			if j == int(actual[i]) {
				row[j] += .5
			}
			total += row[j]
		}
		for _, p := range row {
			prob = append(prob, p/total)
		}
	}
	c, err := metric.NewClasses(names, actual, prob)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The sections of any sample can be written, as HTML and as JSON, from which the
// same HTML comes.
func TestSections(t *testing.T) {
	values, err := metric.NewValues([]float64{1, 2, 3, 4}, []float64{1.5, 2, 2, 7})
	if err != nil {
		t.Fatal(err)
	}
	one, err := metric.NewValues([]float64{1}, []float64{1})
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]*report.Page{
		"values":    {Sections: []report.Section{*quality.ValueErrors(values, "<y>")}},
		"one value": {Sections: []report.Section{*quality.ValueErrors(one, "y")}},
	}
	for name, c := range map[string]*metric.Classes{"two": classes(t, 2, 50), "one class": classes(t, 2, 1), "many": classes(t, 40, 400), "four": classes(t, 4, 100)} {
		kind := c.Task()
		pages[name] = &report.Page{Sections: []report.Section{*quality.ClassErrors(c), *quality.Ranking(c, kind, .5), *quality.Calibration(c, kind)}}
	}
	pages["two as several"] = &report.Page{Sections: []report.Section{*quality.Ranking(classes(t, 2, 20), task.Multiclass, 0)}}
	for name, p := range pages {
		var html, document, again bytes.Buffer
		if err := p.WriteHTML(&html); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := p.WriteJSON(&document); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		read, err := report.Read(document.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := read.WriteHTML(&again); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if html.String() != again.String() {
			t.Errorf("%s: the HTML of what was read differs", name)
		}
		if text := html.String(); strings.Contains(text, "<class") || strings.Contains(text, "<y>") || strings.Contains(text, "NaN") {
			t.Errorf("%s: a name is not escaped, or a number is none", name)
		}
	}
}
