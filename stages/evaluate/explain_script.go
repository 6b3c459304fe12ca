package evaluate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pipe/data/feature"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/stages/evaluate/occlusion"
)

// A script is the text behind an input of a row, cut into words.
type script struct {
	words []word
	// hide gives what the input holds without the words of each stretch, a row for each.
	hide func(spans []stretch) tensor.Rows
	// twins are inputs of the same text, from which the words are left out, too.
	twins []hidden
}

// A hidden is what another input holds without the words.
type hidden struct {
	number int
	input  *table.Input
	hide   func(spans []stretch) tensor.Rows
}

// A word is a part of a text.
type word struct{ before, text string }

// A stretch is words of a script, from one to before another.
type stretch struct{ from, to int }

// spans cuts a script into so many that each can be left out once.
func (s *script) spans() []stretch {
	n := len(s.words)
	step := max(1, (n+occlusion.MostSpans-1)/occlusion.MostSpans)
	var list []stretch
	for from := 0; from < n; from += step {
		list = append(list, stretch{from, min(n, from+step)})
	}
	return list
}

// A writing is an input that texts were made into, and the way back.
type writing struct {
	number int // of the input
	input  *table.Input
	of     *feature.TextInput
	kept   *table.Reader // the column of the texts themselves; nil: they were not kept
	others []*writing    // further inputs of texts
	twins  []*writing    // those of the same texts, as far as they were kept

	batch int // that texts holds; -1: none
	texts []string
	valid []bool
}

func (w *writing) about() (int, *table.Input) { return w.number, w.input }

// script reads the text of a row, whose inputs those are.
func (w *writing) script(ds *table.Dataset, row int, inputs []tensor.Rows) (*script, error) {
	if w.kept != nil {
		text, err := w.text(ds, row)
		if err != nil {
			return nil, err
		}
		if w.makes(text, &inputs[w.number]) {
			s, left := scriptOfText(text)
			s.hide = func(spans []stretch) tensor.Rows { return w.of.Rows(left(spans)) }
			for _, twin := range w.twins {
				if twin.makes(text, &inputs[twin.number]) {
					s.twins = append(s.twins, hidden{twin.number, twin.input, func(spans []stretch) tensor.Rows { return twin.of.Rows(left(spans)) }})
				}
			}
			return s, nil
		}
	}
	input := &inputs[w.number]
	if w.input.Kind == table.Sparse {
		return scriptOfTerms(input, w.of), nil
	}
	return scriptOfIDs(input, w), nil
}

// makes says whether the transform makes the input of a row of a text.
func (w *writing) makes(text string, input *tensor.Rows) bool {
	again := w.of.Rows([]string{text})
	return occlusion.SameRow(&again, 0, w.input.Width(), input)
}

// mostTried is of how many rows a kept column has to hold the text to be that of all.
const mostTried = 20

// find looks for the kept column of the texts. It has another name than the input: what the transform makes of
// it tells that it is the one.
func (w *writing) find(e *explainer, rows []int) error {
	schema := e.ds.Schema()
	for _, name := range e.ds.Info.Keep {
		at, err := table.Column(schema, name)
		if err != nil {
			return err
		}
		if table.ClassOf(schema.Field(at).Type) != table.ClassText {
			continue
		}
		if w.kept, err = e.ds.Select(name); err != nil {
			return err
		}
		w.batch = -1
		found, err := w.fits(w, e, rows)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		for _, other := range w.others {
			same, err := w.fits(other, e, rows)
			if err != nil {
				return err
			}
			if same {
				w.twins = append(w.twins, other)
			}
		}
		return nil
	}
	w.kept = nil
	return nil
}

// stays are the names of the inputs of texts from which no words are left out.
func (w *writing) stays() []string {
	var names []string
	for _, other := range w.others {
		if !slices.Contains(w.twins, other) {
			names = append(names, other.input.Name)
		}
	}
	return names
}

// fits says whether the kept column holds the texts of rows that an input was made of.
func (w *writing) fits(of *writing, e *explainer, rows []int) (bool, error) {
	some := false
	for _, row := range rows[:min(len(rows), mostTried)] {
		text, err := w.text(e.ds, row)
		if err != nil {
			return false, err
		}
		input, err := e.gather(row)
		if err != nil {
			return false, err
		}
		if !of.makes(text, &input[of.number]) {
			return false, nil
		}
		some = some || input[of.number].Len() > 0
	}
	return some, nil
}

// text is that of a row; empty where it is missing.
func (w *writing) text(ds *table.Dataset, row int) (string, error) {
	at, row := ds.BatchOf(int64(row))
	if w.batch != at {
		rec, err := w.kept.Batch(at)
		if err != nil {
			return "", err
		}
		defer rec.Release()
		texts, valid, err := table.Texts(rec.Column(0))
		if err != nil {
			return "", err
		}
		w.texts = make([]string, len(texts)) // they live longer than the batch
		for i, text := range texts {
			w.texts[i] = strings.Clone(text)
		}
		w.batch, w.valid = at, valid
	}
	if w.valid != nil && !w.valid[row] {
		return "", nil
	}
	return w.texts[row], nil
}

