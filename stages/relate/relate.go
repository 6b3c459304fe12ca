// Package relate holds the kinds of stages that make tables of tables by the values
// of columns: join, aggregate, rolling, window, union, sample and dedupe.
package relate

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/relation"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// tablePort is the output of all these stages, and the input of those with one.
const tablePort = "table"

// Kinds lists the kinds of this package.
func Kinds() []pipeline.Kind {
	return []pipeline.Kind{joinKind(), aggregateKind(), unionKind(), sampleKind(), dedupeKind(), rollingKind(), windowKind()}
}

// An opened is a table behind an input port.
type opened struct {
	*table.Reader
	port string
	name string // for messages
	in   *pipeline.Input
}

// openTable opens the table behind an input port. The caller closes it.
func openTable(env pipeline.Env, port string) (*opened, error) {
	in, err := env.Open(port)
	if err != nil {
		return nil, err
	}
	r, err := table.Open(in, in.Size())
	if err != nil {
		in.Close()
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return &opened{r, port, in.Name, in}, nil
}

// withTable opens the only table, and says in errors which it is.
func withTable(env pipeline.Env, run func(in *opened) error) error {
	in, err := openTable(env, tablePort)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := run(in); err != nil {
		return fmt.Errorf("%s: %w", in.name, err)
	}
	return nil
}

func (o *opened) Close() {
	o.Reader.Close()
	o.in.Close()
}

// beside begins the table of rows that got columns: those of the schema from one on.
func beside(env pipeline.Env, schema *arrow.Schema, from int) (*table.Writer, error) {
	schema, taken, err := replay.Beside(schema, schema.Fields()[from:])
	if err != nil {
		return nil, err
	}
	for _, name := range taken {
		env.Log().Warn("a column of this name was read, and is another one: a model that is given new rows takes the one for the other; give this one another name", "column", name)
	}
	return create(env, tablePort, schema)
}

// create begins the table behind an output port. The caller discards it, which does
// nothing once it is closed.
func create(env pipeline.Env, port string, schema *arrow.Schema) (*table.Writer, error) {
	out, err := env.Create(port)
	if err != nil {
		return nil, err
	}
	return table.NewWriter(out, schema)
}

// means are what a stage may work with.
func means(env pipeline.Env) relation.Means {
	return relation.Means{Threads: env.Threads(), Scratch: env.Scratch, Progress: env.Progress}
}

// quiet are means with which nobody hears how far the work has come: a first pass.
func quiet(m relation.Means) relation.Means {
	m.Progress = nil
	return m
}

// passOn records that all columns of an output are those of an input.
func passOn(env pipeline.Env, out string, from *opened) {
	for _, name := range table.Names(from.Schema()) {
		env.Column(pipeline.ColumnRef{Port: out, Column: name}, pipeline.ColumnRef{Port: from.port, Column: name})
	}
}

// fieldError makes an error of a setting with a hint.
func fieldError(field, hint, format string, args ...any) error {
	return diag.WithHint(settings.FieldErrorf(field, format, args...), hint)
}
