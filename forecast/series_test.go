package forecast_test

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pipe/forecast"
)

// A problem is a series of the examples with its origins: every so many steps of those at its end.
type problem struct {
	name                      string
	values                    []float64
	season, steps, test, each int
	lags                      int
}

func (p problem) trained() int { return len(p.values) - p.test }

func (p problem) origins() (o []int) {
	for at := p.trained(); at+p.steps <= len(p.values); at += p.each {
		o = append(o, at)
	}
	return o
}

func (p problem) fit(t testing.TB, m forecast.Method) *forecast.Model {
	t.Helper()
	m.Season, m.Steps = p.season, p.steps
	model, err := forecast.Fit(m, forecast.Series{Values: p.values[:p.trained()]})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func (p problem) roll(t testing.TB, m *forecast.Model) [][]float64 {
	t.Helper()
	rows, err := m.Roll(forecast.Series{Values: p.values}, p.origins(), p.steps)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// actual has the values that each origin's forecasts are of.
func (p problem) actual() (rows [][]float64) {
	for _, o := range p.origins() {
		rows = append(rows, p.values[o:o+p.steps])
	}
	return rows
}

// co2 is carbon dioxide by month: the means of weeks, and where a month has none a line between its neighbours.
func co2(t testing.TB) problem {
	sum, n := map[int]float64{}, map[int]float64{}
	first, last := math.MaxInt, 0
	for _, row := range read(t, "co2.csv") {
		year, _ := strconv.Atoi(row[0][:4])
		month, _ := strconv.Atoi(row[0][4:6])
		at := 12*year + month
		first, last = min(first, at), max(last, at)
		if x, err := strconv.ParseFloat(row[1], 64); err == nil {
			sum[at] += x
			n[at]++
		}
	}
	var values []float64
	for at := first; at <= last; at++ {
		values = append(values, sum[at]/n[at])
	}
	return problem{"co2", between(values), 12, 12, 120, 1, 36}
}

// jfk is the temperature at an airport by hour.
func jfk(t testing.TB) problem {
	at := map[int]float64{}
	last := 0
	start := time.Date(2013, 1, 1, 6, 0, 0, 0, time.UTC)
	for _, row := range read(t, "weather.csv.gz") {
		hour, err := time.Parse(time.RFC3339, row[1])
		if row[0] != "JFK" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if x, err := strconv.ParseFloat(row[2], 64); err == nil {
			i := int(hour.Sub(start) / time.Hour)
			at[i], last = x, max(last, i)
		}
	}
	values := make([]float64, last+1)
	for i := range values {
		values[i] = math.NaN()
		if x, ok := at[i]; ok {
			values[i] = x
		}
	}
	return problem{"jfk", between(values), 24, 24, 24 * 70, 24, 168}
}

// between draws a line between known values.
func between(values []float64) []float64 {
	last := -1
	for i, x := range values {
		if math.IsNaN(x) {
			continue
		}
		for j := last + 1; j < i; j++ {
			values[j] = values[last] + (x-values[last])*float64(j-last)/float64(i-last)
		}
		last = i
	}
	return values
}

func read(t testing.TB, name string) [][]string {
	t.Helper()
	f, err := os.Open("../pipelines/data/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// departures is how many planes leave New York by hour.
func departures(t testing.TB) problem {
	var values []float64
	for _, row := range read(t, "departures.csv.gz") {
		x, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, x)
	}
	return problem{"departures", values, 168, 24, 24 * 70, 24, 336}
}

// A column that begins late is as its mean before that, whatever its level is.
func TestColumnsThatBeginLate(t *testing.T) {
	at := func(level float64) []float64 {
		s := forecast.Series{Past: make([][]float64, 1), Known: make([][]float64, 1)}
		for i := range 220 {
			x := math.Sin(float64(i * i))
			if i < 200 {
				s.Values = append(s.Values, 5*x+float64(i%7))
			}
			late := level + x
			if i < 60 {
				late = math.NaN()
			}
			if i < 200 {
				s.Past[0] = append(s.Past[0], late)
			}
			s.Known[0] = append(s.Known[0], late)
		}
		m, err := forecast.Fit(forecast.Method{Name: forecast.RidgeName, Season: 7, Steps: 3}, s)
		if err != nil {
			t.Fatal(err)
		}
		out, err := m.Roll(s, []int{50, 70, 200}, 3)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Concat(out...)
	}
	low, high := at(0), at(1<<20)
	for i := range low {
		if math.Abs(low[i]-high[i]) > 1e-6 {
			t.Errorf("forecasts %v, and %v if the columns are higher", low, high)
			break
		}
	}
}
