package feature

import "fmt"

// A use is a transform of a chain with its kind.
type use struct {
	kind    *Kind
	setting Setting
}

// A chain is what the values of a column go through.
type chain struct {
	column string
	uses   []use
}

// keepsMissing says whether missing values are to stay so behind a transform.
func (u use) keepsMissing() bool {
	impute, ok := u.setting.(*Impute)
	return ok && impute.Strategy() == Keep
}

// chainOf finds the kinds of the steps of a column.
func chainOf(c Column, kinds []Kind) (chain, error) {
	list := chain{column: c.Name}
	for i, s := range c.Chain {
		kind, err := kindOf(kinds, s.Kind)
		if err != nil {
			return list, c.wrong(fmt.Sprintf("chain.%d", i), "", "%v", err)
		}
		list.uses = append(list.uses, use{kind, s.Setting})
	}
	return list, nil
}

// takes are the forms that a transform can be given.
func (u use) takes() Form {
	if t, ok := u.setting.(Taker); ok {
		return u.kind.Takes & t.Takes()
	}
	return u.kind.Takes
}

// gives is the form that a transform passes on if it was given one.
func (u use) gives(in Form) Form { return gives(u.kind, u.setting, in) }

// gives is the form that a transform passes on if it was given one.
func (s step) gives(in Form) Form { return gives(s.kind, s.Fitted, in) }

func gives(k *Kind, of any, in Form) Form {
	out := k.Gives
	if g, ok := of.(Giver); ok {
		out = g.Gives()
	}
	if out == 0 {
		return in
	}
	return out
}

// begin finds the form in which the values of a column begin its chain, out of
// those that the column can have: the first that leads through to the end. holds
// says what it has, empty while that is not known. The error is about the step
// that the values get to.
func (c chain) begin(forms Form, holds string) (Form, error) {
	var furthest error
	reached := -1
	for _, start := range []Form{Numbers, Texts, Lists, Times} {
		if forms&start == 0 {
			continue
		}
		at, err := c.walk(start, holds)
		if err == nil {
			return start, nil
		}
		if at > reached {
			furthest, reached = err, at
		}
	}
	return 0, furthest
}

// walk follows the chain from a form, and gives the step that does not go with
// those before it.
func (c chain) walk(form Form, holds string) (at int, err error) {
	maker := "" // the last step that gave another form
	imputed, kept, indicated := false, false, false
	for i, u := range c.uses {
		name, takes := u.kind.Name, u.takes()
		wrong := func(fix, format string, args ...any) (int, error) {
			return i, Column{Name: c.column}.wrong(fmt.Sprintf("chain.%d", i), fix, format, args...)
		}
		switch {
		case form == Features:
			fix := fmt.Sprintf("remove `%s` or `%s`", name, maker)
			if maker == "bin" && takes&Numbers != 0 {
				fix = fmt.Sprintf("remove `%s`, or write `output: ordinal` in `bin`, which makes a number", name)
			}
			if maker == "one_hot" && takes&Numbers != 0 {
				fix = fmt.Sprintf("remove `%s`, or write `ordinal`, which makes a number of a category, in place of `one_hot`", name)
			}
			return wrong(fix, "nothing can follow %s, which makes features", maker)
		case form&takes != 0:
		case maker != "":
			return wrong(fmt.Sprintf("remove `%s` or `%s`", name, maker), "%s takes %s, and %s has made %s of the values", name, takes, maker, form)
		case holds != "":
			return wrong(fmt.Sprintf("read the column as another type, in `columns` of the ingest stage, or remove `%s`", name), "%s takes %s, and the column holds %s", name, takes, holds)
		default:
			return wrong(fmt.Sprintf("remove `%s`, or those before it that take only %s", name, form), "%s takes %s, and a step before it takes only %s", name, takes, form)
		}
		impute, isImpute := u.setting.(*Impute)
		_, isIndicator := u.setting.(*Indicator)
		switch {
		case isImpute && impute.Strategy() == "":
			return wrong("remove it, or say what takes the place of a missing value", "`impute: none` does nothing in a chain")
		case kept && isImpute:
			return wrong("remove one of the two", "one impute keeps what is missing, and the other one does not")
		case imputed && isIndicator:
			return wrong("put `indicator` before `impute`", "nothing is missing any more behind impute, so indicator has nothing to tell")
		case indicated && isIndicator:
			return wrong("remove one of the two", "an indicator before it says already where the value is missing")
		case imputed && isImpute:
			return wrong("remove one of the two", "nothing is missing any more behind impute, so %s has nothing to do", name)
		}
		kept = kept || u.keepsMissing()
		imputed, indicated = imputed || isImpute && !kept, indicated || isIndicator
		if next := u.gives(form); next != form {
			form, maker = next, name
		}
	}
	switch form {
	case Times:
		return len(c.uses), Column{Name: c.column}.wrong("chain", "end the chain with `date`, which makes features of them", "its values are times at the end of the chain, which are no features yet")
	case Lists:
		return len(c.uses), Column{Name: c.column}.wrong("chain", "end the chain with `image`, `tokens` or `vector`", "its values are lists at the end of the chain, which are no features yet")
	case Texts:
		return len(c.uses), Column{Name: c.column}.wrong("chain", "end the chain with `one_hot` or `ordinal`, or texts with `tf_idf` or `words`", "its values are categories at the end of the chain, which are no features yet")
	}
	return 0, nil
}
