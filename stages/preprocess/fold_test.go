package preprocess

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
)

// twoKeys makes a table of two key columns beside the numbers of the rows.
func twoKeys[A, B table.Value](t testing.TB, key []A, other []B) []byte {
	t.Helper()
	rows := make([]int64, len(key))
	for i := range rows {
		rows[i] = int64(i)
	}
	return tabletest.Table(t, "row", rows, "key", key, "other", other)
}

// partsOf divides rows as a run does: the part of each, -1 for none.
func partsOf(t testing.TB, with string, data []byte) []int {
	t.Helper()
	r := tabletest.Open(t, data)
	s := pipelinetest.Decode(t, splitKind(), with).(*Split)
	assigner, err := s.assigner(t.Context(), means{seed: 7, threads: 2, scratch: func() (string, error) { return t.TempDir(), nil }}, r)
	if err != nil {
		t.Fatal(err)
	}
	var parts []int
	for rec, err := range r.Batches() {
		of := make([]int8, rec.NumRows())
		if err == nil {
			err = assigner.assign(rec, of)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range of {
			parts = append(parts, int(p))
		}
	}
	return parts
}

// Every row is in the part test of one fold, and folds have what their method promises.
func TestFoldsArePartition(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n, of := rapid.IntRange(30, 120).Draw(rt, "n"), rapid.IntRange(2, 5).Draw(rt, "of")
		keys := make([]string, n)
		for i := range keys {
			keys[i] = string(rune('a' + i*i%7))
		}
		data := numbered(t, keys, nil)
		for _, method := range []string{"", ", stratify: key", ", group: key"} {
			if method == ", group: key" && of > 4 {
				continue // of squares modulo 7 there are four
			}
			tested := make([]int, n)
			for fold := 1; fold <= of; fold++ {
				groups, sizes := map[string]map[int]bool{}, map[string]int{}
				count := 0
				for row, part := range partsOf(t, fmt.Sprintf("{folds: {of: %d, fold: %d}%s}", of, fold, method), data) {
					if part == 1 {
						tested[row]++
						count++
						sizes[keys[row]]++
					}
					if groups[keys[row]] == nil {
						groups[keys[row]] = map[int]bool{}
					}
					groups[keys[row]][part] = true
				}
				if share := float64(n) / float64(of); method != ", group: key" && math.Abs(float64(count)-share) >= 1 {
					rt.Fatalf("%s: fold %d has %d of %d rows", method, fold, count, n)
				}
				for key, parts := range groups {
					if method == ", group: key" && len(parts) != 1 {
						rt.Fatalf("group %s is in two parts", key)
					}
					all := 0
					for _, k := range keys {
						if k == key {
							all++
						}
					}
					if share := float64(all) / float64(of); method == ", stratify: key" && math.Abs(float64(sizes[key])-share) >= 1 {
						rt.Fatalf("fold %d has %d of %d rows of %s", fold, sizes[key], all, key)
					}
				}
			}
			if slices.Min(tested) != 1 || slices.Max(tested) != 1 {
				rt.Fatalf("%s: rows are tested %v times", method, tested)
			}
		}
	})
}

// The figures are those of TimeSeriesSplit of scikit-learn 1.9.
func TestRollingOrigin(t *testing.T) {
	for _, c := range []struct {
		n, of, fold int
		folds, gap  string
		train, test [2]int
	}{
		{12, 3, 1, "", "", [2]int{0, 3}, [2]int{3, 6}},
		{12, 3, 2, "", "", [2]int{0, 6}, [2]int{6, 9}},
		{12, 3, 3, "", "", [2]int{0, 9}, [2]int{9, 12}},
		{13, 3, 1, "", "", [2]int{0, 4}, [2]int{4, 7}},
		{14, 3, 3, "", "", [2]int{0, 11}, [2]int{11, 14}},
		{12, 3, 2, "", ", gap: 2", [2]int{0, 4}, [2]int{6, 9}},
		{12, 3, 3, ", train: 4", "", [2]int{5, 9}, [2]int{9, 12}},
		{12, 3, 3, ", train: 4", ", gap: 2", [2]int{3, 7}, [2]int{9, 12}},
		{12, 3, 1, ", test: 2", "", [2]int{0, 6}, [2]int{6, 8}},
		{12, 3, 3, ", test: 2", ", gap: 1", [2]int{0, 9}, [2]int{10, 12}},
	} {
		times := make([]int64, c.n)
		for i := range times {
			times[i] = int64((i*5 + 3) % c.n) // each once, as 5 divides no n
		}
		with := fmt.Sprintf("{time: key, folds: {of: %d, fold: %d%s}%s}", c.of, c.fold, c.folds, c.gap)
		got := map[int][]int{}
		for row, part := range partsOf(t, with, numbered(t, times, nil)) {
			got[part] = append(got[part], int(times[row]))
		}
		for part, want := range [][2]int{c.train, c.test} {
			slices.Sort(got[part])
			var list []int
			for v := want[0]; v < want[1]; v++ {
				list = append(list, v)
			}
			if diff := cmp.Diff(list, got[part]); diff != "" {
				t.Errorf("%s, part %d: %s", with, part, diff)
			}
		}
	}
}

