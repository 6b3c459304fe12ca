package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/base/calendar"
	"pipe/data/source/cell"
	"pipe/data/table"
)

func dateKind() Kind {
	return Kind{
		Name:    "date",
		Version: 1,
		Doc:     "Features of the parts of dates, timestamps and times of day: how much time has passed, and the place in the cycles of year, week and day.",
		Takes:   Times,
		Gives:   Features,
		New:     func() Setting { return new(Date) },
		Read: func(_ int, state json.RawMessage) (Fitted, error) {
			f, err := Decode[dated](state)
			if err != nil {
				return nil, err
			}
			return f.prepared()
		},
	}
}

// A Date makes features of the parts of times.
type Date struct {
	Parts    []DatePart `yaml:"parts" short:"true" doc:"Which features: elapsed (days since a start), year, quarter, month, week (of ISO 8601), day, weekday (1 is Monday), day_of_year, is_weekend, time_of_day (a part of the day), hour, minute, second. By default elapsed, day_of_year and weekday of dates, time_of_day as well of timestamps, and time_of_day of times. All are in UTC."`
	Cyclic   bool       `yaml:"cyclic" default:"true" doc:"Make a sine and a cosine of a part that comes again, such as weekday, so that the last is as near to the first as to the one before it. Otherwise it is a number."`
	OneHot   []DatePart `yaml:"one_hot" doc:"Parts of which each value is a feature of its own besides, 1 where it is the value: [week, hour], for what does not go up and down smoothly."`
	Since    string     `yaml:"since" doc:"The start that elapsed counts from, as in 2013-01-01. By default the first time in training. Only with scale: none it makes a difference."`
	Holidays *Holidays  `yaml:"holidays" doc:"Days for one more feature, is_holiday, which is 1 on them: [2013-01-01, 2013-07-04], or those in a file, {file: holidays.csv}."`
	Scale    DateScale  `yaml:"scale" default:"standard" doc:"How the range of numbers is changed, that is of elapsed, year and what is not cyclic: standard (mean 0, deviation 1), min_max (0 to 1), none."`
}

// A DateScale is a Scaling that date has.
type DateScale string

// Enum implements settings.Enum.
func (DateScale) Enum() []string { return []string{string(Standard), string(MinMax), string(None)} }

// Validate finds settings that contradict each other.
func (s *Date) Validate() error {
	wrong := func(setting, fix, format string, args ...any) error {
		return AtField(&SpecError{Setting: setting, Fix: fix, Msg: fmt.Sprintf(format, args...)})
	}
	for i, p := range s.Parts {
		if slices.Contains(s.Parts[:i], p) {
			return wrong("parts", "", "%s is listed twice", p)
		}
	}
	for i, p := range s.OneHot {
		if slices.Contains(s.OneHot[:i], p) {
			return wrong("one_hot", "", "%s is listed twice", p)
		}
		if of := p.kind(); of != nil && !of.listed() {
			return wrong("one_hot", "quarter, month, week, day, weekday, day_of_year, hour, minute and second have", "%s has no values that could be listed", p)
		}
	}
	if s.Parts != nil && len(s.Parts)+len(s.OneHot) == 0 {
		return wrong("parts", "name some, as in [elapsed, weekday], or remove `parts`", "there is none")
	}
	if s.Since != "" {
		if _, ok := cell.Micros(cell.Timestamp, s.Since); !ok {
			return wrong("since", "write it as in 2013-01-01", "%s is no date", shortQuote(s.Since))
		}
		if s.Parts != nil && !slices.Contains(s.Parts, Elapsed) {
			return wrong("since", "add elapsed to the parts", "only elapsed counts from a start, and it is none of the parts")
		}
	}
	return nil
}

// parts are those that there are to be of a column of a class.
func (s *Date) parts(class table.Class) []DatePart {
	switch {
	case s.Parts != nil:
		return s.Parts
	case class == table.ClassTime:
		return []DatePart{TimeOfDay}
	case class == table.ClassTimestamp:
		return []DatePart{Elapsed, DayOfYear, Weekday, TimeOfDay}
	}
	return []DatePart{Elapsed, DayOfYear, Weekday}
}

