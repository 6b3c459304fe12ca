package cell

import (
	"log/slog"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/data/tensor"
)

// Metadata keys of the columns of a table.
const (
	TypeKey    = "pipe.type"    // "inferred" or "declared"
	MissingKey = "pipe.missing" // number of missing values
	LayoutKey  = "pipe.format"  // how dates and times were written, see Layout, unless in the usual way
	QuotedKey  = "pipe.quoted"  // that texts which are no numbers may stand in quotes, see Unquote
)

// Columns are those of some data before their values are seen.
type Columns struct {
	Names []string
	Types []ColumnType // of each
	in    *Rules
	keep  []int
	all   bool     // are kept
	extra []string // that a schema does not have
}

// Columns joins the contract with the names that the columns of data have.
// data names these in messages.
func (c *Contract) Columns(data string, names []string) (*Columns, error) {
	keep, err := c.kept(data, names)
	if err != nil {
		return nil, err
	}
	types := c.Types()
	cols := &Columns{Names: names, Types: make([]ColumnType, len(names)), in: &c.Rules, keep: keep, all: len(c.Keep) == 0}
	for i, name := range names {
		cols.Types[i] = types.Of(name)
		if _, ok := types.Named(name); c.Agreed && !ok {
			cols.extra = append(cols.extra, name)
		}
	}
	return cols, nil
}

// Note tells of columns that a schema does not have.
func (c *Columns) Note(log *slog.Logger) {
	if n := len(c.extra); n > 0 {
		log.Info("columns that the schema does not have were left out", "columns", listOf(c.extra[:min(n, maxListed)], n, ", "))
	}
}

// Kept are the columns of the table, in their order.
func (c *Columns) Kept() []int { return c.keep }

// A Survey is what was found out about columns by looking at all values.
type Survey struct {
	*Columns
	Tallies  []Tally // of each column
	Rows     int64
	Nameless []int // columns that the data do not name, in order
	Loose    bool  // a row need not name all columns, and so need not a file
}

// A Target says which column of the data becomes a column of the table.
type Target struct {
	From int
	typ  Type
	like Type     // whose words mean a missing value, if it was read as text for other values
	how  *writing // of its values; nil is the usual one

	of    tensor.Type // of the elements of lists
	width int         // of lists: how many each has, or tensor.Ragged
}

// IsList says whether values become lists of numbers.
func (t Target) IsList() bool { return t.typ.IsList() }

// Arrow is the type of the column.
func (t Target) Arrow() arrow.DataType {
	if t.typ.IsList() {
		return table.ListType(t.of, t.width)
	}
	return t.typ.Arrow()
}

// AsLists is the target of lists of a type and a width, or tensor.Ragged.
func (t Target) AsLists(of tensor.Type, width int) Target {
	t.of, t.width = of, width
	return t
}

// lists is the target of lists as they were seen, which is text if none were.
func (t Target) lists(tally *Tally) Target {
	if !t.typ.IsList() {
		return t
	}
	var ok bool
	if t.of, t.width, ok = tally.ListType(t.typ); !ok {
		t.typ, t.like = String, String
	}
	return t
}

// TargetOf is a column of the table of a type that the data say.
func TargetOf(t Type) Target { return Target{typ: t, like: t} }

// written is the target of values that are written in some way.
func (t Target) written(n *Notation, l *Layout) Target {
	if (t.typ != String || t.like != String) && (n != nil || l != nil) && !t.like.IsList() {
		t.how = &writing{n, l}
	}
	return t
}

// Quotes says whether texts stand in quotes that would be numbers in the usual way, and
// are none as the data are written.
func (t Target) Quotes() bool {
	return t.typ == String && (t.like == Int64 || t.like == Float64) && t.how != nil
}

// Unquote is a text of a column whose target Quotes, as it stands in the data.
func Unquote(text string) string {
	if len(text) > 1 && text[0] == '"' {
		return text[1 : len(text)-1]
	}
	return text
}

