package expr_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/expr"
	"pipe/data/table"
)

// sample is a table with a column of each type, and a missing value in the last row.
func sample() (*arrow.Schema, []arrow.Array) {
	valid := []bool{true, true, true, false}
	const day = 86400_000_000
	columns := []struct {
		name string
		arr  arrow.Array
	}{
		{"i", table.NewArray([]int64{7, -7, math.MaxInt64, 0}, valid)},
		{"j", table.NewArray([]int64{2, 2, 1, 3}, nil)},
		{"small", table.NewArray([]int8{1, -128, 127, 0}, valid)},
		{"u", table.NewArray([]uint64{1, 2, math.MaxUint64, 0}, valid)},
		{"x", table.NewArray([]float64{1.5, -2.25, 1e308, 0}, valid)},
		{"z", table.NewArray([]float64{0, 2, math.NaN(), math.Inf(1)}, nil)},
		{"f", table.NewArray([]float32{0.5, 0.1, 3, 0}, valid)},
		{"s", table.NewArray([]string{"Ärger", " b ", "a-b-c", ""}, valid)},
		{"n", table.NewArray([]string{"12", "1.5", "x", "7"}, nil)},
		{"b", table.NewArray([]bool{true, false, true, false}, valid)},
		{"d", table.NewArray([]arrow.Date32{19782, 0, -1, 5}, valid)}, // 2024-02-29, 1970-01-01, 1969-12-31
		{"t", table.NewArray([]arrow.Timestamp{19782*day + 3723_500_000, 0, -1, 0}, valid)},
		{"clock", table.NewArray([]arrow.Time64{3723_500_000, 0, day - 1, 0}, valid)},
		{"unit price", table.NewArray([]int64{1, 2, 3, 4}, nil)},
	}
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, c := range columns {
		fields = append(fields, arrow.Field{Name: c.name, Type: c.arr.DataType()})
		arrays = append(arrays, c.arr)
	}
	return arrow.NewSchema(fields, nil), arrays
}

// evaluate gives the values as texts, and what was met.
func evaluate(text string, schema *arrow.Schema, columns []arrow.Array) ([]string, expr.Notes, string, error) {
	e, err := expr.Parse(text)
	if err != nil {
		return nil, nil, "", err
	}
	p, err := e.Bind(expr.ScopeOf(schema))
	if err != nil {
		return nil, nil, "", err
	}
	var in []arrow.Array
	for _, name := range p.Inputs() {
		in = append(in, columns[schema.FieldIndices(name)[0]])
	}
	arr, notes, err := p.Eval(in, columns[0].Len(), 0)
	if err != nil {
		return nil, nil, "", err
	}
	defer arr.Release()
	texts, valid, err := table.Texts(arr)
	for i := range texts {
		if valid != nil && !valid[i] {
			texts[i] = "·"
		}
	}
	if !arrow.TypeEqual(arr.DataType(), p.Type()) {
		err = fmt.Errorf("the column is %v, not %v", arr.DataType(), p.Type())
	}
	return texts, notes, table.TypeName(p.Type()), err
}

