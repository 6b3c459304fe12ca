package cell

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"pipe/data/table"
	"pipe/pipeline/settings"
)

const (
	maxListed = 200 // columns that a line of the log names
	maxWarned = 5   // columns that are warned of for one reason
)

// Report tells people what was read, and what may surprise them. w may have
// been told of other things before. data is what was read, for messages.
func (p *Plan) Report(w *Warner, data string) {
	var columns []string
	for at, t := range p.Targets {
		name, tally := p.Names[t.From], &p.Tallies[t.From]
		n := tally.missingAs(t.like)
		column := name + " " + table.TypeName(t.Arrow())
		if n > 0 {
			column += fmt.Sprintf(" (%d missing)", n)
		}
		if len(columns) < maxListed {
			columns = append(columns, column)
		}
		w.Noted(name, p.Types[t.From].Layout(), tally)
		switch misfits := p.misfits(t.From); {
		case misfits > 0:
			w.Misfits(name, t.like, tally)
		case tally.Widens():
			w.Widened(name, tally)
		case t.IsList():
			w.Lists(name, t.of, tally)
		case p.Types[t.From].Type != Undeclared: // is taken as it is
			w.Bare(name, tally)
		case t.typ == String:
			doubt, _ := p.Schema.Field(at).Metadata.GetValue(table.DoubtKey)
			_, nameless := slices.BinarySearch(p.Nameless, t.From)
			p.warnOfText(w, name, tally, nameless, doubt)
		default:
			warnOfValues(w, name, t.typ, tally)
		}
	}
	if p.Rows == 0 {
		w.Warn("there are no rows", "in", data)
	}
	w.End()
	p.Note(w.log)
	w.log.Info("read "+data, "rows", p.Rows, "columns", listOf(columns, len(p.Targets), ", "))
}

// Noted tells what was read in a column as settings say, and how often: numbers, words,
// and dates by a layout that is declared.
func (w *Warner) Noted(column string, layout *Layout, t *Tally) {
	if len(t.listed) > 0 {
		w.Note("texts that missing: lists were missing values", "column", column, "texts", t.countListed())
	}
	n := t.noted
	switch {
	case n == nil || n.count == 0:
	case n.used&usedLayout != 0:
		w.Note("dates were read as the settings say that they are written", "column", column, "as", layout, "count", n.count, "first", n.first)
	case n.used&usedZone != 0:
		w.Note("times without a zone are those of the time zone that is set", "column", column, "count", n.count, "first", n.first)
	case n.used&usedTruth != 0:
		w.Note("words were read as true and false as the settings say", "column", column, "count", n.count, "first", n.first)
	default:
		w.Note("numbers were read as the settings say that they are written", "column", column, "count", n.count, "first", n.first)
	}
}

// Misfits warns that a column is text since values of it are not of a type.
func (w *Warner) Misfits(column string, expected Type, t *Tally) {
	w.Warn("a column was read as text, since not all values are of the type that was expected", "column", column,
		"expected", expected, "others", t.misfits(), "first", t.misfit())
}

// Widened warns that a column has decimal numbers, of which whole ones were expected.
func (w *Warner) Widened(column string, t *Tally) {
	w.Warn("a column was read as float64, since it has numbers with decimals, where whole ones were expected", "column", column,
		"others", t.decimal, "first", t.example(classText))
}

