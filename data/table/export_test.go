package table

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

func TestJSONLines(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "s \"q\"", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "x", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "d", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "t", Type: TimestampType(), Nullable: true},
		{Name: "v", Type: VectorType(2)},
	}, nil)
	rec, err := NewRecord(schema,
		NewArray([]string{"ä\x00\x1b\n\"\\", ""}, []bool{true, false}),
		NewArray([]float64{math.NaN(), 1e-7}, nil),
		NewArray([]int64{math.MinInt64, 0}, []bool{true, false}),
		NewArray([]bool{true, false}, nil),
		NewArray([]arrow.Date32{0, -1}, nil),
		NewArray([]arrow.Timestamp{1, 0}, []bool{true, false}),
		NewVectors([]float32{0.1, float32(math.Inf(1)), 3, 4}, 2))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	unreal, err := WriteJSONLines(&b, read(t, write(t, schema, rec)))
	if err != nil || unreal != 2 {
		t.Fatal(unreal, err)
	}
	want := `{"s \"q\"":"ä\u0000\u001b\n\"\\","x":null,"n":-9223372036854775808,"b":true,"d":"1970-01-01","t":"1970-01-01T00:00:00.000001Z","v":[0.1,null]}
{"s \"q\"":null,"x":1e-07,"n":null,"b":false,"d":"1969-12-31","t":null,"v":[3,4]}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	for line := range strings.Lines(b.String()) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Error(err)
		}
	}
}

// The file that is compared with was read by pyarrow 26.0, polars 2.1 and DuckDB
// 2.0, which found the values of types.arrow in it.
func TestParquet(t *testing.T) {
	data, err := os.ReadFile("testdata/foreign/types.arrow")
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := importTable(t, data)
	if err != nil {
		t.Fatal(err)
	}
	var b, again bytes.Buffer
	if err := WriteParquet(&b, read(t, out)); err != nil {
		t.Fatal(err)
	}
	if err := WriteParquet(&again, read(t, out)); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("the same table gave other bytes (%v)", err)
	}
	const golden = "testdata/types.parquet"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("the bytes are not those of %s", golden)
	}
}

// TestParquetPages reads back what lies in several batches and pages, with ends
// that fill no byte.
func TestParquetPages(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	rows := mostBatchRows + 5
	texts, valid := make([]string, rows), make([]bool, rows)
	for i := range rows {
		if valid[i] = i%3 > 0; valid[i] {
			texts[i] = strings.Repeat("x", 40) + strconv.Itoa(i)
		}
	}
	rec, err := NewRecord(schema, NewArray(texts, valid))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteParquet(&b, read(t, write(t, schema, rec))); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	end := len(data) - 8 - int(little.Uint32(data[len(data)-8:]))
	pages, row := 0, 0
	for at := len(parquetMagic); at < end; pages++ {
		header, n := readThrift(data[at:])
		at += n
		packed := header[3].(int)
		page, err := dec.DecodeAll(data[at:at+packed], nil)
		if err != nil || len(page) != header[2].(int) {
			t.Fatal(err)
		}
		at += packed
		levels := 4 + int(little.Uint32(page))
		run, used := binary.Uvarint(page[4:])
		if run&1 == 0 {
			t.Fatalf("page %d has a run of levels", pages)
		}
		bitmap, values := page[4+used:levels], page[levels:]
		for k := range header[5].(map[int]any)[1].(int) {
			text := ""
			if got := bitmap[k/8]>>(k%8)&1 == 1; got != valid[row] {
				t.Fatalf("row %d: valid is %v", row, got)
			} else if got {
				n := int(little.Uint32(values))
				text, values = string(values[4:4+n]), values[4+n:]
			}
			if text != texts[row] {
				t.Fatalf("row %d is %q, want %q", row, text, texts[row])
			}
			row++
		}
		if len(values) > 0 {
			t.Fatalf("%d bytes after page %d", len(values), pages)
		}
	}
	if row != rows || pages < 4 {
		t.Errorf("%d rows in %d pages", row, pages)
	}
}

// readThrift reads a structure of numbers and structures.
func readThrift(b []byte) (fields map[int]any, n int) {
	fields = map[int]any{}
	number := 0
	for {
		head := b[n]
		n++
		if head == 0 {
			return fields, n
		}
		number += int(head >> 4)
		if head&15 == thriftStruct {
			inner, used := readThrift(b[n:])
			fields[number] = inner
			n += used
			continue
		}
		v, used := binary.Varint(b[n:])
		fields[number] = int(v)
		n += used
	}
}

func TestSummarize(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rec := drawRecord(rt, 40)
		r := read(t, write(t, rec.Schema(), rec))
		got, err := Summarize(r)
		if err != nil {
			rt.Fatal(err)
		}
		for i, f := range rec.Schema().Fields() {
			want := ColumnSummary{Name: f.Name, Type: TypeName(f.Type), Missing: int64(rec.Column(i).NullN()), Empty: true}
			for row := range int(rec.NumRows()) {
				text := Text(rec.Column(i), row)
				switch {
				case rec.Column(i).IsNull(row):
				case text == "NaN":
					want.NaN++
				default:
					want.Empty = false
				}
			}
			if _, _, list := ListOf(f.Type); list {
				continue
			}
			if got[i].Name != want.Name || got[i].Type != want.Type || got[i].Missing != want.Missing || got[i].NaN != want.NaN || got[i].Empty != want.Empty {
				rt.Fatalf("got %+v, want %+v", got[i], want)
			}
			// What is least and greatest is a value, and no value is beyond it.
			found := want.Empty
			for row := range int(rec.NumRows()) {
				found = found || !rec.Column(i).IsNull(row) && Text(rec.Column(i), row) == got[i].Min
				if text := Text(rec.Column(i), row); f.Type.ID() == arrow.STRING && !rec.Column(i).IsNull(row) && (text < got[i].Min || text > got[i].Max) {
					rt.Fatalf("%q is not between %q and %q", text, got[i].Min, got[i].Max)
				}
			}
			if !found {
				rt.Fatalf("the minimum %q is no value of column %q", got[i].Min, f.Name)
			}
		}
	})
}
