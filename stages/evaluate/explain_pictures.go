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

// How many rows what is usual is made of, and how many elements they have at most.
const (
	mostUsual    = 1000
	mostElements = 8 << 20
)

// pictures shows mistakes as pictures, and over each how much what the model said falls when that
// place is hidden.
func (e *explainer) pictures(ctx context.Context, list []mistake, input int, shape []int) error {
	width := tensor.Width(shape)
	usual, levels, err := e.usual(input, width)
	if err != nil {
		return err
	}
	block := report.Pictures{Scale: e.scale("place")}
	grid := occlusion.NewGrid(shape[1], shape[2])
	without := 0
	for _, m := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := e.gather(m.row)
		if err != nil {
			return err
		}
		drawn := occlusion.Draw(&row[input], shape, levels)
		shot := report.Shot{Told: e.told(m)}
		one, err := report.NewPicture("picture of "+shot.Note+": "+shot.Title, drawn)
		if err != nil {
			return err
		}
		shot.Pictures = append(shot.Pictures, one)
		if !e.affords(1 + grid.Cells()) {
			without++
			block.Items = append(block.Items, shot)
			continue
		}
		falls, sentence, err := e.hide(&m, row, input, shape, usual)
		if err != nil {
			return err
		}
		most := 0.0
		if e.data().classes != nil {
			most = leastChange
		}
		for _, fall := range falls {
			most = max(most, math.Abs(fall))
		}
		shot.Text = sentence
		if one, err = report.NewPicture("what counts in it: "+sentence, occlusion.Overlay(drawn, grid, falls, most)); err != nil {
			return err
		}
		shot.Pictures = append(shot.Pictures, one)
		block.Items = append(block.Items, shot)
	}
	y0, y1, x0, x1 := grid.Patch(grid.Rows/2*grid.Cols + grid.Cols/2)
	block.Caption = fmt.Sprintf("Beside each picture: a patch of %d x %d pixels around each place was replaced by what is usual there, the mean of the pictures of the data. In orange places %s falls then, in blue ones it rises; full colour is the largest change of that picture. "+
		"A patch may hide a thing only in part, and what counts only together with something else is not found so.", y1-y0, x1-x0, e.heldOfAny())
	if without > 0 {
		block.Caption += fmt.Sprintf(" Of %d pictures this was left out, since it takes about %s operations each; explain: {rows: %d} has it for all.",
			without, chart.Digits(float64(grid.Cells())*e.flops, 1), len(list))
	}
	e.found.sections = append(e.found.sections, &report.Section{Title: "Worst mistakes, and what the model looked at", Lead: e.mixedUp(len(list)), Blocks: report.Blocks{block}})
	return nil
}

// hide asks about a picture with patches over it. It gives the falls, cell by cell, and what they say.
func (e *explainer) hide(m *mistake, row []tensor.Rows, input int, shape []int, usual tensor.Rows) ([]float64, string, error) {
	whole, err := e.prober.Ask(1, occlusion.Itself, func(_ int, into []tensor.Rows) { e.prober.Copy(row, into) })
	if err != nil {
		return nil, "", err
	}
	m.answer = whole[0]
	answers, err := e.prober.Picture(row, input, shape, usual, m.answer.Class)
	if err != nil {
		return nil, "", err
	}
	grid := occlusion.NewGrid(shape[1], shape[2])
	falls := make([]float64, len(answers))
	strongest := 0
	for cell, a := range answers {
		falls[cell] = m.answer.Held - a.Held
		if math.Abs(falls[cell]) > math.Abs(falls[strongest]) {
			strongest = cell
		}
		y0, y1, x0, x1 := grid.Patch(cell)
		e.found.findings = append(e.found.findings, finding{row: m.row, input: e.ds.Info.Inputs[input].Name, area: []int{y0, x0, y1, x1}, answer: a, fall: falls[cell]})
	}
	return falls, e.sentence(m, answers[strongest], "the strongest place", "place"), nil
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

// usual is the mean of pictures of the data, and the levels that they have.
func (e *explainer) usual(input, width int) (tensor.Rows, occlusion.Levels, error) {
	some, n, err := e.some(input, width)
	if err != nil {
		return tensor.Rows{}, occlusion.Levels{}, err
	}
	return occlusion.Mean(&some, n, width), occlusion.LevelsOf(&some), nil
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