// Fit implements Setting.
func (s *Date) Fit(in *Input) (Fitter, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	class := table.ClassNamed(in.Type)
	f := &dateFit{in: in}
	parts := s.parts(class)
	for i, name := range slices.Concat(parts, s.OneHot) {
		of := name.kind()
		if class == table.ClassDate && !of.ofDay || class == table.ClassTime && !of.ofClock {
			return nil, in.Errorf("chain", "leave it out of `parts`", "a %s has no %s", in.Type, name)
		}
		if i >= len(parts) {
			f.learned.Parts = append(f.learned.Parts, datedPart{Part: name, OneHot: true})
			continue
		}
		p := datedPart{Part: name, Cyclic: s.Cyclic && of.period != 0}
		if name == Elapsed {
			f.first = s.Since == ""
			p.Since, _ = cell.Micros(cell.Timestamp, s.Since)
		}
		if !p.Cyclic && of.scaled && Scaling(s.Scale) != None {
			f.scaled = append(f.scaled, len(f.learned.Parts))
		}
		f.learned.Parts = append(f.learned.Parts, p)
	}
	if s.Holidays != nil && class == table.ClassTime {
		return nil, in.Errorf("chain", "leave it out", "a time of day has no holidays")
	}
	if s.Holidays != nil {
		f.learned.Holidays = slices.Compact(slices.Sorted(slices.Values(s.Holidays.Days)))
	}
	f.method = Scaling(s.Scale)
	if f.method == "" {
		f.method = Standard
	}
	if f.first {
		f.moments = in.Moments()
	}
	return f, nil
}

// dateFit learns the start, and the scale of what is a number, in one pass over the
// column or two.
type dateFit struct {
	in      *Input
	method  Scaling
	learned dated
	scaled  []int // parts
	first   bool  // the first time is the start
	moments *Moments
	passes  int
	ranges  []moments    // of the scaled parts
	spreads []deviations // likewise
	values  []float64
}

// Again implements Passer.
func (f *dateFit) Again() bool {
	f.passes++
	switch {
	case f.passes == 1:
		if f.first {
			f.start()
		}
		f.ranges = make([]moments, len(f.scaled))
		return len(f.scaled) > 0
	case f.passes == 2 && f.method == Standard && len(f.scaled) > 0:
		f.spreads = make([]deviations, len(f.scaled))
		for i := range f.spreads {
			f.spreads[i].center = f.ranges[i].mean()
		}
		return true
	}
	return false
}

// start sets the start to the first time that there is.
func (f *dateFit) start() {
	least, _ := f.moments.Range()
	for i := range f.learned.Parts {
		if p := &f.learned.Parts[i]; p.Part == Elapsed {
			p.Since = int64(least)
		}
	}
}

// Add implements Passer.
func (f *dateFit) Add(v *Values) error {
	f.values = slices.Grow(f.values[:0], v.Len())[:v.Len()]
	for i, at := range f.scaled {
		f.learned.Parts[at].numbers(v.Numbers, f.values)
		for _, x := range f.values {
			if f.spreads == nil {
				f.ranges[i].add(x)
			} else {
				f.spreads[i].add(x)
			}
		}
	}
	return nil
}

// Done implements Fitter.
func (f *dateFit) Done() (Fitted, error) {
	for i, at := range f.scaled {
		var a affine
		switch r := f.ranges[i]; {
		case r.n == 0:
			a = affine{0, 1}
		case f.method == Standard:
			a = standard(r.mean(), f.spreads[i].variance(), r.n)
		default:
			a = minMax(r.min, r.max)
		}
		f.learned.Parts[at].Scale = &affineState{a.Center, a.Scale}
	}
	return f.learned.prepared()
}

// dated is what was learned of times.
type dated struct {
	Parts    []datedPart `json:"parts"`
	Holidays []string    `json:"holidays,omitempty"` // in order

	holidays map[int64]bool
}

// A datedPart is a part of times, and what is done to it.
type datedPart struct {
	Part   DatePart     `json:"part"`
	Cyclic bool         `json:"cyclic,omitempty"`
	OneHot bool         `json:"one_hot,omitempty"`
	Since  int64        `json:"since,omitempty"` // microseconds since 1970
	Scale  *affineState `json:"scale,omitempty"`
}

