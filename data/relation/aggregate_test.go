package relation

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// aggregated runs an aggregation, and gives its rows as text.
func aggregated(t tabletest.T, spec Aggregation, with Means, data []byte) ([]string, error) {
	t.Helper()
	r := tabletest.Open(t, data)
	a, err := NewAggregator(r.Schema(), spec, nil)
	if err != nil {
		return nil, err
	}
	rows := []string{}
	n, err := a.Run(background(t), with, r, func(rec arrow.RecordBatch) error {
		rows = append(rows, lines(rec)...)
		return nil
	})
	if err == nil && int(n) != len(rows) {
		t.Fatal(fmt.Sprintf("%d rows are said to be %d", len(rows), n))
	}
	return rows, err
}

// some are the values of a group that are there.
type some struct {
	reals  []float64
	wholes []int64
	texts  []string
	flags  []bool
	first  string
	last   string
	rows   int
}

func number(x float64, ok bool) string {
	if !ok {
		return "-"
	}
	return strconv.FormatFloat(x, 'g', 9, 64)
}

// Whatever rows there are, an aggregation says of each group what looking at all its
// values says, sorted by group, in memory and beyond, on any number of threads.
func TestAggregateIsWhatValuesSay(t *testing.T) {
	measures := []Measure{
		{Name: "n", Statistic: Count}, {Name: "nx", Statistic: Count, Column: "x"}, {Name: "d", Statistic: CountDistinct, Column: "s"},
		{Name: "sx", Statistic: Sum, Column: "x"}, {Name: "si", Statistic: Sum, Column: "i"}, {Name: "mx", Statistic: Mean, Column: "x"},
		{Name: "mi", Statistic: Mean, Column: "i"}, {Name: "lx", Statistic: Min, Column: "x"}, {Name: "gx", Statistic: Max, Column: "x"},
		{Name: "ls", Statistic: Min, Column: "s"}, {Name: "gs", Statistic: Max, Column: "s"}, {Name: "li", Statistic: Min, Column: "i"},
		{Name: "gi", Statistic: Max, Column: "i"}, {Name: "v", Statistic: Var, Column: "x", DDoF: 1}, {Name: "sd", Statistic: Std, Column: "i"},
		{Name: "med", Statistic: Median, Column: "x"}, {Name: "q", Statistic: Quantile, Column: "i", Quantile: 0.3},
		{Name: "f", Statistic: First, Column: "s"}, {Name: "l", Statistic: Last, Column: "s"}, {Name: "any", Statistic: Any, Column: "b"},
		{Name: "all", Statistic: All, Column: "b"}, {Name: "lb", Statistic: Min, Column: "b"}, {Name: "mode", Statistic: Mode, Column: "s"},
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "rows")
		keys := rapid.SliceOfN(rapid.SampledFrom([]string{"b", "a", "", "a\x00"}), n, n).Draw(t, "keys")
		codes := rapid.SliceOfN(rapid.Int16Range(-1, 1), n, n).Draw(t, "codes")
		valid := func(name string) []bool {
			return rapid.SliceOfN(rapid.SampledFrom([]bool{true, true, false}), n, n).Draw(t, name)
		}
		kv, xv, iv, sv, bv := valid("kv"), valid("xv"), valid("iv"), valid("sv"), valid("bv")
		x := rapid.SliceOfN(rapid.Float64Range(-10, 10), n, n).Draw(t, "x")
		whole := rapid.SliceOfN(rapid.Int64Range(-5, 5), n, n).Draw(t, "i")
		s := rapid.SliceOfN(rapid.SampledFrom([]string{"p", "q", "r", ""}), n, n).Draw(t, "s")
		b := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "b")
		data := tabletest.Table(t, "key", table.NewArray(keys, kv), "code", codes, "x", table.NewArray(x, xv), "i", table.NewArray(whole, iv),
			"s", table.NewArray(s, sv), "b", table.NewArray(b, bv))

		type key struct {
			missing bool
			text    string
			code    int16
		}
		groups := map[key]*some{}
		for i := range n {
			k := key{!kv[i], keys[i], codes[i]}
			if k.missing {
				k.text = ""
			}
			g := groups[k]
			text := "-"
			if sv[i] {
				text = s[i]
			}
			if g == nil {
				g = &some{first: text}
				groups[k] = g
			}
			g.last = text
			g.rows++
			if xv[i] {
				g.reals = append(g.reals, x[i])
			}
			if iv[i] {
				g.wholes = append(g.wholes, whole[i])
			}
			if sv[i] {
				g.texts = append(g.texts, s[i])
			}
			if bv[i] {
				g.flags = append(g.flags, b[i])
			}
		}
		order := []key{}
		for k := range groups {
			order = append(order, k)
		}
		slices.SortFunc(order, func(a, b key) int {
			return cmp.Or(cmp.Compare(b2i(a.missing), b2i(b.missing)), strings.Compare(a.text, b.text), cmp.Compare(a.code, b.code))
		})
		want := []string{}
		for _, k := range order {
			text := k.text
			if k.missing {
				text = "-"
			}
			want = append(want, fmt.Sprintf("%s|%d|%s", text, k.code, strings.Join(groups[k].said(), "|")))
		}
		for _, with := range []Means{{Threads: 1}, {Threads: 3, rows: 7}, {Threads: 2, Budget: 1, rows: 5}} {
			got, err := aggregated(t, Aggregation{By: []string{"key", "code"}, Measures: measures}, with, data)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Fatalf("%+v: %d groups, want %d", with, len(got), len(want))
			}
			for i := range want {
				if diff := differs(got[i], want[i]); diff != "" {
					t.Fatalf("%+v: group %d: %s\ngot  %s\nwant %s", with, i, diff, got[i], want[i])
				}
			}
		}
	})
}

