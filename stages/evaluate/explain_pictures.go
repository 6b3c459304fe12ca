package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/tensor"
	"pipe/stages/evaluate/occlusion"
)

// How many rows what is usual is made of.
const (
	mostUsual    = 1000
	mostElements = 8 << 20   // at a time
	mostRead     = 128 << 20 // elements of a picture, which take half a second
	fewUsual     = 10        // pictures, of which each would be much of their mean: a patch would hide little of it
)

// pictures shows rows as pictures, and over each how much what the model said falls when that
// place is hidden.
func (e *explainer) pictures(ctx context.Context, list []mistake, shown []exhibit) error {
	cells := 0
	for i := range shown {
		if err := e.usual(&shown[i]); err != nil {
			return err
		}
		cells += shown[i].grid.Cells()
	}
	block := report.Pictures{Scale: e.scale("place")}
	without := 0
	for _, m := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := e.gather(m.row)
		if err != nil {
			return err
		}
		shot := report.Shot{Told: e.told(m)}
		asked := e.affords(1 + cells)
		var falls [][]float64
		if asked {
			if falls, shot.Text, err = e.hide(&m, row, shown); err != nil {
				return err
			}
		} else {
			without++
		}
		most := e.least()
		for i := range falls {
			for _, fall := range falls[i] {
				most = max(most, math.Abs(fall))
			}
		}
		for i := range shown {
			s := &shown[i]
			drawn := occlusion.Draw(&row[s.number], s.shape, s.levels)
			one, err := report.NewPicture(fmt.Sprintf("%s of %s: %s", e.noun(s, shown), shot.Note, shot.Title), drawn)
			if err != nil {
				return err
			}
			if shot.Pictures = append(shot.Pictures, one); !asked {
				continue
			}
			if one, err = report.NewPicture("what counts in it: "+shot.Text, occlusion.Overlay(drawn, s.grid, falls[i], most)); err != nil {
				return err
			}
			shot.Pictures = append(shot.Pictures, one)
		}
		block.Items = append(block.Items, shot)
	}
	block.Caption = e.caption(shown, len(list), without, cells)
	if without == len(list) {
		block.Scale = nil
	}
	e.found.sections = append(e.found.sections, &report.Section{Title: e.title("what the model looked at"), Lead: e.mixedUp(len(list)), Blocks: report.Blocks{block}})
	return nil
}

// caption says how the maps beside pictures were made, and of how many there is none.
func (e *explainer) caption(shown []exhibit, rows, without, cells int) string {
	var text, patches, names []string
	for i := range shown {
		names = append(names, shown[i].name)
	}
	if len(names) > 1 {
		text = append(text, "One below the other: "+strings.Join(names, ", ")+".")
	}
	if without < rows {
		usual := "the mean of the pictures of the data"
		for i := range shown {
			s := &shown[i]
			y0, y1, x0, x1 := s.grid.Patch(s.grid.Rows/2*s.grid.Cols + s.grid.Cols/2)
			patch := fmt.Sprintf("%d x %d pixels", y1-y0, x1-x0)
			if len(shown) > 1 {
				patch += " of " + s.name
			}
			patches = append(patches, patch)
			if e.inputs[s.number].Len() < fewUsual {
				usual = "the mean level of the few pictures of the data"
			}
		}
		text = append(text, fmt.Sprintf("Beside each picture: a patch of %s around each place was replaced by what is usual there, %s. In orange places %s falls then, in blue ones it rises; full colour is the largest change of that row, or a small one where all are smaller. "+
			"A patch may hide a thing only in part, and what counts only together with something else is not found so.", strings.Join(patches, ", or "), usual, e.heldOfAny()))
	}
	if without > 0 {
		text = append(text, leftOut(rows, without, float64(cells)*e.flops))
	}
	return strings.Join(text, " ")
}

// leftOut says of how many rows there is no map, since each takes so many operations.
func leftOut(rows, without int, flops float64) string {
	what := fmt.Sprintf("Of %d of these rows this was left out", without)
	switch without {
	case rows:
		what = "What counts in them was left out"
	case 1:
		what = "Of one of these rows this was left out"
	}
	return fmt.Sprintf("%s, since it takes about %s operations each; explain: {rows: %d} has it for all.", what, chart.Digits(flops, 1), rows)
}

// noun is what a picture is called: by its input where there are several.
func (e *explainer) noun(s *exhibit, shown []exhibit) string {
	if len(shown) == 1 {
		return "picture"
	}
	return s.name
}

// least is the change below which nothing has the full colour.
func (e *explainer) least() float64 {
	if e.data().classes != nil {
		return leastChange
	}
	return 0
}

