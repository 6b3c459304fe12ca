// Package report is what stages and commands tell people, as values: a page of
// sections with figures, tables and facts. A page is written as HTML that needs
// nothing else, and as JSON for programs, from which it can be read again.
//
// All texts are plain: whatever a class, a column or a pipeline is called, it
// is escaped where it is written. The bytes are a pure function of the page.
package report

import "pipe/data/report/chart"

// A Page is a report.
type Page struct {
	Title    string      `json:"title"`
	Subtitle string      `json:"subtitle,omitempty"`
	Headline []Highlight `json:"headline,omitempty"` // the most important values, few
	Checks   []Check     `json:"checks,omitempty"`   // what was required
	Sections []Section   `json:"sections,omitempty"`
	Origin   []Fact      `json:"origin,omitempty"` // where the page comes from, at its end
}

// A Highlight is a value in large type.
type Highlight struct {
	Name  string       `json:"name"`
	Doc   string       `json:"doc,omitempty"` // what it is, when it is pointed at
	Value string       `json:"value"`
	Gauge *chart.Gauge `json:"gauge,omitempty"`
	Facts []Fact       `json:"facts,omitempty"`
}

// A Check is a requirement with what came of it.
type Check struct {
	Met  bool   `json:"met"`
	Text string `json:"text"` // what was found and what was wanted
}

// A Section is what belongs together, under a heading.
type Section struct {
	Title  string   `json:"title"`
	Lead   string   `json:"lead,omitempty"`  // what there is to see, in a sentence or two
	Table  *Table   `json:"table,omitempty"` // over the whole width
	Notes  []string `json:"notes,omitempty"` // in small type
	Blocks Blocks   `json:"blocks,omitempty"`
}

// A Block is a box of a section: Figure, Table, Facts, Tags, Group, Fold, Pictures or Passages. Boxes
// stand two in a row, those that are wide alone.
type Block interface {
	kind() string
	check() error // why it cannot be written
}

// Blocks are boxes in order.
type Blocks []Block

// A Figure is a chart with what it shows: a plot or a matrix.
type Figure struct {
	Title   string        `json:"title"`
	Caption string        `json:"caption"`
	Plot    *chart.Plot   `json:"plot,omitempty"`
	Matrix  *chart.Matrix `json:"matrix,omitempty"`
	Wide    bool          `json:"wide,omitempty"`
}

// A Table is rows of cells, each with a cell for each column.
type Table struct {
	Title   string   `json:"title,omitempty"`
	Caption string   `json:"caption,omitempty"`
	Columns []Column `json:"columns"`
	Rows    [][]Cell `json:"rows"`
	Wide    bool     `json:"wide,omitempty"`
}

// A Column is the head of a column. Numbers are aligned to the right.
type Column struct {
	Name   string `json:"name"`
	Note   string `json:"note,omitempty"` // behind the name, in smaller type
	Number bool   `json:"number,omitempty"`
}

// A Cell is one text of a table.
type Cell struct {
	Text  string       `json:"text"`
	Doc   string       `json:"doc,omitempty"` // what it is, when it is pointed at
	Tone  Tone         `json:"tone,omitempty"`
	Gauge *chart.Gauge `json:"gauge,omitempty"` // behind the text
	Spark *chart.Spark `json:"spark,omitempty"` // below the text
}

// A Tone is how much a text stands out.
type Tone string

const (
	Normal Tone = ""
	Strong Tone = "strong"
	Quiet  Tone = "quiet"
)

// Facts are names with their values.
type Facts struct {
	Title string `json:"title"`
	Facts []Fact `json:"facts"`
}

// A Fact is a value with its name.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Tags are short texts in a row.
type Tags struct {
	Title string   `json:"title"`
	Tags  []string `json:"tags"`
	More  int      `json:"more,omitempty"` // that are not listed
}

// A Group is several blocks in one box, one below the other: tables, facts and
// tags.
type Group struct {
	Blocks Blocks `json:"blocks"`
}

// A Fold is a box over the whole width that shows no more than its title until it
// is opened: notes and, one below the other, tables, facts and tags.
type Fold struct {
	Title  string   `json:"title"`
	Note   string   `json:"note,omitempty"` // behind the title
	Open   bool     `json:"open,omitempty"` // from the beginning
	Notes  []string `json:"notes,omitempty"`
	Blocks Blocks   `json:"blocks,omitempty"`
}

func (Figure) kind() string { return "figure" }
func (Table) kind() string  { return "table" }
func (Facts) kind() string  { return "facts" }
func (Tags) kind() string   { return "tags" }
func (Group) kind() string  { return "group" }
func (Fold) kind() string   { return "fold" }

// Texts makes cells without more than their texts.
func Texts(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i].Text = t
	}
	return cells
}
