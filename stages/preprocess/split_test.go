package preprocess

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// batchRows is the number of rows of a batch of a table.
const batchRows = 65536

// numbered makes a table of a key column beside the numbers of the rows.
func numbered[T table.Value](t testing.TB, keys []T, valid []bool) []byte {
	t.Helper()
	rows := make([]int64, len(keys))
	for i := range rows {
		rows[i] = int64(i)
	}
	return tabletest.Table(t, "row", rows, "key", table.NewArray(keys, valid))
}

// rowsIn lists the values of the column row of a part.
func rowsIn(t testing.TB, data []byte) []int64 {
	t.Helper()
	r := tabletest.Open(t, data)
	var rows []int64
	for rec, err := range r.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		values, _, err := table.Floats(rec.Column(0))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			rows = append(rows, int64(v))
		}
	}
	return rows
}

func splitCase(with string, data []byte) pipelinetest.Case {
	return pipelinetest.Case{Kind: splitKind(), With: with, Seed: 7, Inputs: map[string][]byte{"table": data}}
}

// divided runs a split of n rows and checks that its parts are a partition, in
// order.
func divided(t testing.TB, c pipelinetest.Case, n int) map[string][]int64 {
	t.Helper()
	parts := make(map[string][]int64)
	seen := make([]bool, n)
	result := pipelinetest.Run(t, c)
	for name, data := range result.Outputs {
		rows := rowsIn(t, data)
		if !slices.IsSorted(rows) {
			t.Errorf("the rows of %s are out of order", name)
		}
		for _, row := range rows {
			if seen[row] {
				t.Errorf("row %d is in two parts", row)
			}
			seen[row] = true
		}
		if got := result.Metrics[name+".rows"]; got != float64(len(rows)) {
			t.Errorf("the metric of %s is %v, want %d", name, got, len(rows))
		}
		parts[name] = rows
	}
	if i := slices.Index(seen, false); i >= 0 {
		t.Errorf("row %d is in no part", i)
	}
	return parts
}

