package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/derive"
	"pipe/data/expr"
	"pipe/data/relation"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

// A rule is a condition that each row meets or breaks.
type rule struct {
	name    string // for messages: "age >= 0"
	column  string // whose value is shown as an example; empty if it is of several
	program *expr.Program
	inputs  []int // of the program, in the table
	broken  *set  // rows that break it, if that was found out before; nil: the program says it
}

// A set is some rows of a table.
type set struct{ bits []uint64 }

func newSet(rows int64) *set { return &set{make([]uint64, (rows+63)/64)} }

func (s *set) add(row int64)      { s.bits[row/64] |= 1 << (row % 64) }
func (s *set) has(row int64) bool { return s.bits[row/64]>>(row%64)&1 == 1 }

// A fault is something that is not as it should be.
type fault struct{ text string }

// A condition is an expression about one column, and what it is called in messages,
// where the name of the column is not quoted.
type condition struct{ name, text string }

// conditions are those on the values of a column that is there.
func (c *Column) conditions(f arrow.Field) (list []condition, err error) {
	name := "`" + strings.ReplaceAll(f.Name, "`", "``") + "`"
	add := func(before, after string) {
		list = append(list, condition{before + f.Name + after, before + name + after})
	}
	if c.Missing != nil && *c.Missing == 0 {
		add("not is_missing(", ")")
	}
	if c.Min != nil {
		add("", " >= "+literal(*c.Min))
	}
	if c.Max != nil {
		add("", " <= "+literal(*c.Max))
	}
	if len(c.In) > 0 {
		var values, equal []string
		class := table.ClassOf(f.Type)
		for _, v := range c.In {
			text := literal(v)
			switch class {
			case table.ClassText: // as it is written, codes such as 1 and true, too
				text = quoted(v.Text)
			case table.ClassBool:
				is, err := strconv.ParseBool(v.Text)
				if err != nil {
					return nil, diag.WithHint(fmt.Errorf("it holds true and false, and %q is neither", v.Text), "write `in: [true]`, `in: [false]` or both")
				}
				text = strconv.FormatBool(is)
				equal = append(equal, name+" == "+text)
			}
			values = append(values, text)
		}
		if add("", " in ["+strings.Join(values, ", ")+"]"); equal != nil { // expressions have no lists of true and false
			list[len(list)-1].text = strings.Join(equal, " or ")
		}
	}
	if c.Matches != "" {
		add("matches(", ", "+quoted(c.Matches)+")")
	}
	return list, nil
}

