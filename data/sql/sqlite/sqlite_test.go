package sqlite

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/sql"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

func means(t testing.TB) Means {
	dir := t.TempDir()
	return Means{Scratch: func() (string, error) { return dir, nil }, Memory: 32 << 20, Disk: 1 << 30, Progress: func(int64, int64) {}}
}

func open1(t testing.TB, name string, data []byte) Table {
	t.Helper()
	return Table{tabletest.Open(t, data), name}
}

// TestEnds: a query ends when it shall, and leaves no file behind.
func TestEnds(t *testing.T) {
	m := means(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Query(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n", nil, m)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("endless: %v", err)
	}
	dir, _ := m.Scratch()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := Query(ctx, "SELECT 1 AS a", nil, m); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after its end: %v", err)
	}
}

// TestCheck: what can be known before there are columns is known, with its place.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		query, want string
		at          int
	}{
		{"SELECT a FROM flights", "", 0},
		{"SELECT a, b.c, count(*) FROM flights f JOIN planes b USING (x, y) NATURAL JOIN (SELECT * FROM planes) WHERE f.none IN (SELECT q FROM flights) GROUP BY 1 ORDER BY z", "", 0},
		{"WITH x AS (SELECT a FROM flights) SELECT * FROM x UNION SELECT b, c FROM planes", "", 0},
		{"SELECT a FORM flights WHERE 1", `near "flights": syntax error`, 14},
		{"SELECT a, FROM flights", `near "FROM": syntax error`, 10},
		{"SELECT a FROM flights WHERE", "incomplete input", -1},
		{"SELECT a FROM flihgts", `there is no table "flihgts"`, 14},
		{"SELECT a FROM flights WHERE b IN (SELECT c FROM plane)", `there is no table "plane"`, 48},
		{"SELECT a FROM flights -- of \"all\n;", "", 0},
		{"SELECT median(1) FROM flights", "no such function: median", 7},
		{"SELECT 'a FROM flights", "a text is not closed", 7},
		{"SELECT a FROM flights /* of", "a comment is not closed", 22},
		{"SELECT a) FROM flights", "a parenthesis is closed that was not opened", 8},
		{"", "the query is empty", 0},
	} {
		err := Check(c.query, []string{"flights", "planes"})
		var wrong *sql.Error
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.query, err)
			}
			continue
		}
		if !errors.As(err, &wrong) || wrong.Msg != c.want || wrong.At != c.at {
			t.Errorf("%s: %+v, want %q at %d", c.query, err, c.want, c.at)
		}
	}
}

// TestSpills: with little memory the result is the same.
func TestSpills(t *testing.T) {
	const n = 120_000
	id, key, text := make([]int64, n), make([]int64, n), make([]string, n)
	for i := range n {
		id[i], key[i], text[i] = int64(i), int64(i)*7919%n, "some text that takes its room "+string(rune('a'+i%26))
	}
	in := open1(t, "t", tabletest.Table(t, "id", id, "key", key, "text", text))
	var sums []int64
	for _, memory := range []int64{32 << 20, 512 << 20} {
		m := means(t)
		m.Memory = memory
		r, err := Query(t.Context(), "SELECT a.id, b.text, row_number() OVER (ORDER BY b.key DESC) AS n FROM t a JOIN t b ON a.id = b.key ORDER BY b.text, n", []Table{in}, m)
		if err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		if err := r.Each(t.Context(), func(rec arrow.RecordBatch) error {
			for row := range int(rec.NumRows()) {
				v, _ := table.Real(rec.Column(0), row)
				sum = sum*31 + int64(v)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		if r.NumRows() != n {
			t.Errorf("%d rows", r.NumRows())
		}
		sums = append(sums, sum)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("%v", sums)
	}
}
