package feature

import (
	"fmt"
	"slices"

	"pipe/data/leak"
	"pipe/data/replay"
	"pipe/data/table"
)

// watched prepares to look at some rows of the columns that are read, for what tells
// the target.
func (f *fitter) watched() {
	n := 0
	for _, c := range f.columns {
		if c.form != Lists && c.sources == nil {
			c.looked = &leak.Column{Name: c.Name, Whole: c.form == Numbers && table.ClassNamed(c.Type) == table.ClassWhole}
			n++
		}
	}
	f.sample = leak.NewSample(f.r.NumRows(), n)
}

// pick lists the rows of a piece that are looked at. rows are those of the table that
// they were, nil if all are there.
func (s *sight) pick(sample *leak.Sample, rows []int) {
	s.picked = s.picked[:0]
	for i := range int(s.rows) {
		if sample.Has(s.At + int64(original(rows, i))) {
			s.picked = append(s.picked, i)
		}
	}
}

// glimpse keeps the values of some rows as they are in the table.
func (s *seen) glimpse(picked []int) {
	s.numbers, s.texts = s.numbers[:0], s.texts[:0]
	for _, i := range picked {
		if s.values.Numbers != nil {
			s.numbers = append(s.numbers, s.values.Numbers[i])
		} else if text, ok := s.values.Text(i); ok {
			s.texts = append(s.texts, leak.Keep(text))
		} else {
			s.texts = append(s.texts, leak.Missing)
		}
	}
}

// leaks are remarks about features that tell the target, and about those that are named
// like identifiers and of which none of the others says that they are such.
func (f *fitter) leaks(others []Remark) []Remark {
	var all []Remark
	add := func(found leak.Finding, fix string) {
		all = append(all, Remark{Kind: found.Kind, Column: found.Column, Msg: found.Msg, always: true,
			Fix: fix})
	}
	var features []leak.Column
	for _, c := range f.features() {
		if c.looked != nil {
			features = append(features, *c.looked)
		}
	}
	for _, t := range f.predicted {
		if t.column.looked == nil {
			continue
		}
		for _, found := range leak.Find(*t.column.looked, t.task == Classification, f.isLater(t.column.Name), features) {
			if len(f.predicted) > 1 {
				found.Msg = fmt.Sprintf("of the target %q: %s", t.column.Name, found.Msg)
			}
			fix := "leave it out of features"
			if found.Kind == leak.PerfectFeature {
				fix = "leave it out of features unless it is known when a prediction is made"
			}
			add(found, fix)
		}
	}
	for i := range features {
		known := slices.ContainsFunc(others, func(r Remark) bool { return r.Kind == leak.Identifier && r.Column == features[i].Name })
		if found, ok := leak.FindIdentifier(features[i]); ok && !known {
			add(found, "leave it out of features; `keep` carries it along")
		}
	}
	return all
}

// isLater says whether a target is a later value of a series: values before it tell much.
func (f *fitter) isLater(target string) bool {
	steps, err := replay.Carried(f.r.Schema())
	if err != nil || steps == nil {
		return false
	}
	list, err := steps.List()
	return err == nil && len(replay.NewPart(list, []string{target}, nil).Targets()) > 0
}