// assigned divides n rows as a run does, and lists the rows of each part.
func assigned(t testing.TB, with string, data []byte, n int) map[string][]int64 {
	t.Helper()
	r := tabletest.Open(t, data)
	s := pipelinetest.Decode(t, splitKind(), with).(*Split)
	assigner, err := s.assigner(t.Context(), means{seed: 7}, r)
	if err != nil {
		t.Fatal(err)
	}
	parts, of := make(map[string][]int64), make([]int8, batchRows)
	var row int64
	for rec, err := range r.Batches() {
		if err == nil {
			err = assigner.assign(rec, of[:rec.NumRows()])
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range of[:rec.NumRows()] {
			parts[s.names()[p]] = append(parts[s.names()[p]], row)
			row++
		}
	}
	if row != int64(n) {
		t.Fatalf("%d rows were divided, want %d", row, n)
	}
	return parts
}

func TestSplitConforms(t *testing.T) {
	keys := []string{"a", "b", "a", "c", "b", "a", "c", "a", "b", "c", "a", "b"}
	data := numbered(t, keys, nil)
	for _, with := range []string{
		"parts: {train: 0.5, test: 0.5}",
		"{parts: {train: 0.5, test: 0.5}, stratify: key}",
		"{parts: {train: 0.5, test: 0.5}, group: key}",
		"{parts: {train: 0.5, test: 0.5}, time: row}",
		"by: {column: key, values: {train: [a, b], test: [c]}}",
		"{folds: {of: 3, fold: 2}}",
		"{folds: {of: 2, fold: 1}, stratify: key, group: row}",
		"{folds: {of: 3, fold: 2, train: 5}, time: row, gap: 1}",
		"{parts: {train: 0.5, test: 0.5}, time: row, within: key, gap: 1}",
	} {
		t.Run(with, func(t *testing.T) { pipelinetest.Conform(t, splitCase(with, data)) })
	}
}

const threeParts = "parts: {train: 0.7, validation: 0.15, test: 0.15}"

func TestRandomSplit(t *testing.T) {
	n := batchRows + 1000
	data := numbered(t, make([]int64, n), nil)
	parts := divided(t, splitCase(threeParts, data), n)
	for p, want := range apportion(int64(n), weightsOf([]float64{0.7, 0.15, 0.15})) {
		name := []string{"train", "validation", "test"}[p]
		rows := parts[name]
		if int64(len(rows)) != want {
			t.Errorf("%s has %d rows, want %d", name, len(rows), want)
		}
		// The mean of a sample without replacement has this deviation.
		k := float64(len(rows))
		deviation := math.Sqrt((float64(n) + 1) * (float64(n) - k) / 12 / k)
		var sum float64
		for _, row := range rows {
			sum += float64(row)
		}
		if z := (sum/k - float64(n-1)/2) / deviation; math.Abs(z) > 4 {
			t.Errorf("the rows of %s lie to one side: z is %.2f", name, z)
		}
	}
	other := splitCase(threeParts, data)
	other.Seed = 8
	if slices.Equal(divided(t, other, n)["test"], parts["test"]) {
		t.Error("another seed gives the same parts")
	}
}

// Every way to fill the parts is equally likely.
func TestRandomSplitIsUniform(t *testing.T) {
	const draws = 6000
	counts := make(map[string]int)
	for seed := range uint64(draws) {
		a := newQuotaAssigner(seed, [][]int64{{2, 1, 1}})
		parts := make([]int8, 4)
		if err := a.assign(nil, parts); err != nil {
			t.Fatal(err)
		}
		counts[fmt.Sprint(parts)]++
	}
	if len(counts) != 12 {
		t.Fatalf("%d ways, want 12", len(counts))
	}
	var chi2 float64
	for _, n := range counts {
		chi2 += math.Pow(float64(n)-draws/12, 2) / (draws / 12)
	}
	if chi2 > 31.3 { // 11 degrees of freedom, p = 0.001
		t.Errorf("chi-square is %.1f: %v", chi2, counts)
	}
}

// Keys are those of the rows, whatever has become of the batch that they were first
// seen in.
func TestSplitKeepsKeysOfManyBatches(t *testing.T) {
	const keys, n = 89, 4 * batchRows
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint("key ", i*7919%keys*i%keys)
	}
	rows := tabletest.Table(t, "key", texts)
	for _, method := range []string{"stratify", "group"} {
		counts := map[string][]int{} // by key and part
		for p, part := range []string{"a", "b"} {
			result := pipelinetest.Run(t, splitCase("{parts: {a: 0.5, b: 0.5}, "+method+": key}", rows))
			for rec, err := range tabletest.Open(t, result.Outputs[part]).Batches() {
				if err != nil {
					t.Fatal(err)
				}
				of, _, err := table.Texts(rec.Column(0))
				if err != nil {
					t.Fatal(err)
				}
				for _, key := range of {
					if counts[key] == nil {
						counts[strings.Clone(key)] = make([]int, 2)
					}
					counts[key][p]++
				}
			}
		}
		for key, c := range counts {
			if d := c[0] - c[1]; method == "stratify" && (d < -1 || d > 1) || method == "group" && c[0] > 0 && c[1] > 0 {
				t.Errorf("%s: %q has %d and %d rows", method, key, c[0], c[1])
			}
		}
	}
}

func TestStratifiedSplit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.SliceOfN(rapid.StringMatching("[a-d]"), 20, 120).Draw(rt, "keys")
		valid := make([]bool, len(keys))
		names := slices.Clone(keys)
		for i := range valid {
			valid[i] = rapid.IntRange(0, 9).Draw(rt, "missing") > 0
			if !valid[i] {
				names[i] = "missing"
			}
		}
		parts := assigned(t, "{stratify: key, "+threeParts+"}", numbered(t, keys, valid), len(keys))
		counts := make(map[string]int)
		for _, name := range names {
			counts[name]++
		}
		for part, fraction := range map[string]float64{"train": 0.7, "validation": 0.15, "test": 0.15} {
			got := make(map[string]int)
			for _, row := range parts[part] {
				got[names[row]]++
			}
			for name, count := range counts {
				if off := math.Abs(float64(got[name]) - fraction*float64(count)); off > 1-1e-9 {
					rt.Errorf("%d of %d rows of %q are in %s", got[name], count, name, part)
				}
			}
			if off := math.Abs(float64(len(parts[part])) - fraction*float64(len(keys))); off > 1-1e-9 {
				rt.Errorf("%s has %d of %d rows", part, len(parts[part]), len(keys))
			}
		}
	})
}

