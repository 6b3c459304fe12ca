package query

import (
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		text, want string
		ordered    bool
	}{
		{"SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a", true},
		{" select 1 ; -- the end\n", " select 1", false},
		{"SELECT * FROM (SELECT a FROM t ORDER BY a)", "SELECT * FROM (SELECT a FROM t ORDER BY a)", false},
		{"SELECT 'ORDER BY' FROM t", "SELECT 'ORDER BY' FROM t", false},
		{"SELECT 'it''s; (' FROM \"a;b\" /* ; */ order -- x\n by 1", "SELECT 'it''s; (' FROM \"a;b\" /* ; */ order -- x\n by 1", true},
		{"WITH x AS (SELECT 1) SELECT row_number() OVER (ORDER BY a) FROM x", "WITH x AS (SELECT 1) SELECT row_number() OVER (ORDER BY a) FROM x", false},
		{"SELECT $$a;($$, $t$'$t$, $1 FROM t", "SELECT $$a;($$, $t$'$t$, $1 FROM t", false},
	} {
		q, err := Read(c.text)
		if err != nil || q.Text != c.want || q.Ordered != c.ordered {
			t.Errorf("%q: %q, ordered %v, %v", c.text, q.Text, q.Ordered, err)
		}
	}
	for text, want := range map[string]string{
		"":                        "empty",
		" -- nothing":             "empty",
		"DELETE FROM t":           "no SELECT",
		"SELECT 1; DROP TABLE t":  "more than one",
		"SELECT 1) UNION (SELECT": "not opened",
		"SELECT (1":               "not closed",
		"SELECT 'a":               "ends in a text",
		"SELECT /* a":             "ends in a comment",
		"SELECT \"a":              "ends in a name",
		"SELECT $x$ a":            "ends in a text",
	} {
		if _, err := Read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if got := Name(`a"b`); got != `"a""b"` {
		t.Errorf("Name: %s", got)
	}
}

// FuzzRead: what is a query is one again, and is no longer than it was.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"SELECT 1 ORDER BY 1; -- x", "(SELECT $$a$$)", "WITH x AS (SELECT 'a''b') SELECT /* */ 1", "$1$", "SELECT \"a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Read(text)
		if err != nil {
			return
		}
		again, err := Read(q.Text)
		if err != nil || again != q || len(q.Text) > len(text) {
			t.Errorf("%q: %+v, again %+v, %v", text, q, again, err)
		}
	})
}
