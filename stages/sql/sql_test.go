package sql

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

func flights(t testing.TB) []byte {
	t.Helper()
	return tabletest.Table(t, "carrier", []any{"UA", "AA", nil, "UA", "B6"}, "tail", []any{"N2", "N1", "N1", nil, "N9"}, "delay", []any{1.5, nil, -2.0, 4.0, 10.0},
		"seats", []int16{10, 20, 30, 40, 50}, "day", []arrow.Date32{0, 1, 19000, -1, 2}, "late", []any{true, false, nil, true, true})
}

func planes(t testing.TB) []byte {
	t.Helper()
	return tabletest.Table(t, "tail", []any{"N1", "N2", "N3"}, "year", []any{int64(1999), nil, int64(2004)})
}

// kind is one without a program.
func kind() pipeline.Kind {
	return Kind(func(string) (string, bool) { return "", false }, nil)
}

func queryCase(t testing.TB, query string) pipelinetest.Case {
	return withCase(t, fmt.Sprintf("query: %q", query))
}

func withCase(t testing.TB, with string) pipelinetest.Case {
	t.Helper()
	return pipelinetest.Case{Kind: kind(), With: with, Inputs: map[string][]byte{"flights": flights(t), "planes": planes(t)}}
}

// shown writes a table with the types of its columns.
func shown(t testing.TB, data []byte) string {
	t.Helper()
	var b strings.Builder
	rec := tabletest.Rows(t, data)
	for i, f := range rec.Schema().Fields() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(f.Name + ":" + table.TypeName(f.Type))
	}
	for row := range int(rec.NumRows()) {
		b.WriteByte('\n')
		for i, c := range rec.Columns() {
			if i > 0 {
				b.WriteByte(',')
			}
			if c.IsNull(row) {
				b.WriteByte('-')
				continue
			}
			b.WriteString(table.Text(c, row))
		}
	}
	return b.String()
}

func TestSQLConforms(t *testing.T) {
	pipelinetest.Conform(t, queryCase(t, "SELECT f.*, p.year FROM flights f LEFT JOIN planes p USING (tail) ORDER BY seats"))
	pipelinetest.Conform(t, withCase(t, "{query: 'SELECT carrier, count(*) AS n FROM flights GROUP BY carrier', types: {n: float64}, memory_limit: 32MiB}"))
}

