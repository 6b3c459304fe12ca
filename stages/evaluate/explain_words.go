package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/report"
	"pipe/data/report/chart"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/pipeline"
	"pipe/stages/evaluate/occlusion"
)

// transformPort is the input that says which words an input stands for.
const transformPort = "transform"

// How much is shown of words.
const (
	sampledRows = 200  // rows that the list of words is of
	mostListed  = 20   // words of the list
	mostWords   = 250  // of a text
	mostRunes   = 60   // of a word
	leastChange = 0.02 // of a probability: nothing below has the full colour
	mostHidden  = 1 << 20
)

// writing is the first input of texts, with the others; nil: there is none, or nobody knows its words.
func (e *explainer) writing(from pipeline.Sources) (*writing, error) {
	isText := func(in table.Input) bool {
		return in.Kind == table.Tokens && !isCategory(&in) || in.Kind == table.Sparse
	}
	i := slices.IndexFunc(e.ds.Info.Inputs, isText)
	if i < 0 {
		return nil, nil
	}
	if !slices.Contains(from.Inputs(), transformPort) {
		e.found.sections = append(e.found.sections, &report.Section{Title: "The words that counted",
			Lead: fmt.Sprintf("What %s holds of a row are numbers of words. To see the words, connect the transform that made the data set (transform: STAGE.transform, among the inputs of this stage).", e.ds.Info.Inputs[i].Name)})
		return nil, nil
	}
	t, err := readTransform(from)
	if err != nil {
		return nil, err
	}
	var first *writing
	for i := range e.ds.Info.Inputs {
		in := &e.ds.Info.Inputs[i]
		if !isText(*in) {
			continue
		}
		if !slices.ContainsFunc(t.Info().Inputs, func(made table.Input) bool {
			return made.Name == in.Name && made.Kind == in.Kind && made.Size == in.Size && slices.Equal(made.Shape, in.Shape)
		}) {
			return nil, diag.WithHint(fmt.Errorf("%s: the data set was not made by it: %s differs", transformPort, in.Name),
				"connect the transform of the preprocess stage that made the data set")
		}
		of, ok := t.TextInput(in.Name)
		if !ok {
			continue // ids that came from outside
		}
		w := &writing{number: i, input: in, of: of, batch: -1}
		if first == nil {
			first = w
		} else {
			first.others = append(first.others, w)
		}
	}
	return first, nil
}

func readTransform(from pipeline.Sources) (*feature.Transform, error) {
	in, err := from.Open(transformPort)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	t, err := feature.ReadTransform(in, feature.All())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return t, nil
}

// A reading is a row with what leaving parts out has shown.
type reading struct {
	row   int // of the data set
	whole occlusion.Answer
	words []word
	spans []stretch
	after []occlusion.Answer // without each span
}

// A hider is an input that consists of parts, words or columns, which can be left out of it.
type hider interface {
	about() (number int, input *table.Input)
	// script has the parts of the input of a row, whose inputs those are.
	script(ds *table.Dataset, row int, inputs []tensor.Rows) (*script, error)
}

// fall is what a span counts.
func (r *reading) fall(i int) float64 { return r.whole.Held - r.after[i].Held }

// words shows mistakes as texts in which the words that counted are marked, and the words that counted
// most in rows from all over the data.
func (e *explainer) words(ctx context.Context, list []mistake, w *writing) error {
	spread := e.spread()
	if err := w.find(e, spread); err != nil {
		return err
	}
	rows := make([]int, len(list))
	for i, m := range list {
		rows[i] = m.row
	}
	mistakes, err := e.readAll(ctx, rows, w)
	if err != nil {
		return err
	}
	sample, err := e.readAll(ctx, spread, w)
	if err != nil {
		return err
	}
	s := &report.Section{Title: e.title("the words that counted"), Lead: e.mixedUp(len(mistakes))}
	if len(list) == 0 {
		s.Title, s.Lead = "The words that counted", ""
	}
	if len(mistakes) > 0 {
		s.Blocks = append(s.Blocks, e.passages(list, mistakes, w))
	}
	if t := e.wordTable(sample); t != nil {
		s.Blocks = append(s.Blocks, *t)
	}
	if note := w.elsewhere(); note != "" && len(s.Blocks) > 0 {
		s.Notes = append(s.Notes, note)
	}
	if len(mistakes) < len(list) {
		s.Notes = append(s.Notes, fmt.Sprintf("%d of these rows were left out, since a prediction takes about %s operations; explain: {rows: %d} has them all.", len(list)-len(mistakes), chart.Digits(e.flops, 1), len(list)))
	}
	if len(s.Blocks)+len(s.Notes) > 0 {
		e.found.sections = append(e.found.sections, s)
	}
	e.keep(mistakes, w)
	e.keep(sample, w)
	return nil
}