// same says whether another target makes the same of every value.
func (t Target) same(u Target) bool {
	a, b := t.how, u.how
	t.how, u.how = nil, nil
	return t == u && (a == b || a != nil && b != nil && a.notation == b.notation &&
		(a.layout == b.layout || a.layout != nil && b.layout != nil && a.layout.text == b.layout.text))
}

// Target is how a column with a type that is known becomes one of the table: of that
// type or, if values of it misfit, of text.
func (c *Columns) Target(column int, misfits bool) Target {
	typ := c.Types[column]
	t := Target{From: column, typ: typ.Type, like: typ.Type}
	if misfits {
		t.typ = String
	}
	return t.written(c.in.Notation, typ.layout)
}

// A Plan is how the columns of data become those of a table.
type Plan struct {
	*Survey
	Schema  *arrow.Schema
	Targets []Target // of the columns of the table
}

// SameTypes says whether another plan makes the same columns of the same data.
func (p *Plan) SameTypes(q *Plan) bool { return slices.EqualFunc(p.Targets, q.Targets, Target.same) }

// Bare is the schema without what it says of values.
func (p *Plan) Bare() *arrow.Schema {
	fields := make([]arrow.Field, p.Schema.NumFields())
	for i, f := range p.Schema.Fields() {
		fields[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}
		if p.Targets[i].Quotes() {
			fields[i].Metadata = arrow.MetadataFrom(map[string]string{QuotedKey: "true"})
		}
	}
	return arrow.NewSchema(fields, nil)
}

// Plan decides on the types of the columns.
func (s *Survey) Plan() *Plan {
	p := &Plan{Survey: s}
	var fields []arrow.Field
	for _, i := range s.keep {
		declared, layout := s.Types[i].Type, s.Types[i].layout
		t, origin := s.Target(i, s.misfits(i) > 0), "declared"
		if tally := &s.Tallies[i]; s.Types[i].Expected && tally.Widens() {
			t.typ, t.like = Float64, Float64
		}
		if declared == Undeclared {
			layout, origin = s.Tallies[i].layout(), "inferred"
			t = TargetOf(s.Tallies[i].Type()).written(s.in.Notation, layout)
			t.From = i
		}
		t = t.lists(&s.Tallies[i])
		meta := map[string]string{
			TypeKey: origin, MissingKey: strconv.FormatInt(s.Tallies[i].missingAs(t.like), 10),
		}
		if layout != nil && t.typ != String {
			meta[LayoutKey] = layout.String()
		}
		if t.Quotes() {
			meta[QuotedKey] = "true"
		}
		if t.typ == String && declared == Undeclared {
			if doubt := s.Tallies[i].doubt(); doubt != "" {
				meta[table.DoubtKey] = doubt
			}
		}
		fields = append(fields, arrow.Field{
			Name: s.Names[i], Type: t.Arrow(), Nullable: true, Metadata: arrow.MetadataFrom(meta),
		})
		p.Targets = append(p.Targets, t)
	}
	p.Schema = arrow.NewSchema(fields, nil)
	return p
}

// misfits counts the values that are not of the type that is expected of a column.
func (t *Tally) misfits() int64 {
	n := t.classes[classText]
	if !t.Widens() {
		n += t.decimal
	}
	if t.Lists() { // which are in each row, or in none
		n += t.missing + t.blanks + t.wordCount()
	}
	return n
}

// misfits counts the values of a column that are not of the expected type.
func (s *Survey) misfits(column int) int64 {
	if !s.Types[column].Expected {
		return 0
	}
	return s.Tallies[column].misfits()
}

// Empty says whether a column has no value in any row.
func (s *Survey) Empty(column int) bool { return s.Tallies[column].missing == s.Rows }

// NumbersBelow says whether all values are numbers but the first, which is in a line.
func (t *Tally) NumbersBelow(line int64) bool {
	n := t.values()
	return n > 2 && t.classes[classText] == 1 && t.example(classText).line == line && t.numbers() == n-1
}
