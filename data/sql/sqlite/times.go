package sqlite

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/calendar"
	"pipe/base/diag"
)

// timeTexts writes dates and times as SQLite's functions read them, so that texts sort
// as times do: 2024-01-31, 2024-01-31 12:30:00.25, 12:30:00.
func timeTexts(arr arrow.Array) (texts []byte, offsets []int32, err error) {
	offsets = append(make([]int32, 0, arr.Len()+1), 0)
	for i := range arr.Len() {
		if arr.IsValid(i) {
			switch a := arr.(type) {
			case *array.Date32:
				texts, err = appendDate(texts, int64(a.Value(i)))
			case *array.Timestamp:
				per := int64(a.DataType().(*arrow.TimestampType).Unit.Multiplier())
				seconds, part := calendar.Divide(int64(a.Value(i)), 1e9/per)
				var days, rest int64
				days, rest = calendar.Divide(seconds, calendar.SecondsPerDay)
				if texts, err = appendDate(texts, days); err == nil {
					texts = appendClock(append(texts, ' '), rest, part*per)
				}
			case *array.Time64:
				per := int64(a.DataType().(*arrow.Time64Type).Unit.Multiplier())
				seconds, part := calendar.Divide(int64(a.Value(i)), 1e9/per)
				texts = appendClock(texts, seconds, part*per)
			}
		}
		if err == nil && len(texts) > math.MaxInt32 {
			err = fmt.Errorf("a batch of more than 2 GiB")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("row %d of its batch: %w", i+1, err)
		}
		offsets = append(offsets, int32(len(texts)))
	}
	return texts, offsets, nil
}

func appendDate(to []byte, days int64) ([]byte, error) {
	if days < calendar.FirstDay || days > calendar.LastDay {
		return nil, diag.WithHint(fmt.Errorf("a date beyond the years %d to %d", calendar.FirstYear, calendar.LastYear), "leave the column out, or make numbers of it with `derive`")
	}
	y, m, d := calendar.Civil(days)
	return append(to, '0'+byte(y/1000), '0'+byte(y/100%10), '0'+byte(y/10%10), '0'+byte(y%10), '-', '0'+byte(m/10), '0'+byte(m%10), '-', '0'+byte(d/10), '0'+byte(d%10)), nil
}

// appendClock writes a time of day. Of its part of a second there are no zeros at the
// end.
func appendClock(to []byte, seconds, nanos int64) []byte {
	h, m, s := seconds/3600, seconds/60%60, seconds%60
	to = append(to, '0'+byte(h/10), '0'+byte(h%10), ':', '0'+byte(m/10), '0'+byte(m%10), ':', '0'+byte(s/10), '0'+byte(s%10))
	if nanos == 0 {
		return to
	}
	to = append(to, '.')
	for unit := int64(1e8); nanos > 0; unit /= 10 {
		to = append(to, '0'+byte(nanos/unit))
		nanos %= unit
	}
	return to
}
