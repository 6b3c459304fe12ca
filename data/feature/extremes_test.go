package feature

import (
	"math"
	"testing"
)

// A number that is there becomes a number or is refused: it does not get lost among the
// missing ones, however large or small the numbers of training are.
func TestNoNumberGetsLost(t *testing.T) {
	const huge, tiny = 1.7e308, 2e-310
	columns := map[string][]any{
		"huge":     {-huge, huge},
		"far":      {-huge, 1.0, huge},
		"tiny":     {0.0, tiny, 2 * tiny},
		"least":    {0.0, math.SmallestNonzeroFloat64, 1.0},
		"ordinary": {0.0, 1.0, 1.0, 3.0},
	}
	met := []float64{-math.MaxFloat64, -huge, -1, -tiny, 0, math.SmallestNonzeroFloat64, tiny / 2, tiny, 1.5 * tiny, 0.3, 1, 1e300, huge / 2, huge, math.MaxFloat64}
	for _, chain := range []string{
		"scale: {method: quantile, n_quantiles: 2}", "scale: quantile", "scale: {method: quantile, output: normal}",
		"scale: power", "scale: {method: power, family: box_cox}", "scale: standard", "scale: min_max", "scale: max_abs", "scale: robust",
		"scale: {method: robust, unit_variance: true}", "bin: {count: 3, output: ordinal}", "bin: {count: 3, by: uniform, output: ordinal}",
		"outliers", "outliers: z_score", "outliers: {rule: quantile, lower: 0, upper: 1}", "clip: {min: 0}", "round: 15", "round: -15",
		"log1p", "log", "log: {base: 2, offset: 1e308}", "sqrt", "pow: 2", "pow: -0.5", "pow: 3",
	} {
		for name, train := range columns {
			spec := Spec{Features: []Column{chained("x", writtenChain(t, chain)...)}}
			tr, err := Fit(t.Context(), spec, tableOf(t, record(t, col{"x", train})), All(), Resources{})
			if err != nil {
				if _, ok := err.(*ValueError); !ok && err.(*SpecError).Fix == "" {
					t.Errorf("%s of %s: %v, without a hint", chain, name, err)
				}
				continue
			}
			s := tr.columns[0].steps[0]
			for _, x := range met {
				v := Values{Numbers: []float64{x}, rows: 1}
				out := Out{rows: 1}
				if s.run(&v, &out); v.Numbers[0] != v.Numbers[0] && len(out.fails) == 0 {
					t.Errorf("%s of %s: %v is missing then, by %+v", chain, name, x, s.Fitted)
				}
			}
		}
	}
}

// Between two quantiles a share is where the number is, in any range.
func TestSharesInAnyRange(t *testing.T) {
	for name, by := range map[string]float64{"huge": math.MaxFloat64, "ordinary": 1, "small": 0x1p-1000, "tiny": 0x1p-1060} {
		f := ranking{Quantiles: []float64{-by, by}}.prepared()
		for at, want := range map[float64]float64{-1: 0, -0.5: 0.25, 0: 0.5, 0.5: 0.75, 1: 1} {
			if got := f.share(at * by); math.Abs(got-want) > 1e-15 {
				t.Errorf("%s: the share of %v is %v, want %v", name, at, got, want)
			}
		}
	}
}
