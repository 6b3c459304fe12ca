package table

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/task"
	"pipe/data/tensor"
)

const (
	// DatasetKey is the schema metadata key that holds a DatasetInfo as JSON.
	DatasetKey = "pipe.dataset"
	// FeaturesColumn is the name of the input of a data set that has no other
	// than features, and TargetColumn the name of the column of its target; of
	// several targets each has a column named "target." and its own name.
	FeaturesColumn = "features"
	TargetColumn   = "target"
)

// A DatasetInfo describes a data set: what a network is given of each row, and
// what it is to say. The columns of its table are the inputs, the targets (all
// or none of them) and what was kept, in this order.
type DatasetInfo struct {
	Inputs  []Input
	Targets []Target // what the transform knows, even where the columns are absent

	// Kept columns that have a meaning; empty: none has. Weight counts a row in
	// the loss, Group holds rows together that must not be torn apart, Time
	// orders them, and ID names them.
	Weight, Group, Time, ID string

	Keep []string // columns that were carried over
}

// An InputKind is what an input shows.
type InputKind string

const (
	Features InputKind = "features" // numbers that each have a name
	Tokens   InputKind = "tokens"   // ids of words or other pieces, in order
	Image    InputKind = "image"    // a picture: channels, height, width
	Series   InputKind = "series"   // steps of the same measurements
	Sparse   InputKind = "sparse"   // long vectors of which nearly all elements are 0
)

// An Input is one of the things that a network is given of each row.
type Input struct {
	Name string      `json:"name"` // also that of the column
	Kind InputKind   `json:"kind"`
	Type tensor.Type `json:"type"`
	// Shape is (n) of features, (steps) of tokens, (channels, height, width) of
	// images and (steps, values) of series. Of sparse vectors it is (steps, 2): an
	// index, exact in 32 bits, and the value there, in the order of the indices. The number of steps is tensor.Ragged
	// where rows have different ones.
	Shape []int `json:"shape"`
	// Features says what is what and where it came from: each element of
	// features, each value of a step of a series. Of other kinds, and of a
	// series that says nothing more, it is one for the whole, or none.
	Features []Feature `json:"features,omitempty"`
	// Center and Deviation are what a network takes from the levels of each channel of a
	// picture, and then divides them by; a level of 8 bits is one of 0 to 1 there. The rows have
	// the levels as they are. Nil: nothing, and 1.
	Center    []float64 `json:"center,omitempty"`
	Deviation []float64 `json:"deviation,omitempty"`
	// Size is how many elements a sparse vector has, and how many ids there are of
	// tokens, from 0 on, where that is known. It is 0 of other kinds.
	Size int `json:"size,omitempty"`
}

// A Feature is one element of an input.
type Feature struct {
	Name   string `json:"name"`   // "island=Biscoe", "bill_length_mm"
	Column string `json:"column"` // the column that it was made from
	// Missing says that it is NaN in rows that have no value of it. Others have a number
	// in every row.
	Missing bool `json:"missing,omitempty"`
}

// A Target describes what is to be predicted. For regression, the output of
// the network times Scale plus Center is in original units, or their transform if
// there is one; the neutral values are 0 and 1.
type Target struct {
	Column  string    `json:"column"`
	Task    task.Kind `json:"task"`
	Classes []string  `json:"classes,omitempty"` // classification: names, in the order of their indices; of two the second is positive
	Center  float64   `json:"center"`
	Scale   float64   `json:"scale"`

	Transform *task.Transform `json:"transform,omitempty"` // of a regression; nil: none
}

// FlatDataset describes a data set of features and at most one target (nil: none).
func FlatDataset(features []Feature, target *Target) DatasetInfo {
	d := DatasetInfo{Inputs: []Input{{Name: FeaturesColumn, Kind: Features, Type: tensor.F32, Shape: []int{len(features)}, Features: features}}}
	if target != nil {
		d.Targets = []Target{*target}
	}
	return d
}

// Plain says whether there is no other input than features.
func (d DatasetInfo) Plain() bool { return len(d.Inputs) == 1 && d.Inputs[0].flat() }