// scriptOfText cuts a text at its blanks, and between words and the punctuation around them, and says what
// is left of it without each span, to go through the transform again.
func scriptOfText(text string) (s *script, left func(spans []stretch) []string) {
	s = &script{}
	var ends []int
	var starts []int
	last := 0
	add := func(from, to int) {
		if from < to {
			s.words = append(s.words, word{text[last:from], text[from:to]})
			starts, ends, last = append(starts, from), append(ends, to), to
		}
	}
	start := -1
	end := func(to int) {
		if start >= 0 {
			chunk := text[start:to]
			head := punctuationAt(chunk)
			if head == len(chunk) {
				add(start, to)
			} else {
				tail := len(strings.TrimRightFunc(chunk, isPunctuation))
				add(start, start+head)
				add(start+head, start+tail)
				add(start+tail, to)
			}
		}
		start = -1
	}
	for i, r := range text {
		if unicode.IsSpace(r) {
			end(i)
		} else if start < 0 {
			start = i
		}
	}
	end(len(text))
	return s, func(spans []stretch) []string {
		list := make([]string, len(spans))
		for i, sp := range spans {
			list[i] = text[:starts[sp.from]] + text[ends[sp.to-1]:]
		}
		return list
	}
}

// punctuationAt is how many bytes at the beginning of a text are punctuation, with what is put on it: an emoji is a
// character, and often others that say how it looks.
func punctuationAt(text string) int {
	for i, r := range text {
		if !isPunctuation(r) && (i == 0 || !unicode.IsMark(r)) {
			return i
		}
	}
	return len(text)
}

// isPunctuation says that a character is none that words are made of.
func isPunctuation(r rune) bool {
	return r != '_' && r != utf8.RuneError && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !unicode.IsNumber(r)
}

// scriptOfIDs reads the pieces that ids stand for. Those that are left move together.
func scriptOfIDs(input *tensor.Rows, w *writing) *script {
	s := &script{}
	width := input.Len()
	var ids []int32
	for _, id := range input.I32 {
		text, ok := w.of.Piece(int(id))
		switch {
		case ok:
		case id == 0:
			continue // padding
		default:
			text = "\u25a1" // a word that the vocabulary does not have
		}
		before := ""
		if w.of.Apart() && len(ids) > 0 {
			before = " "
		}
		ids, s.words = append(ids, id), append(s.words, word{before, text})
	}
	first := width > 0 && input.I32[0] == 0 // padding stands before them
	s.hide = func(spans []stretch) tensor.Rows {
		rows := tensor.Rows{I32: []int32{}}
		for _, sp := range spans {
			zeros := width - len(ids) + sp.to - sp.from
			if w.input.Ragged() {
				zeros = 0
			}
			if first {
				rows.I32 = append(rows.I32, make([]int32, zeros)...)
			}
			rows.I32 = append(append(rows.I32, ids[:sp.from]...), ids[sp.to:]...)
			if !first {
				rows.I32 = append(rows.I32, make([]int32, zeros)...)
			}
			if w.input.Ragged() {
				rows.Ends = append(rows.Ends, len(rows.I32))
			}
		}
		return rows
	}
	return s
}

// scriptOfTerms lists the words of the n-grams that a row has, in their order in the vocabulary. Without a word
// the n-grams that hold it are gone.
func scriptOfTerms(input *tensor.Rows, of *feature.TextInput) *script {
	s := &script{}
	at := map[string]int{}
	holds := make([][]int, input.Len()/2) // words of each n-gram
	for i := range holds {
		term, ok := of.Piece(int(input.F32[2*i]))
		if !ok {
			continue
		}
		parts := []string{term}
		if of.Apart() {
			parts = strings.Fields(term)
		}
		for _, part := range parts {
			n, known := at[part]
			if !known {
				n = len(s.words)
				at[part] = n
				s.words = append(s.words, word{" ", part})
			}
			holds[i] = append(holds[i], n)
		}
	}
	s.hide = func(spans []stretch) tensor.Rows {
		rows := tensor.Rows{F32: []float32{}}
		for _, sp := range spans {
			for i, words := range holds {
				gone := false
				for _, n := range words {
					gone = gone || n >= sp.from && n < sp.to
				}
				if !gone {
					rows.F32 = append(rows.F32, input.F32[2*i], input.F32[2*i+1])
				}
			}
			rows.Ends = append(rows.Ends, len(rows.F32))
		}
		return rows
	}
	return s
}