func TestSQL(t *testing.T) {
	for _, c := range []struct{ with, want string }{
		// Rows of one table keep their order, and columns their types.
		{"query: SELECT * FROM flights WHERE seats > 10", `carrier:string,tail:string,delay:float64,seats:int16,day:date,late:bool
AA,N1,-,20,1970-01-02,false
-,N1,-2,30,2022-01-08,-
UA,-,4,40,1969-12-31,true
B6,N9,10,50,1970-01-03,true`},
		{"query: SELECT seats * 2 AS twice, delay / 2 AS half, carrier || '!' AS text FROM flights AS f LIMIT 2", "twice:int64,half:float64,text:string\n20,0.75,UA!\n40,-,AA!"},
		// Others have the order of their columns.
		{"query: SELECT carrier, count(*) AS n, sum(seats) AS seats FROM flights GROUP BY carrier", "carrier:string,n:int64,seats:int64\n-,1,30\nAA,1,20\nB6,1,50\nUA,2,50"},
		{"query: SELECT DISTINCT carrier FROM flights", "carrier:string\n-\nAA\nB6\nUA"},
		{"query: SELECT p.year, f.seats FROM flights f JOIN planes p USING (tail)", "year:int64,seats:int16\n-,10\n1999,20\n1999,30"},
		{"query: SELECT seats FROM flights NATURAL JOIN planes", "seats:int16\n10\n20\n30"},
		// And of equal rows too.
		{"query: SELECT late, seats FROM flights ORDER BY late DESC", "late:bool,seats:int16\ntrue,10\ntrue,40\ntrue,50\nfalse,20\n-,30"},
		{"query: SELECT late, seats FROM flights ORDER BY late DESC LIMIT 2 OFFSET 1 -- of three", "late:bool,seats:int16\ntrue,40\ntrue,50"},
		{"query: SELECT seats, sum(seats) OVER (ORDER BY day) AS total FROM flights", "seats:int16,total:int64\n10,50\n20,70\n30,150\n40,40\n50,120"},
		{"query: SELECT seats FROM flights UNION ALL SELECT year FROM planes WHERE year > 2000", "seats:int16\n10\n20\n30\n40\n50\n2004"},
		{"query: SELECT seats FROM flights UNION ALL SELECT year + 100000 FROM planes WHERE year > 2000", "seats:int64\n10\n20\n30\n40\n50\n102004"},
		{"query: WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n", "i:int64\n1\n2\n3"},
		{"query: SELECT count(*) AS n FROM flights", "n:int64\n5"},
		// Types that are asked for.
		{"{query: \"SELECT date(day, '+1 month') AS next, day AS same, day || ' 12:30:00.25' AS at FROM flights LIMIT 1\", types: {next: date, at: timestamp}}",
			"next:date,same:date,at:timestamp\n1970-02-01,1970-01-01,1970-01-01T12:30:00.25Z"},
		{"{query: 'SELECT count(*) AS n, 1 AS yes, 2.0 AS two, 7 AS real FROM planes', types: {yes: bool, two: int64, real: float64}}", "n:int64,yes:bool,two:int64,real:float64\n3,true,2,7"},
		{"query: SELECT 1 AS a UNION SELECT 2.5", "a:float64\n1\n2.5"},
		{"query: \"SELECT value AS v FROM planes, json_each('[3, 1]') WHERE tail = 'N1'\"", "v:int64\n1\n3"},
		{"query: 'SELECT floor(2.5) AS f, ceil(2) AS c, sqrt(9) AS s, NULL AS none'", "f:float64,c:int64,s:float64,none:string\n2,2,3,-"},
		{"query: \"SELECT 'now' AS status, 'utc' AS zone FROM flights WHERE carrier IN ('now', 'UA') LIMIT 1\"", "status:string,zone:string\nnow,utc"},
		{"query: SELECT seats FROM flights WHERE 0", "seats:int16"},
		{"query: SELECT [seats] AS \"my seats\" FROM [flights] \"f\" LIMIT 1;", "my seats:int16\n10"},
	} {
		r := pipelinetest.Run(t, withCase(t, c.with))
		if diff := cmp.Diff(c.want, shown(t, r.Outputs["table"])); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.with, diff)
		}
	}
	r := pipelinetest.Run(t, queryCase(t, "SELECT p.year AS built, f.seats + 1 AS more FROM flights f JOIN planes p USING (tail)"))
	want := []pipelinetest.Column{{Out: pipeline.ColumnRef{Port: "table", Column: "built"}, In: pipeline.ColumnRef{Port: "planes", Column: "year"}}}
	if fmt.Sprint(r.Columns) != fmt.Sprint(want) {
		t.Errorf("columns are %v, want %v", r.Columns, want)
	}
}

// TestRowNumbers: rows keep their order whatever their columns are named.
func TestRowNumbers(t *testing.T) {
	for _, names := range [][3]string{{"rowid", "x", "y"}, {"RowID", "_rowid_", "y"}, {"rowid", "_rowid_", "OID"}} {
		data := tabletest.Table(t, "n", []int64{9, 1, 5, 4}, names[0], []int64{3, 4, 1, 2}, names[1], []int64{3, 4, 1, 2}, names[2], []int64{3, 4, 1, 2})
		for query, want := range map[string]string{
			"SELECT n FROM (SELECT * FROM t)":  "1 4 5 9", // not of one table: sorted
			"SELECT n FROM t":                  "9 1 5 4",
			"SELECT * FROM t":                  "9 1 5 4",
			"SELECT n FROM t AS x WHERE n > 1": "9 5 4",
			"SELECT n, " + names[0] + ", " + names[2] + " FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.n) LIMIT 2": "9 5",
			"SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE k > 4) LIMIT 2":                                         "9 1",
			"SELECT * FROM t WHERE n IN (SELECT k FROM u)":                                                               "9 5",
		} {
			c := pipelinetest.Case{Kind: kind(), With: fmt.Sprintf("query: %q", query), Inputs: map[string][]byte{"t": data, "u": tabletest.Table(t, "k", []int64{5, 9})}}
			rec := tabletest.Rows(t, pipelinetest.Run(t, c).Outputs["table"])
			var got []string
			for row := range int(rec.NumRows()) {
				got = append(got, table.Text(rec.Column(0), row))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%v, %s: %v, want %s", names, query, got, want)
			}
		}
	}
}

