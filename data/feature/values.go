package feature

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/data/tensor"
)

// Values are those of a column in some rows, in the form that the chain of the
// column is at.
type Values struct {
	// Numbers has a number for each row, NaN where it is missing. There are no
	// infinities. Of Times they are whole, see there.
	Numbers []float64
	// Texts has a text for each row, and Valid which of them are there; nil if
	// all are. Text tells what counts. They may share the memory of the table.
	Texts []string
	Valid []bool
	// Lists has the elements of a list for each row.
	Lists tensor.Rows
	// Fill stands for each text that is not there; nil is a missing value.
	Fill *string
	// Targets are the target of each row, for a TargetFitter: the number of a
	// regression, or the index of its class.
	Targets []float64

	rows     int
	complete bool      // no number is missing; false is not known
	shared   bool      // Numbers are those of the table
	quoted   bool      // texts of the table may be in quotes, see cell.QuotedKey
	buf      []float64 // for Numbers, used again for each batch
	place    placement
	beside   *grouping // of the column that a step looks at; nil: none does
}

// Row is the row of its table that a value is in, counted from 0: for a TargetFitter
// while it learns, and for a CrossFitted of rows of training.
func (v *Values) Row(i int) int64 { return v.place.row(i) }

// setNumbers sets the numbers that floats gave.
func (v *Values) setNumbers(numbers []float64, shared bool) {
	if v.Numbers, v.shared = numbers, shared; !shared {
		v.buf = numbers
	}
}

// own makes numbers that can be changed.
func (v *Values) own() {
	if v.shared {
		v.setNumbers(append(v.buf[:0], v.Numbers...), false)
	}
}

// Len is the number of rows.
func (v *Values) Len() int { return v.rows }

// Text gives the text of a row, what was filled in included, and whether there
// is any.
func (v *Values) Text(row int) (text string, ok bool) {
	switch {
	case v.Valid == nil || v.Valid[row]:
		return v.Texts[row], true
	case v.Fill != nil:
		return *v.Fill, true
	}
	return "", false
}

// BecomeNumbers turns texts into numbers, which are yet to be set.
func (v *Values) BecomeNumbers() {
	v.buf = slices.Grow(v.buf[:0], v.rows)[:v.rows]
	v.Numbers, v.Texts, v.Valid, v.Fill = v.buf, nil, nil, nil
}

// Out takes what a transform makes of some rows.
type Out struct {
	Imputed int64 // how many values were missing and were filled in
	Unseen  int64 // how many categories were not there in training

	column  string
	vectors []float32 // from the first output of the transform in row 0
	stride  int       // from row to row
	bad     []bool    // rows that have failed; nil: none
	fails   []*ValueError
	rows    int
	outlier []bool // rows whose number was taken for missing; nil: none
	filled  bool   // missing values have been filled in
	missing []bool // rows whose value is missing and stays so; nil: none
	brief   bool   // the column was written in the short form
}

// in is the setting of a transform as it is written for the column at hand.
func (o *Out) in(encoding, settings string) string {
	if o.brief {
		return fmt.Sprintf("`encode: {%s: {%s}}`", encoding, settings)
	}
	return fmt.Sprintf("`%s: {%s}`", encoding, settings)
}

// Set sets an output of a row, which was 0.
func (o *Out) Set(row, output int, value float32) { o.vectors[row*o.stride+output] = value }

// Fail says that the value of a row cannot be transformed. Its features then
// mean nothing; what is set of them does not matter. reason is why, whatever the
// value is, msg has the value, and fix says what to write to get around it. Only
// the first failure of a row counts.
func (o *Out) Fail(row int, reason Reason, msg, fix string) {
	if o.left(row) {
		return
	}
	o.fail(&ValueError{Column: o.column, Row: int64(row), Reason: reason, Msg: msg, Fix: fix})
}

func (o *Out) fail(err *ValueError) {
	if o.bad == nil {
		o.bad = make([]bool, o.rows)
	}
	if !o.bad[err.Row] {
		o.bad[err.Row] = true
		o.fails = append(o.fails, err)
	}
}

