package feature

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/data/token"
)

// maxGram is how long n-grams can be.
const maxGram = 20

// Grams are the settings of what counts in texts: those of CountVectorizer of
// scikit-learn.
type Grams struct {
	Analyzer      token.Unit `yaml:"analyzer" default:"word" doc:"What is counted: words of two or more letters, digits and underscores (of one, too, with single_letters), or n-grams of characters, of the whole text or within each word with a space on either side."`
	NgramRange    []int      `yaml:"ngram_range" min:"2" max:"2" doc:"The least and the most neighbours that are counted together: [1, 2] is words and pairs of words. [1, 1] if absent."`
	Lowercase     bool       `yaml:"lowercase" default:"true" doc:"Whether case is left out of account."`
	SingleLetters bool       `yaml:"single_letters" default:"false" added:"true" doc:"Whether words of one letter or digit count, such as I."`
	Punctuation   string     `yaml:"punctuation" added:"true" max:"1000" doc:"Characters that are words by themselves, as in punctuation: '!?'; all is each that is seen and belongs to no word, emoji among them. None if absent."`
	StopWords     []string   `yaml:"stop_words" max:"100000" doc:"Words that are left out; in lower case, with lowercase."`
	MinDF         float64    `yaml:"min_df" default:"1" min:"0" doc:"Leave out what is in fewer texts of training: a number, or below 1 a fraction of them."`
	MaxDF         float64    `yaml:"max_df" default:"1" above:"0" doc:"Leave out what is in more texts of training: up to 1 a fraction of them, above 1 a number."`
	MaxFeatures   int        `yaml:"max_features" default:"0" min:"0" max:"1048576" doc:"How many are taken at most: those that are there most often, of equals those that sort first. 0 is no limit but 1048576."`
	Dense         bool       `yaml:"dense" default:"false" doc:"Make a feature of each, among the other features, in place of an input of sparse vectors. For few."`
}

// gramRange is the range of n.
func (s *Grams) gramRange() (least, most int) {
	if len(s.NgramRange) != 2 {
		return 1, 1
	}
	return s.NgramRange[0], s.NgramRange[1]
}

// Validate finds settings that contradict each other.
func (s *Grams) Validate() error {
	wrong := func(setting, fix, format string, args ...any) error {
		return AtField(&SpecError{Setting: setting, Fix: fix, Msg: fmt.Sprintf(format, args...)})
	}
	whole := func(x float64) bool { return x == math.Trunc(x) }
	switch least, most := s.gramRange(); {
	case least < 1 || most < least || most > maxGram:
		return wrong("ngram_range", "write the smaller one first, as in [1, 2]", "[%d, %d] is no range of 1 to %d", least, most, maxGram)
	case s.MinDF >= 1 && !whole(s.MinDF):
		return wrong("min_df", "write a whole number of texts, or a fraction below 1", "min_df is %v, which is neither a number of texts nor a fraction", s.MinDF)
	case s.MaxDF > 1 && !whole(s.MaxDF):
		return wrong("max_df", "write a whole number of texts, or a fraction", "max_df is %v, which is neither a number of texts nor a fraction", s.MaxDF)
	case len(s.StopWords) > 0 && s.ofCharacters():
		return wrong("stop_words", "remove `stop_words`, or count words", "words cannot be left out where characters are counted")
	case s.SingleLetters && s.ofCharacters():
		return wrong("single_letters", "remove `single_letters`, or count words", "there are no words where characters are counted")
	case s.Punctuation != "" && s.ofCharacters():
		return wrong("punctuation", "remove `punctuation`, or count words", "characters are counted, punctuation among them")
	}
	if r, found := token.Symbols(s.Punctuation).Other(); found {
		return wrong("punctuation", "write `punctuation: all`, or characters such as '!?'", "punctuation has %q, which is none", r)
	}
	return nil
}

func (s *Grams) ofCharacters() bool { return s.Analyzer != token.Word && s.Analyzer != "" }

// cutting is how texts are cut into n-grams, as it is stored.
type cutting struct {
	Analyzer   token.Unit `json:"analyzer"`
	NgramRange [2]int     `json:"ngram_range"`
	Lowercase  bool       `json:"lowercase"`
	StopWords  []string   `json:"stop_words,omitempty"`

	SingleLetters bool          `json:"single_letters,omitempty"`
	Punctuation   token.Symbols `json:"punctuation,omitempty"`

	stop map[string]bool
}

func (s *Grams) cutting() cutting {
	c := cutting{Analyzer: s.Analyzer, Lowercase: s.Lowercase, StopWords: s.StopWords, SingleLetters: s.SingleLetters, Punctuation: token.Symbols(s.Punctuation)}
	if c.Analyzer == "" {
		c.Analyzer = token.Word
	}
	c.NgramRange[0], c.NgramRange[1] = s.gramRange()
	c.stop = token.StopWords(c.StopWords)
	return c
}

func (c *cutting) analyser() *token.Analyser {
	return &token.Analyser{Unit: c.Analyzer, Min: c.NgramRange[0], Max: c.NgramRange[1], Lower: c.Lowercase, Stop: c.stop, Single: c.SingleLetters, Symbols: c.Punctuation}
}

// mostIdle is how many stop words are named that leave nothing out.
const mostIdle = 5

// idle are the first stop words that texts are never cut into.
func (c *cutting) idle() []string {
	a := c.analyser()
	a.Min, a.Max, a.Stop = 1, 1, nil
	var list []string
	for _, word := range c.StopWords {
		same := false
		a.Analyse(word, func(gram []byte) { same = same || string(gram) == word })
		if !same && len(list) < mostIdle {
			list = append(list, fmt.Sprintf("%q", word))
		}
	}
	return list
}

