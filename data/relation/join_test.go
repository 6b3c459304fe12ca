package relation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// lines are the rows of a table as text, a missing value as "-".
func lines(records ...arrow.RecordBatch) []string {
	list := []string{}
	for _, rec := range records {
		for row := range int(rec.NumRows()) {
			var values []string
			for _, c := range rec.Columns() {
				text := "-"
				if c.IsValid(row) {
					text = table.Text(c, row)
				}
				values = append(values, text)
			}
			list = append(list, strings.Join(values, "|"))
		}
	}
	return list
}

// joinedBy joins two tables, and gives what is made in one record after the other.
func joinedBy(t tabletest.T, join Join, with Means, left, right []byte) ([]string, *JoinTally, error) {
	t.Helper()
	l, r := tabletest.Open(t, left), tabletest.Open(t, right)
	j, err := NewJoiner(l.Schema(), r.Schema(), join)
	if err != nil {
		return nil, nil, err
	}
	var rows []string
	tally, err := j.Run(background(t), with, l, r, func(rec arrow.RecordBatch) error {
		rows = append(rows, lines(rec)...)
		return nil
	})
	return rows, tally, err
}

// side is a table of keys, some missing, and the numbers of its rows.
func side(t *rapid.T, name string, keys int) (texts []string, numbers []int64, valid []bool, times []int64, data []byte) {
	n := rapid.IntRange(0, 30).Draw(t, name)
	texts = rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b", "a\x00", "a\x00\x01", "ab"}), n, n).Draw(t, name+" texts")
	numbers = rapid.SliceOfN(rapid.Int64Range(-2, int64(keys)), n, n).Draw(t, name+" numbers")
	valid = rapid.SliceOfN(rapid.SampledFrom([]bool{true, true, true, false}), n, n).Draw(t, name+" valid")
	times = rapid.SliceOfN(rapid.Int64Range(0, 9), n, n).Draw(t, name+" times")
	rows := make([]int64, n)
	for i := range rows {
		rows[i] = int64(i)
	}
	data = tabletest.Table(t, "text", table.NewArray(texts, valid), "number", numbers, "time", times, name, rows)
	return
}

// Whatever the tables are, a join has the rows that comparing each with each finds, in
// the order of the left table, in memory or in parts and with any number of threads.
func TestJoinIsNestedLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leftTexts, leftNumbers, leftValid, leftTimes, left := side(t, "l", 2)
		rightTexts, rightNumbers, rightValid, rightTimes, right := side(t, "r", 3)
		join := Join{
			On: []Pair{{"text", "text"}, {"number", "number"}}, Columns: []Pair{{"r", "r"}},
			How:      rapid.SampledFrom([]How{LeftJoin, InnerJoin, FullJoin, SemiJoin, AntiJoin}).Draw(t, "how"),
			Multiple: rapid.SampledFrom([]Multiple{AllOfSeveral, FirstOfThem, LastOfThem, RefuseSeveral}).Draw(t, "multiple"),
		}
		if rapid.Bool().Draw(t, "as of") {
			join.AsOf = &AsOf{Left: "time", Right: "time", Apart: rapid.Bool().Draw(t, "apart"),
				Direction: rapid.SampledFrom([]Direction{Backward, Forward, Nearest}).Draw(t, "direction"),
				Tolerance: rapid.SampledFrom([]string{"", "2"}).Draw(t, "tolerance")}
		}
		several := false
		want := []string{}
		used := make([]bool, len(rightTexts))
		for i := range leftTexts {
			found := []int{}
			for k := range rightTexts {
				if leftValid[i] && rightValid[k] && leftTexts[i] == rightTexts[k] && leftNumbers[i] == rightNumbers[k] {
					found = append(found, k)
				}
			}
			if join.AsOf != nil {
				found = nearest(join.AsOf, leftTimes[i], rightTimes, found)
			}
			for _, k := range found {
				used[k] = true // whether it is the one that is taken or not
			}
			if len(found) > 1 && !slices.Contains([]How{SemiJoin, AntiJoin}, join.How) {
				switch join.Multiple {
				case FirstOfThem:
					found = found[:1]
				case LastOfThem:
					found = found[len(found)-1:]
				case RefuseSeveral:
					several = true
				}
			}
			text := "-"
			if leftValid[i] {
				text = leftTexts[i]
			}
			row := fmt.Sprintf("%s|%d|%d|%d", text, leftNumbers[i], leftTimes[i], i)
			switch join.How {
			case SemiJoin, AntiJoin:
				if (len(found) > 0) == (join.How == SemiJoin) {
					want = append(want, row)
				}
				continue
			case LeftJoin, FullJoin:
				if len(found) == 0 {
					want = append(want, row+"|-")
				}
			}
			for _, k := range found {
				want = append(want, fmt.Sprintf("%s|%d", row, k))
			}
		}
		if join.How == FullJoin {
			for k, u := range used {
				text := "-"
				if rightValid[k] {
					text = rightTexts[k]
				}
				if !u {
					want = append(want, fmt.Sprintf("%s|%d|-|-|%d", text, rightNumbers[k], k))
				}
			}
		}
		for _, with := range []Means{{Threads: 1}, {Threads: 3, rows: 7}, {Threads: 2, Budget: 1, rows: 5}} {
			got, tally, err := joinedBy(t, join, with, left, right)
			if several {
				if err == nil || !strings.Contains(err.Error(), "of the right one") {
					t.Fatalf("%v: error %v", with, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, append([]string{}, got...)); diff != "" {
				t.Fatalf("%v (%d parts): -want +got\n%s", with, tally.Parts, diff)
			}
		}
	})
}

