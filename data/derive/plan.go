package derive

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/expr"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

// A Plan is Columns that were bound to those of a table. It is safe for concurrent
// use.
type Plan struct {
	schema   *arrow.Schema
	computed []computed
	out      []int // places of the columns of the result: first those that come in, then those that are computed
	in       int   // columns that come in
	from     [][]string
}

// A computed column is one with its expression.
type computed struct {
	name    string
	program *expr.Program
	inputs  []int // places of the columns that it needs
}

// A held column is one while a plan is made.
type held struct {
	field arrow.Field
	at    int      // its place
	from  []string // columns that come in that it is made of
}

// Bind finds the columns in those of a table. The error is about a setting.
func (c *Columns) Bind(in *arrow.Schema) (*Plan, error) {
	p := &Plan{in: in.NumFields()}
	var columns []held
	scope := new(expr.Scope)
	for i, f := range in.Fields() {
		columns = append(columns, held{f, i, []string{f.Name}})
		scope.Set(f.Name, f.Type)
	}
	at := make(map[string]int, len(columns))
	for i, h := range columns {
		at[h.field.Name] = i
	}
	for _, e := range c.Columns {
		program, err := e.Value.Bind(scope)
		if err != nil {
			return nil, InExpression("columns."+e.Key, &e.Value, err)
		}
		one := computed{name: e.Key, program: program}
		h := held{field: arrow.Field{Name: e.Key, Type: program.Type(), Nullable: true}, at: p.in + len(p.computed)}
		for _, name := range program.Inputs() {
			of := columns[at[name]]
			one.inputs = append(one.inputs, of.at)
			for _, from := range of.from {
				if !slices.Contains(h.from, from) {
					h.from = append(h.from, from)
				}
			}
		}
		if name, ok := e.Value.Alone(); ok { // a copy keeps what is known of the column
			h.field = columns[at[name]].field
			h.field.Name = e.Key
		}
		p.computed = append(p.computed, one)
		scope.Set(e.Key, program.Type())
		if i, ok := at[e.Key]; ok {
			columns[i] = h
			continue
		}
		at[e.Key] = len(columns)
		columns = append(columns, h)
	}
	columns, err := c.choose(columns)
	if err == nil {
		columns, err = c.rename(columns)
	}
	if err != nil {
		return nil, err
	}
	var fields []arrow.Field
	for _, h := range columns {
		fields, p.out, p.from = append(fields, h.field), append(p.out, h.at), append(p.from, h.from)
	}
	meta := in.Metadata()
	p.schema = arrow.NewSchema(fields, &meta)
	return p, nil
}

// Outline is Bind while the table is not there: it checks as much as is known of its
// columns. It is nil if the columns of the result are not known. The errors, of which
// there may be several, are about settings.
func (c *Columns) Outline(in *table.Outline) (*table.Outline, error) {
	scope, outline := expr.ScopeOfOutline(in), in
	var errs []error
	for _, e := range c.Columns {
		t, err := e.Value.Check(scope)
		if err != nil {
			errs = append(errs, &settings.FieldError{Field: "columns." + e.Key, Err: err})
		}
		made := arrow.Field{Name: e.Key, Type: t, Nullable: true}
		if name, ok := e.Value.Alone(); ok && err == nil {
			made = outline.Fields()[slices.Index(outline.Names(), name)]
			made.Name = e.Key
		}
		scope.Set(e.Key, t)
		outline = outline.With(made)
	}
	var columns []held
	for _, f := range outline.Fields() {
		columns = append(columns, held{field: f})
	}
	if len(c.Types) > 0 && outline.Schema() == nil {
		return nil, errors.Join(errs...)
	}
	columns, err := c.choose(columns)
	if err == nil {
		columns, err = c.rename(columns)
	}
	if err != nil {
		return nil, errors.Join(append(errs, err)...)
	}
	var fields []arrow.Field
	for _, h := range columns {
		fields = append(fields, h.field)
	}
	return table.NewOutline(fields...), errors.Join(errs...)
}

// InExpression says in which expression an error is, and where, for who does not see
// the text that it was written in.
func InExpression(field string, e *expr.Expr, err error) error {
	var wrong *expr.Error
	if errors.As(err, &wrong) && wrong.At > 0 {
		err = fmt.Errorf("character %d of %s: %w", len([]rune(e.String()[:wrong.At]))+1, diag.Quote(e.String()), err)
	}
	return &settings.FieldError{Field: field, Err: err}
}