// leaveMissing notes the rows that have no value and are to have none: nothing that is done
// to them can fail, and what is made of them is missing, too.
func (o *Out) leaveMissing(v *Values) {
	note := func(row int) {
		if o.failed(row) {
			return
		}
		if o.missing == nil {
			o.missing = make([]bool, o.rows)
		}
		o.missing[row] = true
	}
	for i, x := range v.Numbers {
		if x != x {
			note(i)
		}
	}
	for i, ok := range v.Valid {
		if !ok {
			note(i)
		}
	}
}

// left says whether the value of a row is missing and stays so.
func (o *Out) left(row int) bool { return o.missing != nil && o.missing[row] }

// unseen counts a category that was not there in training.
func (o *Out) unseen(row int) {
	if !o.left(row) {
		o.Unseen++
	}
}

// lose notes that the number of a row is an outlier that is taken for missing.
func (o *Out) lose(row int) {
	if o.outlier == nil {
		o.outlier = make([]bool, o.rows)
	}
	o.outlier[row] = true
}

// absent says why there is no number in a row, and what puts one there.
func (o *Out) absent(row int) (reason Reason, fix string) {
	switch {
	case o.outlier != nil && o.outlier[row]:
		return Outlying, "put `impute: median` behind `outliers`"
	case o.brief:
		return Absent, "add `impute: median` to the column, or `impute: keep` if it is for train_trees"
	}
	return Absent, "add `impute: median` to the chain, or `impute: keep` if it is for train_trees"
}

// failed reports whether the value of a row could not be transformed.
func (o *Out) failed(row int) bool { return o.bad != nil && o.bad[row] }

// A ValueError is a value that a rule cannot be applied to.
type ValueError struct {
	Column string
	Row    int64 // counted from 0, in the table or record at hand
	Reason Reason
	Msg    string
	Fix    string // what to write to get around it
}

// A Reason is why a rule cannot be applied to a value, whatever the value is.
type Reason string

const (
	Absent    Reason = "the value is missing"
	Outlying  Reason = "the value is an outlier, and so is taken for missing"
	NotNumber Reason = "the text is no number"
	NotTruth  Reason = "the text is no truth value"
	NotTime   Reason = "the text is no date or time of training"
	Infinite  Reason = "the value is infinite"
	TooLarge  Reason = "the number is too large for a float32"
	NotSeen   Reason = "the category was not there in training"

	OtherLength Reason = "the list has another length than those of training"
	NoList      Reason = "the value is no list of numbers as those of training"
)

func (e *ValueError) Error() string {
	return fmt.Sprintf("column %q, row %d: %s", e.Column, e.Row+1, e.Msg)
}

// inRow says what is wrong where the row is known.
func (e *ValueError) inRow() string { return fmt.Sprintf("column %q: %s", e.Column, e.Msg) }

// Hint says what to write to get around it.
func (e *ValueError) Hint() string { return e.Fix }

// formsOf are the forms in which the values of a column of a class can be held.
func formsOf(c table.Class) Form {
	switch c {
	case table.ClassText:
		return Texts
	case table.ClassWhole, table.ClassBool:
		return Numbers | Texts
	case table.ClassReal:
		return Numbers
	case table.ClassDate, table.ClassTimestamp, table.ClassTime:
		return Times
	}
	return 0
}

// floats gives the values of a numeric column: NaN for a missing value, 0 and 1
// for booleans. Integers beyond 2^53 are rounded. They are those of the table, and
// must not be changed, if shared; else they may be in buf.
func floats(column string, arr arrow.Array, buf []float64) (values []float64, shared bool, err error) {
	values, shared, err = table.FloatsOrNaN(arr, buf)
	if err != nil {
		return nil, false, fmt.Errorf("column %q: %w", column, err)
	}
	return values, shared, nil
}

// texts gives the values of a column as text, and which of them are there; nil
// if all are. The text may share the memory of the array.
func texts(column string, arr arrow.Array) (values []string, valid []bool, err error) {
	values, valid, err = table.Texts(arr)
	if err != nil {
		return nil, nil, fmt.Errorf("column %q: %w", column, err)
	}
	return values, valid, nil
}

// missing says whether a value of a column is not there.
func missing(arr arrow.Array, i int) bool {
	if arr.IsNull(i) {
		return true
	}
	v, ok := table.Real(arr, i)
	return ok && math.IsNaN(v)
}
