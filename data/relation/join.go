package relation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
)

// How says which rows a join has.
type How string

// The ways to join.
const (
	LeftJoin  How = "left"  // every row of the left table
	InnerJoin How = "inner" // rows of the left table that match
	FullJoin  How = "full"  // every row of the left table, then those of the right that matched none
	SemiJoin  How = "semi"  // rows of the left table that match, without columns of the right
	AntiJoin  How = "anti"  // rows of the left table that do not match
)

// Multiple says what becomes of a row of the left table that several of the right match.
type Multiple string

// What becomes of such rows.
const (
	RefuseSeveral Multiple = "error"
	AllOfSeveral  Multiple = "all"   // a row for each match
	FirstOfThem   Multiple = "first" // the match that comes first in the right table
	LastOfThem    Multiple = "last"
)

// A Pair is a column of the left table, or of what is made, with one of the right.
type Pair struct {
	Left  string `json:"left"`
	Right string `json:"right"`
}

// A Join says how rows of two tables belong together.
type Join struct {
	On       []Pair // columns with equal values
	How      How
	Multiple Multiple
	AsOf     *AsOf  // nil: equal values are all that counts
	Columns  []Pair // of the right table that are added, with their names then; nil: all but those in On
	Suffix   string // goes behind the name of a column that both tables have
}

// Adds are the columns of a right table with some names that are added.
func (j *Join) Adds(right []string) []Pair {
	if j.Columns != nil {
		return slices.Clone(j.Columns)
	}
	var add []Pair
	for _, name := range right {
		if !slices.ContainsFunc(j.On, func(p Pair) bool { return p.Right == name }) {
			add = append(add, Pair{name, name})
		}
	}
	return add
}

// A Joiner is a join of tables with certain columns. It may be used by several goroutines.
type Joiner struct {
	join        Join
	left, right *arrow.Schema // of the tables
	leftNames   []string      // columns of the left table that decide
	leftKeys    *Keys         // in a record of leftNames
	rightKeys   *Keys         // in a record of rightNames
	rightNames  []string      // columns of the right table that are needed, those that are added first
	added       int           // how many of them are added
	asOf        *asOf
	out         *arrow.Schema
	payload     *arrow.Schema // of what is added
	renamed     []Pair
	hasher      hasher
}

// NewJoiner checks that tables with the columns can be joined.
func NewJoiner(left, right *arrow.Schema, join Join) (*Joiner, error) {
	j := &Joiner{join: join, left: left, right: right, hasher: newHasher()}
	if err := j.findColumns(); err != nil {
		return nil, err
	}
	if err := j.findKeys(); err != nil {
		return nil, err
	}
	return j, nil
}

// Schema is that of what is made: the columns of the left table, then those that are added.
func (j *Joiner) Schema() *arrow.Schema { return j.out }

// Added are the columns that are added, by their names in what is made, and in the
// right table.
func (j *Joiner) Added() []Pair {
	list := make([]Pair, j.added)
	for i := range list {
		list[i] = Pair{j.payload.Field(i).Name, j.rightNames[i]}
	}
	return list
}

// Renamed are the columns of the right table that got the suffix.
func (j *Joiner) Renamed() []Pair { return j.renamed }

// addsNothing says whether rows of the left table are all that there is.
func (j *Joiner) addsNothing() bool { return j.join.How == SemiJoin || j.join.How == AntiJoin }

// findColumns says which columns are added.
func (j *Joiner) findColumns() error {
	var add []Pair
	if !j.addsNothing() {
		add = j.join.Adds(table.Names(j.right))
	}
	fields := slices.Clone(j.left.Fields())
	taken := make(map[string]bool, len(fields))
	for _, f := range fields {
		taken[f.Name] = true
	}
	for _, p := range add {
		at, err := table.Column(j.right, p.Right)
		if err != nil {
			return fmt.Errorf("columns: right: %w", err)
		}
		name := p.Left
		if name == p.Right && len(j.left.FieldIndices(name)) > 0 {
			name += j.join.Suffix
			j.renamed = append(j.renamed, Pair{name, p.Right})
		}
		if taken[name] {
			return diag.WithHint(fmt.Errorf("there would be two columns %q", name),
				fmt.Sprintf("give the one of the right table another name: `columns: {NAME: %s}`, with all others that are wanted, or another `suffix`", p.Right))
		}
		taken[name] = true
		f := j.right.Field(at)
		f.Name = name
		fields = append(fields, f)
		j.rightNames = append(j.rightNames, p.Right)
	}
	j.added = len(add)
	meta := j.left.Metadata()
	j.out = arrow.NewSchema(fields, &meta)
	j.payload = arrow.NewSchema(fields[j.left.NumFields():], nil)
	return nil
}

