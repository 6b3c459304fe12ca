// Package sql is the kind of stage that makes a table of other tables by a SELECT.
package sql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/source/cell"
	"pipe/data/sql"
	"pipe/data/sql/sqlite"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

const tablePort = "table"

// duckDB is the engine that is a program of its own.
const duckDB = "duckdb"

// Kind describes the stage. lookup gives PATH, and programs run the one that DuckDB is in.
func Kind(lookup func(name string) (value string, ok bool), programs Programs) pipeline.Kind {
	return pipeline.Kind{
		Name:    "sql",
		Version: 2,
		Doc: `Make a table of others by a SELECT.

The tables are the inputs, by their names: ` + "`inputs: {flights: load}`" + ` makes ` + "`FROM flights`" + `. The query is one
SELECT, which may begin with WITH, and has all that SQLite has: joins, groups, windows, JSON. It sees nothing but
its inputs, no file and no clock, and gives the same each time: ` + "`random()` and `'now'`" + ` are errors, with
their place. What is wrong with it otherwise is said before a stage runs, as far as that can be known without
the columns.

Rows come as ORDER BY says, and rows that are equal there in the order of their columns, from left to right. Without
ORDER BY the rows of one table that are only chosen and computed with keep their order; all others are sorted by
their columns, from left to right.

A column that is one of a table keeps its type. One that is computed is int64 if all its values are whole numbers,
float64 if some are decimal, string if they are texts; numbers and texts in one column are an error with the rows.
` + "`types`" + ` makes dates and times of texts, and anything else that is exact. See [sql.md](sql.md), also for what becomes of
each type in SQL.

With ` + "`engine: duckdb`" + ` the query is answered by DuckDB, for tables that SQLite is too slow for, and in its SQL.
It is a program of its own, ` + "`pipe-sql`" + `, which has to be beside pipe or in PATH, see [sql.md](sql.md#duckdb).

Rows that have no part in training, such as those of ` + "`pipe predict`" + `, do not go through a query: a model that is
trained on its result takes rows with the columns of the result. For what is done row by row, ` + "`derive`, `filter` and `join`" + `
are replayed.`,
		Example: `
by_month:
  uses: sql
  inputs: {flights: flights, planes: planes}
  with:
    query: |
      SELECT f.carrier, strftime('%Y-%m-01', f.time) AS month, count(*) AS flights,
             avg(f.dep_delay) AS delay, max(p.year) AS newest
      FROM flights f LEFT JOIN planes p USING (tailnum)
      GROUP BY 1, 2
      ORDER BY 1, 2
    types: {month: date}
`,
		Inputs:  []pipeline.Port{{Name: "*", Type: pipeline.Table, Doc: "the tables of the query, by name"}},
		Outputs: []pipeline.Port{{Name: tablePort, Type: pipeline.Table, Doc: "the rows that the query gives"}},
		New:     func() pipeline.Stage { return &SQL{lookup: lookup, programs: programs} },
	}
}

// SQL is the configuration and the stage.
type SQL struct {
	Query       string                  `yaml:"query" required:"true" doc:"One SELECT over the inputs."`
	Types       settings.Map[cell.Type] `yaml:"types" doc:"Types of columns of the result: string, int64, float64, bool, date, timestamp, timestamp[ns], time, time[ns]. A value that is not exactly of the type is an error."`
	MemoryLimit settings.Bytes          `yaml:"memory_limit" default:"256MiB" doc:"What the query may keep in memory. More of it is in files."`
	Engine      string                  `yaml:"engine" added:"true" default:"sqlite" enum:"sqlite,duckdb" doc:"What answers the query: SQLite, which is a part of pipe, or DuckDB, for much data, in the program pipe-sql beside pipe. Each has its own SQL."`
	DiskLimit   settings.Bytes          `yaml:"disk_limit" key:"false" default:"64GiB" doc:"What the tables and the files of the query may take in the folder for temporary files of the store."`

	lookup   func(string) (string, bool)
	programs Programs
}

// Validate finds what is wrong whatever the inputs are.
func (s *SQL) Validate() error {
	var errs []error
	if err := s.read(); err != nil {
		errs = append(errs, &settings.FieldError{Field: "query", Err: err})
	}
	for _, t := range s.Types {
		if t.Value.IsList() {
			errs = append(errs, settings.FieldErrorf("types."+t.Key, "SQL knows no lists"))
		}
	}
	if s.MemoryLimit < leastMemory {
		errs = append(errs, settings.FieldErrorf("memory_limit", "a query needs %s at the least", settings.Bytes(leastMemory)))
	}
	return errors.Join(errs...)
}

// read looks at the text of the query.
func (s *SQL) read() error {
	_, err := s.statement()
	return err
}

func (s *SQL) statement() (*sql.Statement, error) {
	if s.Engine == duckDB {
		return readDuckDB(s.Query)
	}
	return sqlite.Read(s.Query)
}

// Step is nothing: rows without part in training do not go through a query.
func (s *SQL) Step() json.RawMessage { return nil }

// Replaced are the columns with some names whose names the query gives to something else:
// a model that is given rows as they were read would take the one for the other.
func (s *SQL) Replaced(names []string) (list []string) {
	query, err := s.statement()
	if err != nil {
		return nil
	}
	for _, name := range names {
		if query.Makes(name) {
			list = append(list, name)
		}
	}
	return list
}