// Flat says whether FlatDataset could have made d, but for kept columns.
func (d DatasetInfo) Flat() bool {
	return len(d.Inputs) == 1 && len(d.Targets) <= 1 && d.Inputs[0].flat() && d.Weight+d.Group+d.Time+d.ID == ""
}

func (in *Input) flat() bool {
	return in.Name == FeaturesColumn && in.Kind == Features && in.Type == tensor.F32
}

// Target is the first of the targets, nil if there is none.
func (d DatasetInfo) Target() *Target {
	if len(d.Targets) == 0 {
		return nil
	}
	return &d.Targets[0]
}

// MayMiss lists the features that have no number in some rows, but NaN.
func (d DatasetInfo) MayMiss() (names []string) {
	for _, f := range d.Features() {
		if f.Missing {
			names = append(names, f.Name)
		}
	}
	return names
}

// Features lists the features of all inputs, in order.
func (d DatasetInfo) Features() []Feature {
	if len(d.Inputs) == 1 {
		return d.Inputs[0].Features
	}
	var list []Feature
	for _, in := range d.Inputs {
		list = append(list, in.Features...)
	}
	return list
}

// Names lists the features of all inputs by name.
func (d DatasetInfo) Names() []string {
	features := d.Features()
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = f.Name
	}
	return names
}

// Elements lists what inputs are made of by name, for those who trace columns:
// the features, or the input itself if it says no more.
func (d DatasetInfo) Elements() []string {
	var list []string
	for _, in := range d.Inputs {
		for _, f := range in.Features {
			list = append(list, f.Name)
		}
		if len(in.Features) == 0 {
			list = append(list, in.Name)
		}
	}
	return list
}

// Ragged says whether rows have different numbers of steps.
func (in *Input) Ragged() bool { return len(in.Shape) > 0 && in.Shape[0] == tensor.Ragged }

// Width is the number of elements of a row, of a ragged input those of a step.
func (in *Input) Width() int { return tensor.Width(in.Shape) }

// dataType is the type of the column.
func (in *Input) dataType() arrow.DataType {
	if in.Ragged() {
		return ListType(in.Type, tensor.Ragged)
	}
	return ListType(in.Type, in.Width())
}

func (d *DatasetInfo) check() error {
	if len(d.Inputs) == 0 {
		return errors.New("it has no input")
	}
	taken := map[string]bool{}
	for i := range d.Inputs {
		in := &d.Inputs[i]
		if err := in.check(); err != nil {
			if !d.Flat() {
				err = fmt.Errorf("input %q: %w", in.Name, err)
			}
			return err
		}
		if taken[in.Name] {
			return fmt.Errorf("two inputs are named %q", in.Name)
		}
		taken[in.Name] = true
	}
	for i := range d.Targets {
		if err := d.Targets[i].check(); err != nil {
			return err
		}
		name := d.targetColumn(i)
		if taken[name] {
			return fmt.Errorf("two columns are named %q", name)
		}
		taken[name] = true
	}
	taken[TargetColumn] = true // though it may be absent
	for _, name := range d.Keep {
		if taken[name] {
			return fmt.Errorf("a column named %q cannot be kept: the data set has one of its own", name)
		}
	}
	for role, name := range d.roles() {
		if !slices.Contains(d.Keep, name) {
			return fmt.Errorf("the %s is the column %q, which is not kept", role, name)
		}
	}
	return nil
}

// roles yields the kept columns that have a meaning.
func (d *DatasetInfo) roles() iter.Seq2[Role, string] {
	return func(yield func(Role, string) bool) {
		for _, r := range [...]struct {
			role Role
			name string
		}{{RoleWeight, d.Weight}, {RoleGroup, d.Group}, {RoleTime, d.Time}, {RoleID, d.ID}} {
			if r.name != "" && !yield(r.role, r.name) {
				return
			}
		}
	}
}

// maxSparse is how many elements a sparse vector has at most: their indices are exact
// in a float32.
const maxSparse = 1 << 24

// ranks are the numbers of dimensions of an input, by kind.
var ranks = map[InputKind]int{Features: 1, Tokens: 1, Image: 3, Series: 2, Sparse: 2}

// mostCenter bounds what levels are normalised by, so that they stay numbers of 32 bits.
const mostCenter = 1e12