// need gives the place of a name in a list, to which it is added if it is not there.
func need(names *[]string, name string) int {
	at := slices.Index(*names, name)
	if at < 0 {
		at = len(*names)
		*names = append(*names, name)
	}
	return at
}

// findKeys finds the columns that decide.
func (j *Joiner) findKeys() (err error) {
	var left, right []string
	for _, p := range j.join.On {
		left, right = append(left, p.Left), append(right, p.Right)
	}
	if j.leftKeys, err = NewKeys(j.left, left...); err != nil {
		return fmt.Errorf("on: left: %w", err)
	}
	if j.rightKeys, err = NewKeys(j.right, right...); err != nil {
		return fmt.Errorf("on: right: %w", err)
	}
	for i, p := range j.join.On {
		j.leftKeys.columns[i] = need(&j.leftNames, p.Left)
		j.rightKeys.columns[i] = need(&j.rightNames, p.Right)
	}
	if i := match(j.leftKeys, j.rightKeys); i >= 0 {
		return differentTypes("on", j.join.On[i], j.leftKeys.types[i], j.rightKeys.types[i])
	}
	if j.join.How == FullJoin {
		for i, p := range j.join.On {
			if l, r := j.leftKeys.types[i], j.rightKeys.types[i]; !arrow.TypeEqual(l, r) {
				return diag.WithHint(fmt.Errorf("on: the column %q of the left table is %s, and %q of the right one is %s, and a full join has one column of both",
					p.Left, table.TypeName(l), p.Right, table.TypeName(r)),
					fmt.Sprintf("read both as the same type: `columns: {%s: %s}` of the ingest stage, or make it one in a derive stage before; `how: left` and `inner` take both as they are",
						p.Right, table.TypeName(l)))
			}
		}
	}
	if j.join.AsOf != nil {
		if j.asOf, err = newAsOf(j, *j.join.AsOf); err != nil {
			return err
		}
	}
	return nil
}

func differentTypes(setting string, p Pair, left, right arrow.DataType) error {
	hint := "read both as the same type, such as `columns: {NAME: string}` of the ingest stage"
	l, r := table.ClassOf(left), table.ClassOf(right)
	for _, side := range []struct {
		class, other table.Class
		name, to     string
	}{{l, r, p.Left, table.TypeName(right)}, {r, l, p.Right, table.TypeName(left)}} {
		if side.class == table.ClassText && side.other != table.ClassOther {
			hint = fmt.Sprintf("read %q as %s where its table is made: `columns: {%s: %s}` of the ingest stage", side.name, side.to, side.name, side.to)
		}
	}
	return diag.WithHint(&TypesError{setting, p, left, right}, hint)
}

// TypesError is the error of columns whose values are never equal.
type TypesError struct {
	setting     string
	columns     Pair
	Left, Right arrow.DataType
}

func (e *TypesError) Error() string {
	return fmt.Sprintf("%s: the column %q of the left table is %s, and %q of the right one is %s, which are never equal",
		e.setting, e.columns.Left, table.TypeName(e.Left), e.columns.Right, table.TypeName(e.Right))
}

// describe is what decides about a row of a record of leftNames, in words: carrier
// "AA", flight 17.
func (j *Joiner) describe(rec arrow.RecordBatch, row int) string {
	var parts []string
	for i, name := range j.leftNames {
		parts = append(parts, name+" "+valueText(rec.Column(i), row))
	}
	return strings.Join(parts, ", ")
}

func valueText(col arrow.Array, row int) string {
	if col.IsNull(row) {
		return "missing"
	}
	text := diag.Shorten(table.Text(col, row))
	if table.ClassOf(col.DataType()) == table.ClassText {
		return fmt.Sprintf("%q", text)
	}
	return text
}