// fit begins to count; done makes of the n-grams what is learned.
func (s *Grams) fit(in *Input, kind string, done func(vocabulary gramList, list []token.Piece, texts int64) Fitted) Fitter {
	cut := s.cutting()
	f := &gramFitter{s: s, kind: kind, done: done, cut: cut}
	f.counting = in.counting(func() func(string, func([]byte)) { return cut.analyser().Analyse })
	return f
}

type gramFitter struct {
	*counting
	s    *Grams
	kind string
	cut  cutting
	done func(vocabulary gramList, list []token.Piece, texts int64) Fitted
}

// Done implements Fitter.
func (f *gramFitter) Done() (Fitted, error) {
	if idle := f.cut.idle(); len(idle) > 0 {
		f.in.Remark(fmt.Sprintf("stop_words has what no text holds as a word: %s", strings.Join(idle, ", ")),
			"write words as texts are cut into them: in lower case with `lowercase`, and without apostrophes and blanks, as in `don` for don't")
	}
	texts := f.counter.Texts
	least, most := f.s.MinDF, f.s.MaxDF
	if least < 1 {
		least *= float64(texts)
	}
	if most <= 1 {
		most *= float64(texts)
	}
	pieces, err := f.choose(f.kind, "max_features", token.Choice{Most: f.s.MaxFeatures,
		Texts: func(n int64) bool { return float64(n) >= least && float64(n) <= most }})
	switch {
	case err != nil:
		return nil, err
	case len(pieces) == 0:
		return nil, f.in.Errorf("chain", "lower `min_df`, raise `max_df`, or leave the column out", "nothing of its texts is counted: they are empty, or all is rarer or more frequent than it may be")
	case f.s.Dense && len(pieces) > maxFeatures:
		return nil, f.in.Errorf("chain", "write `max_features: 1000`, or leave out `dense: true`", "%d n-grams would become features, at most %d are possible", len(pieces), maxFeatures)
	}
	v := gramList{cutting: f.cut, Dense: f.s.Dense, Terms: make([]string, len(pieces))}
	for i, p := range pieces {
		v.Terms[i] = p.Text
	}
	return f.done(v, pieces, texts), nil
}

// A gramList is the n-grams that count, in the order of their bytes.
type gramList struct {
	cutting
	Dense bool     `json:"dense,omitempty"`
	Terms []string `json:"terms"`

	places map[string]int32
}

func (g gramList) prepared() gramList {
	g.stop = token.StopWords(g.StopWords)
	g.places = make(map[string]int32, len(g.Terms))
	for i, term := range g.Terms {
		g.places[term] = int32(i)
	}
	return g
}

func (g *gramList) check() error {
	least, most := g.NgramRange[0], g.NgramRange[1]
	switch {
	case g.otherSymbols():
		return fmt.Errorf("punctuation has %q, which is none", g.Punctuation)
	case !slices.Contains(g.Analyzer.Enum(), string(g.Analyzer)) || least < 1 || most < least || most > maxGram:
		return errors.New("it is not known what n-grams are made of")
	case len(g.Terms) == 0 || len(g.Terms) > maxPieces || g.Dense && len(g.Terms) > maxFeatures:
		return fmt.Errorf("%d n-grams", len(g.Terms))
	}
	return nil
}

func (g *gramList) otherSymbols() bool {
	_, found := g.Punctuation.Other()
	return found
}

// each counts the n-grams of the rows: where they stand in the list, in its order,
// and how often they are there.
func (g *gramList) each(v *Values, row func(row int, places []int32, counts []float64)) {
	var found, places []int32
	var counts []float64
	a := g.analyser()
	for r := range v.Len() {
		found, places, counts = found[:0], places[:0], counts[:0]
		a.Analyse(v.document(r), func(gram []byte) {
			if at, ok := g.places[string(gram)]; ok {
				found = append(found, at)
			}
		})
		slices.Sort(found)
		for _, at := range found {
			if n := len(places); n > 0 && places[n-1] == at {
				counts[n-1]++
				continue
			}
			places, counts = append(places, at), append(counts, 1)
		}
		row(r, places, counts)
	}
}

// input is the input of sparse vectors.
func (g *gramList) input() table.Input {
	return table.Input{Kind: table.Sparse, Type: tensor.F32, Shape: []int{tensor.Ragged, 2}, Size: len(g.Terms)}
}

// outputs name a feature for each n-gram.
func (g *gramList) outputs() []Output {
	list := make([]Output, len(g.Terms))
	for i, term := range g.Terms {
		list[i].Suffix = "[" + term + "]"
	}
	return list
}

// sparse makes pairs of an index and a value. weigh changes counts into values.
func (g *gramList) sparse(v *Values, weigh func(places []int32, counts []float64)) tensor.Rows {
	rows := tensor.Rows{F32: []float32{}, Ends: make([]int, 0, v.Len())}
	g.each(v, func(_ int, places []int32, counts []float64) {
		weigh(places, counts)
		for i, at := range places {
			if x := float32(counts[i]); x != 0 {
				rows.F32 = append(rows.F32, float32(at), x)
			}
		}
		rows.Ends = append(rows.Ends, len(rows.F32))
	})
	return rows
}

// dense sets features.
func (g *gramList) dense(v *Values, out *Out, weigh func(places []int32, counts []float64)) {
	g.each(v, func(row int, places []int32, counts []float64) {
		weigh(places, counts)
		for i, at := range places {
			out.Set(row, int(at), float32(counts[i]))
		}
	})
}
