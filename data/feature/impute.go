package feature

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"

	"pipe/pipeline/settings"
)

func imputeKind() Kind {
	return Kind{
		Name:    "impute",
		Version: 1,
		Doc:     "Put a value in place of each missing one, or keep it missing (keep) for train_trees.",
		Takes:   Numbers | Texts | Times,
		New:     func() Setting { return new(Impute) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			if f, err := Decode[groupFill](state); err == nil {
				return f.prepared(), f.check()
			}
			f, err := Decode[fill](state)
			if err != nil {
				return nil, err
			}
			return f, f.check()
		},
	}
}

// An Impute is a choice of what takes the place of a missing value.
type Impute struct {
	settings.OneOf
	None         *struct{}     `yaml:"none" doc:"Nothing, which a default may say otherwise: a missing number is an error, a missing text a category of its own."`
	Mean         *GroupFill    `yaml:"mean" doc:"The mean of the column, or of a group of its rows."`
	Median       *GroupFill    `yaml:"median" doc:"The median of the column, or of a group of its rows."`
	MostFrequent *GroupFill    `yaml:"most_frequent" doc:"The most frequent value, the smallest of several, of the column or of a group of its rows."`
	Constant     *ConstantFill `yaml:"constant" doc:"A number or category of your own."`
	Keep         *struct{}     `yaml:"keep" doc:"Nothing: what is missing stays so, in all features that are made of it. It is for train_trees, which learns where missing values belong; a network cannot take them."`
}

// A GroupFill is a value for each group of rows, if By names a column.
type GroupFill struct {
	By string `yaml:"by" added:"true" doc:"A column of categories: what is filled in is that of the rows of train that have the same one, as in {median: {by: species}}. In rows of a group without any value in train, or of no group, it is that of the whole column."`
}

// by is the column that rows are grouped by, empty if they are not.
func (s *Impute) by() string {
	for _, g := range []*GroupFill{s.Mean, s.Median, s.MostFrequent} {
		if g != nil {
			return g.By
		}
	}
	return ""
}

// Beside implements Beside.
func (s *Impute) Beside() (column, typ string) {
	if s == nil {
		return "", ""
	}
	return s.by(), ""
}

// A ConstantFill is a value that takes the place of a missing one.
type ConstantFill struct {
	Value settings.Scalar `yaml:"value" short:"true" required:"true" doc:"The value, as in {constant: 0}."`
}

// A Strategy names a rule for missing values; empty means that there is none.
type Strategy string

const (
	Mean         Strategy = "mean"
	Median       Strategy = "median"
	MostFrequent Strategy = "most_frequent"
	Constant     Strategy = "constant"
	Keep         Strategy = "keep" // missing values stay so
)

// Strategy is the rule that was chosen; empty for none, or if there is nothing.
func (s *Impute) Strategy() Strategy {
	switch {
	case s == nil:
		return ""
	case s.Mean != nil:
		return Mean
	case s.Median != nil:
		return Median
	case s.MostFrequent != nil:
		return MostFrequent
	case s.Constant != nil:
		return Constant
	case s.Keep != nil:
		return Keep
	}
	return ""
}

// Takes implements Taker: categories have neither mean nor median.
func (s *Impute) Takes() Form {
	if st := s.Strategy(); st == Mean || st == Median {
		return Numbers | Times
	}
	return Numbers | Texts | Times
}

// Fit implements Setting.
func (s *Impute) Fit(in *Input) (Fitter, error) {
	if s.by() != "" {
		return s.fitBy(in)
	}
	if s.Keep != nil {
		return Fixed(fill{Strategy: Keep}), nil
	}
	f := &imputeFit{in: in, learned: fill{Strategy: s.Strategy()}}
	switch {
	case f.always() && in.Form == Texts:
		f.learned.Text = &s.Constant.Value.Text
	case f.always() && in.Form == Times:
		v, err := in.moment("impute", s.Constant.Value.Text)
		if err != nil {
			return nil, err
		}
		f.learned.Number = &v
	case f.always():
		text := s.Constant.Value.Text
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return nil, in.Errorf("impute", "write a number, as in `impute: {constant: 0}`",
				"the constant %q cannot take the place of a missing number", text)
		}
		f.learned.Number = &v
	case in.Form == Texts:
		f.categories = in.Frequencies()
	case f.learned.Strategy == Mean:
		f.moments = in.Moments()
	case f.learned.Strategy == Median:
		f.middle = in.Middle()
	default:
		f.order = in.Order()
	}
	return f, nil
}

type imputeFit struct {
	in         *Input
	moments    *Moments     // of a mean
	middle     *Middle      // of a median
	order      *Order       // of the most frequent number
	categories *Frequencies // of the most frequent category
	learned    fill
}

func (f *imputeFit) fill() fill   { return f.learned }
func (f *imputeFit) always() bool { return f.learned.Strategy == Constant }

// Done implements Fitter.
func (f *imputeFit) Done() (Fitted, error) {
	var v float64
	switch {
	case f.always():
		return f.learned, nil
	case f.categories != nil:
		text := f.categories.counter().mode()
		f.learned.Text = &text
		return f.learned, nil
	case f.moments != nil:
		v = f.moments.Mean()
	case f.middle != nil:
		v = f.middle.Median()
	default:
		v = f.order.Mode()
	}
	if f.in.Form == Times {
		v = f.in.begun(v)
	}
	f.learned.Number = &v
	return f.learned, f.in.finite(v)
}

// A fill is what takes the place of a missing value: Number of numbers and times,
// Text of categories, and neither where missing values stay so.
type fill struct {
	Strategy Strategy `json:"strategy"`
	Number   *float64 `json:"number,omitempty"`
	Text     *string  `json:"text,omitempty"`
}

func (f fill) check() error {
	switch {
	case f.Strategy == Keep && f.Number == nil && f.Text == nil:
	case (f.Number == nil) == (f.Text == nil):
		return errors.New("the imputation is neither one of numbers nor one of categories")
	case f.Number != nil && !slices.Contains([]Strategy{Mean, Median, MostFrequent, Constant}, f.Strategy):
		return errors.New("the imputation is not one of numbers")
	case f.Text != nil && f.Strategy != MostFrequent && f.Strategy != Constant:
		return errors.New("the imputation is not one of categories")
	}
	return nil
}

// Takes implements Taker.
func (f fill) Takes() Form {
	if f.Strategy == Keep {
		return Numbers | Texts | Times
	}
	if f.Number != nil {
		return Numbers | Times
	}
	return Texts
}

func (fill) keeps() {}

// Outputs implements Fitted.
func (fill) Outputs() []Output { return nil }

// Apply implements Fitted.
func (f fill) Apply(v *Values, out *Out) {
	if f.Strategy == Keep {
		out.leaveMissing(v)
		return
	}
	out.filled = true
	if f.Text != nil {
		for _, ok := range v.Valid {
			if !ok {
				out.Imputed++
			}
		}
		v.Fill = f.Text
		return
	}
	if v.complete {
		return
	}
	with := *f.Number
	for i, x := range v.Numbers {
		if x != x && !out.failed(i) {
			v.Numbers[i] = with
			out.Imputed++
		}
	}
}
