package ingest

import (
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pipe/data/table"
	"pipe/pipeline"
)

const (
	maxListed = 200 // columns that a line of the log names
	maxWarned = 5   // columns that are warned of for one reason
)

// missing counts the values that are missing in the table.
func (t *surveyed) missing() (n int64) {
	for _, p := range t.plan {
		n += t.tallies[p.from].missingAs(p.like)
	}
	return n
}

// report tells people what was read, and what may surprise them.
func (t *surveyed) report(env pipeline.Env, r *reader) {
	var columns []string
	w := &warner{log: env.Log(), counts: map[string]int{}, listed: slices.Sorted(maps.Keys(r.missing.texts))}
	t.warnOfFile(w, r)
	for at, p := range t.plan {
		name, tally := r.names[p.from], &t.tallies[p.from]
		n := tally.missingAs(p.like)
		column := name + " " + p.typ.String()
		if n > 0 {
			column += fmt.Sprintf(" (%d missing)", n)
		}
		if len(columns) < maxListed {
			columns = append(columns, column)
		}
		switch misfits := r.misfits(t.survey, p.from); {
		case misfits > 0:
			w.warn("a column was read as text, since not all values are of the type that was expected", "column", name,
				"expected", p.like, "others", misfits, "first", tally.example(classText))
		case r.declared[p.from] != undeclared: // is taken as it is
		case p.typ == stringType:
			doubt, _ := t.schema.Field(at).Metadata.GetValue(table.DoubtKey)
			_, nameless := slices.BinarySearch(r.nameless, p.from)
			t.warnOfText(w, name, tally, nameless, doubt)
		default:
			warnOfValues(w, name, p.typ, tally)
		}
	}
	w.end()
	env.Log().Info("read "+r.src.name, "rows", t.rows, "columns", listOf(columns, len(t.plan), ", "))
}

// listOf lists the first of n things.
func listOf(first []string, n int, separator string) string {
	list := strings.Join(first, separator)
	if more := n - len(first); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

func (t *surveyed) warnOfFile(w *warner, r *reader) {
	if hint := r.hintDelimiter(nil); len(r.names) == 1 && hint != "" {
		w.warn("the file has one column only", "hint", hint)
	}
	if t.blank > 0 {
		w.warn("blank lines are rows without a value in a file of one column", "lines", t.blank)
	}
	for _, i := range r.nameless {
		if t.tallies[i].missing == t.rows {
			w.warn("a column has neither a name nor values, as if the lines end with a delimiter", "column", i+1, "named", r.names[i],
				"hint", "leave it out: select: lists the columns to keep")
			continue
		}
		w.warn("a column has no name in the header", "column", i+1, "named", r.names[i],
			"hint", "if it numbers the rows, as pandas writes it unless told index=False, it is no feature; names: gives other names")
	}
}

// warnOfText is about a column whose type was inferred as text.
func (t *surveyed) warnOfText(w *warner, name string, tally *tally, nameless bool, doubt string) {
	switch {
	case tally.missing == t.rows && nameless: // has been said
	case tally.missing == t.rows:
		w.warn("a column has no values", "column", name)
	case doubt != "":
		w.warn("a column was read as text", "column", name, "because", doubt, "hint", w.hintOfDoubt(name, tally))
	case tally.values()+tally.blanks == 0 || !tally.mostly(t.rows-tally.missing):
		w.kept.add(name, tally)
	}
}

// mostly says whether one word for a missing value is more than half of a
// number of values. It is a value then.
func (t *tally) mostly(values int64) bool {
	for _, n := range t.words {
		if 2*n > values {
			return true
		}
	}
	return false
}

func (w *warner) hintOfDoubt(name string, t *tally) string {
	column := yamlText(name)
	if t.numbers() == t.values() {
		return fmt.Sprintf("columns: {%s: float64} reads the nearest numbers, columns: {%s: string} keeps the text", column, column)
	}
	hint := fmt.Sprintf("if the column is text, set columns: {%s: string}", column)
	if e := t.example(classText); e != nil && len(e.text) < maxExample {
		return fmt.Sprintf("if %s means a missing value, set missing: %s; ", quoteText([]byte(e.text)), w.withListed(e.text)) + hint
	}
	return hint
}

// warnOfValues is about a column whose type was inferred as another.
func warnOfValues(w *warner, name string, typ columnType, tally *tally) {
	w.taken.add(name, tally)
	if typ != float64Type {
		return
	}
	column := yamlText(name)
	if n := tally.classes[classExcess]; n > 0 {
		w.warn("numbers have more digits than a float64 keeps", "column", name, "count", n, "first", tally.example(classExcess),
			"hint", fmt.Sprintf("set columns: {%s: float64} if 17 digits are enough, columns: {%s: string} to keep all", column, column))
	}
	if tally.versions() {
		w.warn("numbers that end in 0 are equal to shorter ones", "column", name, "count", tally.classes[classRound], "first", tally.example(classRound),
			"hint", fmt.Sprintf("set columns: {%s: string} if they are versions or codes, columns: {%s: float64} if they are numbers", column, column))
	}
}

// Texts that are themselves in YAML, and those of them that mean something
// else to some reader of it.
var (
	plainYAML    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	reservedYAML = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n|nan)$`)
)

// yamlText writes a text as it can stand in a pipeline file.
func yamlText(s string) string {
	if plainYAML.MatchString(s) && !reservedYAML.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// A warner warns of a few columns for each reason, and counts the others: a
// file may have a hundred thousand.
type warner struct {
	log         *slog.Logger
	listed      []string // texts that mean a missing value already
	reasons     []string
	counts      map[string]int
	taken, kept wordColumns
}

func (w *warner) warn(reason string, args ...any) {
	n := w.counts[reason] + 1
	w.counts[reason] = n
	if n == 1 {
		w.reasons = append(w.reasons, reason)
	}
	if n <= maxWarned {
		w.log.Warn(reason, args...)
	}
}

func (w *warner) end() {
	for _, reason := range w.reasons {
		if more := w.counts[reason] - maxWarned; more > 0 {
			w.log.Warn(reason, "more columns", more)
		}
	}
	if c := &w.taken; c.n > 0 {
		w.log.Warn("words were taken for missing values", "in", listOf(c.first, c.n, "; "),
			"hint", "if that is right, set missing: "+w.withListed(c.list()...)+"; if not, declare the type of the column in columns:")
	}
	if c := &w.kept; c.n > 0 {
		w.log.Warn("words that can mean a missing value were kept as text", "in", listOf(c.first, c.n, "; "),
			"hint", "if they mean missing values, set missing: "+w.withListed(c.list()...)+"; if they are text, declare the column as string in columns:")
	}
}

// wordColumns are the columns with words for a missing value that are treated
// alike.
type wordColumns struct {
	first []string // the words of the first few
	n     int
	words map[string]bool
}

func (c *wordColumns) add(name string, t *tally) {
	if len(t.words) == 0 {
		return
	}
	if c.n++; c.n > maxWarned {
		return
	}
	c.first = append(c.first, name+": "+t.countWords())
	if c.words == nil {
		c.words = map[string]bool{}
	}
	for word := range t.words {
		c.words[word] = true
	}
}

func (c *wordColumns) list() []string { return slices.Sorted(maps.Keys(c.words)) }

// withListed gives the value of the setting missing with more texts in it.
func (w *warner) withListed(more ...string) string {
	var list []string
	for _, text := range append(slices.Clone(w.listed), more...) {
		list = append(list, yamlText(text))
	}
	return "[" + strings.Join(list, ", ") + "]"
}