// differs compares rows of text, numbers by their first digits.
func differs(got, want string) string {
	a, b := strings.Split(got, "|"), strings.Split(want, "|")
	for i := range a {
		x, errX := strconv.ParseFloat(a[i], 64)
		y, errY := strconv.ParseFloat(b[i], 64)
		if a[i] != b[i] && (errX != nil || errY != nil || math.Abs(x-y) > 1e-7*(1+math.Abs(y))) {
			return fmt.Sprintf("column %d is %s, want %s", i, a[i], b[i])
		}
	}
	return ""
}

// said are the statistics of a group, in the order of the measures.
func (g *some) said() []string {
	sum, whole := 0.0, int64(0)
	for _, v := range g.reals {
		sum += v
	}
	for _, v := range g.wholes {
		whole += v
	}
	spread := func(values []float64, ddof float64) (float64, bool) {
		mean, squares := 0.0, 0.0
		for _, v := range values {
			mean += v / float64(len(values))
		}
		for _, v := range values {
			squares += (v - mean) * (v - mean)
		}
		return squares / (float64(len(values)) - ddof), float64(len(values)) > ddof
	}
	counts := map[string]int{}
	for _, s := range g.texts {
		counts[s]++
	}
	mode := "-"
	for s, n := range counts {
		if mode == "-" || n > counts[mode] || n == counts[mode] && s < mode {
			mode = s
		}
	}
	wholes := converted[float64](g.wholes)
	variance, hasVar := spread(g.reals, 1)
	deviation, hasStd := spread(wholes, 0)
	some, wholesThere := len(g.reals) > 0, len(g.wholes) > 0
	edge := func(texts []string, pick func([]string) string) string {
		if len(texts) == 0 {
			return "-"
		}
		return pick(texts)
	}
	least, most, leastWhole, mostWhole := 0.0, 0.0, "-", "-"
	if some {
		least, most = slices.Min(g.reals), slices.Max(g.reals)
	}
	if wholesThere {
		leastWhole, mostWhole = fmt.Sprint(slices.Min(g.wholes)), fmt.Sprint(slices.Max(g.wholes))
	}
	leastFlag := "-"
	if len(g.flags) > 0 {
		leastFlag = fmt.Sprint(!slices.Contains(g.flags, false))
	}
	between := func(values []float64, q float64) (float64, bool) {
		if len(values) == 0 {
			return 0, false
		}
		slices.Sort(values)
		at := q * float64(len(values)-1)
		low, high := values[int(math.Floor(at))], values[int(math.Ceil(at))]
		return low + (at-math.Floor(at))*(high-low), true
	}
	median, hasMedian := between(slices.Clone(g.reals), 0.5)
	third, hasThird := between(wholes, 0.3)
	return []string{
		fmt.Sprint(g.rows), fmt.Sprint(len(g.reals)), fmt.Sprint(len(counts)), number(sum, true), fmt.Sprint(whole),
		number(sum/float64(len(g.reals)), some), number(float64(whole)/float64(len(g.wholes)), wholesThere),
		number(least, some), number(most, some), edge(g.texts, slices.Min[[]string]), edge(g.texts, slices.Max[[]string]), leastWhole, mostWhole,
		number(variance, hasVar), number(math.Sqrt(deviation), hasStd), number(median, hasMedian), number(third, hasThird),
		g.first, g.last, fmt.Sprint(slices.Contains(g.flags, true)), fmt.Sprint(!slices.Contains(g.flags, false)), leastFlag, mode,
	}
}

// The numbers of a group that is too large to be held are put aside, and nothing of
// it shows.
func TestQuantileOfManyNumbers(t *testing.T) {
	values := make([]float64, 3*largeGroup+17)
	for i := range values {
		values[i] = float64(i * 7919 % len(values))
	}
	data := tabletest.Table(t, "x", values)
	got, err := aggregated(t, Aggregation{Measures: []Measure{{Name: "m", Statistic: Median, Column: "x"}, {Name: "q", Statistic: Quantile, Column: "x", Quantile: 0.25}}}, Means{Threads: 2}, data)
	last := float64(len(values) - 1)
	if want := fmt.Sprintf("%v|%v", last/2, last/4); err != nil || got[0] != want {
		t.Errorf("quantiles are %v (%v), want %s", got, err, want)
	}
}

