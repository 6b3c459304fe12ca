package table

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
)

// foreignTypes are types of Arrow by the name that the table of casts has for them.
func foreignTypes() map[string]arrow.DataType {
	item := arrow.PrimitiveTypes.Float32
	part := arrow.Field{Name: "x", Type: item}
	types := map[string]arrow.DataType{
		"utf8": arrow.BinaryTypes.String, "large_utf8": arrow.BinaryTypes.LargeString, "utf8_view": arrow.BinaryTypes.StringView,
		"bool": arrow.FixedWidthTypes.Boolean, "float16": arrow.FixedWidthTypes.Float16, "null": arrow.Null,
		"date32": arrow.FixedWidthTypes.Date32, "date64": arrow.FixedWidthTypes.Date64,
		"time32[s]": arrow.FixedWidthTypes.Time32s, "time32[ms]": arrow.FixedWidthTypes.Time32ms,
		"time64[us]": arrow.FixedWidthTypes.Time64us, "time64[ns]": arrow.FixedWidthTypes.Time64ns,
		wholeDecimal: &arrow.Decimal128Type{Precision: 18}, shortDecimal: &arrow.Decimal128Type{Precision: 15, Scale: 15}, longDecimal: &arrow.Decimal256Type{Precision: 16, Scale: 1},
		"dictionary":      &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String},
		"fixed_size_list": arrow.FixedSizeListOf(3, arrow.BinaryTypes.String),
		"list":            arrow.ListOf(arrow.BinaryTypes.String), "large_list": arrow.LargeListOf(arrow.FixedWidthTypes.Boolean), "list_view": arrow.ListViewOf(item), "large_list_view": arrow.LargeListViewOf(item),
		"struct": arrow.StructOf(part), "map": arrow.MapOf(arrow.BinaryTypes.String, item),
		"union": arrow.SparseUnionOf([]arrow.Field{part}, []arrow.UnionTypeCode{0}), "run_end_encoded": arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, item),
		"binary": arrow.BinaryTypes.Binary, "large_binary": arrow.BinaryTypes.LargeBinary, "binary_view": arrow.BinaryTypes.BinaryView,
		"fixed_size_binary": &arrow.FixedSizeBinaryType{ByteWidth: 2}, "duration": arrow.FixedWidthTypes.Duration_s, "interval": arrow.FixedWidthTypes.MonthInterval,
	}
	types["lists of float16"] = arrow.LargeListOf(arrow.FixedWidthTypes.Float16)
	for _, unit := range []arrow.TimeUnit{arrow.Second, arrow.Millisecond, arrow.Microsecond, arrow.Nanosecond} {
		types["timestamp["+unit.String()+"]"] = &arrow.TimestampType{Unit: unit, TimeZone: "Europe/Berlin"}
	}
	for i := range scalars { // numbers are called the same
		if s := &scalars[i]; s.class.Numeric() {
			types[s.name] = s.dtype
			types["lists of "+s.name] = arrow.ListOf(s.dtype)
		}
	}
	return types
}

// Every cast of the table of casts is what becomes of a file, in which every value
// stays what it is, or is refused with the hint that it has there.
func TestCasts(t *testing.T) {
	types := foreignTypes()
	for i := range castRules {
		rule := &castRules[i]
		for _, name := range rule.from {
			dtype := types[name]
			if dtype == nil {
				t.Errorf("no type for %s", name)
				continue
			}
			delete(types, name)
			empty := array.MakeArrayOfNull(memory.DefaultAllocator, dtype, 0)
			data := arrowFile(t, arrow.NewSchema([]arrow.Field{{Name: "c", Type: dtype, Nullable: true}}, nil), empty)
			f, err := OpenForeign(bytes.NewReader(data), int64(len(data)))
			switch {
			case rule.to == "":
				if err == nil || diag.HintOf(err) != rule.note {
					t.Errorf("%s: error %v, hint %q", name, err, diag.HintOf(err))
				}
			case err != nil:
				t.Errorf("%s: %v", name, err)
			default:
				got := TypeName(f.Schema().Field(0).Type)
				if want := map[string]string{"dictionary": "string"}[name]; got != want && got != rule.to && !strings.HasSuffix(rule.to, " or "+got) {
					t.Errorf("%s becomes %s, not %s", name, got, rule.to)
				}
			}
		}
	}
	for name := range types {
		t.Errorf("there is no cast for %s", name)
	}
}

