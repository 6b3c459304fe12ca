package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/data/metric"
	"pipe/pipeline/settings"
)

// A Gate belongs to a stage that measures a model: when a run has
// succeeded, the model gets a label if all conditions hold. It is no part of
// the key, since it changes no byte of what the stage makes.
type Gate struct {
	To         string            // the label: "production"
	When       []MetricCondition // in written order
	BetterThan string            // the label of the model to be better than; empty for no comparison
	By         []string          // the metrics to compare; several if they are those of When, otherwise the first one that is recorded

	// OnOtherData is AllowOtherData if the values of the other model may be
	// compared also where it was measured on other data only.
	OnOtherData string

	// Paired says that a gain has to be certain, see Comparer.
	Paired bool

	// Goals are those of the metrics of When and By; none is empty.
	Goals    map[string]metric.Goal
	declared bool // the settings of the stage say so, not the definition of the metric
}

// A MetricCondition is a condition on a metric as a stage records it.
type MetricCondition struct {
	Metric string
	Comparison
}

// Rule is the one text of what the gate asks for, as JSON. A model that was
// judged by a rule is not judged by it again.
func (p *Gate) Rule() string {
	rule := struct {
		To         string            `json:"to"`
		When       map[string]string `json:"when,omitempty"`
		BetterThan string            `json:"better_than,omitempty"`
		By         []string          `json:"by,omitempty"`
		// What the file says of a metric is a part of what it asks for.
		Goals       map[string]metric.Goal `json:"goals,omitempty"`
		OnOtherData string                 `json:"on_other_data,omitempty"`
		Paired      bool                   `json:"paired,omitempty"`
	}{To: p.To, BetterThan: p.BetterThan, When: map[string]string{}, Paired: p.Paired}
	for _, c := range p.When {
		rule.When[c.Metric] = c.Comparison.String()
	}
	if len(p.When) == 0 {
		rule.By = p.By
	}
	if p.declared {
		rule.Goals = p.Goals
	}
	if p.OnOtherData == AllowOtherData {
		rule.OnOtherData = p.OnOtherData
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(rule); err != nil {
		panic(err) // texts cannot fail
	}
	return strings.TrimSpace(b.String())
}

// String says what the gate asks for, as the end of a sentence; it is empty if
// it asks for nothing.
func (p *Gate) String() string {
	var parts []string
	for _, c := range p.When {
		parts = append(parts, c.Metric+" "+c.Comparison.String())
	}
	if p.BetterThan != "" {
		word := "better than "
		if p.Paired {
			word = "certainly better than "
		}
		parts = append(parts, word+p.BetterThan+" by "+strings.Join(p.By, ", "))
	}
	return strings.Join(parts, ", ")
}

// A Measurer is a Stage that measures a model and knows beforehand which
// metrics it may record. A gate of any other stage may name any metric.
type Measurer interface {
	// CheckMetric says why there will be no such metric, given what is known of
	// the connected inputs.
	CheckMetric(name string, inputs map[string]Facts) error
	// MainMetrics lists the metrics to compare models by where a gate names
	// none: the first that is recorded counts.
	MainMetrics() []string
}

// A GoalTeller is a Stage that knows beforehand which values of a metric are the
// better ones. A gate is on metrics of such a stage.
type GoalTeller interface {
	// MetricGoal is the goal of a metric as the stage records it, up or down,
	// or says why it is not known, and how to make it known.
	MetricGoal(name string) (metric.Goal, error)
}

// A Comparer is a Stage that knows more of what it has made of two models than metrics:
// whether these can be compared, and how certain a difference is. It is given the
// outputs of two executions, of which the second is that of the other model.
type Comparer interface {
	// Comparable says how metrics are of different things; nil if they are not.
	Comparable(own, other Sources) error
	// Contrast gives, for metrics by their names, the 95% interval of how much better the
	// first is, by the same rows of both; those that have none are left out.
	Contrast(ctx context.Context, own, other Sources, metrics []string, threads int) (map[string]Contrast, error)
}

// A Contrast is an interval of how much better a model is than another: above 0 if it
// certainly is, below 0 if the other is.
type Contrast struct{ Low, High float64 }

// promoteBlock is a Gate as it is written.
type promoteBlock struct {
	To   string                `yaml:"to" required:"true" short:"true" doc:"The label that the model gets, such as production."`
	When settings.Map[written] `yaml:"when" doc:"Conditions on metrics of the stage, such as accuracy: \">= 0.95\", and better_than: LABEL, which compares with the model that has that label now. Without conditions every model is promoted."`

	OnOtherData string `yaml:"on_other_data" default:"refuse" enum:"refuse,allow" doc:"better_than measures the other model on the same rows. Where that cannot be done, as of features of columns that the new pipeline derives or joins in another way: refuse the new model, or allow to compare with what was measured of the other one before, on other data."`

	Paired bool `yaml:"paired" doc:"Whether better_than wants a gain to be certain: the rows are resampled for both models together, and the 95% interval of the difference has to be above 0 in one metric, and below 0 in none."`

	valid bool // says Validate
}

// written is a text as it is in the file, whatever YAML takes it for: what is wrong
// with it says Validate, who knows its key.
type written string

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *written) UnmarshalText(text []byte) error {
	*w = written(text)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (w written) MarshalText() ([]byte, error) { return []byte(w), nil }

// AllowOtherData is the word that lets a gate compare what was measured on
// different data.
const AllowOtherData = "allow"

// betterThan is the key in `when` that is no metric.
const betterThan = "better_than"

// CheckLabel says what is wrong with the name of a label; nil if nothing is.
func CheckLabel(name string) error {
	if msg, hint := names.CheckPart(name); msg != "" {
		return diag.WithHint(fmt.Errorf("a label %s", msg), hint)
	}
	return nil
}

// Validate checks what needs no other part of the file.
func (b *promoteBlock) Validate() error {
	var errs []error
	if err := CheckLabel(b.To); err != nil {
		errs = append(errs, &settings.FieldError{Field: "to", Err: err})
	}
	for _, e := range b.When {
		err := new(Comparison).UnmarshalText([]byte(e.Value))
		if _, near := diag.Nearest(e.Key, []string{betterThan}); e.Key == betterThan {
			err = CheckLabel(string(e.Value))
		} else if e.Key == "paired" || e.Key == "on_other_data" {
			err = diag.WithHint(fmt.Errorf("%s is no metric", diag.Quote(e.Key)), fmt.Sprintf("write `%s: %s` beside `when`, in `promote`", e.Key, e.Value))
		} else if err != nil && near {
			err = diag.WithHint(fmt.Errorf("there is no metric %s", diag.Quote(e.Key)), diag.DidYouMean(betterThan))
		}
		if err != nil {
			errs = append(errs, &settings.FieldError{Field: "when." + e.Key, Err: err})
		}
	}
	b.valid = len(errs) == 0
	return errors.Join(errs...)
}

// gate turns the block, which is valid, into what a step has.
func (b *promoteBlock) gate() *Gate {
	p := &Gate{To: b.To, OnOtherData: b.OnOtherData, Paired: b.Paired}
	for _, e := range b.When {
		if e.Key == betterThan {
			p.BetterThan = string(e.Value)
			continue
		}
		var c Comparison
		if c.UnmarshalText([]byte(e.Value)) == nil {
			p.When = append(p.When, MetricCondition{e.Key, c})
			p.By = append(p.By, e.Key)
		}
	}
	if p.BetterThan == "" {
		p.By = nil
	}
	return p
}

// gate checks the gate of a stage against the rest of the file: what goes into
// the stage, and what it measures.
func (l *linker) gate(d *draft) {
	p := d.step.Promote
	if p == nil || d.open {
		return
	}
	models := 0
	for _, e := range d.step.Inputs {
		switch e.Type {
		case Model:
			models++
		case "":
			return // which was said
		}
	}
	maker := models == 0 && d.step.Kind.measuresItsModel()
	if maker && p.BetterThan != "" {
		l.p.At(keyOf(d.promote, betterThan), "write conditions on its metrics: `when: {METRIC: \"<= 0.5\"}`; a baseline beside the model is what it can be held against",
			"a stage of kind %s measures the model that it makes, and no other one", d.step.Kind.Name)
		return
	}
	if models != 1 && !maker {
		l.p.At(d.promoteKey, "give it to the stage that measures the model, such as one of kind evaluate",
			"promote is for a stage that has one model among its inputs, and %s has %s", diag.Quote(d.step.Name), countWord(models))
		return
	}
	measurer, measures := d.step.Stage.(Measurer)
	if _, compares := d.step.Stage.(Comparer); p.Paired && (!compares || p.BetterThan == "") {
		l.p.At(keyOf(d.promote, "paired"), "remove paired, or compare with a model by a stage of kind evaluate: `when: {better_than: production}`",
			"there is no pair of models whose difference on the same rows is known")
	}
	p.Goals, p.declared = map[string]metric.Goal{}, !measures
	for _, c := range p.When {
		if measures {
			if err := measurer.CheckMetric(c.Metric, d.known()); err != nil {
				l.p.At(keyOf(d.promote, c.Metric), diag.HintOf(err), "%v", err)
				continue
			}
		}
		l.goal(d, c.Metric)
	}
	if p.BetterThan == "" || len(p.By) > 0 {
		return
	}
	if !measures {
		l.p.At(keyOf(d.promote, betterThan), `add a metric with a condition, such as accuracy: ">= 0.5"`, "%s says nothing about which metric to compare", betterThan)
		return
	}
	p.By = measurer.MainMetrics()
	for _, name := range p.By {
		l.goal(d, name)
	}
}

// measuresItsModel says whether stages of the kind make a model and a document of what they measured of it.
func (k *Kind) measuresItsModel() bool {
	count := func(ports []Port, t PortType) (n int) {
		for _, p := range ports {
			if p.Type == t {
				n++
			}
		}
		return n
	}
	return count(k.Inputs, Model) == 0 && count(k.Outputs, Model) == 1 && count(k.Outputs, Metrics) == 1
}

// goal finds out which values of a metric of the gate are the better ones.
func (l *linker) goal(d *draft, name string) {
	teller, tells := d.step.Stage.(GoalTeller)
	if !tells {
		l.p.At(keyOf(d.promote, name), "measure the model with a stage that does, such as one of kind evaluate",
			"a stage of kind %s does not say whether more or less of %s is better", d.step.Kind.Name, diag.Quote(name))
		return
	}
	goal, err := teller.MetricGoal(name)
	if err != nil {
		l.p.At(keyOf(d.promote, name), diag.HintOf(err), "%v", err)
		return
	}
	d.step.Promote.Goals[name] = goal
}

func countWord(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

// keyOf is the key of a condition in `promote: {when: {...}}`.
func keyOf(promote *settings.Node, condition string) *settings.Node {
	if key, _ := promote.Child(condition); key != nil {
		return key
	}
	_, when := promote.Child("when")
	if when == nil {
		return promote
	}
	if key, _ := when.Child(condition); key != nil {
		return key
	}
	return when
}
