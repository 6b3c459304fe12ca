package metric_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"pipe/data/metric"
)

// An oracle is a sample with what scikit-learn says about it; see
// testdata/oracle.py.
type oracle struct {
	Name      string
	Classes   int
	Actual    []float64
	Prob      [][]float64
	Predicted []float64
	Count     []int32
	Expect    map[string]*float64
}

func oracles(t *testing.T) []oracle {
	t.Helper()
	text, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []oracle
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func (o oracle) sample(t *testing.T) metric.Sample {
	t.Helper()
	if o.Prob == nil {
		v, err := metric.NewValues(o.Actual, o.Predicted)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	actual := make([]int32, len(o.Actual))
	for i, a := range o.Actual {
		actual[i] = int32(a)
	}
	c, err := metric.NewClasses(classNames(o.Classes), actual, slices.Concat(o.Prob...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func classNames(k int) []string {
	names := make([]string, k)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// close to 1e-12, relative to numbers beyond 1.
func near(a, b float64) bool {
	return math.Abs(a-b) <= 1e-12*max(1, math.Abs(a), math.Abs(b))
}

func TestOracle(t *testing.T) {
	for _, o := range oracles(t) {
		t.Run(o.Name, func(t *testing.T) {
			s := o.sample(t)
			names := make([]string, 0, len(o.Expect))
			for name := range o.Expect {
				names = append(names, name)
			}
			slices.Sort(names)
			for i, v := range s.Measure(metric.All().Named(names...), o.Count) {
				want := o.Expect[names[i]]
				switch {
				case want == nil && v.Undefined == "":
					t.Errorf("%s = %v, want it undefined", v.Name, v.Value)
				case want != nil && v.Undefined != "":
					t.Errorf("%s is undefined (%s), want %v", v.Name, v.Undefined, *want)
				case want != nil && !near(v.Value, *want):
					t.Errorf("%s = %v, want %v", v.Name, v.Value, *want)
				}
			}
		})
	}
}

func TestDocumentedVectors(t *testing.T) {
	ranking, err := metric.NewClasses([]string{"no", "yes"}, []int32{0, 0, 1, 1}, []float64{.1, .4, .35, .8})
	if err != nil {
		t.Fatal(err)
	}
	brier, err := metric.NewClasses([]string{"no", "yes"}, []int32{0, 1, 1, 0}, []float64{.1, .9, .8, .3})
	if err != nil {
		t.Fatal(err)
	}
	logLoss, err := metric.NewClasses([]string{"ham", "spam"}, []int32{1, 0, 0, 1}, []float64{.1, .9, .9, .1, .8, .2, .35, .65})
	if err != nil {
		t.Fatal(err)
	}
	values, err := metric.NewValues([]float64{3, -.5, 2, 7}, []float64{2.5, 0, 2, 8})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sample metric.Sample
		name   string
		want   float64
	}{
		{ranking, "roc_auc", .75},
		{ranking, "average_precision", .83333},
		{logLoss, "log_loss", .21616187},
		{brier, "brier", .0375},
		{values, "mae", .5},
		{values, "mse", .375},
		{values, "rmse", .61237},
		{values, "mape", .3273810},
		{values, "r2", .9486081},
	} {
		if v := c.sample.Measure(metric.All().Named(c.name), nil)[0]; v.Undefined != "" || math.Abs(v.Value-c.want) > 5e-6 {
			t.Errorf("%s = %v %s, want %v", c.name, v.Value, v.Undefined, c.want)
		}
	}
}

func TestWilson(t *testing.T) {
	for _, c := range []struct {
		p         float64
		n         int
		low, high float64
	}{
		{.8833, 10_000, .8769, .8894},
		{871. / 899, 899, .9554, .9784},
		{0, 10, 0, .2775},
		{1, 10, .7225, 1},
	} {
		got := metric.Score(c.p, float64(c.n))
		if math.Abs(got.Low-c.low) > 1e-4 || math.Abs(got.High-c.high) > 1e-4 {
			t.Errorf("Score(%v, %d) = [%v, %v], want [%v, %v]", c.p, c.n, got.Low, got.High, c.low, c.high)
		}
	}
}
