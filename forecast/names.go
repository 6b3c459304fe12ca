package forecast

import "strings"

// LowerIsBetter says which values of a measure of forecasts are the better ones, by the name that it has in metrics:
// mase, rmsse, and, of the intervals of a level in percent, coverage_90, width_90 and pinball_90. ok is false for
// other names.
func LowerIsBetter(name string) (lower, ok bool) {
	if name == "mase" || name == "rmsse" {
		return true, true
	}
	of, level, cut := strings.Cut(name, "_")
	if !cut || level == "" || strings.Trim(level, "0123456789_") != "" {
		return false, false
	}
	return of != "coverage", of == "coverage" || of == "width" || of == "pinball"
}
