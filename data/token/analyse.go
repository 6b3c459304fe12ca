package token

import "unicode/utf8"

// A Unit is what n-grams are made of.
type Unit string

const (
	Word   Unit = "word"    // letters, digits and underscores: \b\w\w+\b of Python
	Char   Unit = "char"    // characters
	CharWB Unit = "char_wb" // characters within a word that has a space on either side
)

// Enum implements settings.Enum.
func (Unit) Enum() []string { return []string{string(Word), string(Char), string(CharWB)} }

// An Analyser finds the n-grams of texts, as CountVectorizer of scikit-learn does. It
// is for one goroutine at a time.
type Analyser struct {
	Unit     Unit
	Min, Max int // n
	Lower    bool
	Stop     map[string]bool // words that are left out, before there are n-grams
	Single   bool            // a letter or digit by itself is a word, too
	Symbols  Symbols         // characters that are words, too

	text   []byte // in lower case
	spaced []byte // the text of characters
	ends   []int  // of words in spaced, or of its characters
	starts []int  // of them
}

// Analyse tells of each n-gram. It must not be kept.
func (a *Analyser) Analyse(text string, gram func([]byte)) {
	if a.text = a.text[:0]; a.Lower {
		a.text = AppendLower(a.text, text)
	} else {
		a.text = append(a.text, text...)
	}
	if !utf8.Valid(a.text) {
		a.text = append(a.text[:0], Valid(string(a.text))...)
	}
	a.spaced, a.starts, a.ends = a.spaced[:0], a.starts[:0], a.ends[:0]
	switch a.Unit {
	case Char:
		a.joinBlanks()
		a.characters(0, len(a.spaced))
		for n := a.Min; n <= min(a.Max, len(a.starts)); n++ {
			a.grams(n, gram)
		}
	case CharWB:
		a.withinWords(gram)
	default:
		a.words()
		for n := a.Min; n <= min(a.Max, len(a.starts)); n++ {
			a.grams(n, gram)
		}
	}
}

// grams are n neighbours each.
func (a *Analyser) grams(n int, gram func([]byte)) {
	for i := range len(a.starts) - n + 1 {
		gram(a.spaced[a.starts[i]:a.ends[i+n-1]])
	}
}

// words puts the words that count behind each other, a space between them.
func (a *Analyser) words() {
	start, letters, least := -1, 0, 2
	if a.Single {
		least = 1
	}
	add := func(from, to int) {
		if a.Stop[string(a.text[from:to])] {
			return
		}
		if len(a.spaced) > 0 {
			a.spaced = append(a.spaced, ' ')
		}
		a.starts = append(a.starts, len(a.spaced))
		a.spaced = append(a.spaced, a.text[from:to]...)
		a.ends = append(a.ends, len(a.spaced))
	}
	for i := 0; i < len(a.text); {
		r, n := rune(a.text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(a.text[i:])
		}
		if isWord(r) {
			if start < 0 {
				start = i
			}
			letters++
			i += n
			continue
		}
		if letters >= least {
			add(start, i)
		}
		start, letters = -1, 0
		if a.Symbols.has(r) {
			add(i, i+n)
		}
		i += n
	}
	if letters >= least {
		add(start, len(a.text))
	}
}

// joinBlanks copies the text with one space for each run of two or more blanks.
func (a *Analyser) joinBlanks() {
	for i := 0; i < len(a.text); {
		r, n := utf8.DecodeRune(a.text[i:])
		if !isBlank(r) {
			a.spaced = append(a.spaced, a.text[i:i+n]...)
			i += n
			continue
		}
		end, count := i, 0
		for end < len(a.text) {
			r, n := utf8.DecodeRune(a.text[end:])
			if !isBlank(r) {
				break
			}
			end, count = end+n, count+1
		}
		if count > 1 {
			a.spaced = append(a.spaced, ' ')
		} else {
			a.spaced = append(a.spaced, a.text[i:end]...)
		}
		i = end
	}
}

// characters finds those between two places of what was copied.
func (a *Analyser) characters(from, to int) {
	for from < to {
		_, n := utf8.DecodeRune(a.spaced[from:to])
		a.starts, a.ends = append(a.starts, from), append(a.ends, from+n)
		from += n
	}
}

// withinWords finds the n-grams of characters of each word with a space before and
// behind it. A word that is no longer than n is one, once.
func (a *Analyser) withinWords(gram func([]byte)) {
	word := func(text []byte) {
		a.spaced = append(append(append(a.spaced[:0], ' '), text...), ' ')
		a.starts, a.ends = a.starts[:0], a.ends[:0]
		a.characters(0, len(a.spaced))
		for n := a.Min; n <= a.Max; n++ {
			if n >= len(a.starts) {
				gram(a.spaced)
				return
			}
			a.grams(n, gram)
		}
	}
	start := -1
	for i := 0; i < len(a.text); {
		r, n := utf8.DecodeRune(a.text[i:])
		if isBlank(r) {
			if start >= 0 {
				word(a.text[start:i])
			}
			start = -1
		} else if start < 0 {
			start = i
		}
		i += n
	}
	if start >= 0 {
		word(a.text[start:])
	}
}

// Clone is an Analyser for another goroutine.
func (a *Analyser) Clone() *Analyser {
	return &Analyser{Unit: a.Unit, Min: a.Min, Max: a.Max, Lower: a.Lower, Stop: a.Stop, Single: a.Single, Symbols: a.Symbols}
}

// StopWords is a set of words.
func StopWords(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}
