package batch_test

import (
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/lineage"
	"pipe/lineage/batch"
	"pipe/lineage/lineagetest"
)

// What SQLite packs is what it was given: numbers of all sizes, texts with
// anything in them, and NULL, which is zero and the empty text.
func TestBatch(t *testing.T) {
	db, _ := lineagetest.New(t)
	type row struct {
		number int64
		a, b   string
	}
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "same", "\x00", "NULL", strings.Repeat("long", 5000)}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) row {
			return row{
				number: rapid.OneOf(rapid.SampledFrom([]int64{0, -1, 1<<31 - 1, 1 << 31, 1 << 32, math.MaxInt64, math.MinInt64}), rapid.Int64()).Draw(t, "number"),
				a:      text.Draw(t, "a"), b: text.Draw(t, "b"),
			}
		}), 1, 20).Draw(t, "rows")
		// JSON would not keep a text that is no UTF-8 or holds a NUL.
		var values []string
		var args []any
		for i, r := range rows {
			values = append(values, "(?, ?, ?, ?)")
			a := any(r.a)
			if r.a == "" && i%2 == 0 {
				a = nil
			}
			args = append(args, i, r.number, a, r.b)
		}
		var got []row
		err := batch.Read(t.Context(), db.Reader(), func(b *batch.Batch) error {
			for b = b.Keep(); b.Next(); {
				got = append(got, row{b.Int(0), b.Text(1), b.Text(2)})
			}
			return nil
		}, "WITH v (i, n, a, b) AS (VALUES "+strings.Join(values, ", ")+") SELECT pipe_batch(n, a, b) FROM v", args...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rows, got, cmp.AllowUnexported(row{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

// One buffer serves one batch: what is asked twice in a query, or while another
// answer is still there, is not mixed up.
func TestBatchesSideBySide(t *testing.T) {
	db, _ := lineagetest.New(t)
	conn, err := db.Reader().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	var a, b []byte
	if err := conn.QueryRowContext(t.Context(), fmt.Sprintf(numbers, 10000)+"SELECT pipe_batch(i), pipe_batch(i + 7, 'x' || i) FROM n").Scan(&a, &b); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.QueryContext(t.Context(), fmt.Sprintf(numbers, 9)+"SELECT pipe_batch(i) FROM n GROUP BY i % 3 ORDER BY i % 3")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var groups [][]int64
	for rows.Next() {
		var data, other []byte
		if err := rows.Scan(&data); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRowContext(t.Context(), fmt.Sprintf(numbers, 100)+"SELECT pipe_batch(i, i) FROM n").Scan(&other); err != nil {
			t.Fatal(err)
		}
		groups = append(groups, numbersOf(t, data))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int64{{3, 6, 9}, {1, 4, 7}, {2, 5, 8}}, groups); diff != "" {
		t.Error(diff)
	}
	for i, n := range numbersOf(t, a) {
		if n != int64(i)+1 {
			t.Fatalf("row %d of the first batch is %d", i, n)
		}
	}
	for i, n := range numbersOf(t, b) {
		if n != int64(i)+8 {
			t.Fatalf("row %d of the second batch is %d", i, n)
		}
	}
}

func numbersOf(t *testing.T, data []byte) (list []int64) {
	t.Helper()
	b, err := batch.New(data)
	if err != nil {
		t.Fatal(err)
	}
	for b.Next() {
		list = append(list, b.Int(0))
	}
	return list
}

func TestBatchErrors(t *testing.T) {
	db, _ := lineagetest.New(t)
	for query, want := range map[string]string{
		"SELECT pipe_batch(1.5)":                                "neither integer nor text",
		"SELECT pipe_batch(x'00')":                              "neither integer nor text",
		"SELECT pipe_batch(1" + strings.Repeat(", 1", 16) + ")": "too many columns",
	} {
		err := batch.Read(t.Context(), db.Reader(), func(*batch.Batch) error { return nil }, query)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v", query, err)
		}
	}
	err := batch.Read(t.Context(), db.Reader(), func(*batch.Batch) error { t.Error("no rows are a batch"); return nil }, "SELECT pipe_batch(id) FROM runs WHERE 0")
	if err != nil {
		t.Error(err)
	}
}

// Damage is noticed, and nothing outside of the batch is read.
func FuzzBatch(f *testing.F) {
	f.Add([]byte{5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'x', 2, 0, 0, 0, 2, 0, 0, 0})
	f.Add(slices.Concat([]byte{0xff, 0xff, 0xff, 0xff}, make([]byte, 4), []byte{1, 0, 0, 0, 1, 0, 0, 0}))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := batch.New(data)
		if err != nil {
			return
		}
		for b.Next() {
			for i := range b.Columns() {
				b.Int(i)
				_ = strings.Clone(b.Text(i))
			}
		}
	})
}

// A plan does not depend on an argument. If it did, the argument would be
// compared with the condition of the index executions_by_key, and the statement
// be prepared again whenever it has another value.
func TestPlansDoNotDependOnArguments(t *testing.T) {
	db, _ := lineagetest.New(t)
	plan := func(query string, args ...any) string {
		lines, err := lineage.Collect(t.Context(), db.Reader(), func(rows *sql.Rows) (line string, err error) {
			var id, parent, unused int
			err = rows.Scan(&id, &parent, &unused, &line)
			return line, err
		}, "EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines, "\n")
	}
	const index = "executions_by_key"
	if got := plan("SELECT id FROM executions WHERE key = ? AND status = 'succeeded'", "k"); !strings.Contains(got, index) {
		t.Fatalf("the index %s is not used at all: %s", index, got)
	}
	if got := plan("SELECT id FROM executions WHERE key = ? AND status = ?", "k", "succeeded"); strings.Contains(got, index) {
		t.Errorf("a plan depends on an argument: %s", got)
	}
}
