package postgres

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/postgres/postgrestest"
	"pipe/data/source/sourcetest"
	"pipe/pipeline/settings"
)

// server is that of the tests, which the first of them starts.
var server *postgrestest.Server

var start = sync.OnceValue(func() (err error) {
	server, err = postgrestest.Start()
	return err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if server != nil {
		if err := server.Stop(); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			code = 1
		}
	}
	os.Exit(code)
}

// database runs statements in the database of the tests.
func database(t testing.TB, sql string) {
	t.Helper()
	switch err := start(); {
	case errors.Is(err, postgrestest.ErrNone):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	if err := server.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// environment is that of the tests.
func environment(name string) (string, bool) {
	switch name {
	case "PASSWORD":
		return postgrestest.Password, true
	case "WRONG":
		return "wr0ng/password", true
	case "WHOLE":
		return strings.Replace(server.URL(), postgrestest.User, url.UserPassword(postgrestest.User, postgrestest.Password).String(), 1), true
	case "NO_URL":
		return "postgres://reader:hunter22@[/", true
	}
	return "", false
}

// read gives the table as CSV, its types and what was said of it.
func read(t testing.TB, with string, contract cell.Contract) (csv, types, log string, err error) {
	t.Helper()
	r := new(Reader)
	if !strings.Contains(with, "_env") {
		with = "{password_env: PASSWORD, " + strings.TrimPrefix(with, "{")
	}
	if !strings.Contains(with, "url:") && !strings.Contains(with, "connection_env:") {
		with = "{url: '" + server.URL() + "', " + strings.TrimPrefix(with, "{")
	}
	if err := settings.DecodeFile("with", []byte(with), r); err != nil {
		return "", "", "", err
	}
	made, err := sourcetest.Read(t, r, source.Inputs{Contract: contract, Threads: 2, Variable: environment})
	return made.CSV, made.Types, made.Said, err
}

func TestTypes(t *testing.T) {
	database(t, `CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN small AS smallint;
CREATE TABLE types (id int PRIMARY KEY, b bool, s small, l bigint, f real, d double precision, n numeric(9,2), w numeric(12), x numeric(30,5),
	t text, v varchar(9), c char(4), j jsonb, u uuid, m mood, day date, at timestamptz, loc timestamp, clock time, ip inet, span interval, fs real[], xs int[]);
INSERT INTO types VALUES
(2, true, -7, 9223372036854775807, 0.1, 0.1, -1234.50, 123456789012, 1234567890123456789012345.67891, E'a,"b"\n', 'ä', 'x', '{"k": [1, null]}',
	'00000000-0000-0000-0000-00000000000a', 'happy', '1815-12-10', '2024-01-02 03:04:05.000006+02', '2024-01-02 03:04:05', '23:59:59.5', '10.0.0.1', '1 day 02:00', '{1.5,2}', '{}'),
(1, NULL, NULL, NULL, NULL, 'NaN', NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', '{-1,2,3}')`)
	got, types, _, err := read(t, "table: public.types}", cell.Contract{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "id:int32 b:bool s:int16 l:int64 f:float32 d:float64 n:float64 w:int64 x:string t:string v:string c:string j:string u:string m:string " +
		"day:date at:timestamp loc:timestamp clock:time ip:string span:string fs:f32[] xs:i32[]"; types != want {
		t.Errorf("types %s", cmp.Diff(want, types))
	}
	const want = `id,b,s,l,f,d,n,w,x,t,v,c,j,u,m,day,at,loc,clock,ip,span,fs,xs
1,,,,,NaN,,,,"",,,,,,,,,,,,[],"[-1,2,3]"
2,true,-7,9223372036854775807,0.1,0.1,-1234.5,123456789012,1234567890123456789012345.67891,"a,""b""
",ä,"x   ","{""k"": [1, null]}",00000000-0000-0000-0000-00000000000a,happy,1815-12-10,2024-01-02T01:04:05.000006Z,2024-01-02T03:04:05Z,23:59:59.5,10.0.0.1,P1DT2H,"[1.5,2]",[]
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNumerics: numbers without declared digits are what all of them fit.
func TestNumerics(t *testing.T) {
	database(t, `CREATE TABLE numerics (k int PRIMARY KEY, whole numeric, exact numeric, long numeric);
INSERT INTO numerics VALUES (1, 5, 0.001, 1), (2, 123456789012345678, 12345.6789, 0.3333333333333333333), (3, NULL, NULL, NULL)`)
	got, types, log, err := read(t, "table: numerics}", cell.Contract{})
	if err != nil || types != "k:int32 whole:int64 exact:float64 long:string" || !strings.Contains(log, "column=long") {
		t.Errorf("types %s, %v, log %s", types, err, log)
	}
	if want := "k,whole,exact,long\n1,5,0.001,1\n2,123456789012345678,12345.6789,0.3333333333333333333\n3,,,\n"; got != want {
		t.Error(cmp.Diff(want, got))
	}
	got, types, _, err = read(t, `query: "SELECT sum(k) AS s, avg(k)::real AS a, count(*) AS n FROM numerics"}`, cell.Contract{})
	if err != nil || got != "s,a,n\n6,2,3\n" || types != "s:int64 a:float32 n:int64" {
		t.Errorf("%q, types %s, %v", got, types, err)
	}
}

// TestOrder: the rows of a table come by its primary key, those of a query as it
// says, and all others sorted.
func TestOrder(t *testing.T) {
	database(t, `CREATE TABLE keyed (a text, b int, PRIMARY KEY (b, a)); INSERT INTO keyed VALUES ('x', 2), ('b', 1), ('a', 2), ('B', 1);
CREATE TABLE heap (a text, j json, p point); INSERT INTO heap VALUES ('b', '{}', '(1,2)'), ('B', '[]', NULL), (NULL, NULL, NULL), ('a', NULL, NULL)`)
	for _, c := range []struct {
		with, want string
		sorted     bool
		contract   cell.Contract
	}{
		{"table: keyed}", "a,b\nB,1\nb,1\na,2\nx,2\n", false, cell.Contract{}},
		{"table: heap}", "a,j,p\nB,[],\na,,\nb,{},\"(1,2)\"\n,,\n", true, cell.Contract{}},
		{"table: heap}", "a\nB\na\nb\n\n", true, cell.Contract{Keep: []string{"a"}}},
		{"query: SELECT b AS x FROM keyed ORDER BY a DESC; -- all\n}", "x\n2\n1\n2\n1\n", false, cell.Contract{}},
		{"query: 'SELECT a, b FROM keyed WHERE b = 2'}", "b,a\n2,a\n2,x\n", true, cell.Contract{Keep: []string{"b", "a"}}},
		{"query: 'SELECT a FROM keyed ORDER BY b DESC, a'}", "a\n\nx\n\nb\n", false, cell.Contract{Rules: cell.Rules{Missing: cell.NewMissing([]string{"a", "B"}, true)}}},
	} {
		got, _, log, err := read(t, c.with, c.contract)
		if err != nil || got != c.want || strings.Contains(log, "sorted by all columns") != c.sorted {
			t.Errorf("%s: %q, want %q, %v, log %s", c.with, got, c.want, err, log)
		}
	}
}

func TestMany(t *testing.T) {
	database(t, `CREATE TABLE many AS SELECT i AS i, repeat('x', i % 100) AS t FROM generate_series(1, 50000) AS g(i); ALTER TABLE many ADD PRIMARY KEY (i)`)
	got, _, log, err := read(t, "table: many}", cell.Contract{})
	if err != nil || strings.Count(got, "\n") != 50001 || !strings.HasSuffix(got, "\n50000,\"\"\n") || !strings.Contains(log, "rows=50000") {
		t.Errorf("%d lines, %v, %s", strings.Count(got, "\n"), err, log)
	}
}

func TestRefusals(t *testing.T) {
	database(t, `CREATE TABLE odd (k int PRIMARY KEY, bytes bytea, d float8[], inf date, n int[], late time); CREATE SEQUENCE seq;
INSERT INTO odd VALUES (1, 'x', '{1}', 'infinity', NULL, '24:00'); CREATE TABLE nothing (a int)`)
	select1 := func(names ...string) cell.Contract { return cell.Contract{Keep: names} }
	for _, c := range []struct {
		with, want, hint string
		contract         cell.Contract
	}{
		{"table: od}", `table od: PostgreSQL says: relation "od" does not exist (42P01)`, "", cell.Contract{}},
		{"table: odd}", `table odd: column "bytes": it is bytea`, "encode(", cell.Contract{}},
		{"table: odd}", `column "d": it is double precision[]`, "::real[]", select1("d")},
		{"table: odd}", `table odd: row 1, column "inf": infinity`, "nullif", select1("k", "inf")},
		{"table: odd}", `table odd: row 1, column "n": NULL`, "coalesce", select1("n")},
		{"table: odd}", `row 1, column "late": 24:00:00`, "", select1("late")},
		{"table: odd}", `select: table odd has no column "x"`, "", select1("x")},
		{"table: nothing}", "table nothing has no rows", "", cell.Contract{}},
		{"query: DELETE FROM odd}", "no SELECT", "", cell.Contract{}},
		{"query: 'WITH x AS (DELETE FROM odd RETURNING k) SELECT k FROM x ORDER BY k'}", "in a read-only transaction", "", cell.Contract{}},
		{"query: \"SELECT nextval('seq') AS n\"}", "read-only transaction", "", cell.Contract{}},
		{"query: SELECT 1}", "column 1 has no name", "AS name", cell.Contract{}},
		{"query: 'SELECT 1 AS a, 2 AS a'}", `two columns are named "a"`, "", cell.Contract{}},
		{"{table: odd, query: SELECT 1}", "both a table and a query", "", cell.Contract{}},
		{"{password_env: UNSET, table: odd}", "the environment variable UNSET is not set", "UNSET=", cell.Contract{}},
		{"{url: 'postgres://a:b@h/d', table: odd}", "it holds a password", "", cell.Contract{}},
		{"{url: 'postgres://a@h/d?password=b', table: odd}", "it holds a password", "", cell.Contract{}},
		{"{url: 'mysql://a@h/d', table: odd}", "no URL of PostgreSQL", "", cell.Contract{}},
		{"{connection_env: 'a b', table: odd}", "not a name of a variable", "", cell.Contract{}},
		{"table: odd}", `table odd: row 1, column "k": 1 is no date`, "", cell.Contract{Declared: []cell.Typed{{Name: "k", Type: cell.Date}}, Keep: []string{"k"}}},
	} {
		_, _, _, err := read(t, c.with, c.contract)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(diag.HintOf(err), c.hint) {
			t.Errorf("%q: error %v, hint %q, want %q", c.with, err, diag.HintOf(err), c.want)
		}
	}
}

// TestSecrets: no message holds a password, whatever is wrong.
func TestSecrets(t *testing.T) {
	database(t, "CREATE TABLE IF NOT EXISTS secrets (a int); INSERT INTO secrets VALUES (1)")
	if got, _, _, err := read(t, "{connection_env: WHOLE, table: secrets}", cell.Contract{}); err != nil || got != "a\n1\n" {
		t.Errorf("whole connection: %q, %v", got, err)
	}
	for with, want := range map[string]string{
		"{password_env: WRONG, table: secrets}":                                                        "password authentication failed",
		"{connection_env: NO_URL, table: secrets}":                                                     "the value of NO_URL is no URL of PostgreSQL",
		"{url: 'postgres://u@127.0.0.1:1/d', password_env: WRONG, table: secrets}":                     "refused",
		"{query: \"SELECT a FROM secrets WHERE a = '" + postgrestest.Password + "'::int ORDER BY 1\"}": "invalid input syntax",
	} {
		_, _, _, err := read(t, with, cell.Contract{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", with, err, want)
			continue
		}
		for _, secret := range []string{postgrestest.Password, "wr0ng", "hunter22"} {
			if strings.Contains(err.Error()+diag.HintOf(err), secret) {
				t.Errorf("%s: the error holds a password: %v", with, err)
			}
		}
	}
}

// TestStops: a query ends when it shall, before its first row too.
func TestStops(t *testing.T) {
	database(t, "")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	r := &Reader{URL: server.URL(), PasswordEnv: "PASSWORD", Query: "SELECT 1 AS a FROM pg_sleep(60) ORDER BY 1"}
	rows, err := r.Open(ctx, source.Inputs{Variable: environment})
	if err != nil {
		t.Fatal(err)
	}
	begin, enough := time.Now(), errors.New("enough")
	time.AfterFunc(100*time.Millisecond, func() { cancel(enough) })
	var out bytes.Buffer
	if _, err := source.Write(ctx, &out, rows); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	if err := rows.Close(); time.Since(begin) > 20*time.Second {
		t.Errorf("it took %v, %v", time.Since(begin), err)
	}
}

// FuzzValue: whatever a server sends for a value, it is one or an error.
func FuzzValue(f *testing.F) {
	oids := []uint32{oidBool, oidInt2, oidInt4, oidInt8, oidOID, oidFloat4, oidFloat8, oidDate, oidTime, oidTimestamp, oidNumeric, oidFloat4List, oidInt4List, 25}
	for i := range oids {
		f.Add(uint8(i), []byte("\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x17\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x04abcd"), int32(4+2<<16+1))
		f.Add(uint8(i), []byte("12.50"), int32(4+18<<16))
	}
	f.Fuzz(func(t *testing.T, which uint8, value []byte, modifier int32) {
		c := columnOf(oids[int(which)%len(oids)], modifier)
		b := newBuilder(&c)
		if b.add(value) != nil || c.to.ID() != arrow.LIST && b.add(nil) != nil {
			return
		}
		arr := b.array()
		defer arr.Release()
		if arr.IsNull(0) || arr.Len() > 2 || !arrow.TypeEqual(arr.DataType(), c.to) && c.to.ID() != arrow.LIST {
			t.Errorf("%v of %d rows for %x", arr.DataType(), arr.Len(), value)
		}
		_ = arr.String()
	})
}
