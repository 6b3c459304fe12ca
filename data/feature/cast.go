package feature

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/source/cell"
	"pipe/data/table"
)

// A reading reads columns of later tables as the type that a column had when
// the transform was fitted. The type of a column of a CSV file is that of all
// its values, so a file of few rows may well have another one: whole numbers
// where there were decimal ones, text where one value is not a number, text
// where no value is there at all.
type reading struct {
	column string
	fitted string // by table.TypeName
	quoted bool   // texts may be in quotes, see cell.QuotedKey
}

// misfit says that the whole column has a type whose values cannot be those of
// training.
func (rd reading) misfit(arr arrow.Array) error {
	declared := rd.fitted
	switch table.ClassNamed(rd.fitted) { // all numbers are as good as the widest
	case table.ClassWhole:
		declared = "int64"
	case table.ClassReal:
		declared = "float64"
	}
	return &SpecError{Column: rd.column,
		Msg: fmt.Sprintf("it is %s, but the transform was fitted on %s", table.TypeName(arr.DataType()), rd.fitted),
		Fix: fmt.Sprintf("read it as before: `columns: {%s: %s}` of the ingest stage", rd.column, declared)}
}

// numbers gives the values of a column as numbers: NaN for a missing value, 0 and
// 1 for truth values, infinity for what is no such number. notNumber then says
// why. They are shared, or may be in buf, as those of floats.
func (rd reading) numbers(arr arrow.Array, buf []float64) (values []float64, shared bool, err error) {
	class := table.ClassOf(arr.DataType())
	switch {
	case class.Numeric() || class == table.ClassBool:
		if values, shared, err = floats(rd.column, arr, buf); err != nil {
			return nil, false, err
		}
		if shared && rd.fitted == "bool" {
			values, shared = append(buf[:0], values...), false
		}
	default:
		if values, err = rd.written(arr, buf[:0]); err != nil {
			return nil, false, err
		}
	}
	if rd.fitted == "bool" && class != table.ClassBool {
		for i, v := range values {
			if v != 0 && v != 1 && !math.IsNaN(v) {
				values[i] = math.Inf(1)
			}
		}
	}
	return values, shared, nil
}

// written adds to buf the numbers that are written in texts, and those of a column
// of another type that has no values.
func (rd reading) written(arr arrow.Array, buf []float64) ([]float64, error) {
	switch a := arr.(type) {
	case *array.String:
		for i := range a.Len() {
			v := math.NaN()
			if !missing(arr, i) {
				v = rd.number(a.Value(i))
			}
			buf = append(buf, v)
		}
	default:
		if arr.NullN() < arr.Len() {
			return nil, rd.misfit(arr)
		}
		for range arr.Len() {
			buf = append(buf, math.NaN())
		}
	}
	return buf, nil
}

// number reads a text: blank is missing, and what is no number is infinite.
func (rd reading) number(text string) float64 {
	text = strings.Trim(text, " \t")
	if text == "" {
		return math.NaN()
	}
	if rd.fitted == "bool" {
		if v, ok := truth(text); ok {
			return float64(btoi(v))
		}
		return math.Inf(1)
	}
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return math.Inf(1) // hexadecimal, underscores, words: no number in a table
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.Inf(1)
	}
	return v
}

// truth reads a truth value as it is written in tables.
func truth(text string) (v, ok bool) {
	switch text {
	case "true", "True", "TRUE", "1":
		return true, true
	case "false", "False", "FALSE", "0":
		return false, true
	}
	return false, false
}

// notNumber says why row i is not a number of the wanted type.
func (rd reading) notNumber(arr arrow.Array, i int) *ValueError {
	err := &ValueError{Column: rd.column, Row: int64(i), Reason: NotNumber}
	what := "number"
	if rd.fitted == "bool" {
		what, err.Reason = "truth value", NotTruth
	}
	if v, ok := table.Real(arr, i); ok && math.IsInf(v, 0) {
		err.Reason, err.Msg = Infinite, string(Infinite)
		err.Fix = "leave it empty where the table is made, and declare `impute`"
		return err
	}
	text := ""
	if values, _, failed := table.Texts(arr); failed == nil {
		text = values[i]
	}
	if rd.quoted {
		text = cell.Unquote(text)
	}
	err.Msg = fmt.Sprintf("%s is no %s", shortQuote(text), what)
	err.Fix = fmt.Sprintf("write a %s there, or leave it empty and declare `impute`", what)
	return err
}

// shortQuote quotes a text for a message, its beginning if it is long.
func shortQuote(text string) string {
	const limit = 40
	if len(text) <= limit {
		return strconv.Quote(text)
	}
	return strconv.Quote(strings.ToValidUTF8(text[:limit], "")) + "..."
}

// categories gives the values of a column as categories, and which of them are
// there; nil if all are. The text may share the memory of the array.
func (rd reading) categories(arr arrow.Array) (values []string, valid []bool, err error) {
	class, fitted := table.ClassOf(arr.DataType()), table.ClassNamed(rd.fitted)
	if class == fitted {
		return texts(rd.column, arr)
	}
	var canonical func(text string) string
	switch {
	case fitted == table.ClassText && class == table.ClassWhole:
		// An integer is only inferred of a text that is written as integers are.
	case fitted == table.ClassWhole && (class == table.ClassText || class == table.ClassReal):
		canonical = canonicalInt
	case fitted == table.ClassBool && (class == table.ClassText || class.Numeric()):
		canonical = canonicalBool
	case arr.NullN() == arr.Len():
	default:
		return nil, nil, rd.misfit(arr)
	}
	if values, valid, err = texts(rd.column, arr); err != nil || canonical == nil {
		return values, valid, err
	}
	for i, text := range values {
		if text != "" {
			values[i] = canonical(text)
		}
		if rd.quoted {
			values[i] = cell.Unquote(values[i])
		}
	}
	if class == table.ClassReal {
		valid = withoutNaN(arr, valid)
	}
	return values, valid, nil
}

// withoutNaN makes values that are NaN missing.
func withoutNaN(arr arrow.Array, valid []bool) []bool {
	for i := range arr.Len() {
		if !missing(arr, i) {
			continue
		}
		if valid == nil {
			valid = make([]bool, arr.Len())
			for j := range valid {
				valid[j] = true
			}
		}
		valid[i] = false
	}
	return valid
}

// canonicalInt is an integer as a column of integers has it, or the text.
func canonicalInt(text string) string {
	trimmed := strings.Trim(text, " \t")
	if whole, fraction, ok := strings.Cut(trimmed, "."); ok && strings.Trim(fraction, "0") == "" {
		trimmed = whole
	}
	if v, err := strconv.ParseInt(trimmed, 10, 64); err == nil {
		return strconv.FormatInt(v, 10)
	}
	if v, err := strconv.ParseUint(trimmed, 10, 64); err == nil {
		return strconv.FormatUint(v, 10)
	}
	return text
}

// canonicalBool is a truth value as a column of them has it, or the text.
func canonicalBool(text string) string {
	if v, ok := truth(strings.Trim(text, " \t")); ok {
		return strconv.FormatBool(v)
	}
	return text
}
