package forecast

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/metric"
	"pipe/data/table"
	"pipe/pipeline"
)

// write makes the outputs.
func (r *run) write(ctx context.Context) error {
	w, err := r.env.Create(modelPort)
	if err != nil {
		return err
	}
	if _, err := r.model.WriteTo(w); err != nil {
		return err
	}
	if w, err = r.env.Create(forecastsPort); err != nil {
		return err
	}
	if err := r.writeForecasts(ctx, w); err != nil {
		return fmt.Errorf("forecasts: %w", err)
	}
	if w, err = r.env.Create(metricsPort); err != nil {
		return err
	}
	if err := r.writeJSON(w); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	if w, err = r.env.Create(reportPort); err != nil {
		return err
	}
	if err := r.page().WriteHTML(w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, column := range append([]string{r.Target, r.Time}, r.By...) {
		r.env.Column(pipeline.ColumnRef{Port: forecastsPort, Column: forecastColumn(r.Stage, column)}, pipeline.ColumnRef{Port: tablePort, Column: column})
	}
	return nil
}

// The columns of the forecasts beside those of the series and the intervals.
const (
	methodColumn    = "method"
	originColumn    = "origin"
	timeColumn      = "time"
	stepColumn      = "step"
	actualColumn    = "actual"
	predictedColumn = "predicted"
	residualColumn  = "residual"
)

// forecastColumn is what becomes of a column of the table.
func forecastColumn(s *Stage, name string) string {
	switch name {
	case s.Target:
		return actualColumn
	case s.Time:
		return timeColumn
	}
	return name
}

// fieldsOf are the columns of forecasts of series, with actual values or without.
func fieldsOf(by []string, clock arrow.DataType, actual bool, levels []float64) (list []arrow.Field) {
	number := arrow.PrimitiveTypes.Float64
	for _, b := range by {
		list = append(list, arrow.Field{Name: b, Type: arrow.BinaryTypes.String})
	}
	list = append(list, arrow.Field{Name: originColumn, Type: clock}, arrow.Field{Name: timeColumn, Type: clock}, arrow.Field{Name: stepColumn, Type: arrow.PrimitiveTypes.Int64})
	if actual {
		list = append(list, arrow.Field{Name: actualColumn, Type: number, Nullable: true})
	}
	list = append(list, arrow.Field{Name: predictedColumn, Type: number})
	if actual {
		list = append(list, arrow.Field{Name: residualColumn, Type: number, Nullable: true})
	}
	for _, level := range levels {
		list = append(list, arrow.Field{Name: "lower" + suffix(level), Type: number, Nullable: true}, arrow.Field{Name: "upper" + suffix(level), Type: number, Nullable: true})
	}
	return list
}

// outputFields are those of the forecasts of the test.
func outputFields(by []string, clock arrow.DataType, levels []float64) []arrow.Field {
	return append([]arrow.Field{{Name: methodColumn, Type: arrow.BinaryTypes.String}}, fieldsOf(by, clock, true, levels)...)
}

// writeForecasts writes the forecasts of the test, method by method and series by series.
func (r *run) writeForecasts(ctx context.Context, w io.Writer) error {
	fields := outputFields(r.By, r.clock.Field(), r.Intervals)
	schema := arrow.NewSchema(fields, nil)
	out, err := table.NewWriter(w, schema)
	if err != nil {
		return err
	}
	defer out.Discard()
	for _, m := range r.methods {
		for i := range m.of {
			if m.of[i].Points == nil {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			rec, err := table.NewRecord(schema, r.columns(m, i)...)
			if err != nil {
				return err
			}
			err = out.Write(rec)
			rec.Release()
			if err != nil {
				return err
			}
		}
	}
	return out.Close()
}

// columns are the forecasts of a series.
func (r *run) columns(m *method, i int) (list []arrow.Array) {
	s, o := &r.subjects[i], &r.origins[i]
	p := r.pairs(m, i, -1)
	n := len(p.actual)
	same := func(text string) arrow.Array {
		values := make([]string, n)
		for j := range values {
			values[j] = text
		}
		return table.NewArray(values, nil)
	}
	list = append(list, same(m.name))
	for _, v := range s.Key {
		list = append(list, same(v))
	}
	var origins, times, steps []int64
	for _, at := range o.test {
		for h := range r.Horizon {
			origins, times, steps = append(origins, s.First+int64(at)-1), append(times, s.First+int64(at+h)), append(steps, int64(h+1))
		}
	}
	residuals := make([]float64, n)
	for j := range residuals {
		residuals[j] = p.actual[j] - p.points[j]
	}
	list = append(list, r.clock.Column(origins), r.clock.Column(times), table.NewArray(steps, nil), numbers(p.actual), numbers(p.points), numbers(residuals))
	for l := range r.Intervals {
		list = append(list, numbers(p.lower[l]), numbers(p.upper[l]))
	}
	return list
}

// numbers is a column in which NaN is missing.
func numbers(values []float64) arrow.Array {
	valid := make([]bool, len(values))
	for i, v := range values {
		valid[i] = !math.IsNaN(v)
	}
	return table.NewArray(values, valid)
}

// document is the metrics artifact, in the form that evaluate has for its own. Its fields are a public interface.
type document struct {
	Format  string             `json:"format"`  // "pipe.metrics"
	Version int                `json:"version"` // raised when a field changes its meaning
	Title   string             `json:"title,omitempty"`
	Task    string             `json:"task"` // "forecast"
	Target  string             `json:"target"`
	Model   string             `json:"model"` // the method
	Season  int                `json:"season"`
	Horizon int                `json:"horizon"`
	Series  int                `json:"series"`
	Origins int                `json:"origins"` // of all series
	Metrics map[string]float64 `json:"metrics"`
	// Datasets is the test, as evaluate has it for compare.
	Datasets []datasetDocument `json:"datasets"`
	Methods  []methodDocument  `json:"methods"` // the model first
	// Losses are the mean errors at each origin of the test in time, in scales where there are such: what is paired.
	Losses       []*float64            `json:"losses"`
	First        string                `json:"first_origin"`
	Every        int                   `json:"every"`
	Notes        []string              `json:"notes,omitempty"`
	Requirements []requirementDocument `json:"requirements,omitempty"`
}

type datasetDocument struct {
	Name     string           `json:"name"`
	Rows     int              `json:"rows"`
	Compared int              `json:"compared"`
	Metrics  []metricDocument `json:"metrics"`
}

type metricDocument struct {
	Name      string   `json:"name"`
	Value     *float64 `json:"value"` // null: undefined
	Undefined string   `json:"undefined,omitempty"`
	Lower     bool     `json:"lower_is_better,omitempty"`
}

type methodDocument struct {
	Method  string           `json:"method"`
	Metrics []metricDocument `json:"metrics"`
	// Steps are the metrics by step ahead.
	Steps []map[string]float64 `json:"steps"`
	// Behind is by how much the model is better, in the mean error at an origin.
	Behind *differenceDocument `json:"behind,omitempty"`
}

type differenceDocument struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Level float64 `json:"level"`
	Block int     `json:"block"` // origins that are drawn together
}

type requirementDocument struct {
	Metric    string   `json:"metric"`
	Condition string   `json:"condition"`
	Value     *float64 `json:"value"`
	Met       bool     `json:"met"`
}

func orNull(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func (r *run) metricDocuments(values []value) (list []metricDocument) {
	for j, v := range values {
		d := metricDocument{Name: r.measures[j].name, Undefined: v.undefined, Lower: r.measures[j].goal == metric.Down}
		if v.undefined == "" {
			d.Value = &v.value
		}
		list = append(list, d)
	}
	return list
}

// writeJSON writes the document, byte for byte the same for equal results.
func (r *run) writeJSON(w io.Writer) error {
	d := document{Format: "pipe.metrics", Version: 1, Title: r.Title, Task: "forecast", Target: r.Target, Model: r.model.Method, Season: r.Season, Horizon: r.Horizon,
		Metrics: map[string]float64{}, Notes: r.notes, First: r.clock.Text(r.test - 1), Every: r.Test.Every}
	for i, o := range r.origins {
		if r.methods[0].of[i].Points != nil {
			d.Series++
			d.Origins += len(o.test)
		}
	}
	data := datasetDocument{Name: "test", Rows: d.Origins * r.Horizon, Metrics: r.metricDocuments(r.methods[0].total)}
	for i := range r.methods[0].of {
		if r.methods[0].of[i].Points != nil {
			for _, v := range r.pairs(r.methods[0], i, -1).actual {
				if v == v {
					data.Compared++
				}
			}
		}
	}
	d.Datasets = []datasetDocument{data}
	for i, m := range r.methods {
		doc := methodDocument{Method: m.name, Metrics: r.metricDocuments(m.total)}
		for j, v := range m.total {
			name := r.measures[j].name
			if i > 0 {
				name = m.name + "." + name
			}
			if v.undefined == "" {
				d.Metrics[name] = v.value
			}
		}
		for _, values := range m.steps {
			step := map[string]float64{}
			for j, v := range values {
				if v.undefined == "" {
					step[r.measures[j].name] = v.value
				}
			}
			doc.Steps = append(doc.Steps, step)
		}
		if i > 0 {
			if p := r.against[i-1]; p.err == nil {
				doc.Behind = &differenceDocument{p.interval.Mean, p.interval.Low, p.interval.High, confidence, p.interval.Block}
			}
		}
		d.Methods = append(d.Methods, doc)
	}
	for _, v := range r.methods[0].origins {
		d.Losses = append(d.Losses, orNull(v))
	}
	for _, v := range r.verdicts {
		one := requirementDocument{Metric: v.key, Condition: v.condition.String(), Met: v.met}
		if v.undefined == "" {
			one.Value = &v.value
		}
		d.Requirements = append(d.Requirements, one)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}