// TestCase: SQL knows no case of names, tables do.
func TestCase(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT X FROM t":                  "X:int64\n1",
		"SELECT x, n FROM t":               "x:int64,n:int64\n2,3",
		"SELECT n FROM t WHERE X <> 'x'":   "n:int64\n3",
		"SELECT X AS x FROM t":             "x:int64\n1",
		"SELECT N FROM t":                  "n:int64\n3",
		"SELECT é, É FROM t":               "é:int64,É:int64\n4,5",
		"SELECT 1 AS a, 2 AS A, n FROM t":  "a:int64,A:int64,n:int64\n1,2,3",
		"SELECT 1 AS X, x.n FROM t AS x":   "X:int64,n:int64\n1,3",
		"SELECT * FROM t":                  `line 1, character 15: columns "X" and "x" of t have one name in SQL`,
		"SELECT n,\n  X + x AS sum FROM t": `line 2, character 3: columns "X" and "x" of t have one name in SQL`,
	} {
		c := pipelinetest.Case{Kind: kind(), With: fmt.Sprintf("query: %q", query), Inputs: map[string][]byte{"t": tabletest.Table(t, "X", []int64{1}, "x", []int64{2}, "n", []int64{3}, "é", []int64{4}, "É", []int64{5})}}
		if strings.HasPrefix(want, "line") {
			if _, err := pipelinetest.RunErr(t, c); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(diag.HintOf(err), "`rename`") {
				t.Errorf("%s: %v, hint %q, want %q", query, err, diag.HintOf(err), want)
			}
			continue
		}
		if got := shown(t, pipelinetest.Run(t, c).Outputs["table"]); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	s, err := pipeline.DecodeStage(kind(), "query: SELECT a FROM t")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.(pipeline.Foreseer).Foresee(map[string]pipeline.Facts{"t": {}, "T": {}}); err == nil || !strings.Contains(err.Error(), `inputs "T" and "t" have one name`) || diag.HintOf(err) == "" {
		t.Errorf("two tables: %v", err)
	}
}

// TestManyColumns: what SQLite cannot take is said with what to do.
func TestManyColumns(t *testing.T) {
	var columns []any
	for i := range 2001 {
		columns = append(columns, fmt.Sprintf("c%d", i), []int64{int64(i)})
	}
	c := pipelinetest.Case{Kind: kind(), With: "query: SELECT * FROM t", Inputs: map[string][]byte{"t": tabletest.Table(t, columns...)}}
	if _, err := pipelinetest.RunErr(t, c); err == nil || !strings.Contains(err.Error(), "line 1, character 15: 2001 columns of t, and SQLite takes 2000") || !strings.Contains(diag.HintOf(err), "duckdb") {
		t.Errorf("%v, hint %q", err, diag.HintOf(err))
	}
	c.With = "query: SELECT c2000, c7 FROM t"
	if got := shown(t, pipelinetest.Run(t, c).Outputs["table"]); got != "c2000:int64,c7:int64\n2000,7" {
		t.Error(got)
	}
	c.With, c.Inputs["t"] = "query: SELECT *, 1 AS a FROM t", tabletest.Table(t, columns[:4000]...)
	if _, err := pipelinetest.RunErr(t, c); err == nil || !strings.Contains(diag.HintOf(err), "duckdb") {
		t.Errorf("result: %v, hint %q", err, diag.HintOf(err))
	}
}

