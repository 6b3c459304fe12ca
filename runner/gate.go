package runner

import (
	"errors"
	"fmt"
	"strings"

	"pipe/lineage/registry"
	"pipe/pipeline"
)

// gates are those that are judged when the run ends as err says. One that
// failed promotes nothing, also if the stage with the gate has succeeded.
func (e *execution) gates(err error) (list []registry.Gate, contests []*contest) {
	if err != nil || !e.opt.Gates {
		return nil, nil
	}
	for _, s := range e.plan.Steps {
		p := s.Promote
		if p == nil {
			continue
		}
		c := &contest{step: s}
		contests = append(contests, c)
		list = append(list, registry.Gate{Label: p.To, Stage: s.Name, Rule: p.Rule(), Rival: p.BetterThan,
			Judge: func(m registry.Measured, rival *registry.Rival) ([]registry.Check, string) {
				return judge(p, m, rival, c)
			}})
	}
	return list, contests
}

// judge says what came of each condition, and why the model is promoted or
// refused.
func judge(p *pipeline.Gate, m registry.Measured, rival *registry.Rival, c *contest) (checks []registry.Check, why string) {
	var met, unmet []string
	for _, c := range p.When {
		check := registry.Check{Metric: c.Metric, Condition: c.Comparison.String(), Limit: &c.Bound}
		v, ok := m.Metrics[c.Metric]
		if ok {
			check.Value, check.Met = &v, c.Holds(v, c.Bound)
		}
		checks = append(checks, check)
		switch {
		case !ok:
			unmet = append(unmet, fmt.Sprintf("%s was not measured, wanted %s", c.Metric, c.Comparison))
		case check.Met:
			met = append(met, fmt.Sprintf("%s %s %s", c.Metric, pipeline.Telling(v, c.Bound), c.Comparison))
		default:
			unmet = append(unmet, fmt.Sprintf("%s is %s, wanted %s", c.Metric, pipeline.Telling(v, c.Bound), c.Comparison))
		}
	}
	if p.BetterThan != "" {
		list, text, better := compare(p, m, rival, c)
		checks = append(checks, list...)
		if better {
			met = append(met, text)
		} else {
			unmet = append(unmet, text)
		}
	}
	switch {
	case len(unmet) > 0:
		return checks, strings.Join(unmet, "; ")
	case len(met) == 0:
		return checks, "the run succeeded, and the gate asks for nothing else"
	}
	return checks, strings.Join(met, "; ")
}

// compare puts the model beside the one that has the label: no metric may be
// worse, and one must be better. Values count if both were measured on the same
// rows, others only if the gate allows it.
func compare(p *pipeline.Gate, m registry.Measured, rival *registry.Rival, c *contest) (checks []registry.Check, text string, better bool) {
	if rival == nil {
		return nil, "nothing had the label " + p.BetterThan, true
	}
	because := c.err
	if c.rival != rival.Model {
		because = errors.New("it got the label while this run went on")
	}
	var parts []string
	worse := false
	for _, name := range comparedBy(p, m) {
		check := registry.Check{Metric: name, Condition: "better than " + p.BetterThan}
		v, measured := m.Metrics[name]
		if measured {
			check.Value = &v
		}
		before := false // it was measured, but not for this comparison
		other := c.measured
		limit, known := other.Metrics[name]
		known = known && because == nil
		if !known && c.different == nil {
			if other, before = record(rival, name); before {
				limit, check.OtherData = other.Metrics[name], other.DataOf(name) != m.DataOf(name)
			}
		}
		if known || before {
			check.Limit = &limit
		}
		about, otherwise := m.Classes[name], other.Classes[name]
		same := about == otherwise || about == "" || otherwise == "" // as far as is known
		known = known && c.different == nil
		comparable := measured && same && (known || before && p.OnOtherData == pipeline.AllowOtherData)
		gain := p.Goals[name].Gain(v, limit)
		contrast, certain := c.contrasts[name]
		paired := p.Paired && known && because == nil
		if paired && certain {
			check.Gain = &[2]float64{contrast.Low, contrast.High}
			switch {
			case contrast.Low > 0:
				gain = contrast.Low
			case contrast.High < 0:
				gain = contrast.High
			default:
				gain = 0
			}
		}
		part := fmt.Sprintf("%s %s, ", name, pipeline.Telling(v, limit))
		switch {
		case !measured:
			part = name + " was not measured"
		case !known && !before:
			part += "not known of the other"
		case !same:
			part += fmt.Sprintf("which is about the class %q; that of the other is about %q", about, otherwise)
		case !comparable:
			part += "the other had " + pipeline.Telling(limit, v)
		case paired && !certain:
			part += "the other had " + pipeline.Telling(limit, v) + ", and nobody knows how certain the difference is"
			comparable = false
		case paired && gain == 0:
			part += "not certainly better or worse than " + pipeline.Telling(limit, v)
		case gain > 0:
			part += "better than " + pipeline.Telling(limit, v)
		case gain < 0:
			part += "worse than " + pipeline.Telling(limit, v)
		default:
			part = fmt.Sprintf("%s %.4g, the same", name, v)
		}
		if check.Gain != nil {
			word, low, high := "better", check.Gain[0], check.Gain[1]
			if high < 0 {
				word, low, high = "worse", -high, -low
			}
			part += fmt.Sprintf(" (%s by %.3g to %.3g, with 95%% confidence)", word, low, high)
		}
		if check.OtherData {
			part += " (measured on other data)"
		}
		check.Met = comparable && gain >= 0
		worse = worse || !check.Met
		better = better || check.Met && gain > 0
		checks, parts = append(checks, check), append(parts, part)
	}
	better = better && !worse
	for i := range checks {
		checks[i].Met = checks[i].Met && (better || worse) // the same in all is better in none
	}
	if c.different != nil {
		return checks, fmt.Sprintf("against %s (%s): metrics of the two are not comparable: %s", p.BetterThan, rival.Model.Short(), c.different), false
	}
	text = fmt.Sprintf("against %s (%s): %s", p.BetterThan, rival.Model.Short(), strings.Join(parts, ", "))
	if because != nil {
		text += fmt.Sprintf("; it was not measured on the same data: %s", strings.ReplaceAll(because.Error(), "\n", " "))
		if p.OnOtherData != pipeline.AllowOtherData {
			text += "; `on_other_data: allow`, written in `promote` beside `when`, compares all the same"
		}
	}
	return checks, text, better
}

// comparedBy lists the metrics that a gate compares: those with a condition,
// or the main one of the stage.
func comparedBy(p *pipeline.Gate, m registry.Measured) []string {
	if len(p.When) > 0 {
		return p.By
	}
	for _, name := range p.By {
		if _, ok := m.Metrics[name]; ok {
			return []string{name}
		}
	}
	return p.By[:1]
}

// record is what was measured of the rival before, on whatever data: what fits
// best first.
func record(rival *registry.Rival, metric string) (m registry.Measured, known bool) {
	for _, m := range rival.Measured {
		if _, ok := m.Metrics[metric]; ok {
			return m, true
		}
	}
	return m, false
}
