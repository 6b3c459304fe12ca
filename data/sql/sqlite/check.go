package sqlite

// #include "select.h"
import "C"

import (
	"context"
	"os"

	"pipe/data/sql"
)

var dialect = sql.Dialect{Brackets: true}

// Read looks at the text of a query, without any table. The error is an *sql.Error.
func Read(text string) (*sql.Statement, error) {
	s, err := dialect.Read(text)
	if err != nil {
		return nil, err
	}
	return s, s.Clock(false)
}

// Check finds what is wrong with a query over tables of which only the names are known.
// The error is an *sql.Error.
func Check(text string, tables []string) error {
	query, err := Read(text)
	if err != nil {
		return err
	}
	s, err := open(context.Background(), os.TempDir(), 64<<20, 0)
	if err != nil {
		return err
	}
	defer s.close()
	for _, name := range tables {
		if err := s.exec("CREATE TABLE " + sql.Name(name) + ` ("?")`); err != nil {
			return err
		}
	}
	s.restrict(tables)
	stmt, err := s.prepare(query.Text, query)
	if err == nil {
		defer C.sql_finalize(stmt)
		return checkReading(stmt)
	}
	if s.sure {
		return err
	}
	return nil
}

// checkReading finds what no query of a stage has.
func checkReading(stmt *C.sqlite3_stmt) error {
	if C.sql_parameters(stmt) > 0 {
		return &sql.Error{At: -1, Msg: "the query has a place for a value, and nothing gives one", Todo: "write the value, or a parameter of the pipeline: ${name}"}
	}
	if C.sql_readonly(stmt) == 0 {
		return &sql.Error{At: 0, Msg: "a query only reads: SELECT is allowed, and nothing else"}
	}
	return nil
}