// hide asks about a row with patches over its pictures. It gives the falls of each, cell by cell, and what they say.
func (e *explainer) hide(m *mistake, row []tensor.Rows, shown []exhibit) (falls [][]float64, sentence string, err error) {
	whole, err := e.prober.Ask(1, occlusion.Itself, func(_ int, into []tensor.Rows) { e.prober.Copy(row, into) })
	if err != nil {
		return nil, "", err
	}
	m.answer = whole[0]
	strongest, place, most := m.answer, "it", -1.0
	for i := range shown {
		s := &shown[i]
		answers, err := e.prober.Picture(row, s.number, s.shape, s.usual, m.answer.Class)
		if err != nil {
			return nil, "", err
		}
		list := make([]float64, len(answers))
		for cell, a := range answers {
			list[cell] = m.answer.Held - a.Held
			if change := math.Abs(list[cell]); change > most {
				strongest, place, most = a, s.grid.Place(cell), change
				if len(shown) > 1 {
					place += " of " + s.name
				}
			}
			y0, y1, x0, x1 := s.grid.Patch(cell)
			e.found.findings = append(e.found.findings, finding{row: m.row, input: s.name, area: []int{y0, x0, y1, x1}, answer: a, fall: list[cell]})
		}
		falls = append(falls, list)
	}
	return falls, e.sentence(m, strongest, place, "place"), nil
}

// sentence says what hiding the part that counts most has done.
func (e *explainer) sentence(m *mistake, a occlusion.Answer, part, kind string) string {
	before, after := e.said(m.answer.Held), e.said(a.Held)
	if before == after {
		return "No " + kind + " changes it much by itself."
	}
	change := "falls"
	if a.Held > m.answer.Held {
		change = "rises"
	}
	text := fmt.Sprintf("Without %s %s %s from %s to %s", part, e.held(*m), change, before, after)
	if c := e.data().classes; c != nil && a.Class != m.answer.Class {
		text += ", and the model says " + c.Names[a.Class]
		if a.Class == c.Actual(m.sample) {
			text += ", which is right"
		}
	}
	return text + "."
}

// usual finds what hides places of a picture, the mean of pictures from all over the data, and the levels that they have.
func (e *explainer) usual(s *exhibit) error {
	width := tensor.Width(s.shape)
	some, _, err := e.some(s.number, width)
	if err != nil {
		return err
	}
	s.levels = occlusion.LevelsOf(&some)
	rows := e.inputs[s.number]
	of := e.ds.Info.Inputs[s.number].Type
	n := max(1, min(rows.Len(), mostUsual, mostRead/width))
	mean := occlusion.NewMean(of, width)
	list := make([]int, 0, max(1, mostElements/width))
	for i := range n {
		list = append(list, i*rows.Len()/n)
		if len(list) < cap(list) && i < n-1 {
			continue
		}
		some.Reset(of, 0)
		if err := rows.Gather(list, &some); err != nil {
			return err
		}
		mean.Add(&some, len(list))
		list = list[:0]
	}
	if rows.Len() < fewUsual {
		s.usual = mean.Flat(s.shape[0])
	} else {
		s.usual = mean.Rows()
	}
	return nil
}

// some are n rows of an input of a fixed width, from all over the data.
func (e *explainer) some(input, width int) (some tensor.Rows, n int, err error) {
	rows := e.inputs[input]
	n = max(1, min(rows.Len(), mostUsual, mostElements/width))
	list := make([]int, n)
	for i := range list {
		list[i] = i * rows.Len() / n
	}
	some.Reset(e.ds.Info.Inputs[input].Type, 0)
	err = rows.Gather(list, &some)
	return some, n, err
}

// scale says what the colours of a part mean.
func (e *explainer) scale(part string) *report.Scale {
	if e.data().classes != nil {
		return &report.Scale{Against: "the " + part + " speaks against what the model said", For: "speaks for it"}
	}
	return &report.Scale{Against: "the " + part + " makes the prediction smaller", For: "larger"}
}

func (e *explainer) heldOfAny() string {
	if e.data().classes != nil {
		return "the probability of the class that the model said"
	}
	return "the prediction"
}

// mixedUp says what is most often mixed up, and how many of the mistakes are shown.
func (e *explainer) mixedUp(shown int) string {
	p := e.data()
	if p.classes == nil {
		return fmt.Sprintf("The %d largest errors.", shown)
	}
	if e.none {
		if shown == 1 {
			return "No row was predicted wrong. This is the one that the model was least sure of."
		}
		return fmt.Sprintf("No row was predicted wrong. These %d are those that the model was least sure of.", shown)
	}
	const mostNamed = 4
	all := 0
	var names []string
	for _, pair := range p.confusions() {
		if all += len(pair.rows); len(names) < mostNamed && len(pair.rows) > 1 {
			names = append(names, fmt.Sprintf("%s taken for %s (%s times)", p.classes.Names[pair.actual], p.classes.Names[pair.predicted], chart.Count(int64(len(pair.rows)))))
		}
	}
	text := fmt.Sprintf("%d of %s mistakes: of each pair of classes those that the model was most sure of.", shown, chart.Count(int64(all)))
	if shown == all {
		text = fmt.Sprintf("All %d mistakes.", all)
		if all == 1 {
			text = "The only mistake."
		}
	}
	if len(names) > 0 {
		text += " Most often: " + strings.Join(slices.Clip(names), ", ") + "."
	}
	return text
}
