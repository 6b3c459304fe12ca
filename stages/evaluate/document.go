package evaluate

import (
	"encoding/json"
	"io"
	"math"

	"pipe/data/metric"
	"pipe/data/task"
)

// document is the metrics artifact. Its fields are a public interface.
type document struct {
	Format  string    `json:"format"`  // "pipe.metrics"
	Version int       `json:"version"` // raised when a field changes its meaning
	Title   string    `json:"title,omitempty"`
	Task    task.Kind `json:"task"`
	Target  string    `json:"target"` // the column that is predicted
	Classes []string  `json:"classes,omitempty"`
	// Positive is the class of a binary task that precision, recall, f1 and
	// average_precision are about.
	Positive string `json:"positive,omitempty"`
	// Threshold is the probability above which a row is taken for it.
	Threshold float64 `json:"threshold,omitempty"`
	// Weight is the column that says how much rows count.
	Weight string `json:"weight,omitempty"`
	// Blocks is how many neighbours are drawn together for intervals; absent: each row by itself.
	Blocks int `json:"blocks,omitempty"`

	// Metrics is every value by its recorded name: "rmse", "train.rmse".
	Metrics      map[string]float64    `json:"metrics"`
	Headline     headlineDocument      `json:"headline"`
	Datasets     []datasetDocument     `json:"datasets"` // data first
	Slices       []slicingDocument     `json:"slices,omitempty"`
	Fairness     []fairnessDocument    `json:"fairness,omitempty"`
	InTrain      *againDocument        `json:"rows_in_train,omitempty"` // absent: not known
	Against      []differenceDocument  `json:"against,omitempty"`       // another model on the same rows
	Baselines    []simpleModelDocument `json:"baselines,omitempty"`     // simple models on the same rows
	Requirements []requirementDocument `json:"requirements,omitempty"`
}

// A headlineDocument is the metric to look at first.
type headlineDocument struct {
	Name string `json:"name"`
	Why  string `json:"why,omitempty"` // it is that one; absent: the settings say so
}

type datasetDocument struct {
	Name      string           `json:"name"` // the port
	Rows      int              `json:"rows"`
	Compared  int              `json:"compared"` // rows that have a target
	Metrics   []metricDocument `json:"metrics"`
	PerClass  []classDocument  `json:"per_class,omitempty"`
	Confusion [][]int64        `json:"confusion,omitempty"` // actual x predicted
	Targets   []targetDocument `json:"targets,omitempty"`   // of several, each by itself
}

type targetDocument struct {
	Target   string             `json:"target"`
	Classes  []string           `json:"classes,omitempty"`  // of a label, the positive one last
	Positive string             `json:"positive,omitempty"` // class of a label that metrics are about
	Metrics  map[string]float64 `json:"metrics"`            // that are usual for one such target, and defined
}

type metricDocument struct {
	Name      string             `json:"name"`
	Value     *float64           `json:"value"`               // null: undefined
	Undefined string             `json:"undefined,omitempty"` // why
	Lower     bool               `json:"lower_is_better,omitempty"`
	Interval  *intervalDocument  `json:"interval,omitempty"`
	Baselines map[string]float64 `json:"baselines,omitempty"` // what guessing scores
}

type intervalDocument struct {
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Level  float64 `json:"level"`
	Method string  `json:"method"` // wilson or bootstrap
}

type classDocument struct {
	Class     string  `json:"class"`
	Rows      int64   `json:"rows"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`

	ROCAUC           *float64 `json:"roc_auc,omitempty"` // absent: not defined
	AveragePrecision *float64 `json:"average_precision,omitempty"`
}

type slicingDocument struct {
	Column string          `json:"column"`
	Values []sliceDocument `json:"values"`
}

type sliceDocument struct {
	Value    string             `json:"value"`
	Pooled   int                `json:"pooled,omitempty"` // that many values together
	Rows     int                `json:"rows"`
	Metrics  map[string]float64 `json:"metrics"`
	Accuracy *intervalDocument  `json:"accuracy_interval,omitempty"`
}