// TestTypes: every type of a table comes back as it was, whatever its values.
func TestTypes(t *testing.T) {
	data := tabletest.Table(t, "text", []any{"ä'\"", "", nil}, "bool", []any{true, nil, false}, "i8", []int8{-128, 0, 127}, "i64", []int64{math.MinInt64, 0, math.MaxInt64},
		"u8", []uint8{0, 255, 1}, "u32", []uint32{0, math.MaxUint32, 1}, "u64", []uint64{0, math.MaxInt64, 1}, "f32", []float32{1.1, float32(math.Inf(-1)), 0},
		"f64", []float64{0.1, math.Inf(1), 1e300}, "day", []arrow.Date32{-719162, 0, 2932896}, "at", []arrow.Timestamp{-1, 0, 1_700_000_000_250_000}, "time", []arrow.Time64{0, 86399_999999, 1_000_000})
	c := pipelinetest.Case{Kind: kind(), With: "query: SELECT * FROM t", Inputs: map[string][]byte{"t": data}}
	got := shown(t, pipelinetest.Run(t, c).Outputs["table"])
	if diff := cmp.Diff(shown(t, data), got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// Their texts sort and compare as they do.
	c.With = "query: SELECT i8 FROM t WHERE at >= '1970-01-01' ORDER BY at DESC"
	if got := shown(t, pipelinetest.Run(t, c).Outputs["table"]); got != "i8:int8\n127\n0" {
		t.Error(got)
	}
	c.With = "query: SELECT f FROM t"
	c.Inputs["t"] = tabletest.Table(t, "f", []float64{math.NaN(), 1})
	if got := shown(t, pipelinetest.Run(t, c).Outputs["table"]); got != "f:float64\n-\n1" {
		t.Errorf("NaN: %s", got)
	}
}

// TestHostile: a query reads its inputs and nothing else, and gives the same each time.
func TestHostile(t *testing.T) {
	for query, want := range map[string]string{
		"ATTACH '/etc/passwd' AS x":                                                "a query begins with SELECT or WITH",
		"PRAGMA writable_schema = 1":                                               "a query begins with SELECT or WITH",
		"DROP TABLE flights":                                                       "a query begins with SELECT or WITH",
		"VACUUM INTO '/tmp/x'":                                                     "a query begins with SELECT or WITH",
		"EXPLAIN SELECT 1":                                                         "a query begins with SELECT or WITH",
		"SELECT 1 AS a; DROP TABLE flights":                                        "more than one statement",
		"WITH x AS (SELECT 1) DELETE FROM flights":                                 "only reads",
		"WITH x AS (SELECT 1) INSERT INTO flights SELECT 1":                        "only reads",
		"WITH x AS (SELECT 1) UPDATE flights SET seats = 1":                        "only reads",
		"SELECT load_extension('x')":                                               "the function load_extension is not allowed",
		"SELECT readfile('/etc/passwd')":                                           "no such function: readfile",
		"SELECT writefile('x', 'y')":                                               "no such function: writefile",
		"SELECT edit('x')":                                                         "no such function: edit",
		"SELECT fts3_tokenizer('simple')":                                          "the function fts3_tokenizer is not allowed",
		"SELECT rtreecheck('flights')":                                             "the function rtreecheck is not allowed",
		"SELECT random() AS a":                                                     "the function random is not allowed",
		"SELECT hex(randomblob(4)) AS a":                                           "the function randomblob is not allowed",
		"SELECT sqlite_version() AS a":                                             "the function sqlite_version is not allowed",
		"SELECT last_insert_rowid() AS a":                                          "the function last_insert_rowid is not allowed",
		"SELECT current_timestamp AS a":                                            "current_timestamp is another one in each run",
		"SELECT date() AS a":                                                       "date() is the time of now",
		"SELECT date('now') AS a":                                                  "'now' is another time in each run",
		"SELECT datetime('2024-01-01', 'localtime') AS a":                          "the time zone of the machine",
		"SELECT date('n' || 'ow') AS a":                                            "asks for the time of now",
		"SELECT datetime(day, 'local' || 'time') AS a FROM flights":                "the time zone of the machine",
		"SELECT datetime(1e9, 'unixepoch', lower('UTC')) AS a":                     "the time zone of the machine",
		"SELECT carrier FROM flights WHERE time(day, (SELECT 'localtime')) > ''":   "the time zone of the machine",
		"SELECT date(iif(seats > 0, 'now', '')) AS a FROM flights":                 "asks for the time of now",
		"SELECT 1 AS a ORDER BY 'x' COLLATE none":                                  "line 1, character 36: no such collation sequence: none",
		"SELECT seats FROM flights INDEXED BY none":                                "line 1, character 38: no such index: none",
		"SELECT strftime('%s') AS a":                                               "asks for the time of now",
		"SELECT * FROM sqlite_schema":                                              "sqlite_master cannot be read",
		"SELECT count(*) AS n FROM sqlite_master":                                  "cannot be read",
		"SELECT * FROM pragma_database_list":                                       "cannot be read",
		"SELECT * FROM pragma_table_info('flights')":                               "cannot be read",
		"SELECT * FROM sqlite_dbpage":                                              `there is no table "sqlite_dbpage"`,
		"SELECT * FROM temp.flights":                                               "there is no table",
		"SELECT * FROM other":                                                      `there is no table "other"`,
		"SELECT ?1 AS a":                                                           "a place for a value",
		"SELECT $name AS a":                                                        "a place for a value",
		"SELECT carier FROM flights":                                               `there is no column "carier"`,
		"SELECT carrier FROM flights WHERE carrier = \"UA\"":                       `there is no column "UA"`,
		"SELECT zeroblob(100) AS a":                                                "the function zeroblob is not allowed",
		"SELECT replace(hex(carrier), 'x', 'y'":                                    "a parenthesis is not closed",
		"SELECT printf('%.*c', 99999999, 'x') AS a":                                "more than 16 MiB",
		"SELECT printf('%.*c', 9999999999, 'x') AS a":                              "",
		"SELECT carrier FROM flights ORDER BY random()":                            "the function random is not allowed",
		"SELECT carrier, carrier FROM flights":                                     `two columns of the result are named "carrier"`,
		"SELECT unhex('00') AS a":                                                  "the function unhex is not allowed",
		"SELECT x'00' AS a":                                                        "a blob",
		"SELECT 1 AS a UNION SELECT 'x'":                                           "a number in row 1, and a text in row 2",
		"SELECT 9007199254740993 AS a UNION SELECT 0.5":                            "a whole number that is not exact",
		"SELECT " + strings.Repeat("1+", 2000) + "1 AS a":                          "Expression tree is too large",
		"SELECT 1 FROM " + strings.TrimSuffix(strings.Repeat("flights,", 70), ","): "at most 64 tables in a join",
	} {
		err := trouble(t, queryCase(t, query))
		if want == "" {
			continue // whatever it is, it ends
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", diag.Shorten(query), err, want)
		}
	}
}

// TestBounds: a query that takes too much ends with what to do.
func TestBounds(t *testing.T) {
	endless := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "
	few := strings.Replace(endless, "FROM n)", "FROM n WHERE i < 40)", 1)
	for with, want := range map[string]string{
		"{query: '" + endless + "i FROM n', disk_limit: 8MiB}":                                                        "disk",
		"{query: \"" + few + "group_concat(printf('%.*c', 1000000, 'x')) AS t FROM n\"}":                              "16 MiB",
		"{query: \"" + few + "json_group_array(printf('%.*c', 1000000, 'x')) AS t FROM n\"}":                          "16 MiB",
		"{query: \"" + endless + "json_group_array(printf('%.*c', 1000000, 'x')) AS t FROM n\", memory_limit: 32MiB}": "32MiB of memory",
	} {
		if _, err := pipelinetest.RunErr(t, withCase(t, with)); err == nil || !strings.Contains(err.Error(), want) || diag.HintOf(err) == "" {
			t.Errorf("%s: %v, hint %q", with, err, diag.HintOf(err))
		}
	}
}

// trouble is what decoding or running says.
func trouble(t testing.TB, c pipelinetest.Case) error {
	t.Helper()
	if _, err := pipeline.DecodeStage(c.Kind, c.With); err != nil {
		return err
	}
	_, err := pipelinetest.RunErr(t, c)
	return err
}
