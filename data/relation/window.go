package relation

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/calendar"
	"pipe/base/diag"
	"pipe/data/table"
)

// A Window is a length of time that times are in: each day, each quarter of an hour.
// Weeks begin on Monday; all windows are aligned to midnight, or the first of a
// month, in UTC.
type Window struct {
	Column string
	Every  Span
	Name   string // of the column of where windows begin
}

// A window is one of a certain column.
type window struct {
	Window
	column int // in records
	field  arrow.Field
	unit   int64 // of the column, in nanoseconds
}

func newWindow(schema *arrow.Schema, spec Window) (*window, error) {
	at, err := table.Column(schema, spec.Column)
	if err != nil {
		return nil, fmt.Errorf("window: %w", err)
	}
	f := schema.Field(at)
	w := &window{Window: spec, column: at, field: arrow.Field{Name: spec.Name, Type: f.Type, Nullable: true, Metadata: f.Metadata}, unit: 1000}
	switch table.ClassOf(f.Type) {
	case table.ClassTimestamp:
		if inNanos(f.Type) {
			w.unit = 1
		}
	case table.ClassDate:
		w.unit = day
		if spec.Every.Months == 0 && spec.Every.Nanos%day != 0 {
			return nil, diag.WithHint(fmt.Errorf("window: column %q holds days, which are longer than %v", spec.Column, spec.Every), "write days, weeks, months or years, such as 1d")
		}
	default:
		return nil, diag.WithHint(fmt.Errorf("window: column %q is %s, which is no time", spec.Column, table.TypeName(f.Type)),
			fmt.Sprintf("read it as one: `columns: {%s: timestamp}` of the ingest stage", spec.Column))
	}
	if spec.Every.Nanos%w.unit != 0 {
		return nil, diag.WithHint(fmt.Errorf("window: column %q is in microseconds, of which %v is no multiple", spec.Column, spec.Every), "write a longer time")
	}
	return w, nil
}

// day is one in nanoseconds.
const day = int64(86400e9)

// of gives where the window of each time begins.
func (w *window) of(col arrow.Array) arrow.Array {
	n := col.Len()
	values := make([]int64, n)
	value := countsOf(col)
	valid := make([]bool, n)
	for row := range n {
		if valid[row] = col.IsValid(row); valid[row] {
			values[row] = w.begin(value(row))
		}
	}
	if w.field.Type.ID() == arrow.DATE32 {
		return table.NewArray(converted[arrow.Date32](values), valid)
	}
	return timesOf(w.field.Type, values, valid)
}

// begin is where the window of a time begins.
func (w *window) begin(t int64) int64 {
	if w.Every.Months == 0 {
		every := w.Every.Nanos / w.unit
		shift := int64(0)
		if w.Every.Nanos%(7*day) == 0 {
			shift = 4 * day / w.unit // 1970 began on a Thursday
		}
		begin := t - shift - floorMod(t-shift, every) + shift
		if begin > t { // before the first time that there is
			return t
		}
		return begin
	}
	perDay := day / w.unit
	months := monthOf(t, perDay)
	months -= floorMod(months, w.Every.Months)
	return calendar.Days(floorDiv(months, 12), floorMod(months, 12)+1, 1) * perDay
}

// monthOf numbers the month of a time.
func monthOf(t, perDay int64) int64 {
	year, month, _ := calendar.Civil(floorDiv(t, perDay))
	return year*12 + month - 1
}

func floorMod(a, b int64) int64 { return a - b*floorDiv(a, b) }
