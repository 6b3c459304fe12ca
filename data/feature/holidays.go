package feature

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/pipeline/settings"
)

// Holidays are days: they are listed, or in a file.
type Holidays struct {
	Days   []string          `yaml:"days" short:"true" doc:"The days: [2013-01-01, 2013-07-04]."`
	File   settings.FilePath `yaml:"file" doc:"A CSV file with a column of days, each written as 2013-07-04. Its bytes are part of the key."`
	Column string            `yaml:"column" doc:"The column of the file. By default date, or the only one that there is."`
}

const (
	maxHolidays     = 1 << 16
	maxHolidayBytes = 16 << 20
)

// Validate finds days that are none.
func (h *Holidays) Validate() error {
	wrong := func(setting, fix, format string, args ...any) error {
		return AtField(&SpecError{Setting: setting, Fix: fix, Msg: fmt.Sprintf(format, args...)})
	}
	switch {
	case h.File != "" && h.Days != nil:
		return wrong("days", "remove one of the two", "there are both days and a file of them")
	case h.File == "" && h.Column != "":
		return wrong("column", "write `file`, too", "only a file has columns")
	case h.File == "" && len(h.Days) == 0:
		return wrong("days", "write `holidays: [2013-01-01]`, or `holidays: {file: holidays.csv}`", "there are no days")
	}
	for i, day := range h.Days {
		if _, ok := cell.Micros(cell.Date, day); !ok {
			return wrong("days", "write them as in [2013-01-01]", "%s is no date", shortQuote(day))
		}
		if slices.Contains(h.Days[:i], day) {
			return wrong("days", "", "%s is listed twice", day)
		}
	}
	return nil
}

// Read takes the days from its file. A day can be there several times, as it is where
// there are several regions.
func (h *Holidays) Read(file io.Reader) error {
	in := csv.NewReader(&io.LimitedReader{R: file, N: maxHolidayBytes + 1})
	in.ReuseRecord, in.FieldsPerRecord = true, -1
	head, err := in.Read()
	if err == io.EOF {
		return diag.WithHint(errors.New("it is empty"), "the first line has the names of the columns, such as date")
	}
	if err != nil {
		return err
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	for i, name := range head {
		head[i] = strings.TrimSpace(name)
	}
	name := h.Column
	if name == "" {
		name = "date"
	}
	at := slices.Index(head, name)
	if at < 0 && h.Column == "" && len(head) == 1 {
		at = 0
	}
	if at < 0 {
		return diag.WithHint(fmt.Errorf("there is no column %q", name), "write `column`: the file has "+quoteSome(slices.Clone(head)))
	}
	seen := map[string]bool{}
	days := []string{}
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		line, _ := in.FieldPos(0)
		day := ""
		if at < len(row) {
			day = strings.TrimSpace(row[at])
		}
		if day == "" {
			continue
		}
		if _, ok := cell.Micros(cell.Date, day); !ok {
			return diag.WithHint(fmt.Errorf("line %d: %s is no date", line, shortQuote(day)), "write days as 2013-07-04")
		}
		if !seen[day] {
			seen[day], days = true, append(days, strings.Clone(day))
		}
		if len(days) > maxHolidays || in.InputOffset() > maxHolidayBytes {
			return fmt.Errorf("it has more than %d days, or %d MiB", maxHolidays, maxHolidayBytes>>20)
		}
	}
	if len(days) == 0 {
		return errors.New("it has no days")
	}
	h.Days = days
	return nil
}