func TestGroupedSplit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.SliceOfN(rapid.Int64Range(0, 30), 40, 120).Draw(rt, "keys")
		parts := assigned(t, "{group: key, "+threeParts+"}", numbered(t, keys, nil), len(keys))
		sizes, home := make(map[int64]int), make(map[int64]string)
		for _, key := range keys {
			sizes[key]++
		}
		for part, rows := range parts {
			for _, row := range rows {
				if h, ok := home[keys[row]]; ok && h != part {
					rt.Errorf("group %d is in %s and %s", keys[row], h, part)
				}
				home[keys[row]] = part
			}
		}
		// No part exceeds its share by more than the group that came last,
		// unless it was about to be empty.
		largest := slices.Max(slices.Collect(maps.Values(sizes)))
		for part, fraction := range map[string]float64{"train": 0.7, "validation": 0.15, "test": 0.15} {
			if over := float64(len(parts[part])) - fraction*float64(len(keys)); over > float64(largest)+1 {
				rt.Errorf("%s has %d of %d rows, groups have up to %d", part, len(parts[part]), len(keys), largest)
			}
		}
	})
}

// Few groups must not leave a part empty.
func TestAsManyGroupsAsParts(t *testing.T) {
	parts := divided(t, splitCase("{group: key, "+threeParts+"}", numbered(t, []string{"a", "a", "b", "c", "c"}, nil)), 5)
	for name, rows := range parts {
		if len(rows) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

// Rows of one time are in one part, parts follow one another in time, and where the
// cut between two can be chosen it is nowhere nearer to what is wanted.
func TestTimeSplit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		days := rapid.SliceOfN(rapid.Int32Range(0, 12), 20, 60).Filter(func(days []int32) bool {
			return len(slices.Compact(slices.Sorted(slices.Values(days)))) >= 3
		}).Draw(rt, "days")
		keys := make([]arrow.Date32, len(days))
		for i, d := range days {
			keys[i] = arrow.Date32(d)
		}
		data := numbered(t, keys, nil)
		for with, names := range map[string][]string{threeParts: {"train", "validation", "test"}, "parts: {a: 0.3, b: 0.7}": {"a", "b"}} {
			parts := assigned(t, "{time: key, "+with+"}", data, len(keys))
			after := arrow.Date32(-1)
			for _, name := range names {
				var of []arrow.Date32
				for _, row := range parts[name] {
					of = append(of, keys[row])
				}
				if len(of) == 0 || slices.Min(of) <= after {
					rt.Fatalf("%s has the days %v, and the part before it ends with %d", name, of, after)
				}
				after = slices.Max(of)
			}
			if len(names) == 2 {
				want := apportion(int64(len(keys)), weightsOf([]float64{0.3, 0.7}))[0]
				best := int64(math.MaxInt64)
				for cut := range arrow.Date32(13) {
					var n int64
					for _, k := range keys {
						if k < cut {
							n++
						}
					}
					if n > 0 && n < int64(len(keys)) {
						best = min(best, distance(n, want))
					}
				}
				if got := distance(int64(len(parts["a"])), want); got != best {
					rt.Fatalf("%d rows are before the cut, want %d; %d off is possible", len(parts["a"]), want, best)
				}
			}
		}
	})
}

// Without rows of one time sizes are exact.
func TestTimeSplitOfDifferentTimes(t *testing.T) {
	keys := make([]int64, 100)
	for i := range keys {
		keys[i] = int64(i * 37 % 100)
	}
	parts := assigned(t, "{time: key, "+threeParts+"}", numbered(t, keys, nil), len(keys))
	if len(parts["train"]) != 70 || len(parts["validation"]) != 15 || len(parts["test"]) != 15 {
		t.Errorf("%d, %d and %d rows", len(parts["train"]), len(parts["validation"]), len(parts["test"]))
	}
}