func TestSumsAreExactOrRefused(t *testing.T) {
	large := tabletest.Table(t, "k", []int64{2, 1, 1, 2}, "i", []int64{math.MaxInt64, math.MaxInt64, 1, -1}, "u", []uint64{math.MaxUint64, 5, math.MaxUint64 - 5, 0},
		"x", []float64{math.Inf(1), 1e16, 1, 0})
	for column, want := range map[string]string{"i": `the sum of column "i" does not fit into int64 of the group k 1`, "u": "[1|18446744073709551615 2|18446744073709551615]",
		"x": "[1|10000000000000000 2|+Inf]"} {
		got, err := aggregated(t, Aggregation{By: []string{"k"}, Measures: []Measure{{Name: "s", Statistic: Sum, Column: column}}}, Means{Threads: 2}, large)
		if text := fmt.Sprint(got); err != nil && err.Error() != want || err == nil && text != want {
			t.Errorf("%s: %v, %v, want %s", column, text, err, want)
		}
	}
}

func TestWindows(t *testing.T) {
	at := []arrow.Timestamp{0, 86399999999, -1, 1700000000000000, 1709164800000000} // 1970, 1970, 1969, 2023-11-14T22:13:20, 2024-02-29
	data := tabletest.Table(t, "t", at, "d", []arrow.Date32{0, 3, 4, -1, 19782})
	for every, want := range map[string]string{
		"1h":  "1969-12-31T23:00:00Z|1 1970-01-01T00:00:00Z|1 1970-01-01T23:00:00Z|1 2023-11-14T22:00:00Z|1 2024-02-29T00:00:00Z|1",
		"1d":  "1969-12-31T00:00:00Z|1 1970-01-01T00:00:00Z|2 2023-11-14T00:00:00Z|1 2024-02-29T00:00:00Z|1",
		"1w":  "1969-12-29T00:00:00Z|3 2023-11-13T00:00:00Z|1 2024-02-26T00:00:00Z|1",
		"1mo": "1969-12-01T00:00:00Z|1 1970-01-01T00:00:00Z|2 2023-11-01T00:00:00Z|1 2024-02-01T00:00:00Z|1",
		"1q":  "1969-10-01T00:00:00Z|1 1970-01-01T00:00:00Z|2 2023-10-01T00:00:00Z|1 2024-01-01T00:00:00Z|1",
		"1y":  "1969-01-01T00:00:00Z|1 1970-01-01T00:00:00Z|2 2023-01-01T00:00:00Z|1 2024-01-01T00:00:00Z|1",
	} {
		span, err := ParseSpan(every)
		if err != nil {
			t.Fatal(err)
		}
		got, err := aggregated(t, Aggregation{Window: &Window{Column: "t", Every: span, Name: "t"}, Measures: []Measure{{Name: "n", Statistic: Count}}}, Means{Threads: 2}, data)
		if text := strings.Join(got, " "); err != nil || text != want {
			t.Errorf("%s: %s (%v), want %s", every, text, err, want)
		}
	}
	week, _ := ParseSpan("1w")
	got, err := aggregated(t, Aggregation{Window: &Window{Column: "d", Every: week, Name: "week"}, Measures: []Measure{{Name: "n", Statistic: Count}}}, Means{}, data)
	if text := strings.Join(got, " "); err != nil || text != "1969-12-29|3 1970-01-05|1 2024-02-26|1" {
		t.Errorf("weeks of days are %s (%v)", text, err)
	}
	for _, text := range []string{"", "1", "h", "1h1mo", "0d", "-1h", "1.5h", "99999999999999999999h", "999999999999w"} {
		if _, err := ParseSpan(text); err == nil {
			t.Errorf("%q is a length of time", text)
		}
	}
	for text, want := range map[string]string{"106751d": "", "106752d": "too long", "2d106750d": "too long", "99999999999999999999h": "too long", "99999999999999999999x": "no length of time"} {
		if _, err := ParseSpan(text); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// NaN is neither the least nor the greatest value, and no value is where there is none
// else.
func TestExtremesLeaveOutNaN(t *testing.T) {
	nan := math.NaN()
	data := tabletest.Table(t, "key", []string{"a", "a", "b", "c", "c", "c"}, "x", []float64{nan, nan, nan, 2, nan, 1}, "y", []float32{float32(nan), -1, float32(nan), 2, 3, float32(nan)})
	spec := Aggregation{By: []string{"key"}, Measures: []Measure{{Name: "lx", Statistic: Min, Column: "x"}, {Name: "gx", Statistic: Max, Column: "x"},
		{Name: "med", Statistic: Median, Column: "x"}, {Name: "ly", Statistic: Min, Column: "y"}, {Name: "gy", Statistic: Max, Column: "y"}}}
	got, err := aggregated(t, spec, Means{Threads: 2}, data)
	if want := []string{"a|-|-|-|-1|-1", "b|-|-|-|-|-", "c|1|2|1.5|2|3"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}
