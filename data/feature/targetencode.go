package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

func targetEncodeKind() Kind {
	return Kind{
		Name:    "target_encode",
		Version: 1,
		Doc:     "The mean of the target in the rows of the category, drawn to the mean of all rows the more the rarer it is. The training rows get what other rows tell of their categories.",
		Takes:   Texts,
		Gives:   Features,
		New:     func() Setting { return new(TargetEncode) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[targetMeans](state)
			if err != nil {
				return nil, err
			}
			f = f.prepared()
			return f, f.check()
		},
	}
}

// A TargetEncode puts the mean of the target in place of a category, as the
// TargetEncoder of scikit-learn does.
type TargetEncode struct {
	Smooth Smoothing         `yaml:"smooth" short:"true" default:"auto" doc:"How much the mean of a category is drawn to that of all rows: as if so many rows more had that, or by how much its rows differ among themselves (auto, the empirical Bayes of Micci-Barreca)."`
	Folds  int               `yaml:"folds" default:"5" min:"2" max:"100" doc:"Into how many parts the training rows are divided at random. Each part is encoded by the means of the others, since with its own target among them a feature would tell the answer. All other tables are encoded by the means of all training rows."`
	Scale  TargetEncodeScale `yaml:"scale" default:"standard" doc:"How the range is changed: standard (mean 0, deviation 1 in training), none."`
}

// A TargetEncodeScale is a Scaling that target_encode has.
type TargetEncodeScale string

// Enum implements settings.Enum.
func (TargetEncodeScale) Enum() []string { return []string{string(Standard), string(None)} }