type affineState struct {
	Center float64 `json:"center"`
	Scale  float64 `json:"scale"`
}

// prepared checks what was learned and makes tables of it.
func (f dated) prepared() (dated, error) {
	if len(f.Parts) == 0 {
		return f, errors.New("there are no parts")
	}
	f.Parts = slices.Clone(f.Parts)
	type use struct {
		part   DatePart
		oneHot bool
	}
	seen := map[use]bool{}
	for i := range f.Parts {
		p := &f.Parts[i]
		of := p.Part.kind()
		switch {
		case of == nil || seen[use{p.Part, p.OneHot}]:
			return f, fmt.Errorf("part %q is listed twice or not known", p.Part)
		case p.OneHot && (!of.listed() || p.Cyclic || p.Scale != nil):
			return f, fmt.Errorf("part %q has no values that are features, or is something else, too", p.Part)
		case p.Cyclic && (of.period == 0 || p.Scale != nil):
			return f, fmt.Errorf("part %q is no cycle, or has a scale", p.Part)
		case p.Scale != nil && (!(p.Scale.Scale > 0) || math.IsInf(1/p.Scale.Scale, 0)):
			return f, fmt.Errorf("the scale %v of part %q is not positive", p.Scale.Scale, p.Part)
		}
		seen[use{p.Part, p.OneHot}] = true
	}
	f.holidays = make(map[int64]bool, len(f.Holidays))
	for i, text := range f.Holidays {
		micros, ok := cell.Micros(cell.Date, text)
		if !ok || i > 0 && f.Holidays[i-1] >= text {
			return f, fmt.Errorf("holiday %q is no date, or out of order", text)
		}
		f.holidays[micros/microsPerDay] = true
	}
	return f, nil
}

// Outputs implements Fitted.
func (f dated) Outputs() []Output {
	var list []Output
	for _, p := range f.Parts {
		if p.OneHot {
			of := p.Part.kind()
			for i := range of.period {
				list = append(list, Output{fmt.Sprintf(".%s=%d", p.Part, of.first+i)})
			}
		} else if p.Cyclic {
			list = append(list, Output{"." + string(p.Part) + ".sin"}, Output{"." + string(p.Part) + ".cos"})
		} else {
			list = append(list, Output{"." + string(p.Part)})
		}
	}
	if len(f.Holidays) > 0 {
		list = append(list, Output{".is_holiday"})
	}
	return list
}

// Apply implements Fitted.
func (f dated) Apply(v *Values, out *Out) {
	for row, x := range v.Numbers {
		days := math.Floor(x / microsPerDay)
		switch {
		case out.failed(row):
			v.Numbers[row] = math.NaN()
		case x != x:
			fix := "write `[impute: median, date]`, or `[indicator, impute: median, date]` for a feature that says so; `[impute: keep, date]` leaves it to train_trees"
			out.Fail(row, Absent, string(Absent), fix)
		case days < calendar.FirstDay || days > calendar.LastDay:
			out.Fail(row, TooLarge, "it is beyond the years 1 to 9999", "mend it where the table is made")
			v.Numbers[row] = math.NaN()
		}
	}
	values := make([]float64, v.Len())
	at := 0
	for i := range f.Parts {
		p := &f.Parts[i]
		if p.Cyclic {
			p.turns(v.Numbers, func(row int, sin, cos float32) {
				out.Set(row, at, sin)
				out.Set(row, at+1, cos)
			})
			at += 2
			continue
		}
		p.numbers(v.Numbers, values)
		if p.OneHot {
			of := p.Part.kind()
			for row, x := range values {
				if x == x {
					out.Set(row, at+int(x)-int(of.first), 1)
				}
			}
			at += int(of.period)
			continue
		}
		for row, x := range values {
			if p.Scale != nil {
				x = (x - p.Scale.Center) / p.Scale.Scale
			}
			if x == x {
				out.Set(row, at, float32(x))
			}
		}
		at++
	}
	for row, x := range v.Numbers {
		if len(f.Holidays) > 0 && x == x && f.holidays[int64(math.Floor(x/microsPerDay))] {
			out.Set(row, at, 1)
		}
	}
}