func TestSplitByValue(t *testing.T) {
	const with = `by: {column: key, values: {train: [inside, "1"], outside: [outside]}, drop: [far]}`
	result := pipelinetest.Run(t, splitCase(with, numbered(t, []string{"outside", "inside", "far", "1", "inside"}, nil)))
	for name, want := range map[string][]int64{"train": {1, 3, 4}, "outside": {0}} {
		if diff := cmp.Diff(want, rowsIn(t, result.Outputs[name])); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	result = pipelinetest.Run(t, splitCase("by: {column: key, values: {a: [+1], b: [2, 3]}}", numbered(t, []int64{3, 1, 2}, nil)))
	if diff := cmp.Diff([]int64{0, 2}, rowsIn(t, result.Outputs["b"])); diff != "" {
		t.Error(diff)
	}
	result = pipelinetest.Run(t, splitCase("by: {column: key, values: {a: [true], b: [false]}}", numbered(t, []bool{true, false, true}, nil)))
	if diff := cmp.Diff([]int64{0, 2}, rowsIn(t, result.Outputs["a"])); diff != "" {
		t.Error(diff)
	}
}

func TestSplitSettings(t *testing.T) {
	tests := []struct{ with, err string }{
		{"{}", "there are no parts"},
		{"parts: {a: 0.5, b: 0.4}", "the fractions add up to 0.9, not to 1"},
		{"parts: {a: 1.5, b: -0.5}", `the fraction of "a" is 1.5, want more than 0 and at most 1`},
		{"parts: {a: 1, b: 0}", `the fraction of "b" is 0, want more than 0 and at most 1`},
		{"{parts: {a: 1}, stratify: x, time: y}", "rows cannot be divided by stratify and time at once"},
		{"{parts: {a: 1}, by: {column: x, values: {a: [1]}}}", "the parts are those under `by.values`"},
		{"by: {column: x, values: {a: [1], b: [1]}}", `the value "1" belongs to part "a" and to part "b"`},
		{"by: {column: x, values: {a: [1]}, drop: [1]}", "the value \"1\" belongs to part \"a\" and to `drop`"},
		{"by: {column: x, values: {a: []}}", `part "a" has no values`},
		{"folds: {of: 5, fold: 6}", "there is no fold 6 of 5"},
		{"folds: {of: 1, fold: 1}", "of"},
		{"{folds: {of: 5, fold: 1}, parts: {train: 0.5, test: 0.5}}", "folds have the parts train and test"},
		{"{folds: {of: 5, fold: 1}, by: {column: x, values: {a: [1]}}}", "which are no folds"},
		{"{folds: {of: 5, fold: 1, train: 7d}, stratify: x}", "it is about cuts in time, and there is no `time`"},
		{"{parts: {a: 1}, gap: 7d}", "it is about cuts in time, and there is no `time`"},
		{"{parts: {a: 1}, group: x, within: y}", "it is about cuts in time, and there is no `time`"},
		{"{parts: {a: 1}, time: x, gap: 1mo}", `gap: 1mo is not of one length`},
		{"{parts: {a: 1}, time: x, gap: -3d}", `"-3d" is no length of time`},
		{"{parts: {a: 1}, time: x, gap: 300000d}", `"300000d" is too long`},
		{"{folds: {of: 5, fold: 1, test: 0}, time: x}", `"0" is no length of time`},
		{"{folds: {of: 5, fold: 1, train: soon}, time: x}", `"soon" is no length of time`},
		{"{parts: {a: 1}, group: x, time: y}", "rows cannot be divided by group and time at once"},
	}
	for _, test := range tests {
		_, err := pipeline.DecodeStage(splitKind(), test.with)
		if err == nil || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: got %v, want %s", test.with, err, test.err)
		}
	}
	if _, err := pipeline.DecodeStage(splitKind(), "parts: {a: 0.333333333, b: 0.333333333, c: 0.333333334}"); err != nil {
		t.Error(err)
	}
}

