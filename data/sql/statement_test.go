package sql

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// TestOrder: terms go behind those of the last ORDER BY outside of parentheses.
func TestOrder(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT a FROM t":  "SELECT a FROM t ORDER BY 1",
		"SELECT a FROM t;": "SELECT a FROM t ORDER BY 1",
		"SELECT a FROM t ORDER BY b DESC -- why\n ;":         "SELECT a FROM t ORDER BY b DESC, 1",
		"SELECT a FROM t ORDER BY b LIMIT 3 OFFSET 2":        "SELECT a FROM t ORDER BY b, 1 LIMIT 3 OFFSET 2",
		"SELECT a FROM t LIMIT (SELECT 1 ORDER BY 1)":        "SELECT a FROM t ORDER BY 1 LIMIT (SELECT 1 ORDER BY 1)",
		"SELECT sum(a) OVER (ORDER BY b) FROM t":             "SELECT sum(a) OVER (ORDER BY b) FROM t ORDER BY 1",
		"SELECT 'ORDER BY' AS \"order\", a AS `by` FROM t":   "SELECT 'ORDER BY' AS \"order\", a AS `by` FROM t ORDER BY 1",
		"SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 2)": "SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 2) ORDER BY 1",
		"SELECT a FROM t UNION SELECT a FROM u order  by a":  "SELECT a FROM t UNION SELECT a FROM u order  by a, 1",
	} {
		s, err := Dialect{Brackets: true}.Read(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := s.OrderedBy(Ordinals(1, "")...); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
	for _, query := range []string{"SELECT a FROM t ORDER BY ALL", "SELECT a FROM t ORDER BY ALL DESC LIMIT 2"} {
		s, err := Dialect{}.Read(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, between, _ := s.Order(); between != "" {
			t.Errorf("%s: %q", query, between)
		}
	}
}

// TestLines: rows of one table that are only chosen keep their order.
func TestLines(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT a FROM t":                                           "t",
		"SELECT * FROM T AS x WHERE a > 1 LIMIT 2":                  "x",
		"SELECT a, (SELECT max(b) FROM u) FROM \"t\" y":             "y",
		"SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u GROUP BY 1)": "t",
		"SELECT DISTINCT a FROM t":                                  "",
		"SELECT a FROM t ORDER BY a":                                "",
		"SELECT a FROM t, u":                                        "",
		"SELECT a FROM t JOIN u":                                    "",
		"SELECT a FROM t GROUP BY a":                                "",
		"SELECT a FROM t UNION ALL SELECT a FROM t":                 "",
		"SELECT a FROM other":                                       "",
		"SELECT a FROM (SELECT a FROM t)":                           "",
		"SELECT row_number() OVER () AS n FROM t":                   "",
		"WITH t AS (SELECT 1 AS a) SELECT a FROM t":                 "",
		"SELECT 1 AS a":                                             "",
	} {
		s, err := Dialect{}.Read(query)
		if err != nil {
			t.Fatal(err)
		}
		alias, ok := s.Lines(func(name string) bool { return strings.EqualFold(name, "t") })
		if ok != (want != "") || ok && alias != want {
			t.Errorf("%s: %q, %v", query, alias, ok)
		}
	}
}

// TestColumns: a query reads the columns that it names, and all of them behind a star.
func TestColumns(t *testing.T) {
	var fields []arrow.Field
	for _, name := range []string{"a", "b c", "É", "d"} {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64})
	}
	schema := arrow.NewSchema(fields, nil)
	for query, want := range map[string]string{
		"SELECT count(*) FROM t":                           "",
		"SELECT 2 * A FROM t":                              "a",
		"SELECT t.*, u.x FROM t JOIN u USING (x)":          "a,b c,É,d",
		"SELECT count(*) FROM t JOIN u USING (d)":          "d",
		"SELECT count(*) FROM t NATURAL JOIN u":            "a,b c,É,d",
		"SELECT [b c] FROM t /* a */ -- d":                 "b c",
		"SELECT \"É\" FROM t WHERE x IN (SELECT * FROM u)": "a,b c,É,d",
		"SELECT u.* FROM u":                                "",
	} {
		s, err := Dialect{Brackets: true}.Read(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Columns("t", schema)
		if err != nil || strings.Join(got, ",") != want {
			t.Errorf("%s: %v, %v, want %s", query, got, err, want)
		}
	}
}

// TestMakes: a name is given to something else, or stays with its column.
func TestMakes(t *testing.T) {
	for query, want := range map[string]bool{
		"SELECT a FROM t":                                      false,
		"SELECT a AS a, t.a AS A FROM t":                       false,
		"SELECT b, a AS b FROM t":                              false,
		"SELECT a + 1 AS a FROM t":                             true,
		"SELECT b AS \"a\" FROM t":                             true,
		"SELECT upper(a) a FROM t":                             true,
		"SELECT -a AS a FROM t":                                true,
		"SELECT (SELECT 1) + t.a AS a FROM":                    true,
		"SELECT b a FROM t":                                    true,
		"SELECT b * 2 a, c FROM t":                             true,
		"SELECT t.b \"a\" FROM t":                              true,
		"SELECT CASE b WHEN 1 THEN 2 END a FROM t":             true,
		"SELECT * FROM (SELECT b a)":                           true,
		"SELECT 1 a UNION SELECT 2":                            true,
		"WITH q(b, a) AS (SELECT b, c FROM t) SELECT * FROM q": true,
		"SELECT a a, t.a a FROM t":                             false,
		"SELECT b FROM t a":                                    false,
		"SELECT DISTINCT a FROM t WHERE b IN (a) ORDER BY a":   false,
		"SELECT min(a, b) AS c FROM t WHERE NOT a":             false,
		"SELECT b FROM t GROUP BY a":                           false,
	} {
		s, err := Dialect{}.Read(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Makes("a"); got != want {
			t.Errorf("%s: %v", query, got)
		}
	}
}

// FuzzRead: no text makes it panic, and what it finds is in the text.
func FuzzRead(f *testing.F) {
	f.Add("WITH a AS (SELECT 'x''y' FROM \"b\") SELECT [c], `d` /* e */ FROM a -- f\nORDER BY 1 LIMIT 2;")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Dialect{Brackets: true}.Read(text)
		if err != nil {
			if e := err.(*Error); e.At > len(text) {
				t.Errorf("at %d of %d", e.At, len(text))
			}
			return
		}
		before, _, after := s.Order()
		if before+after != s.Text || !strings.HasPrefix(text, s.Text) {
			t.Errorf("%q and %q of %q", before, after, text)
		}
		_ = s.Clock(false)
		s.Lines(func(string) bool { return true })
		s.ReadsAll()
		s.Makes("a")
	})
}