// normalised says whether the channels can be normalised as the description says.
func (in *Input) normalised() bool {
	if in.Kind != Image || len(in.Shape) != 3 || len(in.Center) != in.Shape[0] || len(in.Deviation) != in.Shape[0] {
		return false
	}
	for c, d := range in.Deviation {
		if !(d >= 1/mostCenter && d <= mostCenter && math.Abs(in.Center[c]) <= mostCenter) {
			return false
		}
	}
	return true
}

func (in *Input) check() error {
	rank, ok := ranks[in.Kind]
	switch {
	case in.Name == "" || in.Name == TargetColumn || strings.HasPrefix(in.Name, TargetColumn+"."):
		return fmt.Errorf("an input cannot be named %q", in.Name)
	case !ok:
		return fmt.Errorf("unknown kind %q", string(in.Kind))
	case in.Type.Size() == 0:
		return fmt.Errorf("unknown type %q", string(in.Type))
	case in.Kind == Tokens && in.Type == tensor.F32:
		return fmt.Errorf("tokens are of type %s or %s, not %s", tensor.I32, tensor.U8, in.Type)
	case len(in.Shape) != rank:
		return fmt.Errorf("the shape of %s has %d dimensions, not %d", in.Kind, rank, len(in.Shape))
	case in.Kind == Sparse && in.Size == 0, in.Kind != Sparse && in.Kind != Tokens && in.Size != 0, in.Size < 0, in.Size > maxSparse:
		return fmt.Errorf("%s of size %d", in.Kind, in.Size)
	case (in.Center != nil || in.Deviation != nil) && !in.normalised():
		return errors.New("its channels cannot be normalised so")
	case in.Kind == Sparse && (in.Type != tensor.F32 || !in.Ragged() || in.Shape[1] != 2):
		return fmt.Errorf("sparse vectors are of type %s and shape [%d 2], not %s %v", tensor.F32, tensor.Ragged, in.Type, in.Shape)
	case in.Ragged() && in.Kind != Tokens && in.Kind != Series && in.Kind != Sparse:
		return fmt.Errorf("%s have a fixed number of elements", in.Kind)
	}
	if in.Kind == Features && (len(in.Features) != in.Shape[0] || in.Shape[0] < 1 || in.Shape[0] > maxWidth) {
		return fmt.Errorf("%d features, want 1 to %d", len(in.Features), maxWidth)
	}
	size := 1
	for i, n := range in.Shape {
		if i == 0 && in.Ragged() {
			continue
		}
		if n < 1 || n > maxListed/size {
			return fmt.Errorf("a row of shape %v has no elements, or more than %d", in.Shape, maxListed)
		}
		size *= n
	}
	if n := len(in.Features); in.Kind != Features && n > 1 && (in.Kind != Series || n != in.Shape[1]) {
		return fmt.Errorf("%d features do not describe %s of shape %v", n, in.Kind, in.Shape)
	}
	seen := make(map[string]bool, len(in.Features))
	for i, f := range in.Features {
		if f.Name == "" {
			return fmt.Errorf("feature %d has no name", i+1)
		}
		if seen[f.Name] {
			return fmt.Errorf("two features are named %q", f.Name)
		}
		seen[f.Name] = true
	}
	_, width, _ := ListOf(in.dataType())
	return CheckList(in.Type, width)
}

func (t *Target) check() error {
	if err := t.Task.Check(len(t.Classes)); err != nil {
		return fmt.Errorf("target %q: %w", t.Column, err)
	}
	names := make(map[string]bool, len(t.Classes))
	for _, c := range t.Classes {
		if names[c] {
			return fmt.Errorf("target %q: two classes are named %q", t.Column, c)
		}
		names[c] = true
	}
	if t.Transform != nil && t.Task != task.Regression {
		return fmt.Errorf("target %q: classes have no transform", t.Column)
	}
	if err := t.Transform.Check(); err != nil {
		return fmt.Errorf("target %q: %w", t.Column, err)
	}
	if t.Task == task.Regression && (!(t.Scale > 0) || math.IsInf(t.Scale, 0) || math.IsInf(t.Center, 0) || math.IsNaN(t.Center)) {
		return fmt.Errorf("target %q: scale %v and center %v must be finite, the scale positive", t.Column, t.Scale, t.Center)
	}
	return nil
}