// listOf lists the first of n things.
func listOf(first []string, n int, separator string) string {
	list := strings.Join(first, separator)
	if more := n - len(first); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// warnOfText is about a column whose type was inferred as text.
func (p *Plan) warnOfText(w *Warner, name string, tally *Tally, nameless bool, doubt string) {
	switch {
	case tally.missing == p.Rows && (nameless || p.Rows == 0): // has been said
	case tally.missing == p.Rows:
		w.Warn("a column has no values", "column", name)
	case doubt != "":
		w.Warn("a column was read as text", "column", name, "because", doubt, "hint", w.hintOfDoubt(name, tally))
	case tally.values()+tally.blanks == 0 || !tally.mostly(p.Rows-tally.missing):
		w.kept.add(name, tally)
	}
}

// mostly says whether one word for a missing value is more than half of a
// number of values. It is a value then.
func (t *Tally) mostly(values int64) bool {
	for _, n := range t.words {
		if 2*n > values {
			return true
		}
	}
	return false
}

func (w *Warner) hintOfDoubt(name string, t *Tally) string {
	column := settings.Quote(name)
	if t.mixed() {
		return "list one of them in currency:; the others make text of the values"
	}
	if t.numbers() == t.values() {
		return fmt.Sprintf("columns: {%s: float64} reads the nearest numbers, columns: {%s: string} keeps the text", column, column)
	}
	if t.beyond() {
		return fmt.Sprintf("nine decimals of a second are the most, from 1678 to 2261, and six in other years; columns: {%s: string} keeps the text", column)
	}
	hint := fmt.Sprintf("if the column is text, set columns: {%s: string}", column)
	if t.odd != nil && t.odd.lists == t.values() {
		return fmt.Sprintf("set columns: {%s: list} to have lists, of which training makes features or an input; ", column) + hint
	}
	if t.odd != nil {
		if words := t.odd.wordsOfTruth(t.values()); words != "" {
			return "set " + words + "; " + hint
		}
	}
	if way := t.oddity(column); way != "" {
		return way + "; " + hint
	}
	e := t.example(classText)
	if e != nil {
		text := []byte(e.text)
		for _, typ := range []Type{Timestamp, TimestampNs} {
			if zone := w.in.gap(writing{w.in.Notation, nil}, typ, text); zone != "" {
				return fmt.Sprintf("clocks in %s leave %s out; %s", zone, Quote(text), hintGap)
			}
		}
	}
	if e != nil && len(e.text) < maxExample {
		return fmt.Sprintf("if %s means a missing value, set missing: %s; ", Quote([]byte(e.text)), w.withListed(e.text)) + hint
	}
	return hint
}

// oddity says which setting reads the values as numbers, if they are numbers
// that are written in another way. It is empty if they are not.
func (t *Tally) oddity(column string) string {
	if t.odd == nil {
		return ""
	}
	if d := t.odd.dates(t.values() - t.values()/10); d.layout != nil && d.also != nil {
		return fmt.Sprintf("set dates: {%s: %q} or dates: {%s: %q}", column, d.layout, column, d.also)
	} else if d.layout != nil && d.count < t.values() {
		return fmt.Sprintf("dates: {%s: %q} says in which lines the others are", column, d.layout)
	} else if d.layout != nil {
		return fmt.Sprintf("dates: {%s: %q} reads them", column, d.layout)
	}
	n, count, also := t.oddNumbers()
	if n == nil || count < 9*(t.values()-count) {
		return ""
	}
	how := n.settings(t.odd.used)
	if how == "" {
		return `they are read with decimal: "."`
	}
	if also == nil {
		return "set " + how
	}
	return fmt.Sprintf("set %s if what stands before three digits is no decimal comma, and %s if it is one", how, also.settings(t.odd.used))
}

// warnOfValues is about a column whose type was inferred as another.
func warnOfValues(w *Warner, name string, typ Type, tally *Tally) {
	w.taken.add(name, tally)
	if l := tally.layout(); l != nil {
		column, also := settings.Quote(name), ""
		if typ != l.Type() {
			also = fmt.Sprintf(" and columns: {%s: %s}", column, settings.Quote(typ.String()))
		}
		w.Warn("dates were read as they seem to be written", "column", name, "as", l, "count", tally.values(), "first", tally.example(classText),
			"hint", fmt.Sprintf("if that is right, set dates: {%s: %q}%s; if not, another format, or columns: {%s: string}", column, l, also, column))
	}
	if n := tally.classes[classInfinite]; n > 0 {
		w.Warn("infinite numbers", "column", name, "count", n, "first", tally.example(classInfinite),
			"hint", fmt.Sprintf("if they mean missing values, set missing: %s", w.withListed(tally.example(classInfinite).text)))
	}
	w.bare(name, tally, fmt.Sprintf("; if that is right, set columns: {%s: float64}", settings.Quote(name)))
	if typ != Float64 {
		return
	}
	column := settings.Quote(name)
	if n := tally.classes[classExcess]; n > 0 {
		w.Warn("numbers have more digits than a float64 keeps", "column", name, "count", n, "first", tally.example(classExcess),
			"hint", fmt.Sprintf("set columns: {%s: float64} if 17 digits are enough, columns: {%s: string} to keep all", column, column))
	}
	if tally.versions() {
		w.Warn("numbers that end in 0 are equal to shorter ones", "column", name, "count", tally.classes[classRound], "first", tally.example(classRound),
			"hint", fmt.Sprintf("set columns: {%s: string} if they are versions or codes, columns: {%s: float64} if they are numbers", column, column))
	}
}

// Bare warns of numbers without a percent sign beside others with one, in a column whose
// type is known.
func (w *Warner) Bare(name string, tally *Tally) { w.bare(name, tally, "") }

// bare warns of numbers without a percent sign beside others with one. way is what
// to do if that is right.
func (w *Warner) bare(name string, tally *Tally, way string) {
	if n := tally.noted; n != nil && n.used&usedPercent != 0 && n.bare > 0 {
		w.Warn("numbers without a percent sign are beside others with one, and stay what they are", "column", name, "count", n.bare, "first", n.firstBare,
			"hint", "with percent: true 5% is 0.05, and 5 is 5"+way)
	}
}

// A Warner warns of a few columns for each reason, and counts the others: there
// may be a hundred thousand.
type Warner struct {
	log         *slog.Logger
	in          *Rules
	listed      []string // texts that mean a missing value already
	said        []said
	taken, kept wordColumns
}

// A said is a reason for which some columns were named.
type said struct {
	level   slog.Level
	reason  string
	columns int
}

// NewWarner makes a Warner for data that are read by some rules.
func NewWarner(log *slog.Logger, in *Rules) *Warner {
	return &Warner{log: log, in: in, listed: in.Missing.listed()}
}

// Warn warns of something that several columns may have in common.
func (w *Warner) Warn(reason string, args ...any) { w.say(slog.LevelWarn, reason, args) }

// Note says what was told to be done, as Warn warns of it.
func (w *Warner) Note(what string, args ...any) { w.say(slog.LevelInfo, what, args) }

func (w *Warner) say(level slog.Level, reason string, args []any) {
	i := slices.IndexFunc(w.said, func(s said) bool { return s.reason == reason })
	if i < 0 {
		i = len(w.said)
		w.said = append(w.said, said{level: level, reason: reason})
	}
	if s := &w.said[i]; s.columns < maxWarned {
		w.log.Log(context.Background(), level, reason, args...)
	}
	w.said[i].columns++
}

// End tells how many columns were not named. Report does it by itself.
func (w *Warner) End() {
	for _, s := range w.said {
		if more := s.columns - maxWarned; more > 0 {
			w.log.Log(context.Background(), s.level, s.reason, "more columns", more)
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

func (c *wordColumns) add(name string, t *Tally) {
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
func (w *Warner) withListed(more ...string) string {
	return yamlList(append(slices.Clone(w.listed), more...))
}