func TestValues(t *testing.T) {
	schema, columns := sample()
	for _, tt := range []struct{ expr, typ, want string }{
		{"1 + 2 * 3", "int64", "7 7 7 7"},
		{"2 ** 3 ** 2", "float64", "512 512 512 512"},
		{"-2 ** 2", "float64", "-4 -4 -4 -4"},
		{"2 ** -1", "float64", "0.5 0.5 0.5 0.5"},
		{"-9223372036854775808 + j", "int64", "-9223372036854775806 -9223372036854775806 -9223372036854775807 -9223372036854775805"},
		{"i / j", "float64", "3.5 -3.5 9223372036854776000 ·"},
		{"i // j", "int64", "3 -4 9223372036854775807 ·"},
		{"i % j", "int64", "1 1 0 ·"},
		{"x % 2", "float64", "1.5 1.75 0 ·"},
		{"x // 2", "float64", "0 -2 5e+307 ·"},
		{"-j", "int64", "-2 -2 -1 -3"},
		{"x * 10", "float64", "15 -22.5 · ·"},
		{"z ** 0", "float64", "1 1 · 1"},
		{"1 ** z", "float64", "1 1 · 1"},
		{"z ** 2 + z", "float64", "0 6 · +Inf"},
		{"1 / z", "float64", "· 0.5 · 0"},
		{"z + 1", "float64", "1 3 · +Inf"},
		{"small + 1", "int64", "2 -127 128 ·"},
		{"small", "int8", "1 -128 127 ·"},
		{"f + 0", "float64", "0.5 0.10000000149011612 3 ·"},
		{"coalesce(small, small)", "int8", "1 -128 127 ·"},
		{"coalesce(i, 0) + j", "error", "row 3: 9223372036854775807 + 1 is beyond int64"},
		{"try(i + j)", "int64", "9 -5 · ·"},
		{"i - 1", "int64", "6 -8 9223372036854775806 ·"},
		{"i * 2", "error", "row 3: 9223372036854775807 * 2 is beyond int64"},
		{"if(j == 1, 0, i * 2)", "int64", "14 -14 0 ·"},
		{"j == 1 or i * 2 > 0", "bool", "true false true ·"},
		{"j != 1 and i * 2 > 0", "bool", "true false false ·"},
		{"coalesce(if(j == 1, 5), i * 2)", "int64", "14 -14 5 ·"},
		{"u > 1", "bool", "false true true ·"},
		{"2 >= u", "bool", "true true false ·"},
		{"u != 2", "bool", "true false true ·"},
		{"u in [0, 2]", "bool", "false true false ·"},
		{"between(u, 2, 9223372036854775807)", "bool", "false true false ·"},
		{"u > -1", "bool", "true true true ·"},
		{"-1 >= u", "bool", "false false false ·"},
		{"u == -1", "bool", "false false false ·"},
		{"u != -9223372036854775808", "bool", "true true true ·"},
		{"u > i", "bool", "false true true ·"},
		{"i <= u", "bool", "false true true ·"},
		{"i == u", "bool", "false false false ·"},
		{"u == 18446744073709551615", "bool", "false false true ·"},
		{"i < 18446744073709551615", "bool", "true true true ·"},
		{"18446744073709551614 < u", "bool", "false false true ·"},
		{"between(u, -1, 2)", "bool", "true true false ·"},
		{"between(u, i, 18446744073709551615)", "bool", "false true true ·"},
		{"between(-1, i, u)", "bool", "false true false ·"},
		{"u in [-1, 2, 18446744073709551615]", "bool", "false true true ·"},
		{"u in [-1]", "bool", "false false false ·"},
		{"i in [-7, 18446744073709551615]", "bool", "false true false ·"},
		{"coalesce(u, 18446744073709551615)", "uint64", "1 2 18446744073709551615 18446744073709551615"},
		{"max(u, 9223372036854775808)", "uint64", "9223372036854775808 9223372036854775808 18446744073709551615 ·"},
		{"u == u", "bool", "true true true ·"},
		{"float64(u)", "float64", "1 2 18446744073709552000 ·"},
		{"string(u)", "string", "1 2 18446744073709551615 ·"},
		{"uint64(string(u))", "uint64", "1 2 18446744073709551615 ·"},
		{"i > 0", "bool", "true false true ·"},
		{"i >= -7 and i <= 7", "bool", "true true false ·"},
		{"between(i, -7, 7)", "bool", "true true false ·"},
		{"not b", "bool", "false true false ·"},
		{"b or i > 0", "bool", "true false true ·"},
		{"b and true", "bool", "true false true ·"},
		{"b and false", "bool", "false false false false"},
		{"b or true", "bool", "true true true true"},
		{"b == (i > 0)", "bool", "true true true ·"},
		{"b != true", "bool", "false true false ·"},
		{"i in [7, -7]", "bool", "true true false ·"},
		{"i not in (7)", "bool", "false true true ·"},
		{"i in [7.0, 1e3,]", "bool", "true false false ·"},
		{"s in ['Ärger', 'x']", "bool", "true false false ·"},
		{"d in ['2024-02-29']", "bool", "true false false ·"},
		{"is_missing(i)", "bool", "false false false true"},
		{"is_missing(z)", "bool", "false false true false"},
		{"is_missing(1 / z)", "bool", "true false true false"},
		{"i ?? j", "int64", "7 -7 9223372036854775807 3"},
		{"x ?? 0", "float64", "1.5 -2.25 " + "1e+308" + " 0"},
		{"if(b, 'yes', 'no')", "string", "yes no yes no"},
		{"if(b, 1)", "int64", "1 · 1 ·"},
		{"if(b, missing, 1.5)", "float64", "· 1.5 · 1.5"},
		{"case(i > 100, 'big', i > 0, 'small', 'other')", "string", "small other big other"},
		{"min(i, j)", "int64", "2 -7 1 ·"},
		{"max(i, 0.5)", "float64", "7 0.5 9223372036854776000 ·"},
		{"max(s, 'b')", "string", "Ärger b b ·"},
		{"abs(small)", "int64", "1 128 127 ·"},
		{"abs(-9223372036854775808)", "error", "row 1: abs(-9223372036854775808) is beyond int64"},
		{"sign(x)", "float64", "1 -1 1 ·"},
		{"floor(x)", "float64", "1 -3 1e+308 ·"},
		{"ceil(x)", "float64", "2 -2 1e+308 ·"},
		{"trunc(x)", "float64", "1 -2 1e+308 ·"},
		{"round(x)", "float64", "2 -2 1e+308 ·"},
		{"round(x, 1)", "float64", "1.5 -2.2 1e+308 ·"},
		{"round(1234.5, -2)", "float64", "1200 1200 1200 1200"},
		{"round(i)", "int64", "7 -7 9223372036854775807 ·"},
		{"clip(i, 0, 10)", "int64", "7 0 10 ·"},
		{"clip(x, -1, 1)", "float64", "1 -1 1 ·"},
		{"log(x)", "float64", "0.4054651081081644 · 709.1962086421661 ·"},
		{"log10(1000) + log2(8)", "float64", "6 6 6 6"},
		{"sqrt(x) > 1", "bool", "true · true ·"},
		{"exp(1)", "float64", "2.718281828459045 2.718281828459045 2.718281828459045 2.718281828459045"},
		{"exp(z)", "float64", "1 7.38905609893065 · +Inf"},
		{"pow(i, 2)", "float64", "49 49 8.507059173023462e+37 ·"},
		{"atan2(0, -1) == degrees(0) + radians(180)", "bool", "true true true true"},
		{"lower(s)", "string", "ärger| b |a-b-c|·"},
		{"upper(s)", "string", "ÄRGER| B |A-B-C|·"},
		{"trim(s)", "string", "Ärger|b|a-b-c|·"},
		{"length(s)", "int64", "5 3 5 ·"},
		{"contains(s, 'b')", "bool", "false true true ·"},
		{"starts_with(s, 'a')", "bool", "false false true ·"},
		{"ends_with(s, 'c')", "bool", "false false true ·"},
		{"concat(s, '/', string(j))", "string", "Ärger/2| b /2|a-b-c/1|·"},
		{"replace(s, '-', '')", "string", "Ärger| b |abc|·"},
		{"slice(s, 1)", "string", "rger|b |-b-c|·"},
		{"slice(s, 0, 1)", "string", "Ä| |a|·"},
		{"slice(s, -2, 1)", "string", "e|b|-|·"},
		{"split(s, '-', 1)", "string", "·|·|b|·"},
		{"split(s, '-', -1)", "string", "Ärger| b |c|·"},
		{"pad(n, 3, '0')", "string", "012|1.5|00x|007"},
		{`matches(s, '^[a-z]-\w')`, "bool", "false false true ·"},
		{`extract(s, '(\w)-(\w)', 2)`, "string", "·|·|b|·"},
		{`replace_all(s, '(\w)-', '$1$1')`, "string", "Ärger| b |aabbc|·"},
		{"'it''s' == \"it's\"", "bool", "true true true true"},
		{"`unit price` * 2", "int64", "2 4 6 8"},
		{"float64(n)", "error", `row 3: float64("x") is no float64`},
		{"try(float64(n))", "float64", "12 1.5 · 7"},
		{"int64(x)", "error", "row 1: int64(1.5) is no whole number"},
		{"int8(i)", "error", "row 3: int8(9223372036854775807) is no int8"},
		{"try(int8(i))", "int8", "7 -7 · ·"},
		{"uint8(b)", "uint8", "1 0 1 ·"},
		{"float32(0.1)", "float32", "0.1 0.1 0.1 0.1"},
		{"bool(j - 1)", "error", "row 4: bool(2) is no bool"},
		{"try(bool(j - 1))", "bool", "true true false ·"},
		{"string(x)", "string", "1.5|-2.25|1e+308|·"},
		{"string(t)", "string", "2024-02-29T01:02:03.5Z|1970-01-01T00:00:00Z|1969-12-31T23:59:59.999999Z|·"},
		{"year(d)", "int64", "2024 1970 1969 ·"},
		{"month(t)", "int64", "2 1 12 ·"},
		{"day(t)", "int64", "29 1 31 ·"},
		{"quarter(d)", "int64", "1 1 4 ·"},
		{"weekday(d)", "int64", "4 4 3 ·"},
		{"week(d)", "int64", "9 1 1 ·"},
		{"day_of_year(d)", "int64", "60 1 365 ·"},
		{"hour(t)", "int64", "1 0 23 ·"},
		{"minute(clock)", "int64", "2 0 59 ·"},
		{"second(clock)", "int64", "3 0 59 ·"},
		{"epoch(d)", "float64", "1709164800 0 -86400 ·"},
		{"epoch(t)", "float64", "1709168523.5 0 -0.000001 ·"},
		{"d + 1", "date", "2024-03-01 1970-01-02 1970-01-01 ·"},
		{"d - date('2024-01-01')", "int64", "59 -19723 -19724 ·"},
		{"d >= '1970-01-01'", "bool", "true true false ·"},
		{"t < '1970-01-01T00:00:00Z'", "bool", "false false true ·"},
		{"date(t)", "date", "2024-02-29 1970-01-01 1969-12-31 ·"},
		{"timestamp(d) == t", "bool", "false true false ·"},
		{"time(t) == clock", "bool", "true true true ·"},
		{"timestamp[ns](t)", "timestamp[ns]", "2024-02-29T01:02:03.5Z 1970-01-01T00:00:00Z 1969-12-31T23:59:59.999999Z ·"},
		{"date('29.02.2024', '%d.%m.%Y') == d", "bool", "true false false ·"},
		{"date_trunc('month', d)", "date", "2024-02-01 1970-01-01 1969-12-01 ·"},
		{"date_trunc('week', d)", "date", "2024-02-26 1969-12-29 1969-12-29 ·"},
		{"date_trunc('hour', t)", "timestamp", "2024-02-29T01:00:00Z 1970-01-01T00:00:00Z 1969-12-31T23:00:00Z ·"},
		{"date_diff('year', d, date('2025-01-01'))", "int64", "1 55 56 ·"},
		{"date_diff('day', t, timestamp('1970-01-02'))", "int64", "-19781 1 2 ·"},
		{"date_add('month', 12, d)", "date", "2025-02-28 1971-01-01 1970-12-31 ·"},
		{"date_add('hour', -1, t)", "timestamp", "2024-02-29T00:02:03.5Z 1969-12-31T23:00:00Z 1969-12-31T22:59:59.999999Z ·"},
		{"seconds_between(t, timestamp(d))", "float64", "-3723.5 0 -86399.999999 ·"},
		{"try(make_date(2023, 2, 27 + j))", "date", "· · 2023-02-28 ·"},
		{"hash(s, 10)", "int64", "5 4 7 ·"},
		{`replace_all('5 kg', '([0-9]+) (?P<u>kg)', '${1}$u, $0$$1')`, "string", "5kg, 5 kg$1|5kg, 5 kg$1|5kg, 5 kg$1|5kg, 5 kg$1"},
		{"make_date(9999, 12, 24 + 7)", "date", "9999-12-31 9999-12-31 9999-12-31 9999-12-31"},
		{"make_date(10000, 1, 1)", "error", "row 1: make_date(10000, 1, 1) is no date"},
		{"try(make_date(0, 12, 31))", "date", "· · · ·"},
		{"make_date(9999, 12, 31) + 1", "error", "row 1: 9999-12-31 + 1 is beyond the years 1 to 9999"},
		{"try(make_date(1, 1, 1) - j)", "date", "· · · ·"},
		{"date_add('year', 8000, d)", "error", "row 1: date_add('year', 8000, 2024-02-29) is beyond the years 1 to 9999"},
		{"date_add('year', -2023, d)", "error", "row 2: date_add('year', -2023, 1970-01-01) is beyond the years 1 to 9999"},
		{"try(date_add('day', 2924000, t))", "timestamp", "· 9975-08-23T00:00:00Z 9975-08-22T23:59:59.999999Z ·"},
		{"date_add('year', 300, timestamp[ns](t))", "error", "row 1: date_add('year', 300, 2024-02-29T01:02:03.5Z) is beyond what a timestamp[ns] can be"},
		{"hash(j, 1000)", "int64", "404 404 289 124"},
		{"NOT b AND TRUE", "bool", "false true false ·"},
		{"b and not is_missing(s) and i > j", "bool", "true false true false"},
	} {
		got, _, typ, err := evaluate(tt.expr, schema, columns)
		text := strings.Join(got, " ")
		if strings.Contains(tt.want, "|") {
			text = strings.Join(got, "|")
		}
		var row *expr.RowError
		if errors.As(err, &row) {
			typ, text = "error", err.Error()
		} else if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
			continue
		}
		if typ != tt.typ || text != tt.want {
			t.Errorf("%s\n got %s: %s\nwant %s: %s", tt.expr, typ, text, tt.typ, tt.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	schema, columns := sample()
	for _, tt := range []struct{ expr, want, hint string }{
		{"", "1: the expression ends where a value is expected", ""},
		{"1 +", "4: the expression ends where a value is expected", ""},
		{"(1", "3: the expression ends where ) is expected", ""},
		{"1 2", "3: 2 is where an operator or the end is expected", ""},
		{"x + smal", `5: there is no column "smal"`, `did you mean "small"?`},
		{"lenght(s)", `1: there is no function "lenght"`, "did you mean length?"},
		{"len(s)", `1: there is no function "len"`, "write length(x)"},
		{"now()", `1: there is no function "now"`, "expressions know no clock: the same rows give the same values"},
		{"s == ä", `6: there is no column "ä"`, "the columns are i, j, small, u, x, z, f, s, n, b, d, t and 2 more; a text is written in quotes"},
		{"s == 1", "6: the sides of == are of different types: s is string, and this is int64", "compare with a number without quotes, or convert the text: float64(x)"},
		{"s + 1", "1: + takes a number, and s is string", "a text that says a number is converted by float64(x) or int64(x)"},
		{"'x' + 1", `1: + takes a number, and "x" is a text`, "a column is written without quotes, or in backticks: `x`"},
		{"'x' > 1", `7: the sides of > are of different types: "x" is a text, and this is int64`, "a column is written without quotes, or in backticks: `x`"},
		{"'s' != 'north'", "1: both sides of != are texts, so that it is the same in all rows", "a column is written without quotes, or in backticks: `s`"},
		{"'north' == 's'", "1: both sides of == are texts, so that it is the same in all rows", "a column is written without quotes, or in backticks: `s`"},
		{"'s' in ['a', 'b']", `1: "s" is a text, so that it is the same in all rows`, "a column is written without quotes, or in backticks: `s`"},
		{"d > 't'", `5: "t" is no date`, "a column is written without quotes, or in backticks: `t`"},
		{"s + s", "3: texts are not added", "write concat(a, b)"},
		{"log(s)", "5: log takes a number, and s is string", "a text that says a number is converted by float64(x) or int64(x)"},
		{"lower(i)", "7: lower takes a text, and i is int64", "string(x) makes a text of it"},
		{"i and b", "1: and takes what is true or false, and i is int64", "write a comparison, such as x > 0"},
		{"1 < i < 3", "7: comparisons cannot be chained", "write a < b and b < c, or between(b, a, c)"},
		{"i == missing", "6: what is compared with missing is missing", "write is_missing(x)"},
		{"missing", "1: nothing says of which type the missing value is", "say of which type, such as float64(missing)"},
		{"i && b", "3: && means nothing here", "write and"},
		{"i ^ 2", "3: ^ means nothing here", "write **"},
		{"a.b", "2: a point is no part of a name", "a name with a point is written in backticks: `a.b`"},
		{"'abc", "1: the ' has no end", "a ' inside of it is written twice"},
		{"1abc", `1: "1a" is no number`, "a name that begins with a digit is written in backticks: `2nd`"},
		{"007", "1: 007 begins with a zero", "write it without the zero, or as a text in quotes"},
		{"18446744073709551616", "1: 18446744073709551616 is beyond uint64", "write it with a point, as a decimal number, or as a text in quotes"},
		{"1 + 9223372036854775808", "5: 9223372036854775808 is beyond int64", "write it with a point, as a decimal number, or as a text in quotes; it is compared with columns of whole numbers as it is"},
		{"f > 9223372036854775808", "5: 9223372036854775808 is beyond int64", "write it with a point, as a decimal number, or as a text in quotes; it is compared with columns of whole numbers as it is"},
		{"f in [1, 9223372036854775808]", "10: 9223372036854775808 is beyond int64", "write it with a point, as a decimal number, or as a text in quotes; it is compared with columns of whole numbers as it is"},
		{"-9223372036854775809", "2: 9223372036854775809 is beyond int64", "write it with a point, as a decimal number, or as a text in quotes; it is compared with columns of whole numbers as it is"},
		{"round(i, 18446744073709551615)", "10: round takes a whole number from -15 to 15 here, which no column can be", "write round(x, digits)"},
		{"1e999", "1: 1e999 is beyond float64", ""},
		{"round(x, j)", "10: round takes a whole number from -15 to 15 here, which no column can be", "write round(x, digits)"},
		{"round()", "1: round takes 1 to 2 arguments, not 0", "write round(x, digits)"},
		{"matches(s, '(')", "12: the pattern is wrong: missing closing ): (", "patterns are those of RE2: https://github.com/google/re2/wiki/Syntax"},
		{`replace_all(s, '([0-9]+) kg', '$1kg')`, `31: the pattern has no group "1kg"`, "groups are counted from $1; before a letter, a digit or _ write ${1}, in YAML $${1}, and $$ for a $ itself, in YAML $$$$"},
		{`replace_all(s, '(a)', '$$${2}')`, `23: the pattern has no group "2"`, ""},
		{"matches(s, s)", "12: matches takes a pattern in quotes here", "write matches(x, 'pattern')"},
		{"date_trunc('mont', d)", "12: there is no unit \"mont\"", "did you mean 'month'?"},
		{"date_trunc('hour', d)", "12: a date has no hours", "timestamp(x) makes a time of it: its midnight"},
		{"d == t", "6: the sides of == are of different types: d is date, and t is timestamp", "convert one of them: date(x), timestamp(x)"},
		{"d > 'no'", `5: "no" is no date`, "write it as 2006-01-02, 2006-01-02T15:04:05 or 15:04:05"},
		{"t - t", "3: - does not take timestamp and timestamp", `write seconds_between(a, b), date_diff("day", a, b) or date_add("hour", 2, a)`},
		{"i in [j]", "7: the list of in has constants only", "write a == b or a == c"},
		{"i in [1, missing]", "10: missing is in no list", "write x in [...] or is_missing(x)"},
		{"i is missing", "3: is means nothing here", "write is_missing(x), or x == value"},
		{"if(b, 1, 'no')", `10: the values of if are of different types: this is int64, and "no" is a text`, "compare with a number without quotes, or convert the text: float64(x)"},
		{"b < true", "3: true and false have no order", "write x and not y"},
		{"date(s, '%Q')", "9: the form is wrong: %Q is no directive of a date or time", ""},
		{"int64(d)", "7: int64 takes no such value, and d is date", ""},
		{strings.Repeat("(", 200), "101: brackets and signs are more than 100 deep", "make a column of a part of it first"},
		{strings.Repeat("1+", 2000) + "1", "1001: the expression has more than 1000 parts", "make a column of a part of it first"},
		{strings.Repeat(" ", 20000), "1: the expression has 20000 bytes, at most 10000 are possible", "make a column of a part of it first"},
		{"i \xff", "3: the byte 0xff is not UTF-8", ""},
	} {
		_, _, _, err := evaluate(tt.expr, schema, columns)
		var wrong *expr.Error
		if !errors.As(err, &wrong) {
			t.Errorf("%s: got %v", tt.expr, err)
			continue
		}
		if got := fmt.Sprintf("%d: %s", wrong.At+1, wrong.Msg); got != tt.want && !strings.HasPrefix(tt.expr, "1+") || tt.hint != "" && wrong.Todo != tt.hint {
			t.Errorf("%s\n got %s (%s)\nwant %s (%s)", tt.expr, got, wrong.Todo, tt.want, tt.hint)
		}
	}
}
