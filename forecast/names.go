package forecast

import "strings"

// MASEName is what MASE is called in metrics: the figure that forecasts are compared by.
const MASEName = "mase"

// LowerIsBetter says which values of a measure of forecasts are the better ones, by the name that it has in metrics:
// mase, rmsse, and, of the intervals of a level in percent, coverage_90, coverage_90_worst, width_90 and pinball_90. ok is false for
// other names.
func LowerIsBetter(name string) (lower, ok bool) {
	if name == MASEName || name == "rmsse" {
		return true, true
	}
	of, level, cut := strings.Cut(name, "_")
	if of == "coverage" {
		level = strings.TrimSuffix(level, "_worst")
	}
	if !cut || level == "" || strings.Trim(level, "0123456789_") != "" {
		return false, false
	}
	return of != "coverage", of == "coverage" || of == "width" || of == "pinball"
}
