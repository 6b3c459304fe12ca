package evaluate

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/stages/evaluate/occlusion"
)

// How many features are shown, and how many different values of one are taken for kinds rather than measurements.
const (
	mostCounted = 3 // of a mistake
	mostValues  = 64
)

// A sheet is what a model reads of the columns of a table, which are hidden one by one: all that was made of a column
// becomes what is usual.
type sheet struct {
	names []string // of columns
	parts []leaf
}

// A leaf is an input of a sheet: features, or the number of a category.
type leaf struct {
	number  int
	input   *table.Input
	columns [][]int // the elements of each column of the sheet
	usual   tensor.Rows
}

// isCategory says that an input is the number of a category, as embedding_ids makes it.
func isCategory(in *table.Input) bool {
	return in.Kind == table.Tokens && in.Type == tensor.I32 && slices.Equal(in.Shape, []int{1})
}

// sheet is of all inputs of features and categories, but for those that are shown as pictures; nil: they are of no two
// columns.
func (e *explainer) sheet(shown []exhibit) (*sheet, error) {
	s := &sheet{}
	at := map[string]int{}
	for i := range e.ds.Info.Inputs {
		in := &e.ds.Info.Inputs[i]
		var of []string // the column of each element
		switch {
		case slices.ContainsFunc(shown, func(x exhibit) bool { return x.number == i }):
			continue
		case in.Kind == table.Features && in.Type == tensor.F32 && len(in.Features) == in.Width():
			for _, f := range in.Features {
				of = append(of, f.Column)
			}
		case isCategory(in):
			of = []string{in.Name}
		default:
			continue
		}
		l := leaf{number: i, input: in}
		for j, name := range of {
			n, ok := at[name]
			if !ok {
				n = len(s.names)
				at[name], s.names = n, append(s.names, name)
			}
			l.columns = append(l.columns, make([][]int, len(s.names)-len(l.columns))...)
			l.columns[n] = append(l.columns[n], j)
		}
		some, n, err := e.some(i, in.Width())
		if err != nil {
			return nil, err
		}
		l.usual = usual(&some, n, in.Width(), l.columns)
		s.parts = append(s.parts, l)
	}
	if len(s.names) < 2 {
		return nil, nil
	}
	for i := range s.parts {
		l := &s.parts[i]
		l.columns = append(l.columns, make([][]int, len(s.names)-len(l.columns))...)
	}
	return s, nil
}

// usual is a row of what is usual in n of them: of each column the mean, or what is most frequent.
func usual(some *tensor.Rows, n, width int, columns [][]int) tensor.Rows {
	numbers := make([]float32, n*width)
	for i := range numbers {
		numbers[i] = float32(some.At(i))
	}
	mean := occlusion.NewMean(tensor.F32, width)
	mean.Add(&tensor.Rows{F32: numbers}, n)
	row := mean.Rows()
	for _, column := range columns {
		if most := mode(numbers, n, width, column); most != nil {
			for k, j := range column {
				row.F32[j] = most[k]
			}
		}
	}
	if some.I32 == nil {
		return row
	}
	ids := make([]int32, width)
	for j, v := range row.F32 {
		ids[j] = int32(v) // the most frequent one: numbers of categories are whole
	}
	return tensor.Rows{I32: ids}
}

// mode is the most frequent combination of some features, of equals the first; nil: there are many, and no few of
// them are kinds.
func mode(rows []float32, n, width int, features []int) []float32 {
	if len(features) == 0 {
		return nil
	}
	times := map[string]int{}
	first := map[string]int{}
	whole := true
	var key []byte
	for i := range n {
		key = key[:0]
		for _, j := range features {
			v := rows[i*width+j]
			key = binary.LittleEndian.AppendUint32(key, math.Float32bits(v))
			whole = whole && (v != v || v == float32(math.Trunc(float64(v))))
		}
		if _, ok := first[string(key)]; !ok {
			first[string(key)] = i
		}
		times[string(key)]++
	}
	if len(times) > mostValues && !whole {
		return nil
	}
	best := -1
	most := 0
	for key, at := range first { // the order does not matter: no two begin at the same row
		if t := times[key]; t > most || t == most && at < best {
			best, most = at, t
		}
	}
	values := make([]float32, len(features))
	for k, j := range features {
		values[k] = rows[best*width+j]
	}
	return values
}

func (s *sheet) about() (int, *table.Input) { return s.parts[0].number, s.parts[0].input }

// script has a word for each column.
func (s *sheet) script(_ *table.Dataset, _ int, inputs []tensor.Rows) (*script, error) {
	out := &script{words: make([]word, len(s.names))}
	for i, name := range s.names {
		out.words[i] = word{" ", name}
	}
	for i := range s.parts {
		l := &s.parts[i]
		hide := func(spans []stretch) tensor.Rows { return l.hide(&inputs[l.number], spans) }
		if i == 0 {
			out.hide = hide
		} else {
			out.twins = append(out.twins, hidden{l.number, l.input, hide})
		}
	}
	return out, nil
}

// hide gives the input with what is usual in place of the columns of each span.
func (l *leaf) hide(input *tensor.Rows, spans []stretch) tensor.Rows {
	var rows tensor.Rows
	for _, sp := range spans {
		at := rows.Len()
		rows.F32, rows.I32 = append(rows.F32, input.F32...), append(rows.I32, input.I32...)
		for _, column := range l.columns[sp.from:sp.to] {
			for _, j := range column {
				if rows.I32 != nil {
					rows.I32[at+j] = l.usual.I32[j]
				} else {
					rows.F32[at+j] = l.usual.F32[j]
				}
			}
		}
	}
	return rows
}