// spread are rows from all over the data.
func (e *explainer) spread() []int {
	n := min(sampledRows, e.data().sample.Rows())
	rows := make([]int, n)
	for i := range rows {
		rows[i] = e.data().rowOf(i * e.data().sample.Rows() / n)
	}
	return rows
}

// keep adds what was found to the table, each row once.
func (e *explainer) keep(list []reading, of hider) {
	_, input := of.about()
	known := map[int]bool{}
	for _, f := range e.found.findings {
		known[f.row] = known[f.row] || f.input == input.Name
	}
	for _, r := range list {
		if known[r.row] {
			continue
		}
		for i, sp := range r.spans {
			text := r.words[sp.from].text
			for _, more := range r.words[sp.from+1 : sp.to] {
				text += more.before + more.text
			}
			e.found.findings = append(e.found.findings, finding{row: r.row, input: input.Name, part: text, position: sp.from, answer: r.after[i], fall: r.fall(i)})
		}
	}
}

// readAll reads rows, as many as the budget allows, some at a time: models answer about many at once.
func (e *explainer) readAll(ctx context.Context, rows []int, of hider) ([]reading, error) {
	var list []reading
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		some, n, err := e.readSome(rows, of)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
		if n == 0 {
			return list, nil
		}
		rows = rows[n:]
	}
	return list, nil
}

// A hiddenRows is an input without each span, a row for each.
type hiddenRows struct {
	number, width int
	rows          tensor.Rows
}

// readSome reads the first n of rows, of which there is memory for what is left of each; 0 if
// they are too dear.
func (e *explainer) readSome(rows []int, of hider) (list []reading, n int, err error) {
	number, about := of.about()
	var inputs [][]tensor.Rows
	var without [][]hiddenRows // of each row, by input
	elements := 0
	for _, row := range rows {
		if elements > mostHidden {
			break
		}
		input, err := e.gather(row)
		if err != nil {
			return nil, 0, err
		}
		s, err := of.script(e.ds, row, input)
		if err != nil {
			return nil, 0, err
		}
		r := reading{row: row, words: s.words, spans: s.spans()}
		if !e.affords(1 + len(r.spans)) {
			break
		}
		made := []hiddenRows{{number, about.Width(), s.hide(r.spans)}}
		for _, twin := range s.twins {
			made = append(made, hiddenRows{twin.number, twin.input.Width(), twin.hide(r.spans)})
		}
		for i := range made {
			elements += made[i].rows.Len()
		}
		list, inputs, without = append(list, r), append(inputs, input), append(without, made)
	}
	whole, err := e.prober.Ask(len(list), occlusion.Itself, func(i int, into []tensor.Rows) { e.prober.Copy(inputs[i], into) })
	if err != nil {
		return nil, 0, err
	}
	var asked []occlusion.Variant
	changed := func(i, j int) bool {
		return slices.ContainsFunc(without[i], func(h hiddenRows) bool { return !occlusion.SameRow(&h.rows, j, h.width, &inputs[i][h.number]) })
	}
	for i := range list {
		list[i].whole = whole[i]
		var instead []occlusion.Instead
		for k := range without[i] {
			instead = append(instead, occlusion.Instead{Input: without[i][k].number, Rows: &without[i][k].rows})
		}
		for j := range list[i].spans {
			if changed(i, j) {
				asked = append(asked, occlusion.Variant{Of: inputs[i], Instead: instead, Row: j, Class: whole[i].Class})
			}
		}
	}
	answers, err := e.prober.AskVariants(asked)
	if err != nil {
		return nil, 0, err
	}
	for i := range list {
		for j := range list[i].spans {
			if !changed(i, j) {
				list[i].after = append(list[i].after, whole[i])
				continue
			}
			list[i].after, answers = append(list[i].after, answers[0]), answers[1:]
		}
	}
	return list, len(list), nil
}

