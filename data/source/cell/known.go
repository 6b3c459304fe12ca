package cell

import "slices"

// Known is what is known of the columns of data before they are looked at, since
// others of their kind were read. It is the zero value if nothing is.
type Known struct {
	Names    []string // of all columns, in the order that they have in data without a header
	Expected bool     // nothing is to be inferred
	Agreed   bool     // a schema says so, which need not have all columns

	optional []string // those of the names that data need not have
	types    Types
}

// Known is what a contract and a setting that lists names say; nil is none.
func (c *Contract) Known(names []string) Known {
	k := Known{Names: names, optional: c.Optional, types: c.Types(), Agreed: c.Agreed}
	named := c.Named()
	if k.Expected = named != nil; names == nil {
		k.Names = named
	}
	return k
}

// Of are the names of the columns of data that have n of them, and no names: all that
// are known, or those that they must have. They are nil if neither fits.
func (k *Known) Of(n int) []string {
	if n == len(k.Names) {
		return k.Names
	}
	needed := k.Needed()
	if n != len(needed) {
		return nil
	}
	return needed
}

// Needed are the names of the columns that data must have.
func (k *Known) Needed() []string {
	return slices.DeleteFunc(slices.Clone(k.Names), func(name string) bool { return slices.Contains(k.optional, name) })
}

// All says whether some texts, each another one, have the names of all columns that
// data must have.
func (k *Known) All(texts []string) bool {
	are := make(map[string]bool, len(texts))
	for _, text := range texts {
		if are[text] {
			return false
		}
		are[text] = true
	}
	needed := k.Needed()
	return len(needed) > 0 && !slices.ContainsFunc(needed, func(name string) bool { return !are[name] })
}

// count says how many of some texts are names of columns, each of another.
func (k *Known) count(texts []string) int {
	are := make(map[string]bool, len(k.Names))
	for _, name := range k.Names {
		are[name] = true
	}
	n := 0
	for _, text := range texts {
		if are[text] {
			delete(are, text)
			n++
		}
	}
	return n
}

// Values says whether a record of n fields has values of the types of the columns, one
// at least that is no text.
func (k *Known) Values(in *Rules, n int, field func(i int) (Form, []byte)) bool {
	typed := false
	for i, name := range k.Of(n) {
		want := k.types.Of(name)
		if want.Type == String || want.Type == Undeclared {
			continue
		}
		var t Tally
		form, text := field(i)
		if v := t.Value(in, want, form, text); v == Wrong || t.Misfits(want.Type) != nil {
			return false
		}
		typed = typed || !t.Empty(1)
	}
	return typed
}

// Header tells whether the first record of data, whose fields are texts, names columns,
// some of which are known. It does if it has nothing but such names, or all that data
// must have, whatever else it has. It does not if it has a value of the right type for
// each column, text apart. If it has neither, one name is enough; a record that says
// nothing is one if data of this kind usually have a header. If most of its fields are such
// names, and values as well, both can be.
func (k *Known) Header(texts []string, values func() bool, usually bool) (header, both bool) {
	switch n := k.count(texts); {
	case n == len(texts), k.All(texts):
		return true, false
	case !values():
		return n > 0 || usually, false
	case 2*n <= len(texts):
		return false, false
	}
	return true, true
}
