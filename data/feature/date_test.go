package feature

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"pipe/data/source/cell"
)

// timestamps is a column of what is written.
func timestamps(t testing.TB, name string, texts ...string) col {
	t.Helper()
	return values(name, len(texts), func(i int) any {
		if texts[i] == "" {
			return nil
		}
		micros, ok := cell.Micros(cell.Timestamp, texts[i])
		if !ok {
			t.Fatalf("%s is no timestamp", texts[i])
		}
		return arrow.Timestamp(micros)
	})
}

// days is a column of dates that are written.
func days(t testing.TB, name string, texts ...string) col {
	t.Helper()
	c := timestamps(t, name, texts...)
	for i, v := range c.values {
		if v != nil {
			c.values[i] = arrow.Date32(v.(arrow.Timestamp) / microsPerDay)
		}
	}
	return c
}

func dated1(s Date) Spec {
	return Spec{Features: []Column{chained("when", does("date", &s))}}
}

// TestDatesAreThoseOfPandas: each part in each form.
func TestDatesAreThoseOfPandas(t *testing.T) {
	b, err := os.ReadFile("testdata/dates.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Times []string
		Want  map[string][]float64
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Want) < 3*len(dateParts) {
		t.Fatalf("%d cases of %d parts", len(file.Want), len(dateParts))
	}
	table := timestamps(t, "when", file.Times...)
	for name, want := range file.Want {
		part, form, _ := strings.Cut(name, "/")
		s := Date{Parts: []DatePart{DatePart(part)}, Scale: DateScale(form)}
		switch form {
		case "":
			s.Scale = DateScale(None)
			if part == string(Elapsed) {
				s.Since = "2000-01-01"
			}
		case "cyclic":
			s.Cyclic, s.Scale = true, ""
		}
		tr := fit(t, dated1(s), table)
		got := slices.Concat(apply(t, tr, table)...)
		if len(got) != len(want) {
			t.Fatalf("%s: %d features, want %d", name, len(got), len(want))
		}
		for i, x := range got {
			if math.Abs(float64(x)-want[i]) > 1e-6*max(1, math.Abs(want[i])) {
				t.Errorf("%s of %s is %v, want %v", name, file.Times[i*len(file.Times)/len(want)], x, want[i])
			}
		}
		again, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(slices.Concat(apply(t, again, table)...), got) {
			t.Errorf("%s is another one once it was stored", name)
		}
	}
}

// TestDateOfItself: columns of times without settings.
func TestDateOfItself(t *testing.T) {
	when := []string{"2024-01-01", "2024-01-31", "2024-03-01"}
	for _, c := range []struct {
		col  col
		want string
	}{
		{days(t, "when", when...), "when.elapsed when.day_of_year.sin when.day_of_year.cos when.weekday.sin when.weekday.cos"},
		{timestamps(t, "when", when...), "when.elapsed when.day_of_year.sin when.day_of_year.cos when.weekday.sin when.weekday.cos when.time_of_day.sin when.time_of_day.cos"},
		{col{"when", []any{arrow.Time64(0), arrow.Time64(6 * 3600e6)}}, "when.time_of_day.sin when.time_of_day.cos"},
	} {
		tr := fit(t, Spec{Features: []Column{{Name: "when"}}}, c.col)
		if got := strings.Join(names(tr), " "); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
		if s := written(t, tr); !bytes.Contains(s, []byte(`"form": "times"`)) {
			t.Errorf("%s", s)
		}
	}
}

