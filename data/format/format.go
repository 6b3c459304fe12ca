// Package format lists the types of artifacts with what is known of each: what
// can be shown of one, which columns it has, where two of them differ. A type is
// one file here and its name in All. A new one has its constant in that file;
// those that stages have always had are in package pipeline.
package format

import (
	"context"
	"io"

	"pipe/artifacts"
	"pipe/pipeline"
)

// A Format is what is known of a type of artifact. What it has no function for,
// it has nothing to say about.
type Format struct {
	Type pipeline.PortType

	Ending     string // of the name of a file that holds one as it is, with its dot
	Structured bool   // who reads one that was cut off finds out
	Rows       bool   // it has rows and columns, and can be written as tables can
	Files      bool   // it is a list of files, which are artifacts too

	// View is what can be shown of one, with the first rows if it has rows.
	View func(ctx context.Context, store *artifacts.Store, id artifacts.ID, head int) (View, error)
	// Columns are those that one has.
	Columns func(f *artifacts.File) (*Columns, error)
	// Difference says where two begin to differ, "" if it cannot tell.
	Difference func(was, is *artifacts.File) (string, error)
	// Take writes what another program made in the form that artifacts of the type
	// have; loss is called for what that does not keep.
	Take func(ctx context.Context, out io.Writer, r io.ReaderAt, size int64, loss func(string)) error
}

// An UnknownForm says that what Take got is in no form that it reads.
type UnknownForm struct{ err error }

func (e *UnknownForm) Error() string { return e.err.Error() }
func (e *UnknownForm) Unwrap() error { return e.err }

// All lists the types.
func All() []Format {
	return []Format{
		tables(), datasets(), transforms(), models(), metrics(), reports(), policies(), files(), directories(), schemas(),
	}
}

// Of is what is known of a type: nothing but its name if it is unknown.
func Of(t pipeline.PortType) Format {
	for _, f := range All() {
		if f.Type == t {
			return f
		}
	}
	return Format{Type: t}
}

// A View is what can be shown of what is in an artifact, as a JSON document.
type View interface {
	// Name is the key of the document among what else is known of the artifact.
	Name() string
}

// Columns are those of an artifact.
type Columns struct {
	Rows int64
	List []ColumnInfo
}

// A ColumnInfo is a column as lineage knows it.
type ColumnInfo struct {
	Name, Type string
	Missing    int64 // -1 if it is not known
}
