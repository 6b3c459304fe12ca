// Package forecast is the stage that forecasts series from rolling origins, and judges that.
package forecast

import (
	"pipe/nn"
	"pipe/pipeline"
)

// The ports of a forecast stage.
const (
	tablePort     = "table"
	modelPort     = "model"
	forecastsPort = "forecasts"
	metricsPort   = "metrics"
	reportPort    = "report"
)

// Kind describes the stage kind.
func Kind() pipeline.Kind {
	return pipeline.Kind{
		Name:    "forecast",
		Version: 5, // 4 had no intervals beside a test of few steps, 3 ones of 0.8 that were wider than those of 0.9
		Doc: `Forecasts series from rolling origins: a network or a classical method, beside the methods that it has to beat.

The table has a row for each step of ` + "`time`" + `, in any order; with ` + "`by`" + ` rows of equal values are a series of their own. The last
steps are the test: from each of its origins, every so many steps, the next ` + "`horizon`" + ` steps are forecast by what was known there,
and held against what came. Training is all before the test. A method is fitted once, and then follows the values up to each
origin (level, trend, season, lags), without being fitted again. Values after an origin change no forecast from it.

- ` + "`naive`, `seasonal_naive` and `drift`" + ` are what costs nothing. ` + "`ets`" + ` is exponential smoothing, ` + "`theta`" + ` the method that won the M3
  competition, ` + "`ridge`" + ` a linear regression on lags for each step ahead. All of them are fitted to each series by itself.
- ` + "`network`" + ` is one for all series. It is given the window of the last ` + "`lookback`" + ` steps (target, past, known, calendar), and, of the
  steps ahead, what is known of them; it gives all steps at once. In each window the target is taken less its last value and divided by a
  scale, so that a trend leads to no numbers that training has not seen. ` + "`base: ridge`" + ` learns what ridge leaves, and
  ` + "`base: seasonal_naive`" + ` what changes from period to period: on few data that is what gets a network below them.
  A network that stops early is trained twice: before the validation part, to find the best epoch, then with as many epochs on all steps before the test.

Intervals are conformal: half their width is a quantile of the absolute errors of earlier origins at the same step ahead, a moving window of those whose outcome
was known at the origin, which adapts to what was missed (Gibbs and Candès 2021). Errors before the test are those on the ` + "`validation`" + `
part, of a fit that has not seen it. A network with ` + "`quantiles`" + ` gives the shape, and the errors its size.

Metrics are means over all origins and steps, and then over series: ` + "`mase`" + ` (the mean absolute error divided by that of the seasonal naive
forecast of one step in the training part), ` + "`rmsse`, `mae`, `rmse`, `smape`" + ` (0 to 200), and for an interval of 0.9 ` + "`coverage_90`, `coverage_90_worst`" + `
(that of the step ahead with the least), ` + "`width_90`" + ` and ` + "`pinball_90`" + `, the mean pinball loss of its two ends. A name that begins with a baseline is of that: ` + "`ridge.mase`" + `. A series that is constant in training has no scale:
its mase is not defined, and it is told. Missing values count nowhere: what sees them is given the value before.

The report says whether the model is better than the simplest method, with the 95% interval of the difference over origins (circular block
bootstrap, blocks as long as forecasts overlap). ` + "`matrix`" + ` makes several models and seeds, and ` + "`compare`" + ` stands them side by side.
A stage of kind ` + "[`extrapolate`](#extrapolate), or `pipe forecast --model`" + `, gives the steps behind the end of the table, or of a newer one.`,
		Example: `
outlook:
  uses: forecast
  inputs: {table: months}
  with:
    time: month
    step: 1mo
    target: co2
    season: 12
    horizon: 12
    test: 120
    model: ridge
    require: {mase: "<= 0.4", coverage_90: ">= 0.85"}
`,
		Inputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows of one series, or of several"}},
		Outputs: []pipeline.Port{
			{Name: modelPort, Type: pipeline.Model, Doc: "what forecasts, as JSON, with the errors that its intervals are made of"},
			{Name: forecastsPort, Type: pipeline.Table, Doc: "a row for each method, series, origin and step ahead, with the actual value and the intervals"},
			{Name: metricsPort, Type: pipeline.Metrics, Doc: "every figure, as JSON"},
			{Name: reportPort, Type: pipeline.Report, Doc: "one HTML page with charts"},
		},
		Seeded: true,
		Engine: nn.Engine,
		New:    func() pipeline.Stage { return new(Stage) },
	}
}
