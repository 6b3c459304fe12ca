package evaluate

import (
	"context"
	"fmt"
	"log/slog"

	"pipe/data/metric"
	"pipe/data/report/chart"
)

// A contrast is a metric of the model and of another one, on the same rows.
type contrast struct {
	own, other metric.Value
	difference metric.Difference
}

// isBetter says whether it is certain that the model is better.
func (c *contrast) isBetter() bool {
	low, _, ok := c.difference.Gain()
	return ok && low > 0
}

// isWorse says whether it is certain that the other one is.
func (c *contrast) isWorse() bool {
	_, high, ok := c.difference.Gain()
	return ok && high < 0
}

// second is what is looked at beside the headline before anything is said: of classes how well
// they are told apart whatever the threshold is, of numbers how much is explained.
func (r *results) second() *metric.Def {
	name := "r2"
	if r.task.IsClassification() {
		name = "roc_auc"
	}
	return metric.All().Named(name)[0]
}

// withSecond are the metrics that were asked for, and the second as the last.
func (r *results) withSecond() metric.List {
	return append(r.metrics[:len(r.metrics):len(r.metrics)], r.second())
}

// compareGuess is by how much the model is better than the best guess, in the headline.
func (r *results) compareGuess(ctx context.Context, threads int) error {
	m := r.measured[0]
	values := make([]metric.Value, len(m.baselines))
	for b, known := range m.baselines {
		values[b] = known[r.headline.at]
	}
	best := metric.Best(values)
	if r.simple == nil || best < 0 {
		return nil
	}
	guess, err := r.data().sample.Guessed(r.baselines[best])
	if err != nil {
		return err
	}
	asked := metric.List{r.metrics[r.headline.at], r.second()}
	list, err := metric.Drawing{Threads: threads, Block: r.blocks}.Differences(ctx, r.data().sample, []metric.Sample{guess}, asked)
	if err != nil {
		return err
	}
	own, other := r.data().sample.Measure(asked, nil), guess.Measure(asked, nil)
	r.simple.guess = r.baselines[best].Name
	for i, d := range list[0] {
		r.simple.guessed = append(r.simple.guessed, contrast{own[i], other[i], d})
	}
	return nil
}

// A judgement is what follows from comparing with simple models.
type judgement struct {
	text string
	todo string // where a simple model is as good; empty: none is
}

// mostKnown is the share of rows that may be rows of train for simple models to be compared in
// words. Data with few columns, or of people who say the same of themselves, have many.
const mostKnown = 0.5

// knowsData says whether the model has learned many rows of data, of which nothing is judged.
func (r *results) knowsData() bool {
	return r.again != nil && r.again.Again > 0 && r.again.Share() > mostKnown
}

// judgeSimple says whether the model is better than the simplest ones, in the headline.
func (r *results) judgeSimple() (list []judgement) {
	if r.simple == nil || r.knowsData() {
		return nil
	}
	if len(r.simple.guessed) > 0 {
		j, done := r.judgeGuess(&r.simple.guessed[0], &r.simple.guessed[1])
		if j.text != "" {
			list = append(list, j)
		}
		if done {
			return list
		}
	}
	own := r.measured[0].values[r.headline.at]
	for _, v := range r.simple.list {
		if v.values != nil {
			c := &contrast{own, v.values[r.headline.at], v.against[r.headline.at]}
			if j := r.judgeAgainst(v, c); j.text != "" {
				list = append(list, j)
			}
		}
	}
	return list
}

// judgeGuess says if the model is no better than a guess, and whether that is all there is to say.
func (r *results) judgeGuess(c, second *contrast) (_ judgement, done bool) {
	low, _, ok := c.difference.Gain()
	if !ok || low > 0 {
		return judgement{}, false
	}
	guess := "a guess, the " + r.simple.guess + " of train"
	ahead := c.difference.Better(c.own.Value, c.other.Value)
	if c.own.Def.Name != second.own.Def.Name && second.isBetter() {
		if ahead {
			return judgement{}, false // only too few rows
		}
		text := fmt.Sprintf("%s, but %s", c.say("in "+c.own.Title+" the model is no better than "+guess, "that"), second.say("it has learned something", "that"))
		if r.task.IsClassification() {
			return judgement{text, "where one class is frequent, or classes have weights, " + c.own.Title + " depends on the threshold: name a metric first that fits, such as roc_auc, average_precision or balanced_accuracy"}, false
		}
		return judgement{text, "name a metric first that says how large errors may be, such as rmse or mae"}, false
	}
	if ahead {
		return judgement{c.say("the model is not certainly better than "+guess, "that"), "more rows of data would tell"}, false
	}
	return judgement{c.say("the model is no better than "+guess, "that"), "it has learned nothing of use: look at the curves of training, the learning rate and the scale of the features"}, true
}

// judgeAgainst says whether the model is better than a simple one.
func (r *results) judgeAgainst(v *simpleModel, c *contrast) judgement {
	low, _, ok := c.difference.Gain()
	if !ok {
		return judgement{}
	}
	switch {
	case c.isWorse():
		text := c.say(v.title()+" would be better", v.pronoun())
		if r.byThreshold(c) && !v.second.isWorse() {
			return judgement{text + v.drawn(), ""}
		}
		return judgement{text, v.todo()}
	case low > 0:
		text := c.say("the model is better than "+v.title(), v.pronoun())
		if r.byThreshold(c) && !v.second.isBetter() {
			return judgement{text + v.drawn(), ""}
		}
		return judgement{text, ""}
	case v.name != linearModel:
		return judgement{c.say("the model is about as good as "+v.title(), v.pronoun()), ""}
	case c.difference.Better(c.own.Value, c.other.Value):
		return judgement{c.say("the model is not certainly better than "+v.title(), v.pronoun()), v.todo()}
	}
	return judgement{c.say("the model is no better than "+v.title(), v.pronoun()), v.todo()}
}

// byThreshold says whether another threshold, or weights of classes, would change the metric.
func (r *results) byThreshold(c *contrast) bool {
	return r.task.IsClassification() && c.own.Def.Of == metric.Predictions
}

// drawn says that a difference may be one of thresholds.
func (v *simpleModel) drawn() string {
	if v.second.difference.Interval == nil {
		return ""
	}
	return v.second.say("; but that may be no more than where the line between classes is drawn, as by a threshold or weights of classes", v.pronoun())
}

// say is a sentence with both values, and how certain they differ.
func (c *contrast) say(what, with string) string {
	return fmt.Sprintf("%s: %s is %s, and with %s %s (95%% interval of the difference %s)", what, c.own.Title, show(c.own.Def, c.own.Value), with,
		show(c.own.Def, c.other.Value), apart(c.difference))
}

// apart is the interval of a difference in words: of shares in points of a percentage.
func apart(d metric.Difference) string {
	if d.Unit == metric.Share {
		return chart.Number(100*d.Interval.Low, 3) + " to " + chart.Number(100*d.Interval.High, 3) + " points"
	}
	return chart.Number(d.Interval.Low, 3) + " to " + chart.Number(d.Interval.High, 3)
}

// tellSimple logs what follows.
func (r *results) tellSimple(ctx context.Context, log *slog.Logger) {
	if r.simple != nil && r.simple.kept {
		log.InfoContext(ctx, "the simple models are kept from an earlier execution on the same train")
	}
	for _, j := range r.judgeSimple() {
		if j.todo != "" {
			log.WarnContext(ctx, j.text, "hint", j.todo)
		} else {
			log.InfoContext(ctx, j.text)
		}
	}
}
