package compare

import (
	"encoding/json"
	"io"
	"math"
)

// document is the metrics artifact. Its fields are a public interface.
type document struct {
	Format  string   `json:"format"`  // "pipe.comparison"
	Version int      `json:"version"` // raised when a field changes its meaning
	Target  string   `json:"target"`
	By      string   `json:"by"`              // the metric that decides
	Over    []string `json:"over"`            // axes that are averaged over
	Best    string   `json:"best"`            // the variant with the best mean
	Case    string   `json:"best_case"`       // its best case
	Lower   bool     `json:"lower_is_better"` // of the metric that decides

	// Metrics is every recorded value by its name.
	Metrics      map[string]float64    `json:"metrics"`
	Variants     []variantDocument     `json:"variants"` // the best first
	Requirements []requirementDocument `json:"requirements,omitempty"`
	Notes        []string              `json:"notes,omitempty"` // what there is to know before numbers are believed
}

type variantDocument struct {
	Variant map[string]string            `json:"variant"`
	Metrics map[string]statisticDocument `json:"metrics"`
	// Pooled are metrics of the rows of all cases together.
	Pooled map[string]pooledDocument `json:"pooled,omitempty"`
	Rows   int                       `json:"pooled_rows,omitempty"`
	// Behind is by how much the best variant is better in the metric that decides,
	// over the cases that both have.
	Behind *differenceDocument `json:"behind,omitempty"`
	// Origins is by how much the best variant of forecasts errs less at the same origins.
	Origins *originsDocument `json:"behind_by_origin,omitempty"`
	Cases   []caseDocument   `json:"cases"`
}

type statisticDocument struct {
	Cases int      `json:"cases"`
	Mean  float64  `json:"mean"`
	Std   *float64 `json:"std"` // null of one case
	Min   float64  `json:"min"`
	Max   float64  `json:"max"`
}

type pooledDocument struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"` // of the 95% confidence interval, where there is one
	High  *float64 `json:"high,omitempty"`
	// Behind is by how much the best variant is better on the same rows; absent of the
	// best one itself, and where rows are others.
	Behind *pairedDocument `json:"behind,omitempty"`
}

// An originsDocument is a difference with its 95% confidence interval: the circular block bootstrap.
type originsDocument struct {
	pairedDocument
	Block int `json:"block"` // origins that are drawn together
}

// A pairedDocument is a difference with its 95% confidence interval: the paired bootstrap.
type pairedDocument struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

type differenceDocument struct {
	statisticDocument
	Better int `json:"better"` // cases in which the best variant is the better one
}

type caseDocument struct {
	Case    map[string]string  `json:"case"`
	Rows    int                `json:"rows"`
	Metrics map[string]float64 `json:"metrics"`
}

type requirementDocument struct {
	Metric    string  `json:"metric"`
	Condition string  `json:"condition"`
	Value     float64 `json:"value"`
	Met       bool    `json:"met"`
}

func (s statistic) document() statisticDocument {
	d := statisticDocument{Cases: s.n, Mean: s.mean, Min: s.min, Max: s.max}
	if !math.IsNaN(s.std) {
		d.Std = &s.std
	}
	return d
}

// writeJSON writes the document, byte for byte the same for equal results.
func (r *results) writeJSON(w io.Writer) error {
	best := r.best()
	d := document{Format: "pipe.comparison", Version: 1, Target: r.target, By: r.by, Over: r.over, Best: best.of.String(),
		Case: best.best(r.by, r.goal).name.String(), Lower: r.goal == "down", Metrics: map[string]float64{}}
	d.Notes = r.notes
	r.record(func(name string, v float64, _ meaning) { d.Metrics[name] = v })
	for _, v := range r.variants {
		doc := variantDocument{Variant: v.of.Map(), Metrics: map[string]statisticDocument{}}
		for _, m := range r.metrics {
			doc.Metrics[m] = v.stats[m].document()
		}
		if doc.Rows = v.rows; len(v.pooled) > 0 {
			doc.Pooled = map[string]pooledDocument{}
		}
		for m, p := range v.pooled {
			one := pooledDocument{Value: p.value}
			if p.interval != nil {
				one.Low, one.High = &p.interval.Low, &p.interval.High
			}
			if d := v.behind(m); d != nil {
				low, high, _ := d.Gain()
				one.Behind = &pairedDocument{d.Goal.Gain(d.Value, 0), low, high}
			}
			doc.Pooled[m] = one
		}
		if v.against != nil {
			doc.Behind = &differenceDocument{v.against.document(), v.against.better}
		}
		if o := v.origins; o != nil {
			doc.Origins = &originsDocument{pairedDocument{-o.Mean, -o.High, -o.Low}, o.Block}
		}
		for _, c := range v.cases {
			values := map[string]float64{}
			for _, m := range r.metrics {
				values[m] = c.values[m]
			}
			doc.Cases = append(doc.Cases, caseDocument{c.name.Map(), c.rows, values})
		}
		d.Variants = append(d.Variants, doc)
	}
	for _, v := range r.verdicts {
		d.Requirements = append(d.Requirements, requirementDocument{v.key, v.condition.String(), v.value, v.met})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}
