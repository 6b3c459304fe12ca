package excel

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A format is what the number of a cell is by the format that it is shown in.
type format uint8

const (
	plain    format = 0
	date     format = 1 // shows a day
	clock    format = 2 // shows a time of day
	dateTime        = date | clock
)

// builtin is the format of a number that has no code in the file.
func builtin(id int) format {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id >= 34 && id <= 36, id >= 50 && id <= 58:
		return date
	case id >= 18 && id <= 21, id == 32, id == 33, id == 45, id == 47:
		return clock
	case id == 22:
		return dateTime
	}
	return plain // 46 is a span of time, [h]:mm:ss
}

// formatOf reads the code of a format: y and d show a day, h and s a time, m a
// month or a minute. [h] shows hours of more than a day, which is no time of day.
func formatOf(code string) (f format) {
	code, _, _ = strings.Cut(code, ";")
	for i := 0; i < len(code); i++ {
		switch c := code[i] | 0x20; {
		case code[i] == '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				return f
			}
			i += end + 1
		case code[i] == '\\' || code[i] == '_' || code[i] == '*':
			i++
		case code[i] == '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return plain
			}
			inside := strings.ToLower(code[i+1 : i+end])
			if inside != "" && strings.Trim(inside, "hms") == "" {
				return plain
			}
			i += end
		case c == 'y' || c == 'd':
			f |= date
		case c == 'h' || c == 's':
			f |= clock
		case code[i] == '0' || code[i] == '#' || code[i] == '?':
			if f == plain {
				return plain
			}
		case strings.HasPrefix(strings.ToLower(code[i:]), "general"):
			return plain
		case c == 'm' && f&clock == 0 && !strings.ContainsAny(strings.ToLower(code[i:]), "hs"):
			f |= date
		}
	}
	return f
}

const dayMillis = 86400e3

// appendTime writes a number that is shown as a date or a time, as 2006-01-02,
// 2006-01-02 15:04:05.999 or 15:04:05.999. The program keeps times to about a
// thousandth of a second, so that is what they are rounded to. It stays a number
// if it is none that can be shown.
func (w *Workbook) appendTime(out []byte, f format, number []byte) (text []byte, ok bool) {
	v, err := strconv.ParseFloat(string(number), 64)
	days := math.Floor(v)
	millis := int64(math.Round((v - days) * dayMillis))
	if millis == dayMillis {
		days, millis = days+1, 0
	}
	switch {
	case err != nil || v < 0 || days >= 2958466: // 10000-01-01
		return append(out, number...), false
	case f == clock && days == 0:
		return time.UnixMilli(millis).UTC().AppendFormat(out, "15:04:05.999"), true
	case w.epoch == -25569 && days < 61:
		// There is a 29th of February 1900, and a day 0.
		if days == 60 || days < 1 {
			return append(out, number...), false
		}
		days++
	}
	t := time.UnixMilli((int64(days)+w.epoch)*dayMillis + millis).UTC()
	if f == date && millis == 0 {
		return t.AppendFormat(out, time.DateOnly), true
	}
	return t.AppendFormat(out, "2006-01-02 15:04:05.999"), true
}