func TestSplitErrors(t *testing.T) {
	half := "{parts: {a: 0.5, b: 0.5}, "
	tests := []struct {
		name, with string
		data       []byte
		err, hint  string
	}{
		{"empty table", "parts: {a: 1}", numbered[int64](t, nil, nil), "the table has no rows to divide", ""},
		{"empty part", "parts: {a: 0.9, b: 0.1}", numbered(t, []int64{1, 2}, nil), `part "b" would be empty: 0.1 of 2 rows is less than one`, "larger share"},
		{"no row of the value", "by: {column: key, values: {a: [1], b: [2]}}", numbered(t, []int64{1, 1}, nil), `part "b" got none of the 2 rows`, "remove"},
		{"too few times", half + "time: key}", numbered(t, []int64{5, 5, 5}, nil), `time: column "key" has 1 different times for 2 parts, and rows of one time are never divided`, "fewer parts"},
		{"unknown column", half + "stratify: ky}", numbered(t, []int64{1, 2}, nil), `stratify: there is no column "ky"`, `"key"`},
		{"strata of decimals", half + "stratify: key}", numbered(t, []float64{1, 2, 2.5, 2.5}, nil), `stratify: column "key" holds decimal numbers, at least 3 different ones in 4 rows`, "columns: {key: string}"},
		{"missing group", half + "group: key}", numbered(t, []string{"a", "b", "c"}, []bool{true, true, false}), `group: column "key", row 3: the value is missing, so the row belongs to no part`, "leave the row out"},
		{"few groups", half + "group: key}", numbered(t, []string{"a", "a"}, nil), `group: column "key" has 1 groups for 2 parts`, "fewer parts"},
		{"missing time", half + "time: key}", numbered(t, []float64{1, 2, math.NaN()}, nil), `time: column "key", row 3: the value is missing, so the row belongs to no part`, ""},
		{"gap of numbers among dates", half + "time: key, gap: 3}", numbered(t, []arrow.Date32{1, 2}, nil), `gap: "3" is no length of time`, "units"},
		{"folds of time among numbers", "{folds: {of: 3, fold: 1, test: 1d}, time: key}", numbered(t, []int64{1, 7, 12}, nil), `folds.test: "1d" is no distance of numbers, which column "key" holds`, "number"},
		{"gap of time among numbers", half + "time: key, gap: 1d}", numbered(t, []int64{1, 2}, nil), `gap: "1d" is no distance of numbers, which column "key" holds`, "number"},
		{"gap of everything", half + "time: key, gap: 10}", numbered(t, []int64{1, 2}, nil), `part "a" got none of the 2 rows`, ""},
		{"few rows for folds", "{folds: {of: 3, fold: 1}, time: key}", numbered(t, []int64{1, 2}, nil), `time: column "key" has 2 different times for 4 parts, and rows of one time are never divided`, "fewer parts"},
		{"long folds", "{folds: {of: 3, fold: 1, test: 5}, time: key}", numbered(t, []int64{1, 7, 12}, nil), `folds: nothing is earlier than 3 parts of 5`, "fewer folds"},
		{"missing series", half + "time: row, within: key}", numbered(t, []string{"a", "b", "c"}, []bool{true, true, false}), `within: column "key", row 3: the value is missing, so the row belongs to no part`, "leave the row out"},
		{"missing group of strata", half + "group: key, stratify: row}", numbered(t, []string{"a", "b", "c"}, []bool{true, true, false}), `group: column "key", row 3: the value is missing, so the row belongs to no part`, ""},
		{"text as time", half + "time: key}", numbered(t, []string{"a", "b"}, nil), `time: column "key" is string, which has no order in time`, "columns: {key: date}"},
		{"value of no part", "by: {column: key, values: {a: [x]}}", numbered(t, []string{"x", "y"}, nil), `by: column "key", row 2: the value "y" belongs to no part`, "drop"},
		{"value of another type", "by: {column: key, values: {a: [x]}}", numbered(t, []int64{1}, nil), `by: column "key" holds integers, and "x" is none`, ""},
		{"one value in two forms", "by: {column: key, values: {a: [1], b: [+1]}}", numbered(t, []int64{1}, nil), `by: "+1" is listed twice`, ""},
		{"values of decimals", "by: {column: key, values: {a: [1]}}", numbered(t, []float64{1}, nil), `by: column "key" is float64, whose values cannot be listed`, "text"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := pipelinetest.RunErr(t, splitCase(test.with, test.data))
			if err == nil || !strings.HasSuffix(err.Error(), test.err) {
				t.Fatalf("got %v, want %s", err, test.err)
			}
			if hint := diag.HintOf(err); !strings.Contains(hint, test.hint) {
				t.Errorf("hint is %q, want it to contain %q", hint, test.hint)
			}
		})
	}
}

// Decimal numbers that are codes are strata and groups like others.
func TestSplitByGrades(t *testing.T) {
	var keys []float64
	for i := range 60 {
		keys = append(keys, float64(i%6)/2)
	}
	for _, method := range []string{"stratify", "group"} {
		parts := assigned(t, "{"+method+": key, parts: {a: 0.5, b: 0.5}}", numbered(t, keys, nil), len(keys))
		in := map[float64]map[string]int{}
		for part, rows := range parts {
			for _, row := range rows {
				if in[keys[row]] == nil {
					in[keys[row]] = map[string]int{}
				}
				in[keys[row]][part]++
			}
		}
		for key, counts := range in {
			if method == "stratify" && counts["a"] != 5 || method == "group" && len(counts) != 1 {
				t.Errorf("%s: rows of %v are in %v", method, key, counts)
			}
		}
	}
}
