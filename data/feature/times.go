package feature

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/calendar"
	"pipe/data/source/cell"
	"pipe/data/table"
)

const microsPerDay = calendar.SecondsPerDay * 1_000_000

// times gives the values of a column of dates, timestamps or times of day as
// microseconds, NaN where they are missing. Parts of a microsecond are left out, and
// in years before 1684 and after 2255 what a float64 cannot hold: so nothing becomes
// a part of the next second.
func times(arr arrow.Array, buf []float64) []float64 {
	n := arr.Len()
	if cap(buf) < n {
		buf = make([]float64, n)
	}
	out := buf[:n]
	switch a := arr.(type) {
	case *array.Date32:
		for i, days := range a.Date32Values() {
			out[i] = float64(days) * microsPerDay
		}
	case *array.Timestamp:
		micros(out, a.TimestampValues(), a.DataType().(*arrow.TimestampType).Unit)
	case *array.Time64:
		micros(out, a.Time64Values(), a.DataType().(*arrow.Time64Type).Unit)
	}
	if arr.NullN() > 0 {
		for i := range out {
			if arr.IsNull(i) {
				out[i] = math.NaN()
			}
		}
	}
	return out
}

// micros sets numbers to times in a unit.
func micros[T ~int64](out []float64, in []T, unit arrow.TimeUnit) {
	for i, v := range in {
		m := int64(v)
		if unit == arrow.Nanosecond {
			m, _ = calendar.Divide(m, 1000)
		}
		const whole = 1 << 53
		if m > whole || m < -whole {
			m &^= 63 // a second is so many times 64 microseconds
		}
		out[i] = float64(m)
	}
}

// times reads a column of a later table as one of training.
func (rd reading) times(arr arrow.Array, v *Values, out *Out) error {
	fitted, class := table.ClassNamed(rd.fitted), table.ClassOf(arr.DataType())
	texts, isText := arr.(*array.String)
	switch {
	case isText:
		v.BecomeNumbers()
		for i := range v.Numbers {
			v.Numbers[i] = math.NaN()
			if texts.IsNull(i) {
				continue
			}
			micros, ok := cell.Micros(cell.TypeNamed(rd.fitted), texts.Value(i))
			if !ok {
				out.Fail(i, NotTime, fmt.Sprintf("%s is no %s", shortQuote(texts.Value(i)), rd.fitted), "write it as in "+sampleTimes[fitted]+", or leave it empty")
				continue
			}
			v.Numbers[i] = float64(micros)
		}
		return nil
	case class == fitted || class == table.ClassDate && fitted == table.ClassTimestamp || arr.NullN() == arr.Len():
		v.setNumbers(times(arr, v.buf), false)
	case class == table.ClassTimestamp && fitted == table.ClassDate:
		v.setNumbers(times(arr, v.buf), false)
		for i, x := range v.Numbers {
			if x == x && x != math.Floor(x/microsPerDay)*microsPerDay {
				out.Fail(i, NotTime, "it has a time of day, and the transform was fitted on dates", fmt.Sprintf("read it as a date: `columns: {%s: date}` of the ingest stage", rd.column))
			}
		}
	default:
		return rd.misfit(arr)
	}
	if formsOf(class) != Times { // nothing is there
		for i := range v.Numbers {
			v.Numbers[i] = math.NaN()
		}
	}
	return nil
}

// sampleTimes are texts that are read as times.
var sampleTimes = map[table.Class]string{
	table.ClassDate: "2024-01-31", table.ClassTimestamp: "2024-01-31T15:04:05Z", table.ClassTime: "15:04:05",
}

// moment reads a time that is written in a setting.
func (in *Input) moment(setting, text string) (float64, error) {
	typ := cell.TypeNamed(in.Type)
	v, ok := cell.Micros(typ, text)
	if !ok {
		return 0, in.Errorf(setting, "write it as in "+sampleTimes[table.ClassNamed(in.Type)], "%s is no %s", shortQuote(text), typ)
	}
	return float64(v), nil
}

// begun is a time between two others as one that the column could have: a date is
// its day.
func (in *Input) begun(x float64) float64 {
	unit := 1.0
	if table.ClassNamed(in.Type) == table.ClassDate {
		unit = microsPerDay
	}
	return math.Floor(x/unit) * unit
}