// leastMemory is what SQLite needs for its pages and its sorters.
const leastMemory = 32 << 20

// Foresee finds tables that are no inputs, and what SQLite does not understand.
func (s *SQL) Foresee(inputs map[string]pipeline.Facts) (pipeline.Facts, error) {
	names := slices.Sorted(maps.Keys(inputs))
	if err := sql.CheckTables(names); err != nil {
		return pipeline.Facts{}, err
	}
	if s.Engine == duckDB || s.read() != nil { // which Validate said
		return pipeline.Facts{}, nil
	}
	if err := sqlite.Check(s.Query, names); err != nil {
		return pipeline.Facts{}, &settings.FieldError{Field: "query", Err: err}
	}
	return pipeline.Facts{}, nil
}

// KeyParts is the version of the engine, on whose arithmetic and plans the result depends.
func (s *SQL) KeyParts() []artifacts.KeyPart {
	if s.Engine == duckDB {
		return []artifacts.KeyPart{{Name: "duckdb", Value: duckDBVersion}, {Name: "duckdb_settings", Value: strconv.Itoa(duckProtocol)}}
	}
	return []artifacts.KeyPart{{Name: "sqlite", Value: sqlite.Version()}}
}

// Memory is what the query may take.
func (s *SQL) Memory(pipeline.Sources) (int64, error) { return int64(s.MemoryLimit), nil }

// An input is an open table.
type input struct {
	*table.Reader
	in   *pipeline.Input
	port string
}

// An answer is what an engine gives.
type answer struct {
	schema *arrow.Schema
	each   func(ctx context.Context, use func(arrow.RecordBatch) error) error
	from   []sqlite.Origin // of its columns, if the engine knows
	sorted bool            // by all columns, since nothing says how
	empty  []string        // columns of which nobody knows the type
	close  func() error
}

// Run implements pipeline.Stage.
func (s *SQL) Run(ctx context.Context, env pipeline.Env) error {
	var tables []*input
	var names []string
	for _, port := range env.Inputs() {
		in, err := env.Open(port)
		if err != nil {
			return err
		}
		defer in.Close()
		r, err := table.Open(in, in.Size())
		if err != nil {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
		defer r.Close()
		tables, names = append(tables, &input{r, in, port}), append(names, port)
	}
	engine := s.onSQLite
	if s.Engine == duckDB {
		engine = s.onDuckDB
	}
	a, err := engine(ctx, env, tables)
	if err != nil {
		return s.explain(err)
	}
	defer a.close()
	rows, err := a.write(ctx, env)
	if err != nil {
		return err
	}
	for i, from := range a.from {
		if from.Column != "" {
			env.Column(pipeline.ColumnRef{Port: tablePort, Column: a.schema.Field(i).Name}, pipeline.ColumnRef{Port: from.Table, Column: from.Column})
		}
	}
	env.Metric("rows", float64(rows), metric.Meaning{})
	if a.sorted && rows > 1 {
		env.Log().Info("nothing says in which order the rows come, so they are sorted by their columns: ORDER BY says another one")
	}
	for _, name := range a.empty {
		env.Log().Warn("a column has no value, and is taken for text: `types` says what it is", "column", name)
	}
	env.Log().Info("selected", "tables", strings.Join(names, ", "), "rows", rows, "columns", a.schema.NumFields())
	return nil
}

// write makes the table of the rows.
func (a *answer) write(ctx context.Context, env pipeline.Env) (rows int64, err error) {
	w, err := env.Create(tablePort)
	if err != nil {
		return 0, err
	}
	out, err := table.NewWriter(w, a.schema)
	if err != nil {
		return 0, err
	}
	defer out.Discard()
	if err := a.each(ctx, out.Write); err != nil {
		return 0, err
	}
	err = out.Close()
	return out.Rows(), err
}

// onSQLite asks SQLite.
func (s *SQL) onSQLite(ctx context.Context, env pipeline.Env, inputs []*input) (*answer, error) {
	var tables []sqlite.Table
	for _, in := range inputs {
		tables = append(tables, sqlite.Table{Reader: in.Reader, Name: in.port})
	}
	means := sqlite.Means{Scratch: env.Scratch, Memory: int64(s.MemoryLimit), Disk: int64(s.DiskLimit), Progress: env.Progress}
	for _, t := range s.Types {
		means.Types = append(means.Types, cell.Typed{Name: t.Key, Type: t.Value})
	}
	r, err := sqlite.Query(ctx, s.Query, tables, means)
	if err != nil {
		return nil, err
	}
	return &answer{r.Schema(), r.Each, r.From(), r.Sorted, r.Empty, r.Close}, nil
}

// explain says where an error is, for who does not see the text as it was written.
func (s *SQL) explain(err error) error {
	var wrong *sql.Error
	if errors.As(err, &wrong) {
		if place := wrong.Place(s.Query); place != "" {
			return diag.WithHint(fmt.Errorf("query, %s: %w", place, err), diag.HintOf(err))
		}
		return &settings.FieldError{Field: "query", Err: err}
	}
	var lacking *sql.NoColumn
	if errors.As(err, &lacking) {
		return &settings.FieldError{Field: "types." + lacking.Name, Err: err}
	}
	return err
}

// Repeats implements pipeline.Repeater.
func (*SQL) Repeats() (port, why string) {
	return "", "nobody knows which row of a query is made of which"
}