// literal writes a value as expressions have it.
func literal(v settings.Scalar) string {
	switch v.Tag {
	case "!!int", "!!float", "!!bool":
		return v.Text
	}
	return quoted(v.Text)
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// columns are the columns of the table with what is said of them.
func (s *Check) columns(schema *arrow.Schema) (of map[string]*settings.Entry[Column], faults []fault) {
	of = make(map[string]*settings.Entry[Column])
	for i := range s.Columns {
		e := &s.Columns[i]
		if strings.Contains(e.Key, "*") {
			continue
		}
		if at, err := table.Column(schema, e.Key); err != nil {
			if !e.Value.Optional {
				faults = append(faults, fault{err.Error()})
			}
		} else {
			of[schema.Field(at).Name] = e
		}
	}
	var more []string
	for _, f := range schema.Fields() {
		for i := range s.Columns {
			if e := &s.Columns[i]; of[f.Name] == nil && strings.Contains(e.Key, "*") && table.MatchName(e.Key, f.Name) {
				of[f.Name] = e
			}
		}
		if s.Only && of[f.Name] == nil {
			more = append(more, strconv.Quote(f.Name))
		}
	}
	if len(more) > 0 {
		faults = append(faults, fault{"there are columns that are none of those under columns: " + strings.Join(more, ", ")})
	}
	return of, faults
}

// rulesOf gives the rules of rows in the order of the settings, and what is wrong with
// the columns themselves.
func (s *Check) rulesOf(ctx context.Context, with relation.Means, r *table.Reader, others func(port string) (*table.Reader, error)) ([]*rule, []fault, error) {
	schema := r.Schema()
	scope := expr.ScopeOf(schema)
	of, faults := s.columns(schema)
	var list []*rule
	add := func(field, name, column string, e *expr.Expr) error {
		if err := e.CheckCondition(scope); err != nil {
			return derive.InExpression(field, e, err)
		}
		program, err := e.Bind(scope)
		if err != nil {
			return derive.InExpression(field, e, err)
		}
		one := &rule{name: name, column: column, program: program}
		for _, input := range program.Inputs() {
			at, err := table.Column(schema, input)
			if err != nil {
				return err
			}
			one.inputs = append(one.inputs, at)
		}
		list = append(list, one)
		return nil
	}
	for _, f := range schema.Fields() {
		e := of[f.Name]
		if e == nil {
			continue
		}
		field, c := "columns."+e.Key, &e.Value
		if got := table.TypeName(f.Type); c.Type != "" && c.Type != got {
			faults = append(faults, fault{fmt.Sprintf("column %q is %s, and should be %s", f.Name, got, c.Type)})
			continue // its values are others
		}
		conditions, err := c.conditions(f)
		if err != nil {
			return nil, nil, fmt.Errorf("columns: %s: %w", f.Name, err)
		}
		for _, one := range conditions {
			parsed, err := expr.Parse(one.text)
			if err == nil {
				err = add(field, one.name, f.Name, parsed)
			}
			if err != nil {
				return nil, nil, fmt.Errorf("columns: %s: %w", f.Name, errors.Unwrap(err))
			}
		}
		if c.Unique {
			broken, err := repeated(ctx, with, r, []string{f.Name})
			if err != nil {
				return nil, nil, fmt.Errorf("columns: %s: %w", f.Name, err)
			}
			list = append(list, &rule{name: f.Name + " is unique", column: f.Name, broken: broken})
		}
		if c.References != "" {
			broken, err := unmatched(ctx, with, r, f.Name, c.References, others)
			if err != nil {
				return nil, nil, fmt.Errorf("columns: %s: references %s: %w", f.Name, c.References, err)
			}
			list = append(list, &rule{name: f.Name + " is in " + c.References, column: f.Name, broken: broken})
		}
	}
	if len(s.Unique) > 0 {
		broken, err := repeated(ctx, with, r, s.Unique)
		if err != nil {
			return nil, nil, fmt.Errorf("unique: %w", err)
		}
		list = append(list, &rule{name: strings.Join(s.Unique, ", ") + " are unique", broken: broken})
	}
	for _, e := range s.Rules {
		if err := add("rules."+e.Key, e.Key, "", e.Value); err != nil {
			return nil, nil, err
		}
	}
	return list, faults, nil
}

// repeated finds rows whose values in some columns are there more than once. Rows
// with a missing value among them are none.
func repeated(ctx context.Context, with relation.Means, r *table.Reader, columns []string) (*set, error) {
	once, err := relation.Distinct(ctx, with, r, columns, relation.KeepNone)
	if err != nil {
		return nil, err
	}
	need, err := r.Select(columns...)
	if err != nil {
		return nil, err
	}
	broken := newSet(r.NumRows())
	return broken, present(ctx, need, func(row int64) {
		if !once.Has(row) {
			broken.add(row)
		}
	})
}

// present visits the rows that have a value in each column.
func present(ctx context.Context, r *table.Reader, visit func(row int64)) error {
	var row int64
	for rec, err := range r.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for i := range int(rec.NumRows()) {
			if !slices.ContainsFunc(rec.Columns(), func(c arrow.Array) bool { return c.IsNull(i) }) {
				visit(row)
			}
			row++
		}
	}
	return nil
}

// unmatched finds rows whose value another table does not have.
func unmatched(ctx context.Context, with relation.Means, r *table.Reader, column, to string, others func(port string) (*table.Reader, error)) (*set, error) {
	port, name, _ := strings.Cut(to, ".")
	right, err := others(port)
	if err != nil {
		return nil, err
	}
	if right, err = right.Select(name); err != nil {
		return nil, err
	}
	need, err := r.Select(column)
	if err != nil {
		return nil, err
	}
	joiner, err := relation.NewJoiner(need.Schema(), right.Schema(), relation.Join{On: []relation.Pair{{Left: column, Right: name}}, How: relation.AntiJoin})
	var unlike *relation.TypesError
	if errors.As(err, &unlike) {
		err = diag.WithHint(fmt.Errorf("column %q is %s, and %q of the input %q is %s, which are never equal",
			column, table.TypeName(unlike.Left), name, port, table.TypeName(unlike.Right)), diag.HintOf(err))
	}
	if err != nil {
		return nil, err
	}
	rows, err := joiner.Lefts(ctx, with, need, right)
	if err != nil {
		return nil, err
	}
	alone, broken := newSet(r.NumRows()), newSet(r.NumRows())
	for _, row := range rows {
		alone.add(row)
	}
	return broken, present(ctx, need, func(row int64) { // a value that is missing refers to nothing
		if alone.has(row) {
			broken.add(row)
		}
	})
}

// breaks says of some rows of the table which break the rule.
func (one *rule) breaks(p table.Piece) ([]bool, error) {
	n := int(p.Rows.NumRows())
	broken := make([]bool, n)
	if one.broken != nil {
		for i := range broken {
			broken[i] = one.broken.has(p.At + int64(i))
		}
		return broken, nil
	}
	in := make([]arrow.Array, len(one.inputs))
	for i, at := range one.inputs {
		in[i] = p.Rows.Column(at)
	}
	arr, _, err := one.program.Eval(in, n, p.At)
	if err != nil {
		return nil, diag.WithHint(fmt.Errorf("%s: %w", one.name, err), "put what cannot be computed into try(...)")
	}
	defer arr.Release()
	truth := arr.(*array.Boolean)
	for i := range broken {
		broken[i] = truth.IsValid(i) && !truth.Value(i)
	}
	return broken, nil
}