// TestHolidays: a feature is 1 on the days that are listed.
func TestHolidays(t *testing.T) {
	tr := fit(t, dated1(Date{Parts: []DatePart{IsWeekend}, Holidays: &Holidays{Days: []string{"2024-07-04", "2024-01-01"}}}),
		timestamps(t, "when", "2024-01-01", "2024-01-02T23:59:59", "2024-07-04T12:00:00", "2024-07-06"))
	got := apply(t, tr, timestamps(t, "when", "2024-01-01T00:00:00", "2023-12-31T23:59:59.999999", "2024-07-04T23:59:59", "2024-07-05"))
	want := [][]float32{{0, 1}, {1, 0}, {0, 1}, {0, 0}}
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("row %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// TestOneHotDates: each value of a part is a feature, besides what else there is of it.
func TestOneHotDates(t *testing.T) {
	train := timestamps(t, "when", "2024-01-01", "2024-12-31T23:00:00", "2020-12-31")
	tr := fit(t, dated1(Date{Parts: []DatePart{Month}, OneHot: []DatePart{Month, Weekday, Week, Hour, DayOfYear}, Scale: DateScale(None)}), train)
	again, err := ReadTransform(bytes.NewReader(written(t, tr)), All())
	if err != nil {
		t.Fatal(err)
	}
	list := names(again)
	for i, want := range [][]string{
		{"when.month=1", "when.weekday=1", "when.week=1", "when.hour=0", "when.day_of_year=1"},
		{"when.month=12", "when.weekday=2", "when.week=1", "when.hour=23", "when.day_of_year=366"},
		{"when.month=12", "when.weekday=4", "when.week=53", "when.hour=0", "when.day_of_year=366"},
	} {
		var got []string
		for j, x := range apply(t, again, train)[i] {
			if j > 0 && x == 1 {
				got = append(got, list[j])
			}
		}
		if !slices.Equal(got, want) || len(list) != 1+12+7+53+24+366 {
			t.Errorf("%v, want %v of %d", got, want, len(list))
		}
	}
}

// TestMissingDates: they are an error, or are filled in, with a feature that says so.
func TestMissingDates(t *testing.T) {
	gaps := days(t, "when", "2024-01-01", "", "2024-01-04", "2024-01-09")
	checkError(t, `column "when", row 2: the value is missing`, "impute: median", func() error {
		tr := fit(t, dated1(Date{}), gaps)
		_, err := tr.Apply(record(t, gaps), false)
		return err
	})
	for _, c := range []struct {
		impute *Impute
		day    string
	}{{by(Median), "2024-01-04"}, {by(Mean), "2024-01-04"}, {by(MostFrequent), "2024-01-01"}, {constant("2020-02-29"), "2020-02-29"}} {
		spec := Spec{Features: []Column{chained("when", does("indicator", new(Indicator)), does("impute", c.impute),
			does("date", &Date{Parts: []DatePart{Day, Weekday}, Scale: DateScale(None)}))}}
		tr := fit(t, spec, gaps)
		got := apply(t, tr, gaps)
		want := apply(t, tr, days(t, "when", c.day))[0]
		if got[1][0] != want[0] || got[1][1] != want[1] || got[1][2] != 1 || got[0][2] != 0 {
			t.Errorf("%v became %v, want that of %s, %v", gaps, got, c.day, want)
		}
	}
	short := fit(t, Spec{Features: []Column{{Name: "when", Impute: by(Median), Indicator: true}}}, gaps)
	if got := names(short); got[len(got)-1] != "when=<missing>" || len(got) != 6 {
		t.Errorf("%v", got)
	}
}

// TestLaterDates: columns of other types that mean the same times.
func TestLaterDates(t *testing.T) {
	spec := dated1(Date{Parts: []DatePart{Month, Hour}, Scale: DateScale(None)})
	tr := fit(t, spec, timestamps(t, "when", "2024-01-01T05:00:00", "2024-02-03T06:00:00"))
	want := []float32{3, 0}
	for name, c := range map[string]col{
		"dates": days(t, "when", "2024-03-09"), "texts": {"when", []any{"2024-03-09T00:30:00Z"}}, "zones": {"when", []any{"2024-03-08T23:30:00-01:00"}},
	} {
		if got := apply(t, tr, c)[0]; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	daily := fit(t, dated1(Date{Parts: []DatePart{Month}, Scale: DateScale(None)}), days(t, "when", "2024-01-01", "2024-02-03"))
	if got := apply(t, daily, timestamps(t, "when", "2024-03-09"))[0][0]; got != 3 {
		t.Errorf("midnight is in month %v", got)
	}
	for _, c := range []struct {
		tr         *Transform
		col        col
		want, hint string
	}{
		{tr, col{"when", []any{"tomorrow"}}, `column "when", row 1: "tomorrow" is no timestamp`, "2024-01-31T15:04:05Z"},
		{tr, col{"when", []any{int64(5)}}, `column "when": it is int64, but the transform was fitted on timestamp`, "columns: {when: timestamp}"},
		{tr, col{"when", []any{arrow.Time64(5)}}, `column "when": it is time, but the transform was fitted on timestamp`, ""},
		{tr, days(t, "when", ""), `column "when", row 1: the value is missing`, "impute"},
		{tr, col{"when", []any{nil, ""}}, `column "when", row 1: the value is missing`, "impute"},
		{daily, timestamps(t, "when", "2024-03-09", "2024-03-09T10:00:00"), `column "when", row 2: it has a time of day, and the transform was fitted on dates`, "date"},
		{daily, col{"when", []any{arrow.Date32(3_000_000)}}, `column "when", row 1: it is beyond the years 1 to 9999`, "mend"},
	} {
		checkError(t, c.want, c.hint, func() error {
			_, err := c.tr.Apply(record(t, c.col), false)
			return err
		})
	}
}

// TestWrongDates: settings that do not go with a column, or with each other.
func TestWrongDates(t *testing.T) {
	daily, clock := days(t, "when", "2024-01-01", "2024-02-03"), col{"when", []any{arrow.Time64(0), arrow.Time64(5)}}
	for _, c := range []struct {
		spec       Spec
		col        col
		want, hint string
	}{
		{dated1(Date{Parts: []DatePart{Hour}}), daily, `column "when": a date has no hour`, "parts"},
		{dated1(Date{Parts: []DatePart{Month}}), clock, `column "when": a time has no month`, "parts"},
		{dated1(Date{Holidays: &Holidays{Days: []string{"2024-01-01"}}}), clock, `column "when": a time of day has no holidays`, ""},
		{Spec{Features: []Column{{Name: "when", Scale: Standard}}}, daily, `column "when": it holds values of type date, of which the step ` + "`date`" + ` makes features; they have neither a scale nor an encoding`, "when: [date]"},
		{Spec{Features: []Column{chained("when", scaled(Standard))}}, daily, `column "when": scale takes numbers, and the column holds values of type date`, "another type"},
		{Spec{Features: []Column{chained("when", does("indicator", new(Indicator)))}}, daily, `column "when": its values are times at the end of the chain, which are no features yet`, "date"},
		{Spec{Features: []Column{chained("when", does("impute", constant("soon")), does("date", new(Date)))}}, daily, `column "when": "soon" is no date`, "2024-01-31"},
		{dated1(Date{}), col{"when", []any{1.5}}, `column "when": date takes times, and the column holds values of type float64`, "another type"},
	} {
		checkError(t, c.want, c.hint, func() error {
			_, err := Fit(t.Context(), c.spec, tableOf(t, record(t, c.col)), All(), Resources{})
			return err
		})
	}
	for _, s := range []Date{{Parts: []DatePart{}}, {Parts: []DatePart{Day, Day}}, {Since: "yesterday"}, {Since: "2024-01-01", Parts: []DatePart{Day}},
		{OneHot: []DatePart{Day, Day}}, {OneHot: []DatePart{TimeOfDay}}, {OneHot: []DatePart{Year}}} {
		if s.Validate() == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	for _, h := range []Holidays{{}, {Days: []string{"2024-02-30"}}, {Days: []string{"2024-02-01", "2024-02-01"}}, {Days: []string{"2024-02-01"}, File: "h.csv"},
		{Days: []string{"2024-02-01"}, Column: "date"}} {
		if h.Validate() == nil {
			t.Errorf("%+v is taken", h)
		}
	}
	for text, want := range map[string]string{
		"date,name\n2024-07-04,a\n2024-01-01,b\n,c\n2024-07-04,d\n": "[2024-07-04 2024-01-01]",
		"\ufeffdays\n2024-07-04\n":                                  "[2024-07-04]",
		"name, date \nx, 2024-07-04\ny\n":                           "[2024-07-04]",
		"":                                                          "it is empty",
		"date\n":                                                    "it has no days",
		"name,day\na,2024-01-01\n":                                  `there is no column "date"`,
		"date\n2024-01-01\n04.07.2024\n":                            `line 3: "04.07.2024" is no date`,
		"date\n\"2024":                                              "parse error",
	} {
		h := Holidays{File: "h.csv"}
		got := ""
		if err := h.Read(strings.NewReader(text)); err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprint(h.Days)
		}
		if !strings.Contains(got, want) {
			t.Errorf("of %q: %s, want %s", text, got, want)
		}
	}
	for _, state := range []string{`{}`, `{"parts": []}`, `{"parts": [{"part": "moon"}]}`, `{"parts": [{"part": "day"}, {"part": "day"}]}`,
		`{"parts": [{"part": "year", "cyclic": true}]}`, `{"parts": [{"part": "year", "scale": {"center": 0, "scale": 0}}]}`,
		`{"parts": [{"part": "year", "one_hot": true}]}`, `{"parts": [{"part": "day", "one_hot": true, "cyclic": true}]}`, `{"parts": [{"part": "time_of_day", "one_hot": true}]}`,
		`{"parts": [{"part": "day"}], "holidays": ["2024-02-02", "2024-02-01"]}`, `{"parts": [{"part": "day"}], "holidays": ["x"]}`} {
		if _, err := dateKind().Read(1, json.RawMessage(state)); err == nil {
			t.Errorf("%s is read", state)
		}
	}
}
