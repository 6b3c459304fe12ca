package expr_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/expr"
)

func slice(arr arrow.Array, from, to int) arrow.Array {
	return array.NewSlice(arr, int64(from), int64(to))
}

// FuzzExpr holds that any text is an expression or an error with a place in it,
// that what is checked can be evaluated, and that no text takes much memory.
func FuzzExpr(f *testing.F) {
	for _, seed := range []string{
		"weight / height ** 2", "i + j * small - u", "x % z // 2", "not b and i > 0 or is_missing(s)", "if(b, s, concat(s, n))",
		"case(i > 1, 'a', i > 0, 'b')", "coalesce(x, z, 1)", "i in [1, 2]", "s not in ('a',)", "try(int8(n))", "date_trunc('month', t)",
		"date_add('year', i, d)", "date_diff('second', t, timestamp[ns](t))", "`unit price` + 1", "matches(s, '^a+$')", "extract(s, '(a)(b)?', 2)",
		"replace_all(s, 'a*', '$0$0')", "replace(concat(s, s), '-', s)", "split(s, '-', -1)", "slice(s, -2, 3)", "pad(n, 10, '0')", "hash(x, 7)",
		"time(t) == clock", "date(n, '%d.%m.%Y')", "round(x, -3)", "clip(i, 0, 10)", "min(s, n)", "-9223372036854775808", "u == 18446744073709551615.0",
		"string(f)", "float32(x) ?? 1", "make_date(i, j, small)", "d + i", "d - d", "between(t, '2000-01-01', '2030-01-01T00:00:00Z')",
	} {
		f.Add(seed)
	}
	schema, columns := sample()
	f.Fuzz(func(t *testing.T, text string) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e, err := expr.Parse(text)
		if err == nil {
			_, err = e.Check(&expr.Scope{Open: true})
		}
		var wrong *expr.Error
		if err != nil {
			if !errors.As(err, &wrong) || wrong.At < 0 || wrong.At > len(text) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if again, err := expr.Parse(e.String()); err != nil || again.String() != text {
			t.Fatalf("%q: %v", text, err)
		}
		if e.CheckCondition(expr.ScopeOf(schema)) == nil {
			if got, err := e.Check(expr.ScopeOf(schema)); err != nil || got.ID() != arrow.BOOL {
				t.Fatalf("%q: a condition is %v: %v", text, got, err)
			}
		}
		_, _, _, err = evaluate(text, schema, columns)
		var row *expr.RowError
		if err != nil && !errors.As(err, &wrong) && !errors.As(err, &row) {
			t.Fatalf("%q: %v", text, err)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<30 {
			t.Fatalf("%q: %d MiB", text, used>>20)
		}
	})
}
