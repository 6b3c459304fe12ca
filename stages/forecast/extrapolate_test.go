package forecast

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
)

// A series that no model was made of is forecast by a network, with intervals that are as wide, in its scale, as
// those of the others together: in the units of a series that is a hundred times another one, a hundred times as wide.
func TestNewSeries(t *testing.T) {
	known := func(_, i int, v float64) any {
		if i >= 156 {
			return nil
		}
		return v
	}
	quantiles := strings.Replace(small, "0.05, 0.5, 0.95", "0.1, 0.5, 0.9", 1)
	for m, model := range []string{strings.Replace(small, ", quantiles: [0.05, 0.5, 0.95]", "", 1), quantiles} {
		fitted := made(t, common+model, hours(t, 2, 160, known)).Outputs["model"]
		var third []float64
		more := hours(t, 4, 160, func(s, i int, v float64) any {
			switch s {
			case 2:
				third = append(third, v)
			case 3: // the one before, in another unit
				v = 64 * third[i]
			}
			return known(s, i, v)
		})
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: NextKind(), Inputs: map[string][]byte{"table": more, "model": fitted}})
		rec := tabletest.Rows(t, r.Outputs["forecasts"])
		if rec.NumRows() != 16 {
			t.Fatalf("%d rows", rec.NumRows())
		}
		column := func(name string) []float64 {
			at, err := table.Column(rec.Schema(), name)
			if err != nil {
				t.Fatal(err)
			}
			list, _, err := table.FloatsOrNaN(rec.Column(at), nil)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		for _, level := range []int{80, 90} {
			lower, upper := column(fmt.Sprint("lower_", level)), column(fmt.Sprint("upper_", level))
			for i := range lower {
				if w := upper[i] - lower[i]; !(w > 0) {
					t.Errorf("%s: row %d: an interval from %v to %v", model, i, lower[i], upper[i])
				} else if m == 0 && i >= 12 && math.Abs(w/(upper[i-4]-lower[i-4])-64) > 1e-9 {
					t.Errorf("row %d: an interval of %v, and of %v where all is a 64th", i, w, upper[i-4]-lower[i-4])
				}
			}
		}
		for i, v := range column("predicted") {
			if math.IsNaN(v) {
				t.Errorf("row %d has no forecast", i)
			}
		}
		if !strings.Contains(r.Log, "made of those of all others") {
			t.Error("nobody says so:", r.Log)
		}
	}
}
