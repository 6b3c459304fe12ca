package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// A Program is a command that made one row of each. Rows go through it outside of a
// Chain: it is a stage of its own.
type Program struct {
	Settings json.RawMessage   `json:"settings"`         // of the stage, without what says nothing
	Inputs   map[string]string `json:"inputs,omitempty"` // what else it read, files too: hashes by port
	Columns  []Column          `json:"columns"`          // of the table that it read, in their order
	// Group is the column whose rows with one value it made together, empty if it made each alone.
	Group string `json:"group,omitempty"`
}

// A Column is one of a table, with its type by table.TypeName.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// ColumnsOf are the columns of a table.
func ColumnsOf(t *arrow.Schema) []Column {
	list := make([]Column, t.NumFields())
	for i, f := range t.Fields() {
		list[i] = Column{f.Name, table.TypeName(f.Type)}
	}
	return list
}

func (p *Program) check() error {
	if len(p.Columns) == 0 || len(p.Columns) > table.MaxColumns || !json.Valid(p.Settings) {
		return errors.New("the program has no settings, or reads no table")
	}
	seen := map[string]bool{}
	for _, c := range p.Columns {
		if c.Name == "" || seen[c.Name] {
			return fmt.Errorf("the program reads no table: its columns are %q twice, or have no name", c.Name)
		}
		seen[c.Name] = true
	}
	for _, id := range p.Inputs {
		if !hash.MatchString(id) {
			return errors.New("an input of the program is no hash")
		}
	}
	return nil
}

// Arrow is the type of the column, or that of text if tables have no such type.
func (c Column) Arrow() arrow.DataType { return cell.TypeNamed(c.Type).Arrow() }

// Names are the columns that it read.
func (p *Program) Names() (names []string) {
	for _, c := range p.Columns {
		names = append(names, c.Name)
	}
	return names
}

// Programs are the commands among some steps.
func Programs(steps []*Step) (list []*Program) {
	for _, s := range steps {
		if s.Program != nil {
			list = append(list, s.Program)
		}
	}
	return list
}

// SameSettings says whether a stage with some settings is that of a program.
func SameSettings(p *Program, brief []byte) bool {
	return bytes.Equal(compact(p.Settings), compact(brief))
}

// A ProgramError says that rows have to go through a command first.
type ProgramError struct{}

func (*ProgramError) Error() string {
	return "the rows of training went through a command (`exec` with `rows: true`), and these did not"
}

// programmed is a step that rows have to go through before.
type programmed struct{ *Program }

func (programmed) bind(*arrow.Schema, []Table) (link, error) {
	return nil, diag.WithHint(new(ProgramError),
		"let them go through a stage with the settings of that one first: behind a stage `replay`, which makes the columns that it read. pipe predict does both")
}

// program needs the columns that the command read. Those that are made of them are not known.
func (p *Part) program(s *Program) (binder, []string) {
	p.computed = map[string]bool{}
	for _, name := range s.Names() {
		p.computed[name] = true
	}
	return programmed{s}, s.Names()
}