// choose keeps the columns of select and types, without those of drop.
func (c *Columns) choose(columns []held) ([]held, error) {
	left := columns
	if len(c.Select)+len(c.Types) > 0 {
		left = nil
		taken := map[string]bool{}
		take := func(h held) {
			if !taken[h.field.Name] {
				taken[h.field.Name] = true
				left = append(left, h)
			}
		}
		for _, name := range c.Select {
			found, err := find(columns, name, "select")
			if err != nil {
				return nil, err
			}
			for _, h := range found {
				take(h)
			}
		}
		for _, h := range columns {
			if len(c.Types) > 0 && c.typed(table.ClassOf(h.field.Type)) {
				take(h)
			}
		}
		if len(left) == 0 {
			return nil, settings.FieldErrorf("types", "no column is of such a type")
		}
	}
	gone := map[string]bool{}
	for _, name := range c.Drop {
		found, err := find(columns, name, "drop")
		if err != nil {
			return nil, err
		}
		for _, h := range found {
			gone[h.field.Name] = true
		}
	}
	left = slices.DeleteFunc(slices.Clone(left), func(h held) bool { return gone[h.field.Name] })
	if len(left) == 0 {
		return nil, settings.FieldErrorf("drop", "no column is left")
	}
	return left, nil
}

// find gives the columns that a name or a pattern stands for. A column with a * in
// its name comes before the pattern.
func find(columns []held, name, field string) ([]held, error) {
	var found []held
	var names []string
	for _, h := range columns {
		if h.field.Name == name {
			return []held{h}, nil
		}
		names = append(names, h.field.Name)
		if isPattern(name) && table.MatchName(name, h.field.Name) {
			found = append(found, h)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	err := fmt.Errorf("there is no column %q", name)
	if isPattern(name) {
		err = fmt.Errorf("no column fits %q", name)
	} else if near, ok := diag.Nearest(name, names); ok {
		return nil, &settings.FieldError{Field: field, Err: err, Todo: fmt.Sprintf("did you mean %q?", near)}
	}
	return nil, &settings.FieldError{Field: field, Err: err, Todo: "the columns are " + diag.Shorten(strings.Join(names, ", "))}
}

func (c *Columns) rename(columns []held) ([]held, error) {
	columns = slices.Clone(columns)
	for _, e := range c.Rename {
		found, err := find(columns, e.Key, "rename."+e.Key)
		if err == nil && found[0].field.Name != e.Key {
			err = settings.FieldErrorf("rename."+e.Key, "a pattern cannot be renamed")
		}
		if err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{}
	for i := range columns {
		name := &columns[i].field.Name
		if to, ok := c.Rename.Get(*name); ok {
			*name = to
		}
		if seen[*name] {
			return nil, &settings.FieldError{Field: "rename", Err: fmt.Errorf("two columns would be named %q", *name), Todo: fmt.Sprintf("drop the column %q, or choose another name", *name)}
		}
		seen[*name] = true
	}
	return columns, nil
}

// Schema is that of what Apply makes.
func (p *Plan) Schema() *arrow.Schema { return p.schema }

// From lists the columns that come in of which each column is made.
func (p *Plan) From() [][]string { return p.from }

// A Met is what was met while a column was computed.
type Met struct {
	Column string
	Notes  expr.Notes
}

// Merge joins what was met in later rows.
func Merge(all *[]Met, later []Met) {
	for _, l := range later {
		at := slices.IndexFunc(*all, func(m Met) bool { return m.Column == l.Column })
		if at < 0 {
			*all = append(*all, l)
			continue
		}
		(*all)[at].Notes.Add(l.Notes)
	}
}

// Tell says what was met while columns were computed.
func Tell(log *slog.Logger, met []Met) {
	for _, m := range met {
		for _, n := range m.Notes {
			tell := log.Warn
			if n.Tried { // who wrote try expects it
				tell = log.Info
			}
			tell("values are missing, since there is no result", "column", m.Column, "values", n.Count, "first", n.Example, "first_row", n.Row+1)
		}
	}
}

// Apply makes the columns of some rows, the first of which has a number in its
// table, from 0. The error is about the first row that cannot be computed.
func (p *Plan) Apply(rec arrow.RecordBatch, row int64) (out arrow.RecordBatch, met []Met, err error) {
	columns := slices.Clone(rec.Columns())
	made := p.in
	defer func() {
		for _, c := range columns[made:] {
			c.Release()
		}
	}()
	var first *expr.RowError
	for _, c := range p.computed {
		in := make([]arrow.Array, len(c.inputs))
		for i, at := range c.inputs {
			in[i] = columns[at]
		}
		arr, notes, err := c.program.Eval(in, int(rec.NumRows()), row)
		if err != nil {
			if errors.As(err, &first) {
				err = diag.WithHint(fmt.Errorf("row %d: columns.%s: %s", first.Row+1, c.name, first.Msg), first.Todo)
			}
			return nil, nil, err
		}
		if len(notes) > 0 {
			met = append(met, Met{c.name, notes})
		}
		columns = append(columns, arr)
	}
	chosen := make([]arrow.Array, len(p.out))
	for i, at := range p.out {
		chosen[i] = columns[at]
	}
	return array.NewRecordBatch(p.schema, chosen, rec.NumRows()), met, nil
}