// A gap is as long as it says, in the units of the column, and rows of one time stay
// together.
func TestGap(t *testing.T) {
	dates := make([]arrow.Date32, 40)
	for i := range dates {
		dates[i] = arrow.Date32(19_000 + i/2)
	}
	parts := partsOf(t, "{parts: {train: 0.5, test: 0.5}, time: key, gap: 3d}", numbered(t, dates, nil))
	for i, part := range parts {
		want := 0
		switch day := i / 2; {
		case day >= 10:
			want = 1
		case day >= 7:
			want = noPart
		}
		if part != want {
			t.Errorf("day %d is in part %d, want %d", i/2, part, want)
		}
	}
}

// Each series is cut for itself; what a series of one time has is learned from.
func TestWithinSeries(t *testing.T) {
	var series []string
	var times []int64
	for i := range 300 {
		series, times = append(series, "long"), append(times, int64(1000+i))
	}
	for i := range 20 {
		series, times = append(series, "early"), append(times, int64(i))
	}
	series, times = append(series, "single"), append(times, 5000)
	data := twoKeys(t, times, series)
	parts := partsOf(t, "{parts: {train: 0.8, test: 0.2}, time: key, within: other, gap: 2}", data)
	for i, part := range parts {
		want := 0
		switch {
		case series[i] == "long" && times[i] >= 1240, series[i] == "early" && times[i] >= 16:
			want = 1
		case series[i] == "long" && times[i] >= 1238, series[i] == "early" && times[i] >= 14:
			want = noPart
		}
		if part != want {
			t.Errorf("%s at %d is in part %d, want %d", series[i], times[i], part, want)
		}
	}
	for fold, from := range map[int]int64{1: 75, 2: 150, 3: 225} {
		parts := partsOf(t, fmt.Sprintf("{time: key, within: other, folds: {of: 3, fold: %d, train: 20}}", fold), data)
		for i, part := range parts {
			if at := times[i] - 1000 - from; series[i] == "long" && (part == 1) != (0 <= at && at < 75) || series[i] == "long" && (part == 0) != (-20 <= at && at < 0) {
				t.Errorf("fold %d: %d is in part %d", fold, times[i], part)
			}
			if series[i] == "single" && part != 0 {
				t.Errorf("fold %d: the only row of a series is in part %d", fold, part)
			}
		}
	}
}

// Many series are put aside in a file, and cut as they are in memory.
func TestManySeries(t *testing.T) {
	if testing.Short() {
		t.Skip("a million rows")
	}
	n := maxHeld/momentBytes + 100_000
	series, times := make([]int64, n), make([]int64, n)
	for i := range series {
		series[i], times[i] = int64(i%100_000), int64(i/100_000)
	}
	for i, part := range partsOf(t, "{parts: {train: 0.5, test: 0.5}, time: key, within: other}", twoKeys(t, times, series)) {
		last := int64((n - 1 - int(series[i])) / 100_000) // of the series
		if want := int(times[i] / (last/2 + 1)); last%2 == 1 && part != want {
			t.Fatalf("row %d at %d of %d is in part %d", i, times[i], last, part)
		}
	}
}

// A value that one row has is learned from, and nothing else moves far.
func TestValuesOfOneRowAreInTrain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		counts := rapid.SliceOfN(rapid.Int64Range(1, 20), 1, 30).Draw(rt, "counts")
		quotas := apportionStrata(counts, []uint64{20, 70, 10}, 1)
		var n, alone, train int64
		for c, parts := range quotas {
			if counts[c] == 1 {
				if parts[1] != 1 {
					rt.Fatalf("%v", parts)
				}
				alone++
			}
			n += counts[c]
			train += parts[1]
			for p, q := range parts {
				if counts[c] > 1 && !isRounded(q, counts[c], []uint64{20, 70, 10}[p], 100) {
					rt.Fatalf("stratum %d of %d rows has %d in part %d", c, counts[c], q, p)
				}
			}
		}
		if share := float64(n) * 0.7; float64(train) < share-1 || float64(train) > math.Max(share+1, share+float64(alone)*0.3+1) {
			rt.Fatalf("train has %d of %d rows, %d of which are alone", train, n, alone)
		}
	})
}

// Groups stay whole, and each part has about its share of each class.
func TestStratifiedGroups(t *testing.T) {
	var groups []int64
	var classes []string
	for g := range int64(300) {
		for i := range 1 + g%9 {
			groups = append(groups, g)
			class := "common"
			if (g*7+i)%11 == 0 || g%17 == 0 {
				class = "rare"
			}
			classes = append(classes, class)
		}
	}
	data := twoKeys(t, groups, classes)
	for _, with := range []string{"{parts: {train: 0.7, validation: 0.1, test: 0.2}, stratify: other, group: key}", "{folds: {of: 5, fold: 2}, stratify: other, group: key}"} {
		shares := []float64{0.7, 0.1, 0.2}
		if with[1] == 'f' {
			shares = []float64{0.8, 0.2}
		}
		of, counts, all := map[int64]int{}, map[string][]float64{}, map[string]float64{}
		for row, part := range partsOf(t, with, data) {
			if p, ok := of[groups[row]]; ok && p != part {
				t.Fatalf("group %d is in parts %d and %d", groups[row], p, part)
			}
			of[groups[row]] = part
			if counts[classes[row]] == nil {
				counts[classes[row]] = make([]float64, len(shares))
			}
			counts[classes[row]][part]++
			all[classes[row]]++
		}
		for class, n := range counts {
			for p, share := range shares {
				if got := n[p] / all[class]; math.Abs(got-share) > 0.01 {
					t.Errorf("%s: part %d has %.3f of %s, want %.2f", with, p, got, class, share)
				}
			}
		}
	}
}
