package sql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/data/sql"
	"pipe/data/table"
	"pipe/pipeline"
)

// What has to be equal in the program, which is built from the module pipe-sql.
const (
	program       = "pipe-sql"
	duckProtocol  = 2
	duckDBVersion = "1.5.6"
)

// Programs run programs that stages need.
type Programs interface {
	RunProgram(ctx context.Context, env pipeline.Env, dir, program string, args ...string) error
}

// A request is what the program is asked, see pipe-sql/main.go.
type request struct {
	Protocol int      `json:"protocol"`
	Query    string   `json:"query"`
	Tables   []asked  `json:"tables"`
	Calls    []called `json:"calls"`
	Before   string   `json:"before"`
	Between  string   `json:"between"`
	After    string   `json:"after"`
	Lines    string   `json:"lines"`
	Memory   int64    `json:"memory"`
	Disk     int64    `json:"disk"`
	Out      string   `json:"out"`
}

type asked struct {
	Name    string   `json:"name"`
	File    string   `json:"file"`
	Columns []string `json:"columns"`
}

type called struct {
	Name string `json:"name"`
	At   int    `json:"at"`
}

// A response is what it says.
type response struct {
	Protocol int    `json:"protocol"`
	DuckDB   string `json:"duckdb"`
	Rows     int64  `json:"rows"`
	Sorted   bool   `json:"sorted"`
	Problem  *struct {
		Message string `json:"message"`
		Hint    string `json:"hint"`
		At      int    `json:"at"`
	} `json:"problem"`
}

// readDuckDB looks at a query of DuckDB's SQL, without any table.
func readDuckDB(text string) (*sql.Statement, error) {
	s, err := sql.Dialect{}.Read(text)
	if err != nil {
		return nil, err
	}
	s.Names(func(name string, at int) {
		switch lower := strings.ToLower(name); {
		case err != nil:
		case lower == "tablesample" || lower == "localtime" || lower == "localtimestamp" || lower == "today":
			err = &sql.Error{At: at, Msg: name + " gives something else in each run", Todo: "write the time itself, or the stage `sample`"}
		case lower == "information_schema" || lower == "pg_catalog" || lower == "current_setting" || lower == "getvariable" || lower == "sqlite_master" || lower == "sqlite_schema":
			err = &sql.Error{At: at, Msg: name + " cannot be read: a query sees only its inputs"}
		}
	})
	if at := s.Sample(); err == nil && at >= 0 {
		err = &sql.Error{At: at, Msg: "USING SAMPLE gives other rows in each run", Todo: "use the stage `sample`"}
	}
	if err == nil {
		err = s.Clock(true)
	}
	return s, err
}

// findProgram looks for pipe-sql beside pipe, then in PATH.
func (s *SQL) findProgram() (string, error) {
	var dirs []string
	if self, err := os.Executable(); err == nil {
		dirs = append(dirs, filepath.Dir(self))
	}
	path, _ := s.lookup("PATH")
	for _, dir := range append(dirs, filepath.SplitList(path)...) {
		full := filepath.Join(dir, program)
		if info, err := os.Stat(full); filepath.IsAbs(dir) && err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return full, nil
		}
	}
	beside := "."
	if len(dirs) > 0 {
		beside = dirs[0]
	}
	return "", diag.WithHint(errors.New("`engine: duckdb` needs the program pipe-sql, which is neither beside pipe nor in PATH"),
		fmt.Sprintf("build it in the source of pipe: go build -C pipe-sql -tags duckdb_arrow -o %s .", filepath.Join(beside, program)))
}

// Ready finds out whether the program is there.
func (s *SQL) Ready() error {
	if s.Engine != duckDB {
		return nil
	}
	_, err := s.findProgram()
	return err
}

// onDuckDB asks the program.
func (s *SQL) onDuckDB(ctx context.Context, env pipeline.Env, tables []*input) (*answer, error) {
	query, err := readDuckDB(s.Query)
	if err != nil {
		return nil, err
	}
	path, err := s.findProgram()
	if err != nil {
		return nil, err
	}
	dir, err := env.Scratch()
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	req := request{Protocol: duckProtocol, Query: query.Text, Memory: int64(s.MemoryLimit), Disk: int64(s.DiskLimit), Out: "result.arrow"}
	req.Before, req.Between, req.After = query.Order()
	var of *input
	req.Lines, _ = query.Lines(func(name string) bool {
		return slices.ContainsFunc(tables, func(t *input) bool {
			of = t
			return strings.EqualFold(t.port, name)
		})
	})
	if req.Lines != "" && of.hides("rowid") {
		req.Between = "" // no ORDER BY can name the number of a row, and one thread keeps the order of a table
	}
	query.Calls(func(name string, at int) { req.Calls = append(req.Calls, called{name, at}) })
	for _, t := range tables {
		columns, err := query.Columns(t.port, t.Schema())
		if err != nil {
			return nil, err
		}
		file := t.port + ".arrow"
		if err := copyTo(ctx, filepath.Join(dir, file), io.NewSectionReader(t.in, 0, t.in.Size())); err != nil {
			return nil, fmt.Errorf("%s: %w", t.in.Name, err)
		}
		req.Tables = append(req.Tables, asked{t.port, file, columns})
	}
	res, err := s.ask(ctx, env, dir, path, &req)
	if err != nil {
		return nil, err
	}
	if p := res.Problem; p != nil {
		wrong := &sql.Error{At: p.At, Msg: firstLine(p.Message), Todo: p.Hint}
		if wrong.At >= len(query.Text) {
			wrong.At = -1
		}
		return nil, nearDuckDB(wrong, tables)
	}
	return s.take(filepath.Join(dir, req.Out), res)
}