// A Smoothing is a number of rows, or auto.
type Smoothing struct{ Rows float64 } // negative: auto

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Smoothing) UnmarshalText(text []byte) error {
	if string(text) == "auto" {
		s.Rows = -1
		return nil
	}
	rows, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(rows >= 0) || math.IsInf(rows, 0) {
		return fmt.Errorf("%q is neither auto nor a number of rows", text)
	}
	s.Rows = rows
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (s Smoothing) MarshalText() ([]byte, error) {
	if s.Rows < 0 {
		return []byte("auto"), nil
	}
	return strconv.AppendFloat(nil, s.Rows, 'g', -1, 64), nil
}

// Draws implements Drawer.
func (*TargetEncode) Draws() bool { return true }

// maxTargetMeans bounds what is counted while the means are learned.
const maxTargetMeans = 1 << 23

// Fit implements Setting.
func (s *TargetEncode) Fit(in *Input) (Fitter, error) {
	if in.Targets() == nil {
		return nil, in.Errorf("chain", "name the one column to predict under `target`, or write `frequency`", "there is no target to encode it by")
	}
	return &targetEncodeFit{in: in, s: s, counts: in.Frequencies(), folds: newFolds(in.Targets().Seed(), in.Name, s.Folds)}, nil
}

type targetEncodeFit struct {
	in     *Input
	s      *TargetEncode
	counts *Frequencies
	folds  *folds

	begun   bool
	learned targetMeans
	outputs int
	// center is the first number of a regression, from which all are measured, so
	// that far away ones keep their digits.
	center  float64
	any     bool
	cells   []spread // by category, fold and output
	overall []spread // by fold and output
}

// LearnsFromTarget implements TargetFitter.
func (*targetEncodeFit) LearnsFromTarget() {}

// Again implements Passer.
func (f *targetEncodeFit) Again() bool {
	if f.begun {
		return false
	}
	f.begun = true
	f.learned.Categories, f.learned.Missing, f.learned.Rare = f.counts.Sorted(), f.counts.Missing() > 0, f.counts.single()
	f.outputs = 1
	if classes := f.in.Targets().Classes(); len(classes) > 2 {
		f.learned.Classes, f.outputs = classes, len(classes)
	}
	f.learned = f.learned.prepared()
	if f.size() <= maxTargetMeans {
		f.cells = make([]spread, f.size())
	}
	f.overall = make([]spread, f.s.Folds*f.outputs)
	return f.cells != nil
}

func (f *targetEncodeFit) size() int { return f.learned.count() * f.s.Folds * f.outputs }

// Add implements Passer.
func (f *targetEncodeFit) Add(v *Values) error {
	classes := f.in.Targets().Classes()
	for i := range v.Len() {
		code := f.learned.code(v, i)
		if _, there := v.Text(i); !there && f.in.open {
			continue // it stays missing
		}
		if code < 0 {
			return fmt.Errorf("column %q: row %d has changed while it was read", f.in.Name, v.Row(i)+1)
		}
		fold, y := f.folds.of(v.Row(i)), v.Targets[i]
		if classes == nil && !f.any {
			f.any, f.center = true, y
		}
		of, all := f.cells[(code*f.s.Folds+fold)*f.outputs:], f.overall[fold*f.outputs:]
		for k := range f.outputs {
			x := y - f.center
			if f.outputs > 1 {
				x = float64(btoi(int(y) == k))
			}
			of[k].add(x)
			all[k].add(x)
		}
	}
	return nil
}

// Done implements Fitter.
func (f *targetEncodeFit) Done() (Fitted, error) {
	if f.cells == nil {
		return nil, f.in.Errorf("chain", "let rare categories be one before, or leave the column out of features",
			"%d categories, %d folds and %d classes need %d means, at most %d are possible", f.learned.count(), f.s.Folds, f.outputs, f.size(), maxTargetMeans)
	}
	out := &f.learned
	f.counts.remarkIdentifier(len(out.Categories), "put a column of what its values have in common in its place")
	out.Means, out.Default = f.means(-1)
	cross := &crossMeans{folds: f.folds}
	for fold := range f.s.Folds {
		means, all := f.means(fold)
		cross.means, cross.defaults = append(cross.means, means), append(cross.defaults, all)
	}
	if f.s.Scale != TargetEncodeScale(None) {
		out.Scale = f.scale(cross)
	}
	for k := range out.Default {
		if err := f.in.finite(out.Default[k]); err != nil {
			return nil, err
		}
	}
	out.cross = cross
	return *out, nil
}

// means are those of each category, and those of all rows, without a fold. None is
// negative.
func (f *targetEncodeFit) means(without int) (means, all []float64) {
	all = make([]float64, f.outputs)
	total := make([]spread, f.outputs)
	for k := range total {
		for fold := range f.s.Folds {
			if fold != without {
				total[k].merge(f.overall[fold*f.outputs+k])
			}
		}
		if total[k].n == 0 { // one fold has all rows
			total[k] = f.overall[without*f.outputs+k]
		}
		all[k] = total[k].mean + f.center
	}
	for code := range f.learned.count() {
		for k := range f.outputs {
			var c spread
			for fold := range f.s.Folds {
				if fold != without {
					c.merge(f.cells[(code*f.s.Folds+fold)*f.outputs+k])
				}
			}
			means = append(means, c.drawn(total[k], f.s.Smooth.Rows)+f.center)
		}
	}
	return means, all
}

// scale is that of what the training rows get.
func (f *targetEncodeFit) scale(cross *crossMeans) []affineState {
	scales := make([]affineState, f.outputs)
	for k := range scales {
		var s spread
		for code := range f.learned.count() {
			for fold := range f.s.Folds {
				n := f.cells[(code*f.s.Folds+fold)*f.outputs+k].n
				s.merge(spread{n: n, mean: cross.means[fold][code*f.outputs+k] - f.center})
			}
		}
		a := standard(s.mean, s.variance(), int64(s.n))
		scales[k] = affineState{a.Center + f.center, a.Scale}
	}
	return scales
}

// A spread is a mean with the squares of the distances from it, of the numbers that it
// was given in their order (Welford), or of two others (Chan, Golub, LeVeque).
type spread struct{ n, mean, squares float64 }

func (s *spread) add(x float64) {
	s.n++
	d := x - s.mean
	s.mean += d / s.n
	s.squares += float64(d * (x - s.mean))
}

func (s *spread) merge(other spread) {
	n := s.n + other.n
	if other.n == 0 {
		return
	}
	d := other.mean - s.mean
	s.squares += other.squares + float64(d*d)*(s.n*other.n/n)
	s.mean += float64(d * (other.n / n))
	s.n = n
}

func (s *spread) variance() float64 { return s.squares / s.n }

// drawn is the mean of a category, drawn to that of all rows: by a number of rows, or
// if that is negative by its variance beside that of all.
func (s *spread) drawn(all spread, rows float64) float64 {
	switch {
	case s.n == 0:
		return all.mean
	case rows >= 0:
		return (float64(rows*all.mean) + float64(s.n*s.mean)) / (rows + s.n)
	}
	own := float64(all.variance() * s.n)
	weight := own / (own + s.variance())
	if weight != weight { // all have the same target
		return all.mean
	}
	return float64(weight*s.mean) + float64((1-weight)*all.mean)
}

// targetMeans are what was learned of a target by its categories.
type targetMeans struct {
	Categories []string      `json:"categories"`        // in order
	Missing    bool          `json:"missing,omitempty"` // the missing value is one more, after them
	Rare       bool          `json:"rare,omitempty"`    // some have one row, so new ones are no wonder
	Classes    []string      `json:"classes,omitempty"` // a feature each, if more than two
	Means      []float64     `json:"means"`             // by category and class
	Default    []float64     `json:"default"`           // by class: of a category that was not there in training
	Scale      []affineState `json:"scale,omitempty"`   // by class

	codes map[string]int
	cross *crossMeans // only where it was just learned
}

// crossMeans are what the training rows get, by fold.
type crossMeans struct {
	folds           *folds
	means, defaults [][]float64
}

func (f targetMeans) prepared() targetMeans {
	f.codes = make(map[string]int, len(f.Categories))
	for i, name := range f.Categories {
		f.codes[name] = i
	}
	return f
}

func (f *targetMeans) count() int { return len(f.Categories) + btoi(f.Missing) }

func (f *targetMeans) check() error {
	n := max(1, len(f.Classes))
	switch {
	case n == 2 || n > maxOneHot:
		return fmt.Errorf("a target of %d classes has no features for them", n)
	case f.count() == 0 || len(f.codes) != len(f.Categories):
		return errors.New("there are no categories, or one is there twice")
	case len(f.Default) != n || len(f.Means) != n*f.count() || f.Scale != nil && len(f.Scale) != n:
		return fmt.Errorf("%d means and %d scales of %d categories", len(f.Means), len(f.Scale), f.count())
	}
	for _, s := range f.Scale {
		if !(s.Scale > 0) || math.IsInf(1/s.Scale, 0) {
			return fmt.Errorf("the scale %v is not positive", s.Scale)
		}
	}
	return nil
}

// code numbers the category of a row; it is negative if there is none.
func (f *targetMeans) code(v *Values, row int) int {
	text, there := v.Text(row)
	switch code, known := f.codes[text]; {
	case there && known:
		return code
	case !there && f.Missing:
		return len(f.Categories)
	}
	return -1
}

// Outputs implements Fitted.
func (f targetMeans) Outputs() []Output {
	if f.Classes == nil {
		return []Output{{".target"}}
	}
	var list []Output
	for _, class := range f.Classes {
		list = append(list, Output{".target=" + class})
	}
	return list
}

// Apply implements Fitted.
func (f targetMeans) Apply(v *Values, out *Out) {
	for row := range v.Len() {
		f.set(out, row, f.code(v, row), f.Means, f.Default)
	}
}

// ApplyTraining implements CrossFitted.
func (f targetMeans) ApplyTraining(v *Values, out *Out) {
	if f.cross == nil {
		f.Apply(v, out)
		return
	}
	folds := f.cross.folds.clone()
	for row := range v.Len() {
		fold := folds.of(v.Row(row))
		f.set(out, row, f.code(v, row), f.cross.means[fold], f.cross.defaults[fold])
	}
}

// set sets the features of a row.
func (f *targetMeans) set(out *Out, row, code int, means, all []float64) {
	if code >= 0 {
		all = means[code*len(f.Default):][:len(f.Default)]
	} else if !f.Rare {
		out.unseen(row)
	}
	for k, x := range all {
		if f.Scale != nil {
			x = (x - f.Scale[k].Center) / f.Scale[k].Scale
		}
		if y := float32(x); y-y == 0 {
			out.Set(row, k, y)
		} else {
			out.Fail(row, TooLarge, fmt.Sprintf("%v is too large for a float32", x), "write `target_encode: {scale: standard}`")
		}
	}
}
