package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/data/task"
)

const (
	// DatasetKey is the schema metadata key that holds a DatasetInfo as JSON.
	DatasetKey = "pipe.dataset"
	// FeaturesColumn and TargetColumn are the names of these columns in every
	// data set.
	FeaturesColumn = "features"
	TargetColumn   = "target"
)

// A DatasetInfo describes a data set: what each element of the features
// vector means, and how the target is to be read.
type DatasetInfo struct {
	Features []Feature `json:"features"`         // one for each element of the vector, in order
	Target   *Target   `json:"target,omitempty"` // what the transform knows, even where the column is absent
	Keep     []string  `json:"keep,omitempty"`   // columns that were carried over
}

// A Feature is one element of the features vector.
type Feature struct {
	Name   string `json:"name"`   // "island=Biscoe", "bill_length_mm"
	Column string `json:"column"` // the column that it was made from
}

// A Target describes what is to be predicted. For regression, the output of
// the network times Scale plus Center is in original units; the neutral values
// are 0 and 1.
type Target struct {
	Column  string    `json:"column"`
	Task    task.Kind `json:"task"`
	Classes []string  `json:"classes,omitempty"` // classification: names, in the order of their indices; of two the second is positive
	Center  float64   `json:"center"`
	Scale   float64   `json:"scale"`
}

// Names lists the features in the order of the vector.
func (d *DatasetInfo) Names() []string {
	names := make([]string, len(d.Features))
	for i, f := range d.Features {
		names[i] = f.Name
	}
	return names
}

func (d *DatasetInfo) check() error {
	if len(d.Features) == 0 || len(d.Features) > maxWidth {
		return fmt.Errorf("%d features, want 1 to %d", len(d.Features), maxWidth)
	}
	seen := make(map[string]bool, len(d.Features))
	for i, f := range d.Features {
		if f.Name == "" {
			return fmt.Errorf("feature %d has no name", i+1)
		}
		if seen[f.Name] {
			return fmt.Errorf("two features are named %q", f.Name)
		}
		seen[f.Name] = true
	}
	for _, name := range d.Keep {
		if name == FeaturesColumn || name == TargetColumn {
			return fmt.Errorf("a column named %q cannot be kept: the data set has one of its own", name)
		}
	}
	if d.Target == nil {
		return nil
	}
	return d.Target.check()
}

func (t *Target) check() error {
	if err := t.Task.Check(len(t.Classes)); err != nil {
		return fmt.Errorf("target %q: %w", t.Column, err)
	}
	if t.Task == task.Regression && (!(t.Scale > 0) || math.IsInf(t.Scale, 0) || math.IsInf(t.Center, 0) || math.IsNaN(t.Center)) {
		return fmt.Errorf("target %q: scale %v and center %v must be finite, the scale positive", t.Column, t.Scale, t.Center)
	}
	return nil
}

// DatasetSchema gives the schema of a data set: features, the target if
// withTarget, then the kept columns, whose names become info.Keep.
func DatasetSchema(info DatasetInfo, withTarget bool, keep []arrow.Field) (*arrow.Schema, error) {
	info.Keep = nil
	for _, f := range keep {
		info.Keep = append(info.Keep, f.Name)
	}
	if err := info.check(); err != nil {
		return nil, fmt.Errorf("data set: %w", err)
	}
	if withTarget && info.Target == nil {
		return nil, errors.New("data set: a target column needs a target in its description")
	}
	fields := []arrow.Field{WithRole(arrow.Field{
		Name: FeaturesColumn, Type: VectorType(len(info.Features))}, RoleFeature)}
	if withTarget {
		fields = append(fields, WithRole(arrow.Field{
			Name: TargetColumn, Type: info.Target.dataType(), Nullable: true}, RoleTarget))
	}
	fields = append(fields, keep...)
	doc, err := json.Marshal(info)
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

func (t *Target) dataType() arrow.DataType {
	if t.Task.IsClassification() {
		return arrow.PrimitiveTypes.Int32
	}
	return arrow.PrimitiveTypes.Float64
}

// DatasetInfoOf reads the description of a data set from its schema and checks
// that the columns are as it says.
func DatasetInfoOf(s *arrow.Schema) (*DatasetInfo, error) {
	doc, ok := s.Metadata().GetValue(DatasetKey)
	if !ok {
		return nil, errors.New("not a data set: the table has no features (a preprocess stage makes them)")
	}
	var info DatasetInfo
	dec := json.NewDecoder(bytes.NewReader([]byte(doc)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&info); err != nil {
		return nil, fmt.Errorf("data set: description: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("data set: description: text after its end")
	}
	if err := info.check(); err != nil {
		return nil, fmt.Errorf("data set: %w", err)
	}
	names := Names(s)
	want := []string{FeaturesColumn}
	if slices.Contains(names, TargetColumn) {
		want = append(want, TargetColumn)
	}
	if want = append(want, info.Keep...); !slices.Equal(names, want) {
		return nil, fmt.Errorf("data set: the columns are %q, want %q", names, want)
	}
	if t := s.Field(0).Type; !sameType(t, VectorType(len(info.Features))) {
		return nil, fmt.Errorf("data set: features are %s, want %s", TypeName(t), TypeName(VectorType(len(info.Features))))
	}
	if slices.Contains(names, TargetColumn) {
		if info.Target == nil {
			return nil, errors.New("data set: there is a target column but no description of it")
		}
		if t := s.Field(1).Type; !sameType(t, info.Target.dataType()) {
			return nil, fmt.Errorf("data set: the target is %s, want %s", TypeName(t), TypeName(info.Target.dataType()))
		}
	}
	return &info, nil
}
