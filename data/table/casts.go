package table

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
)

// A castRule says what becomes of columns of some types that other programs write.
type castRule struct {
	from []string // as Arrow calls them
	to   string   // a type of a table; empty if there is none
	note string   // what else is to know, or what is to do
}

// Decimal numbers are told apart by how many digits they have.
const (
	wholeDecimal = "decimal of at most 18 digits, none after the point"
	shortDecimal = "decimal of at most 15 digits"
	longDecimal  = "decimal of more digits"
)

// castRules are all casts: what reads columns of other programs takes the type of
// a column and its hints from here. A cast never loses anything but where it says
// so, and then there is a warning.
var castRules = [...]castRule{
	{[]string{"utf8", "large_utf8", "utf8_view"}, "string", ""},
	{[]string{"bool"}, "bool", ""},
	{[]string{"int8"}, "int8", ""},
	{[]string{"int16"}, "int16", ""},
	{[]string{"int32"}, "int32", ""},
	{[]string{"int64"}, "int64", ""},
	{[]string{"uint8"}, "uint8", ""},
	{[]string{"uint16"}, "uint16", ""},
	{[]string{"uint32"}, "uint32", ""},
	{[]string{"uint64"}, "uint64", ""},
	{[]string{"float16", "float32"}, "float32", ""},
	{[]string{"float64"}, "float64", ""},
	{[]string{"date32", "date64"}, "date", "a time of day in a date64 is dropped with a warning"},
	{[]string{"timestamp[s]", "timestamp[ms]", "timestamp[us]"}, "timestamp", "in UTC; one without a zone is taken for UTC, or for the `timezone` of the stage that reads it"},
	{[]string{"timestamp[ns]"}, "timestamp[ns]", "in UTC; one without a zone is taken for UTC, or for the `timezone` of the stage that reads it"},
	{[]string{"time32[s]", "time32[ms]", "time64[us]"}, "time", ""},
	{[]string{"time64[ns]"}, "time[ns]", ""},
	{[]string{wholeDecimal}, "int64", ""},
	{[]string{shortDecimal}, "float64", "which keeps every one of them"},
	{[]string{longDecimal}, "string", "with all digits; cast the column to float64 to count with it"},
	{[]string{"null"}, "string", "every value is missing"},
	{[]string{"dictionary"}, "the type of its values", "but for those of bool and null: write the values themselves"},
	{[]string{"lists of uint8"}, "u8[n] or u8[]", ""},
	{[]string{"lists of int8", "lists of int16", "lists of int32", "lists of int64", "lists of uint16", "lists of uint32", "lists of uint64"}, "i32[n] or i32[]", "a number that does not fit is an error"},
	{[]string{"lists of float16", "lists of float32"}, "vector[n] or f32[]", ""},
	{[]string{"lists of float64"}, "vector[n] or f32[]", "rounded to float32, with a warning if that changes a number"},
	{[]string{"list", "large_list", "list_view", "large_list_view", "fixed_size_list"}, "", "lists hold numbers; write a column for each part, or a text such as JSON"},
	{[]string{"struct"}, "", "write a column for each part, or a text such as JSON (in pandas: json_normalize, in Polars: unnest)"},
	{[]string{"map", "union", "run_end_encoded"}, "", "write a column for each part, or a text such as JSON"},
	{[]string{"binary", "large_binary", "binary_view", "fixed_size_binary"}, "", "decode them to text, or write files to an output of type directory"},
	{[]string{"duration", "interval"}, "", "write a number, such as seconds (in pandas: .dt.total_seconds())"},
}

func castRuleOf(name string) *castRule {
	for i := range castRules {
		if slices.Contains(castRules[i].from, name) {
			return &castRules[i]
		}
	}
	return nil
}

// castTo is the type that columns of another one get, or why there is none.
func castTo(name string) (arrow.DataType, error) {
	rule := castRuleOf(name)
	if rule == nil {
		return nil, damage("type %s", name)
	}
	for i := range scalars {
		if scalars[i].name == rule.to {
			return scalars[i].dtype, nil
		}
	}
	return nil, diag.WithHint(fmt.Errorf("type %s is none that a table can hold", name), rule.note)
}

// CastsDoc lists in Markdown what becomes of the types that other programs write.
func CastsDoc() string {
	var b strings.Builder
	b.WriteString("| Arrow type | becomes | |\n| --- | --- | --- |\n")
	for _, r := range castRules {
		to := r.to
		if to == "" {
			to = "an error"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(r.from, ", "), to, r.note)
	}
	return b.String()
}

// TypesDoc lists in Markdown the types that a column of a table can have.
func TypesDoc() string {
	var b strings.Builder
	b.WriteString("| type | what it holds | as a feature | in Arrow | in Parquet |\n| --- | --- | --- | --- | --- |\n")
	for i := range scalars {
		s := &scalars[i]
		use := classDocs[s.class]
		fmt.Fprintf(&b, "| %s | %s | %s | %v | %s |\n", s.name, use.holds, use.feature, s.dtype, s.parquet)
	}
	return b.String()
}

// classDocs say what columns of a class hold, and what becomes of one that is a
// feature.
var classDocs = map[Class]struct{ holds, feature string }{
	ClassText:      {"text in UTF-8", "categories"},
	ClassBool:      {"true and false", "0 and 1"},
	ClassWhole:     {"whole numbers", "numbers, or categories if it has an `encode`"},
	ClassReal:      {"decimal numbers", "numbers"},
	ClassDate:      {"days, as 2006-01-02", "parts of a calendar, by the step `date`"},
	ClassTimestamp: {"points in time in UTC, as 2006-01-02T15:04:05Z", "parts of a calendar, by the step `date`"},
	ClassTime:      {"times of day, as 15:04:05", "parts of the day, by the step `date`"},
}