type requirementDocument struct {
	Metric    string   `json:"metric"`
	Condition string   `json:"condition"`
	Value     *float64 `json:"value"` // null: undefined
	Limit     *float64 `json:"limit"`
	Met       bool     `json:"met"`
}

// writeJSON writes the document, byte for byte the same for equal results.
func (r *results) writeJSON(w io.Writer, title string) error {
	sig := r.model.Signature
	d := document{Format: "pipe.metrics", Version: 1, Title: title, Task: sig.Task, Target: sig.Column, Classes: sig.Classes,
		Metrics: map[string]float64{}}
	if class, ok := r.positive(); ok {
		d.Positive, d.Threshold = class, sig.Cut()
	}
	d.Weight = r.data().weight
	if r.blocks > 1 {
		d.Blocks = r.blocks
	}
	d.Headline = headlineDocument{r.metrics[r.headline.at].Name, r.headline.why}
	for _, n := range r.flat() {
		d.Metrics[n.name] = n.Value.Value
	}
	for i := range r.parts {
		d.Datasets = append(d.Datasets, r.datasetDocument(i))
	}
	for _, s := range r.slices {
		d.Slices = append(d.Slices, s.document())
	}
	d.InTrain = r.again.document()
	for i := range r.fairness {
		d.Fairness = append(d.Fairness, r.fairness[i].document())
	}
	d.Against = differenceDocuments(r.against, r.others)
	d.Baselines = r.simpleDocument()
	for _, v := range r.verdicts {
		doc := requirementDocument{Metric: v.key, Condition: v.String(), Met: v.met}
		if v.undefined == "" {
			doc.Value, doc.Limit = &v.value, &v.limit
		}
		d.Requirements = append(d.Requirements, doc)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

func (r *results) datasetDocument(i int) datasetDocument {
	p, m := r.parts[i], r.measured[i]
	d := datasetDocument{Name: p.port, Rows: p.rows, Compared: p.sample.Rows()}
	for j, v := range m.values {
		doc := metricDocument{Name: v.Name, Undefined: v.Undefined, Lower: v.Goal == metric.Down, Baselines: map[string]float64{}}
		if v.Undefined == "" {
			doc.Value = &v.Value
		}
		if m.intervals != nil {
			doc.Interval = documentOf(m.intervals[j])
		}
		for b, known := range m.baselines {
			if known[j].Undefined == "" {
				doc.Baselines[r.baselines[b].Name] = known[j].Value
			}
		}
		d.Metrics = append(d.Metrics, doc)
	}
	if heads := r.model.Signature.Heads(); len(heads) > 1 {
		for j, h := range heads {
			one := targetDocument{Target: h.Column, Metrics: map[string]float64{}}
			if len(h.Classes) == 2 {
				one.Classes, one.Positive = h.Classes, h.Classes[1]
			}
			for _, v := range p.each[j].Measure(metric.Usual(h.Task), nil) {
				if v.Undefined == "" {
					one.Metrics[v.Name] = v.Value
				}
			}
			d.Targets = append(d.Targets, one)
		}
	}
	if p.classes != nil {
		for _, c := range p.classes.PerClass() {
			d.PerClass = append(d.PerClass, classDocument{Class: c.Class, Rows: c.Rows, Precision: c.Precision, Recall: c.Recall, F1: c.F1,
				ROCAUC: defined(c.ROCAUC), AveragePrecision: defined(c.AveragePrecision)})
		}
		d.Confusion = p.classes.Confusion()
	}
	return d
}

// defined is nil for a number that is none.
func defined(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

func documentOf(i *metric.Interval) *intervalDocument {
	if i == nil {
		return nil
	}
	return &intervalDocument{Low: i.Low, High: i.High, Level: metric.Level, Method: string(i.Method)}
}

func (s slicing) document() slicingDocument {
	d := slicingDocument{Column: s.column}
	for _, v := range s.slices {
		doc := sliceDocument{Value: v.Value, Pooled: v.Pooled, Rows: v.Rows, Metrics: map[string]float64{}, Accuracy: documentOf(v.Interval)}
		for _, m := range v.Values {
			if m.Undefined == "" {
				doc.Metrics[m.Name] = m.Value
			}
		}
		d.Values = append(d.Values, doc)
	}
	return d
}