// hides says whether a column has a name, in any case.
func (in *input) hides(name string) bool {
	return slices.ContainsFunc(table.Names(in.Schema()), func(column string) bool { return strings.EqualFold(column, name) })
}

// ask runs the program with a request.
func (s *SQL) ask(ctx context.Context, env pipeline.Env, dir, path string, req *request) (*response, error) {
	const requestFile, responseFile = "request.json", "response.json"
	text, err := json.Marshal(req)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, requestFile), text, 0o600)
	}
	if err != nil {
		return nil, err
	}
	if err := s.programs.RunProgram(ctx, env, dir, path, requestFile, responseFile); err != nil {
		return nil, err
	}
	const most = 1 << 20
	if text, err = infile.ReadAll(filepath.Join(dir, responseFile), most); err != nil {
		return nil, err
	}
	res := new(response)
	if err := json.Unmarshal(text, res); err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	if res.DuckDB != duckDBVersion {
		return nil, diag.WithHint(fmt.Errorf("%s has DuckDB %s, and this pipe works with %s", path, res.DuckDB, duckDBVersion), "build both from the same sources")
	}
	return res, nil
}

func copyTo(ctx context.Context, path string, from io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, infile.Reader(ctx, from))
	return errors.Join(err, f.Close())
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// nearDuckDB adds what was meant perhaps: DuckDB knows tables of its own besides.
func nearDuckDB(wrong *sql.Error, tables []*input) error {
	var names, columns []string
	for _, t := range tables {
		names, columns = append(names, t.port), append(columns, table.Names(t.Schema())...)
	}
	if rest, ok := strings.CutPrefix(wrong.Msg, "Table with name "); ok {
		name, _, _ := strings.Cut(rest, " ")
		wrong.Msg, wrong.Todo = fmt.Sprintf("there is no table %q", name), diag.NearestHint(name, names)
	}
	if rest, ok := strings.CutPrefix(wrong.Msg, `Referenced column "`); ok {
		name, _, _ := strings.Cut(rest, `"`)
		wrong.Msg, wrong.Todo = fmt.Sprintf("there is no column %q", name), diag.NearestHint(name, columns)
	}
	return wrong
}

// take reads what the program wrote.
func (s *SQL) take(path string, res *response) (*answer, error) {
	f, err := infile.Open(path)
	if err != nil {
		return nil, err
	}
	a := &answer{sorted: res.Sorted, close: f.Close}
	if err := s.open(f, a); err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

func (s *SQL) open(f *os.File, a *answer) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	in, err := table.OpenForeign(f, info.Size())
	if err != nil {
		return err
	}
	fields := slices.Clone(in.Schema().Fields())
	builders := make([]*sql.Builder, len(fields))
	for _, t := range s.Types {
		at := slices.IndexFunc(fields, func(f arrow.Field) bool { return f.Name == t.Key })
		if at < 0 {
			return &sql.NoColumn{Name: t.Key, Known: table.Names(in.Schema())}
		}
		if typ := t.Value.Arrow(); !arrow.TypeEqual(typ, fields[at].Type) {
			fields[at].Type, builders[at] = typ, sql.NewBuilder(typ)
		}
	}
	a.schema = arrow.NewSchema(fields, nil)
	row := int64(0)
	a.each = func(ctx context.Context, use func(arrow.RecordBatch) error) error {
		return in.Each(ctx, func(rec arrow.RecordBatch) error {
			columns := slices.Clone(rec.Columns())
			for i, b := range builders {
				if b == nil {
					continue
				}
				if at, err := b.Append(columns[i]); err != nil {
					return diag.WithHint(fmt.Errorf("row %d of the result, column %q: %w", row+int64(at)+1, fields[i].Name, err), diag.HintOf(err))
				}
				columns[i] = b.Array()
			}
			row += rec.NumRows()
			made := array.NewRecordBatch(a.schema, columns, rec.NumRows())
			defer made.Release()
			return use(made)
		})
	}
	return nil
}