// Decimals keep all of their digits, whatever becomes of them.
func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		dtype  arrow.DataType
		values string // in JSON
		want   string // CSV
	}{
		{&arrow.Decimal128Type{Precision: 18}, `["999999999999999999", "-1", null]`, "int64 999999999999999999 -1 \"\""},
		{&arrow.Decimal128Type{Precision: 15, Scale: 2}, `["9999999999999.99", "-0.01", "1.10"]`, "float64 9999999999999.99 -0.01 1.1"},
		{&arrow.Decimal128Type{Precision: 15, Scale: 15}, `["0.000000000000001", "-0.999999999999999"]`, "float64 1e-15 -0.999999999999999"},
		{&arrow.Decimal128Type{Precision: 19}, `["9999999999999999999", "-7", null]`, "string 9999999999999999999 -7 \"\""},
		{&arrow.Decimal128Type{Precision: 20, Scale: 18}, `["1.000000000000000001", "-0.5", "0"]`, "string 1.000000000000000001 -0.500000000000000000 0.000000000000000000"},
		{&arrow.Decimal256Type{Precision: 76}, `["` + strings.Repeat("9", 76) + `"]`, "string " + strings.Repeat("9", 76)},
	} {
		out, warnings, err := importTable(t, one(t, c.dtype, c.values))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%v: %v, warnings %q", c.dtype, err, warnings)
			continue
		}
		got := []string{TypeName(read(t, out).Schema().Field(0).Type)}
		rec := readAll(t, out)
		for i := range int(rec.NumRows()) {
			text := string(CSV{Delimiter: ','}.appendField(nil, rec.Column(0), i))
			if text == "" {
				text = `""`
			}
			got = append(got, text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%v: %s, want %s", c.dtype, s, c.want)
		}
	}
}

// docs/types.md says what the code does.
func TestTypesDoc(t *testing.T) {
	const file = "../../docs/types.md"
	doc := `# Types

<!-- Written by go test ./data/table -update. -->

A column of a table has one of these types, in which any value may be missing. Numbers keep the size that they came with: nothing is widened, and
nothing is rounded. Settings and messages name them so.

` + TypesDoc() + `
A column may hold lists of numbers besides, none of which is missing: ` + "`vector[n]`, `u8[n]` and `i32[n]`" + ` have n numbers in each row, of float32, uint8 or
int32, and ` + "`f32[]`, `u8[]` and `i32[]`" + ` as many as the row has. They are inputs of networks: numbers, pictures, tokens, series ([datasets.md](datasets.md)).

What differs in size alone is read as the same: a model that was fitted on a column of int16 takes one of int64, and what was learned of decimal
numbers takes float32 and float64. Both ` + "`timestamp`" + ` and ` + "`timestamp[ns]`" + ` compare and split as microseconds.

## What becomes of the types of other programs

Arrow files, and what an ` + "`exec`" + ` stage writes, have any of these types. Parquet has the same ones. Lists may be
list, large_list or fixed_size_list; those that ` + "`ingest`" + ` reads have n numbers if all rows have as many.

` + CastsDoc() + `
Columns in other columns, such as structs and maps, have no place in a table: what they mean for a model has to be said, by a column for each part.
In JSON ` + "`flatten`" + ` makes these columns, ` + "`a.b`" + ` of member b of column a. Lists of numbers are lists in the table, of i32 if all numbers of the
column are whole and 32 bits hold them, else of f32; other lists are an error, or with ` + "`nested: text`" + ` their text. In CSV and other texts
` + "`columns: {embedding: list}`" + ` reads ` + "`[0.5, 2]`" + `, also as NumPy writes it, ` + "`[0.5 2. ]`" + `; ` + "`f32[]`, `u8[]` and `i32[]`" + ` name the numbers.
`
	if *update {
		if err := os.WriteFile(file, []byte(doc), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./data/table -update writes it)", err)
	}
	if diff := cmp.Diff(string(got), doc); diff != "" {
		t.Errorf("%s is stale; renew it with: go test ./data/table -update\n%s", file, diff)
	}
}
