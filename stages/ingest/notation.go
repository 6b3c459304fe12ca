package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"pipe/data/source/cell"
	"pipe/pipeline/settings"
)

// Notation says how values are written, as people do in many ways.
type Notation struct {
	Decimal    string   `yaml:"decimal" added:"true" doc:"What stands before the decimals of a number: a point, which is the default, or a comma."`
	Thousands  string   `yaml:"thousands" added:"true" doc:"What may stand between groups of digits: a comma, a point, an apostrophe or a blank, which is a blank of any kind. It must stand everywhere where it could in a number that has one."`
	Percent    bool     `yaml:"percent" added:"true" default:"false" doc:"Whether 5% is the number 0.05."`
	Currency   []string `yaml:"currency" added:"true" single:"true" max:"28" doc:"Signs or codes of currencies that may stand before or behind an amount, and are left out. A column with amounts in several of them is text."`
	Accounting bool     `yaml:"accounting" added:"true" default:"false" doc:"Whether (5) and 5- are the number -5."`
	TrueWords  []string `yaml:"true_words" added:"true" doc:"Texts that are true, besides true, True and TRUE."`
	FalseWords []string `yaml:"false_words" added:"true" doc:"Texts that are false, besides false, False and FALSE."`
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
	return errors.Join(errs...)
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
	if n.Decimal == "," {
		c.Decimal = ','
	} else if c.Group == "" && !c.Percent && len(c.Currency) == 0 && !c.Accounting && len(c.True)+len(c.False) == 0 {
		return nil
	}
	return c
}