// nearest is what an AsOf leaves of rows.
func nearest(a *AsOf, at int64, times []int64, rows []int) []int {
	most := int64(1000)
	if a.Tolerance != "" {
		most = 2
	}
	best := int64(1001)
	found := []int{}
	for _, before := range []bool{true, false} {
		for _, k := range rows {
			d := at - times[k]
			if !before {
				d = -d
			}
			if d < 0 || d == 0 && (a.Apart || !before && a.Direction != Forward) || before && a.Direction == Forward || !before && a.Direction == Backward || d > most {
				continue
			}
			switch {
			case d < best:
				best, found = d, []int{k}
			case d == best && times[found[0]] == times[k]:
				found = append(found, k)
			}
		}
	}
	return found
}

// The error of a row with several matches is that of the first, however it was found.
func TestSeveralMatches(t *testing.T) {
	left := tabletest.Table(t, "id", []int64{5, 1, 2, 3, 1}, "who", []string{"a", "b", "c", "d", "e"})
	right := tabletest.Table(t, "key", []int16{1, 9, 1, 3, 3})
	join := Join{On: []Pair{{"id", "key"}}, How: LeftJoin, Multiple: RefuseSeveral}
	for _, budget := range []int64{0, 1} {
		_, _, err := joinedBy(t, join, Means{Threads: 2, Budget: budget}, left, right)
		want := "row 2 of the left table (id 1) matches 2 rows of the right one, such as its rows 1 and 3"
		if err == nil || err.Error() != want {
			t.Errorf("budget %d: %v\nwant %s", budget, err, want)
		}
		if hint := diag.HintOf(err); !strings.Contains(hint, "multiple: first") {
			t.Errorf("hint %q", hint)
		}
	}
}

// A row may have so many matches that what is made of a batch is no batch any more.
func TestJoinOfManyMatches(t *testing.T) {
	const rows, same = 700, 1000
	left := tabletest.Table(t, "k", make([]int64, rows))
	numbers := make([]int64, same)
	for i := range numbers {
		numbers[i] = int64(i)
	}
	right := tabletest.Table(t, "k", make([]int64, same), "n", numbers)
	for _, budget := range []int64{0, 1} {
		l, r := tabletest.Open(t, left), tabletest.Open(t, right)
		j, err := NewJoiner(l.Schema(), r.Schema(), Join{On: []Pair{{"k", "k"}}, How: FullJoin, Multiple: AllOfSeveral})
		if err != nil {
			t.Fatal(err)
		}
		next := int64(0)
		tally, err := j.Run(t.Context(), Means{Threads: 2, Budget: budget}, l, r, func(rec arrow.RecordBatch) error {
			if rec.NumRows() > manyRows {
				t.Fatalf("%d rows at once", rec.NumRows())
			}
			for row, v := range rec.Column(1).(*array.Int64).Values() {
				if rec.Column(1).IsNull(row) || v != next%same {
					t.Fatalf("row %d is %d", next, v)
				}
				next++
			}
			return nil
		})
		if err != nil || next != rows*same || tally.Matched != rows || tally.Unused != 0 {
			t.Errorf("budget %d: %d rows, %+v, %v", budget, next, tally, err)
		}
	}
}

// Rows that come by themselves get the columns that they got in the table.
func TestLookupJoinsAgain(t *testing.T) {
	left := tabletest.Table(t, "k", []string{"b", "x", "a", "b"}, "row", []int64{0, 1, 2, 3})
	right := tabletest.Table(t, "k", []string{"a", "b"}, "v", []float64{1, 2})
	join := Join{On: []Pair{{"k", "k"}}, How: LeftJoin, Multiple: RefuseSeveral}
	want, _, err := joinedBy(t, join, Means{}, left, right)
	if err != nil {
		t.Fatal(err)
	}
	l, r := tabletest.Open(t, left), tabletest.Open(t, right)
	j, err := NewJoiner(l.Schema(), r.Schema(), join)
	if err != nil {
		t.Fatal(err)
	}
	lookup, err := j.Lookup(t.Context(), 1, r)
	if err != nil {
		t.Fatal(err)
	}
	all := tabletest.Rows(t, left)
	var got []string
	for row := range all.NumRows() {
		rec, matches, err := lookup.Beside(all.NewSlice(row, row+1))
		if err != nil || matches[0] > 1 {
			t.Fatal(matches, err)
		}
		got = append(got, lines(rec)...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
	// Of several matches the one that the join says, or none.
	r = tabletest.Open(t, tabletest.Table(t, "k", []string{"a", "b", "b"}, "v", []float64{1, 2, 3}))
	for multiple, want := range map[Multiple]string{RefuseSeveral: "b|0|-", FirstOfThem: "b|0|2", LastOfThem: "b|0|3"} {
		join.Multiple = multiple
		if j, err = NewJoiner(l.Schema(), r.Schema(), join); err != nil {
			t.Fatal(err)
		}
		if lookup, err = j.Lookup(t.Context(), 1, r); err != nil {
			t.Fatal(err)
		}
		rec, matches, err := lookup.Beside(all)
		if err != nil {
			t.Fatal(err)
		}
		if got := lines(rec)[0]; !slices.Equal(matches, []int{2, 0, 1, 2}) || got != want {
			t.Errorf("%s: the first row is %q, want %q, and there are %d matches", multiple, got, want, matches)
		}
	}
}
