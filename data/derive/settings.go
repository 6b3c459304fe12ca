package derive

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/expr"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

// Columns says which columns rows get, and which of them are left.
type Columns struct {
	Columns settings.Map[expr.Expr] `yaml:"columns" doc:"New columns, each with its expression, in the order in which they are made: later ones can use earlier ones. A name that the table has is replaced in its place."`
	Select  []string                `yaml:"select" doc:"The columns that stay, in this order. A name with * stands for all that fit."`
	Types   []string                `yaml:"types" enum:"number,text,bool,date,timestamp,time,list" doc:"Of which types the columns are that stay. With select, those that it names stay, too."`
	Drop    []string                `yaml:"drop" doc:"Columns that do not stay. A name with * stands for all that fit."`
	Rename  settings.Map[string]    `yaml:"rename" doc:"Columns that get another name: {old: new}. It happens last."`
}

// Validate finds what is wrong whatever the columns are.
func (c *Columns) Validate() error {
	var errs []error
	if len(c.Columns)+len(c.Select)+len(c.Types)+len(c.Drop)+len(c.Rename) == 0 {
		errs = append(errs, diag.WithHint(errors.New("nothing is to be done"), `write columns: {bmi: "weight / height ** 2"}, or select, drop or rename`))
	}
	scope := &expr.Scope{Open: true}
	for _, e := range c.Columns {
		t, err := e.Value.Check(scope)
		if err != nil {
			errs = append(errs, &settings.FieldError{Field: "columns." + e.Key, Err: err})
		}
		scope.Set(e.Key, t)
		if e.Key == "" {
			errs = append(errs, settings.FieldErrorf("columns", "a column has no name"))
		}
	}
	for _, list := range []struct {
		field string
		names []string
	}{{"select", c.Select}, {"drop", c.Drop}} {
		for i, name := range list.names {
			if slices.Contains(list.names[:i], name) {
				errs = append(errs, settings.FieldErrorf(fmt.Sprintf("%s.%d", list.field, i), "%q is there twice", name))
			}
		}
	}
	names := map[string]string{}
	for _, e := range c.Rename {
		field := "rename." + e.Key
		if e.Value == "" {
			errs = append(errs, settings.FieldErrorf(field, "the new name is empty"))
		} else if other, ok := names[e.Value]; ok {
			errs = append(errs, settings.FieldErrorf(field, "%q and %q would both be %q", other, e.Key, e.Value))
		}
		names[e.Value] = e.Key
	}
	return errors.Join(errs...)
}

// Step is what a table has of the settings, see replay.Steps: those that say something.
func (c *Columns) Step() json.RawMessage { return settings.Brief(c) }

// Replaced are the columns of a table with some names that others take the place of.
// Those count, too, whose names are not given, but which are themselves a part of
// what replaces them.
func (c *Columns) Replaced(names []string) (list []string) {
	for _, e := range c.Columns {
		if same, ok := e.Value.Alone(); ok && same == e.Key {
			continue
		}
		if slices.Contains(names, e.Key) || slices.Contains(e.Value.Columns(), e.Key) {
			list = append(list, e.Key)
		}
	}
	for _, e := range c.Rename {
		if slices.Contains(names, e.Value) && e.Key != e.Value {
			list = append(list, e.Value)
		}
	}
	return list
}

// typed says whether a column has one of the types.
func (c *Columns) typed(class table.Class) bool {
	return slices.Contains(c.Types, class.Group())
}

// isPattern says whether a name stands for several.
func isPattern(name string) bool { return strings.Contains(name, "*") }
