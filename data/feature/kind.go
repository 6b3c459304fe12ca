package feature

import (
	"encoding/json"
	"fmt"
	"slices"

	"pipe/pipeline/settings"
)

// A Kind describes one kind of transform, and is the only place that does: how
// it is written, learned, stored and applied are all found from it. It lives in
// a file of its own and stands in the list of All.
type Kind struct {
	Name string // what a chain calls it
	// Version is raised when Apply would make other values of the same state. Read
	// is told which one wrote a state, so that transforms of yesterday mean what
	// they meant. To raise it runs each preprocess stage again.
	Version int
	Doc     string // one or two sentences
	Takes   Form   // forms of the values that it can be given
	Gives   Form   // the form that it passes on; zero is the one that it was given
	New     func() Setting
	Read    func(version int, state json.RawMessage) (Fitted, error)
}

// A Form is a way to hold the values of a column in memory, or the union of
// several. A transform of times, images or documents adds the form that it takes,
// with a field of Values for it.
type Form uint8

const (
	Numbers  Form = 1 << iota // of columns of numbers and truth values
	Texts                     // of columns of text, and of integers and truth values as categories
	Features                  // no values any more: the transform has made features or an input of them
	Lists                     // of columns of lists, such as the levels of a picture
	// Times are of columns of dates, timestamps and times of day: Numbers of
	// microseconds since 1970 in UTC, or since midnight.
	Times

	AnyForm = Numbers | Texts | Lists | Times // of a column
)

func (f Form) String() string {
	switch f {
	case Numbers:
		return "numbers"
	case Texts:
		return "categories"
	case Features:
		return "features"
	case Lists:
		return "lists"
	case Times:
		return "times"
	}
	return "values"
}

// A Setting is a transform as it is asked for: a pointer to a struct whose
// fields are tagged as package pipeline/settings says. If it has a method Validate,
// pipeline files are checked with it.
type Setting interface {
	// Fit begins to learn from a column, once the transforms before it are learned.
	// It asks in for the statistics that it needs, which are there when Done is
	// called.
	Fit(in *Input) (Fitter, error)
}

// A Taker is a Setting that takes fewer forms than its Kind, or a Fitted that
// was learned from one of them.
type Taker interface{ Takes() Form }

// A Giver is a Setting, and what is learned of it, that gives another form than its
// Kind; zero is the one that it was given.
type Giver interface{ Gives() Form }

// A Fitter learns from a column. One that needs more than the statistics of
// Input is a Passer.
//
// Rows without a target never reach it. A transform that learns from the target,
// such as target encoding, gets its values as a further field of Values in Add; a
// cross-fitted one finds there, too, which rows of which table it is given.
type Fitter interface {
	// Done gives what was learned. It is called once.
	Done() (Fitted, error)
}

// A Passer is a Fitter that reads the column itself, as often as it wants, after
// its statistics are known.
type Passer interface {
	Fitter
	// Again says whether it wants to be given all rows, once more. It is asked
	// before each pass.
	Again() bool
	// Add gives it the next rows of a pass, in the order of the table. The values
	// are those that the transforms before it have made; they must not be changed,
	// and die after the call.
	Add(v *Values) error
}

// A Fitted is a transform that was learned from a column. It is immutable, may
// be used by several goroutines, and its JSON form is its state: whatever Read
// accepts of it must be safe to apply.
//
// A transform that looks at rows before, such as a window, needs a state of its
// own for each table: it adds a method that begins one, which is called where a
// table begins.
type Fitted interface {
	// Outputs are the features that it makes, none if it only changes values.
	// They may differ in number from column to column, but not from row to row.
	Outputs() []Output
	// Apply changes the values of some rows in place, and sets the outputs of
	// each in out. What it does to a row depends on no other row.
	Apply(v *Values, out *Out)
}

// An Output is one feature that a transform makes. One that makes an input of its own,
// of pixels or the ids of tokens, is a Whole.
type Output struct {
	Suffix string // of its name, behind that of the column: "=Biscoe"
}

// A Step is one transform of a chain as it is asked for: the name of a kind with
// a Setting of it.
type Step struct {
	Kind    string
	Setting Setting
}

var _ settings.Chooser = (*Step)(nil)

// Variants implements settings.Chooser.
func (*Step) Variants() []settings.Variant {
	var list []settings.Variant
	for _, k := range All() {
		list = append(list, settings.Variant{Name: k.Name, Doc: k.Doc, New: func() any { return k.New() }})
	}
	return list
}

// Chosen implements settings.Chooser.
func (s *Step) Chosen() (kind string, setting any) { return s.Kind, s.Setting }

// Choose implements settings.Chooser.
func (s *Step) Choose(kind string, setting any) { s.Kind, s.Setting = kind, setting.(Setting) }

// Learned makes a Fitter of a function for Done.
type Learned func() (Fitted, error)

// Done implements Fitter.
func (f Learned) Done() (Fitted, error) { return f() }

// Fixed is the Fitter of a transform that learns nothing.
func Fixed(f Fitted) Fitter { return Learned(func() (Fitted, error) { return f, nil }) }

// Decode reads a state strictly: a key that is not known is an error.
func Decode[T any](state json.RawMessage) (T, error) {
	var v T
	return v, decodeStrictly(state, &v)
}

// kindOf finds a kind by its name.
func kindOf(kinds []Kind, name string) (*Kind, error) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no transform %q", name)
	}
	return &kinds[i], nil
}
