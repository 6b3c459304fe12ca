package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // so that zones are known on machines without files of them
	"unicode"

	"pipe/data/source/cell"
	"pipe/pipeline/settings"
)

// Notation says how values are written, as people do in many ways.
type Notation struct {
	Decimal    string               `yaml:"decimal" added:"true" doc:"What stands before the decimals of a number: a point, which is the default, or a comma."`
	Thousands  string               `yaml:"thousands" added:"true" doc:"What may stand between groups of digits: a comma, a point, an apostrophe or a blank, which is a blank of any kind. It must stand everywhere where it could in a number that has one."`
	Percent    bool                 `yaml:"percent" added:"true" default:"false" doc:"Whether 5% is the number 0.05."`
	Currency   []string             `yaml:"currency" added:"true" single:"true" max:"28" doc:"Signs or codes of currencies that may stand before or behind an amount, and are left out. A column with amounts in several of them is text."`
	Accounting bool                 `yaml:"accounting" added:"true" default:"false" doc:"Whether (5) and 5- are the number -5."`
	TrueWords  []string             `yaml:"true_words" added:"true" doc:"Texts that are true, besides true, True and TRUE."`
	Dates      settings.Map[string] `yaml:"dates" added:"true" doc:"How columns of dates and times are written, by name, in the words of strftime: {day: \"%d.%m.%Y\"}; or unix, unix_ms, unix_us for numbers that count from 1970, and unix_ns, which makes a timestamp[ns]. A value that is not written so is an error."`
	Timezone   string               `yaml:"timezone" added:"true" doc:"IANA name of the time zone of times that say none, such as Europe/Berlin; UTC by default. In formats with types, such as Parquet, it is that of timestamps without one. Of an hour that clocks show twice it is the first; a time that they leave out is none."`
	FalseWords []string             `yaml:"false_words" added:"true" doc:"Texts that are false, besides false, False and FALSE."`
}

// Validate checks what the tags cannot say.
func (n *Notation) Validate() error {
	var errs []error
	if n.Decimal != "" && n.Decimal != "." && n.Decimal != "," {
		errs = append(errs, settings.FieldErrorf("decimal", "%q does not stand before decimals: write \".\" or \",\"", n.Decimal))
	}
	if n.Thousands != "" {
		if n.group() == "" {
			errs = append(errs, settings.FieldErrorf("thousands", "%q is none of the separators that numbers have: %q", n.Thousands, cell.Groups))
		} else if n.group() == cmp.Or(n.Decimal, ".") {
			errs = append(errs, settings.FieldErrorf("thousands", "%q is what stands before decimals, see decimal", n.Thousands))
		}
	}
	for i, c := range n.Currency {
		other := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.Sc, r) }
		if c == "" || len(c) > 8 || strings.ContainsFunc(c, other) {
			errs = append(errs, settings.FieldErrorf(fmt.Sprintf("currency.%d", i), "%q is not a currency: write its sign or code, such as \"$\" or EUR", c))
		}
	}
	seen := map[string]string{"true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false"}
	for _, list := range []struct {
		field, value string
		words        []string
	}{{"true_words", "true", n.TrueWords}, {"false_words", "false", n.FalseWords}} {
		for i, word := range list.words {
			field := fmt.Sprintf("%s.%d", list.field, i)
			switch {
			case word == "" || strings.Trim(word, " \t") != word:
				errs = append(errs, settings.FieldErrorf(field, "%q is not a word: it is empty or has blanks around it", word))
			case seen[word] != "" && seen[word] != list.value:
				errs = append(errs, settings.FieldErrorf(field, "%q means %s already", word, seen[word]))
			}
			seen[word] = list.value
		}
	}
	for _, d := range n.Dates {
		if _, at, err := cell.ParseLayout(d.Value); err != nil {
			if at > 0 {
				err = fmt.Errorf("%w, at character %d", err, at+1)
			}
			errs = append(errs, settings.FieldErrorf("dates."+d.Key, "%w", err))
		}
	}
	if n.Timezone != "" {
		if _, err := time.LoadLocation(n.Timezone); err != nil || n.Timezone == "Local" {
			errs = append(errs, &settings.FieldError{Field: "timezone", Err: fmt.Errorf("unknown time zone %q", n.Timezone),
				Todo: "write an IANA name such as Europe/London, America/New_York or UTC"})
		}
	}
	return errors.Join(errs...)
}

// checkTypes finds formats of dates in columns that are declared as something
// else.
func (n *Notation) checkTypes(columns settings.Map[string]) error {
	var errs []error
	for _, d := range n.Dates {
		declared, ok := columns.Get(d.Key)
		l, _, err := cell.ParseLayout(d.Value)
		if ok && err == nil && !l.Fits(cell.TypeOf(declared)) {
			errs = append(errs, settings.FieldErrorf("dates."+d.Key, "it makes a %s of %q, which columns declares as %s", l.Type(), d.Key, declared))
		}
	}
	return errors.Join(errs...)
}

// layout is how the dates of a column are written, nil if nothing is said.
func (n *Notation) layout(column string) *cell.Layout {
	text, ok := n.Dates.Get(column)
	if !ok {
		return nil
	}
	l, _, err := cell.ParseLayout(text)
	if err != nil {
		return nil // Validate has said it
	}
	return l
}

// typed are columns with their types and how they are written. Those of which
// only that is said are among them if all is asked for.
func (n *Notation) typed(columns settings.Map[string], all bool) []cell.Typed {
	types := make([]cell.Typed, 0, len(columns))
	for _, c := range columns {
		t := cell.Typed{Name: c.Key, Type: cell.TypeNamed(c.Value)} // a feature may have a type of less room
		if named := cell.TypeOf(c.Value); named.IsList() {
			t.Type = named
		}
		if l := n.layout(c.Key); l != nil && l.Fits(t.Type) {
			t.Layout = l
		}
		types = append(types, t)
	}
	for _, d := range n.Dates {
		if _, ok := columns.Get(d.Key); ok || !all {
			continue
		}
		if l := n.layout(d.Key); l != nil {
			types = append(types, cell.Typed{Name: d.Key, Type: l.Type(), Layout: l})
		}
	}
	return types
}

// laidOut are typed columns with how their dates are written.
func (n *Notation) laidOut(columns []cell.Typed) []cell.Typed {
	for i := range columns {
		if l := n.layout(columns[i].Name); l != nil && l.Fits(columns[i].Type) {
			columns[i].Layout = l
		}
	}
	return columns
}

// group is the separator of groups, written as package cell knows it.
func (n *Notation) group() string {
	written := n.Thousands
	switch written {
	case "\u00a0", "\u202f", "\u2009":
		written = " "
	case "’":
		written = "'"
	}
	for _, g := range cell.Groups {
		if g == written {
			return g
		}
	}
	return ""
}

// cell is the notation, nil if it is the usual one.
func (n *Notation) cell() *cell.Notation {
	c := &cell.Notation{
		Group: n.group(), Percent: n.Percent, Currency: n.Currency, Accounting: n.Accounting,
		True: n.TrueWords, False: n.FalseWords,
	}
	if n.Timezone != "" {
		c.Zone, _ = time.LoadLocation(n.Timezone)
	}
	if n.Decimal == "," {
		c.Decimal = ','
	} else if c.Group == "" && !c.Percent && len(c.Currency) == 0 && !c.Accounting && len(c.True)+len(c.False) == 0 && n.Timezone == "" {
		return nil
	}
	return c
}