// targetColumn is the name of the column of a target.
func (d *DatasetInfo) targetColumn(i int) string {
	if len(d.Targets) == 1 {
		return TargetColumn
	}
	return TargetColumn + "." + d.Targets[i].Column
}

func (t *Target) dataType() arrow.DataType {
	if t.Task.IsClassification() {
		return arrow.PrimitiveTypes.Int32
	}
	return arrow.PrimitiveTypes.Float64
}

// DatasetSchema gives the schema of a data set: the inputs, the targets if
// withTargets, then the kept columns, whose names become info.Keep.
func DatasetSchema(info DatasetInfo, withTargets bool, keep []arrow.Field) (*arrow.Schema, error) {
	info.Keep = nil
	for _, f := range keep {
		info.Keep = append(info.Keep, f.Name)
	}
	if err := info.check(); err != nil {
		return nil, fmt.Errorf("data set: %w", err)
	}
	if withTargets && len(info.Targets) == 0 {
		return nil, errors.New("data set: a target column needs a target in its description")
	}
	var fields []arrow.Field
	for i := range info.Inputs {
		in := &info.Inputs[i]
		fields = append(fields, WithRole(arrow.Field{Name: in.Name, Type: in.dataType()}, RoleFeature))
	}
	for i := range info.Targets {
		if withTargets {
			fields = append(fields, WithRole(arrow.Field{
				Name: info.targetColumn(i), Type: info.Targets[i].dataType(), Nullable: true}, RoleTarget))
		}
	}
	for _, f := range keep {
		for role, name := range info.roles() {
			if name == f.Name {
				f = WithRole(f, role)
			}
		}
		fields = append(fields, f)
	}
	doc, err := info.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("data set: %w", err)
	}
	meta := arrow.MetadataFrom(map[string]string{DatasetKey: string(doc)})
	s, err := canonical(arrow.NewSchema(fields, &meta))
	if err != nil {
		return nil, fmt.Errorf("data set: %w", err)
	}
	return s, nil
}

// DatasetInfoOf reads the description of a data set from its schema and checks
// that the columns are as it says.
func DatasetInfoOf(s *arrow.Schema) (*DatasetInfo, error) {
	doc, ok := s.Metadata().GetValue(DatasetKey)
	if !ok {
		return nil, errors.New("not a data set: the table has no features (a preprocess stage makes them)")
	}
	var info DatasetInfo
	if err := info.UnmarshalJSON([]byte(doc)); err != nil {
		return nil, fmt.Errorf("data set: description: %w", err)
	}
	if err := info.check(); err != nil {
		return nil, fmt.Errorf("data set: %w", err)
	}
	names := Names(s)
	var want []string
	for _, in := range info.Inputs {
		want = append(want, in.Name)
	}
	inputs := len(want)
	labelled := info.labelled(names)
	if labelled {
		if len(info.Targets) == 0 {
			return nil, errors.New("data set: there is a target column but no description of it")
		}
		for i := range info.Targets {
			want = append(want, info.targetColumn(i))
		}
	}
	if want = append(want, info.Keep...); !slices.Equal(names, want) {
		return nil, fmt.Errorf("data set: the columns are %q, want %q", names, want)
	}
	for i := range info.Inputs {
		if got, t := s.Field(i).Type, info.Inputs[i].dataType(); !sameType(got, t) {
			return nil, fmt.Errorf("data set: %s are %s, want %s", names[i], TypeName(got), TypeName(t))
		}
	}
	for i := range info.Targets {
		if !labelled {
			break
		}
		if got, t := s.Field(inputs+i).Type, info.Targets[i].dataType(); !sameType(got, t) {
			return nil, fmt.Errorf("data set: the %s is %s, want %s", names[inputs+i], TypeName(got), TypeName(t))
		}
	}
	return &info, nil
}

// labelled says whether columns are those of a data set with its targets. No
// kept column has the name of one.
func (d *DatasetInfo) labelled(columns []string) bool {
	if len(columns) <= len(d.Inputs) {
		return false
	}
	first := columns[len(d.Inputs)]
	return first == TargetColumn || len(d.Targets) > 0 && first == d.targetColumn(0)
}
