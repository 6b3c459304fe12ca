package forecast_test

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"pipe/forecast"
)

// references reads the lines of a name in testdata/reference.txt: the words before the numbers, and these.
func references(t *testing.T, name string, words int) map[string][]float64 {
	t.Helper()
	f, err := os.Open("testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string][]float64{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		parts := strings.Fields(lines.Text())
		if parts[0] != name {
			continue
		}
		var numbers []float64
		for _, p := range parts[1+words:] {
			x, err := strconv.ParseFloat(p, 64)
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, x)
		}
		out[strings.Join(parts[1:1+words], " ")] = numbers
	}
	if len(out) == 0 {
		t.Fatalf("there is nothing of %s", name)
	}
	return out
}

// noise and computed are those of testdata/reference.py.
func noise(n int, seed uint32) []float64 {
	out := make([]float64, n)
	for i := range out {
		seed = seed*69069 + 1
		out[i] = float64(seed)/(1<<32) - 0.5
	}
	return out
}

func computed(n, m int, kind string) forecast.Series {
	y := noise(n, uint32(n+m))
	walk, sum := noise(n, uint32(7*n+m)), 0.0
	for i := range y {
		y[i] = 50 + 4*y[i]
		if strings.Contains(kind, "t") {
			y[i] += 0.3 * float64(i)
		}
		if strings.Contains(kind, "s") {
			y[i] += 6 * (float64(i%m)/float64(m) - 0.5)
		}
		if sum += walk[i]; strings.Contains(kind, "w") {
			y[i] += sum
		}
	}
	return forecast.Series{Values: y}
}

func fitted(t *testing.T, s forecast.Series, m forecast.Method) (*forecast.Model, []float64) {
	t.Helper()
	model, err := forecast.Fit(m, s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := model.Forecast(s, 9)
	if err != nil {
		t.Fatal(err)
	}
	return model, got
}

func TestSmoothingAgreesWithStatsmodels(t *testing.T) {
	same := 0
	all := references(t, "ets", 5)
	for name, want := range all {
		var n, m int
		var kind, trend, season string
		fmt.Sscan(name, &n, &m, &kind, &trend, &season)
		model, got := fitted(t, computed(n, m, kind), forecast.Method{Name: "ets", Season: m, ETS: forecast.ETSForm{Trend: trend, Seasonal: season}})
		squares := model.Fitted.(*forecast.ETS).Squares
		switch r := squares/want[0] - 1; {
		case r > 1e-4:
			t.Errorf("%s: the squared errors sum to %v, and %v is possible", name, squares, want[0])
		case r > -1e-6: // the same place was found, and no better one
			same++
			for h := range got {
				if math.Abs(got[h]-want[h+1]) > 0.05 {
					t.Errorf("%s: %d ahead %v, want %v", name, h+1, got[h], want[h+1])
				}
			}
		}
	}
	if same < len(all)*3/4 {
		t.Errorf("%d of %d fits end in the same place", same, len(all))
	}
}

func TestThetaAgreesWithStatsmodels(t *testing.T) {
	for name, want := range references(t, "theta", 4) {
		var n, m int
		var kind, way string
		fmt.Sscan(name, &n, &m, &kind, &way)
		if way == "add" {
			continue // all values are above 0: the season is multiplied
		}
		_, got := fitted(t, computed(n, m, kind), forecast.Method{Name: "theta", Season: m})
		for h := range got {
			if math.Abs(got[h]-want[h]) > 0.002 {
				t.Errorf("%s: %d ahead %v, want %v", name, h+1, got[h], want[h])
			}
		}
	}
}

func TestRidgeAgreesWithScikitLearn(t *testing.T) {
	for name, want := range references(t, "ridge", 4) {
		var n, m int
		var kind string
		fmt.Sscan(name, &n, &m, &kind)
		_, got := fitted(t, computed(n, m, kind), forecast.Method{Name: "ridge", Steps: 9, Ridge: forecast.RidgeForm{Lags: 24, Penalty: 2}})
		for h := range got {
			if math.Abs(got[h]-want[h]) > 1e-9*math.Abs(want[h]) {
				t.Errorf("%s: %d ahead %v, want %v", name, h+1, got[h], want[h])
			}
		}
	}
}