// features shows which columns counted in mistakes, and in rows from all over the data.
func (e *explainer) features(ctx context.Context, list []mistake, shown []exhibit) error {
	s, err := e.sheet(shown)
	if err != nil || s == nil {
		return err
	}
	rows := make([]int, len(list))
	for i, m := range list {
		rows[i] = m.row
	}
	mistakes, err := e.readAll(ctx, rows, s)
	if err != nil {
		return err
	}
	sample, err := e.readAll(ctx, e.spread(), s)
	if err != nil {
		return err
	}
	section := &report.Section{Title: "Features that counted"}
	if t := e.featureTable(sample); t != nil {
		section.Blocks = append(section.Blocks, *t)
	}
	if len(mistakes) > 0 {
		section.Title, section.Lead = e.title("the features that counted"), e.mixedUp(len(mistakes))
		section.Blocks = append(section.Blocks, e.mistakeTable(list, mistakes))
	}
	if len(section.Blocks) > 0 {
		e.found.sections = append(e.found.sections, section)
	}
	e.keep(mistakes, s)
	e.keep(sample, s)
	return nil
}

// change writes by how much what the model holds falls.
func (e *explainer) change(fall float64) string {
	text := chart.Number(fall, 3)
	if e.data().classes != nil {
		text = strings.Replace(fmt.Sprintf("%.1f", 100*fall), "-", "−", 1)
	}
	if fall > 0 {
		text = "+" + text
	}
	return text
}

// mistakeTable says of each mistake which columns counted most.
func (e *explainer) mistakeTable(list []mistake, readings []reading) report.Table {
	number := func(name string) report.Column { return report.Column{Name: name, Number: true} }
	t := report.Table{Title: "Mistakes", Wide: true, Columns: []report.Column{number("row"), number("actual"), number("predicted")}}
	if e.none {
		t.Title = "Rows"
	}
	unit := ""
	c, v := e.data().classes, e.data().values
	if c != nil {
		t.Columns[1].Number, t.Columns[2].Number = false, false
		t.Columns, unit = append(t.Columns, number("probability")), ", in points of a percent"
	}
	t.Columns = append(t.Columns, report.Column{Name: "what counted most"})
	t.Caption = fmt.Sprintf("Behind each column stands by how much %s falls%s, when it is what is usual in the data: the mean, or of few or whole values the most frequent. A minus says that it rises.", e.heldOfAny(), unit)
	for n := range readings {
		r, m := &readings[n], list[n]
		texts := []string{chart.Count(int64(m.row + 1))}
		if c != nil {
			texts = append(texts, c.Names[c.Actual(m.sample)], c.Names[c.Predicted(m.sample)], chart.Percentage(c.Confidence(m.sample), 1))
		} else {
			texts = append(texts, chart.Number(v.Actual[m.sample], 4), chart.Number(v.Predicted[m.sample], 4))
		}
		order := make([]int, len(r.spans))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(math.Abs(r.fall(j)), math.Abs(r.fall(i))) })
		var named []string
		for _, i := range order[:min(len(order), mostCounted)] {
			if r.fall(i) != 0 {
				named = append(named, r.name(i)+" "+e.change(r.fall(i)))
			}
		}
		t.Rows = append(t.Rows, report.Texts(append(texts, strings.Join(named, ", "))...))
	}
	return t
}

// name is that of a span.
func (r *reading) name(i int) string {
	words := r.words[r.spans[i].from:r.spans[i].to]
	text := clipped(words[0].text)
	if len(words) > 1 {
		text += " … " + clipped(words[len(words)-1].text)
	}
	return text
}

// featureTable lists the columns that changed most, on average; nil if none did.
func (e *explainer) featureTable(sample []reading) *report.Table {
	if len(sample) == 0 {
		return nil
	}
	n := len(sample[0].spans)
	sums, order := make([]float64, n), make([]int, n)
	for i := range order {
		order[i] = i
		for j := range sample {
			sums[i] += math.Abs(sample[j].fall(i))
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(sums[j], sums[i]) })
	if !(sums[order[0]] > 0) {
		return nil
	}
	t := &report.Table{Title: "Columns that moved most", Wide: true, Columns: []report.Column{{Name: "column"}, {Name: "mean change", Number: true}},
		Caption: fmt.Sprintf("In %s rows from all over the data: by how much %s changed on average, up or down, when the column was what is usual. Columns that say the same stand for each other, and then none of them moves much.", chart.Count(int64(len(sample))), e.heldOfAny())}
	most := sums[order[0]] / float64(len(sample))
	for _, i := range order[:min(n, mostListed)] {
		mean := sums[i] / float64(len(sample))
		text := strings.TrimPrefix(e.change(mean), "+")
		if e.data().classes != nil {
			text += " points"
		}
		t.Rows = append(t.Rows, []report.Cell{{Text: sample[0].name(i), Tone: report.Strong},
			{Text: text, Gauge: &chart.Gauge{Label: "mean change " + text, Value: mean, Low: mean, High: mean, Mark: math.NaN(), From: 0, To: most}}})
	}
	return t
}
