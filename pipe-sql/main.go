//go:build duckdb_arrow

// Command pipe-sql answers one SELECT over Arrow files on DuckDB, for stages of the
// kind sql with `engine: duckdb`. It is a program of its own, in a module of its own,
// since DuckDB is larger than all of pipe: who does not use it downloads nothing.
//
//	pipe-sql version             prints which DuckDB it has
//	pipe-sql REQUEST RESPONSE    answers what is asked in one file in the other
//
// It reads the files that the request names and writes those that it names, all below
// the working directory, and nothing else.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Protocol is the version of the requests and responses.
const Protocol = 2

// A Request is one question.
type Request struct {
	Protocol int     `json:"protocol"`
	Query    string  `json:"query"`
	Tables   []Table `json:"tables"`
	Calls    []Call  `json:"calls"` // what looks like a function in the query

	// Before and After are the query around the place where terms of ORDER BY go, and
	// Between is what goes in front of them; empty if the query is ordered by all.
	Before  string `json:"before"`
	Between string `json:"between"`
	After   string `json:"after"`
	// Lines names the only table, whose order the rows keep; empty if they do not.
	Lines string `json:"lines"`

	Memory int64  `json:"memory"` // bytes
	Disk   int64  `json:"disk"`
	Out    string `json:"out"` // the Arrow file to write
}

// A Table is an Arrow IPC file.
type Table struct {
	Name    string   `json:"name"`
	File    string   `json:"file"`
	Columns []string `json:"columns"` // that are needed
}

// A Call is a name with a parenthesis behind it.
type Call struct {
	Name string `json:"name"`
	At   int    `json:"at"` // byte of the query
}

// A Response is the answer.
type Response struct {
	Protocol int      `json:"protocol"`
	DuckDB   string   `json:"duckdb"`
	Rows     int64    `json:"rows"`
	Sorted   bool     `json:"sorted"` // by all columns, since nothing says how
	Problem  *Problem `json:"problem,omitempty"`
}

// A Problem is what is wrong with the query or its values.
type Problem struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	At      int    `json:"at"` // byte of the query; -1 if nobody knows
}

func (p *Problem) Error() string { return p.Message }

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pipe-sql:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "version":
		version, err := duckVersion(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(Response{Protocol: Protocol, DuckDB: version})
	case len(args) == 2:
		return answer(ctx, args[0], args[1])
	}
	return errors.New("this is a part of pipe, which calls it for stages of the kind sql with `engine: duckdb`")
}

// answer reads a request and writes a response.
func answer(ctx context.Context, request, response string) error {
	text, err := os.ReadFile(request)
	if err != nil {
		return err
	}
	var req Request
	if err := json.Unmarshal(text, &req); err != nil {
		return fmt.Errorf("%s: %w", request, err)
	}
	if req.Protocol != Protocol {
		return fmt.Errorf("this pipe-sql knows version %d of the protocol, and pipe asks in version %d: build both from the same sources", Protocol, req.Protocol)
	}
	files := []string{req.Out, response}
	for _, t := range req.Tables {
		files = append(files, t.File)
	}
	for _, f := range files {
		if !filepath.IsLocal(f) {
			return fmt.Errorf("%s is not below the working directory", f)
		}
	}
	res := Response{Protocol: Protocol}
	if err := query(ctx, &req, &res); err != nil {
		problem := problemOf(err)
		if problem == nil {
			return err
		}
		res.Problem = problem
	}
	if text, err = json.Marshal(res); err != nil {
		return err
	}
	return os.WriteFile(response, text, 0o666)
}