// passages are the texts of mistakes.
func (e *explainer) passages(list []mistake, readings []reading, w *writing) report.Passages {
	block := report.Passages{Scale: e.scale("word")}
	for n := range readings {
		r := &readings[n]
		list[n].answer = r.whole
		p := report.Passage{Told: e.told(list[n])}
		strongest, most := 0, 0.0
		for i := range r.spans {
			if fall := math.Abs(r.fall(i)); fall > most {
				strongest, most = i, fall
			}
		}
		if e.data().classes != nil {
			most = max(most, leastChange)
		}
		from, to := 0, len(r.words)
		if len(r.spans) > 0 {
			from = max(0, min(r.spans[strongest].from-mostWords/2, to-mostWords))
			to = min(to, from+mostWords)
			p.Text = e.sentence(&list[n], r.after[strongest], quoted(r.words[r.spans[strongest].from:r.spans[strongest].to]), "word")
		}
		if len(r.spans) == 0 {
			p.Text = "The model reads no word here: the text is empty, or nothing in it is a word."
		}
		if from > 0 {
			p.Words = append(p.Words, report.Word{Text: "… "})
		}
		for i, sp := range r.spans {
			for at := max(from, sp.from); at < min(to, sp.to); at++ {
				one := report.Word{Before: clipped(r.words[at].before), Text: clipped(r.words[at].text)}
				if most > 0 {
					one.Weight = r.fall(i) / most
				}
				one.Tip = "without it: " + e.said(r.after[i].Held)
				p.Words = append(p.Words, one)
			}
		}
		if to < len(r.words) {
			p.Words = append(p.Words, report.Word{Text: " …"})
		}
		block.Items = append(block.Items, p)
	}
	block.Caption = fmt.Sprintf("Each word was left out in turn: without an orange word %s falls, without a blue one it rises; full colour is the largest change of that text.", e.heldOfAny())
	switch {
	case w.kept != nil:
	case w.input.Kind == table.Sparse:
		block.Caption += " The data set holds which words a text has, but not in which order, and none that the transform does not know: " + asWritten
	default:
		block.Caption += " \u25a1 is a word that the transform does not know: " + asWritten
	}
	return block
}

// elsewhere says what still holds the words that were left out, or others that were not.
func (w *writing) elsewhere() string {
	stay := w.stays()
	if len(stay) == 0 {
		return ""
	}
	names := strings.Join(stay, ", ")
	if w.kept != nil {
		return fmt.Sprintf("Words of %s were left out, and none of what else the model reads: %s.", w.input.Name, names)
	}
	return fmt.Sprintf(" Words were left out of %s alone, and stay in what else the model reads (%s): where that is made of the same texts, the kept copy leaves them out of all.", w.input.Name, names)
}

// asWritten says how to have the texts themselves.
const asWritten = "a kept column with a copy of the texts, as a stage derive makes it, shows them as they were written."

// quoted writes words for a sentence.
func quoted(words []word) string {
	text := words[0].text
	if len(words) > 1 {
		text += " … " + words[len(words)-1].text
	}
	return "“" + clipped(text) + "”"
}

// clipped shortens what is too long to read.
func clipped(text string) string {
	if r := []rune(text); len(r) > mostRunes {
		return string(r[:mostRunes-1]) + "…"
	}
	return text
}

// A counted word is what leaving it out did in all texts that have it.
type counted struct {
	word  string
	class int
	sum   float64
	times int
}

// wordTable lists the words that moved most, all told; nil if none did.
func (e *explainer) wordTable(sample []reading) *report.Table {
	at := map[string]int{}
	var list []counted
	for i := range sample {
		r := &sample[i]
		for j, sp := range r.spans {
			if sp.to != sp.from+1 {
				continue // it is not known which of the words it was
			}
			text := strings.ToLower(r.words[sp.from].text)
			key := fmt.Sprint(r.whole.Class, " ", text)
			n, ok := at[key]
			if !ok {
				n = len(list)
				at[key] = n
				list = append(list, counted{word: text, class: r.whole.Class})
			}
			list[n].sum += r.fall(j)
			list[n].times++
		}
	}
	list = slices.DeleteFunc(list, func(c counted) bool { return c.sum == 0 })
	slices.SortFunc(list, func(a, b counted) int {
		return cmp.Or(cmp.Compare(math.Abs(b.sum), math.Abs(a.sum)), cmp.Compare(a.word, b.word), cmp.Compare(a.class, b.class))
	})
	if list = list[:min(len(list), mostListed)]; len(list) == 0 {
		return nil
	}
	t := &report.Table{Title: "Words that moved most", Wide: true,
		Caption: fmt.Sprintf("In %s texts from all over the data: by how much %s fell on average when the word was left out, and how often it was there. Sorted by both together.", chart.Count(int64(len(sample))), e.heldOfAny()),
		Columns: []report.Column{{Name: "word"}}}
	c := e.data().classes
	if c != nil {
		t.Columns = append(t.Columns, report.Column{Name: "where the model said"})
	}
	t.Columns = append(t.Columns, report.Column{Name: "mean effect", Number: true}, report.Column{Name: "times", Number: true})
	most := 0.0
	for _, w := range list {
		most = max(most, math.Abs(w.sum/float64(w.times)))
	}
	for _, w := range list {
		mean := w.sum / float64(w.times)
		text := e.change(mean)
		if c != nil {
			text += " points"
		}
		row := []report.Cell{{Text: clipped(w.word), Tone: report.Strong}}
		if c != nil {
			row = append(row, report.Cell{Text: c.Names[w.class]})
		}
		row = append(row, report.Cell{Text: text, Gauge: &chart.Gauge{Label: "mean effect " + text, Value: mean, Low: min(0, mean), High: max(0, mean), Mark: 0, From: -most, To: most}},
			report.Cell{Text: chart.Count(int64(w.times))})
		t.Rows = append(t.Rows, row)
	}
	return t
}
