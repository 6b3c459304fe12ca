package feature

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/task"
)

func TestFitErrors(t *testing.T) {
	x := func(c Column) Spec { c.Name = "x"; return Spec{Features: []Column{c}} }
	target := func(target Target) Spec {
		target.Column = "y"
		return Spec{Features: []Column{{Name: "x"}}, Target: &target}
	}
	floats, texts := col{"x", []any{1.0, 2.0}}, col{"x", []any{"a", "b"}}
	dates := col{"y", []any{arrow.Date32(1), arrow.Date32(2)}}
	tests := []struct {
		name      string
		spec      Spec
		table     []col
		err, hint string
	}{
		{"no features", Spec{}, []col{floats}, "there are no features", "features"},
		{"unknown column", Spec{Features: []Column{{Name: "bil"}}}, []col{{"bill", []any{1.0}}}, `there is no column "bil"`, `"bill"`},
		{"twice", Spec{Features: []Column{{Name: "x"}, {Name: "x"}}}, []col{floats}, `column "x": listed twice among the features`, ""},
		{"leak", Spec{Features: []Column{{Name: "x"}}, Target: &Target{Column: "x"}}, []col{floats}, `column "x": the target is also a feature, which would leak the answer into the question`, "remove it"},
		{"kept name", Spec{Features: []Column{{Name: "x"}}, Keep: []string{"target"}}, []col{floats}, `column "target": it cannot be kept, since every data set has a column of its own with this name`, "rename"},
		{"kept unknown", Spec{Features: []Column{{Name: "x"}}, Keep: []string{"id"}}, []col{floats}, `keep: there is no column "id"`, ""},
		{"scale of text", x(Column{Scale: Standard}), []col{texts}, `column "x": it holds text, which has no scale`, "columns: {x: float64}"},
		{"mean of text", x(Column{Impute: by(Mean)}), []col{texts}, `column "x": categories have no mean`, "most_frequent"},
		{"encoded decimals", x(Column{Encode: asOneHot(OneHot{})}), []col{floats}, `column "x": it holds decimal numbers, which are not categories`, "columns: {x: string}"},
		{"scaled categories", x(Column{Encode: asOneHot(OneHot{}), Scale: Robust}), []col{texts}, `column "x": categories have no scale`, "remove"},
		{"constant", x(Column{Impute: constant("none")}), []col{floats}, `column "x": the constant "none" cannot take the place of a missing number`, "{constant: 0}"},
		{"bare indicator", x(Column{Indicator: true}), []col{floats}, `column "x": an indicator goes with an imputation: without one a missing number is an error and a missing text is a category of its own`, "impute: median"},
		{"bare infrequent", x(Column{Encode: asOneHot(OneHot{Unseen: UnseenInfrequent})}), []col{texts}, `column "x": there is no bucket of infrequent categories to put unseen ones into`, "min_frequency"},
		{"part of a row", x(Column{Encode: asOrdinal(Ordinal{MinFrequency: 2.5})}), []col{texts}, `column "x": min_frequency is 2.5, which is neither a number of rows nor a fraction`, "whole number"},
		{"all missing", x(Column{Impute: by(Mean)}), []col{{"x", []any{nil, math.NaN()}}}, `column "x": all 2 values are missing`, "remove it"},
		{"all missing text", x(Column{}), []col{{"x", []any{"", nil}}, {"y", []any{nil, "a"}}}, "", ""},
		{"infinite", x(Column{}), []col{{"x", []any{1.0, math.Inf(-1)}}}, `column "x", row 2: the value is infinite`, "impute"},
		{"too large", x(Column{}), []col{{"x", []any{1.7e308, 1.6e308, -1.7e308}}}, `column "x": its values are too large to add up`, "divide"},
		{"no rows", x(Column{}), []col{{"x", []any{}}}, `the table has no rows to learn from`, ""},
		{"nothing left", x(Column{Encode: asOneHot(OneHot{Drop: DropFirst})}), []col{{"x", []any{"a", "a"}}}, `no feature is left after dropping`, ""},
		{"same names", Spec{Features: []Column{{Name: "a"}, {Name: "a=b"}}}, []col{{"a", []any{"b=c"}}, {"a=b", []any{"c"}}}, `columns "a" and "a=b" would both make a feature named "a=b=c": rename a column or one of its values`, ""},
		{"text of missing", x(Column{}), []col{{"x", []any{"<missing>", nil, "a"}}}, `column "x": it has the text "<missing>" beside missing values, and both would make a feature named "x=<missing>"`, "impute"},
		{"no target", target(Target{}), []col{floats, {"z", []any{1.0, 2.0}}}, `target: there is no column "y"`, ""},
		{"target missing", target(Target{}), []col{floats, {"y", []any{nil, math.NaN()}}}, `column "y": the target is missing in all 2 rows`, ""},
		{"one class", target(Target{}), []col{floats, {"y", []any{"a", "a"}}}, `column "y": the target has a single class "a", so there is nothing to tell apart`, "split"},
		{"classes of decimals", target(Target{Task: Classification}), []col{floats, {"y", []any{1.0, 2.0}}}, `target: column "y": a column of type float64 has no classes`, "task: regression"},
		{"regression of text", target(Target{Task: Regression}), []col{floats, {"y", []any{"1", "2"}}}, `target: column "y": a regression predicts numbers, and the column is string`, "task: classification"},
		{"no such positive class", target(Target{Positive: ptr("fail")}), []col{floats, {"y", []any{"ok", "failed"}}}, `column "y": no row to learn from has the positive class "fail"`, `did you mean "failed"? the classes are "failed", "ok"`},
		{"positive of three", target(Target{Positive: ptr("a")}), []col{{"x", []any{1.0, 2.0, 3.0}}, {"y", []any{"a", "b", "c"}}}, `column "y": the target has 3 classes, and only one of two can be the positive one`, "recall[a]"},
		{"positive number", target(Target{Positive: ptr("1")}), []col{floats, {"y", []any{1.0, 2.0}}}, `target: column "y": the column is float64, and numbers have no positive class`, "int64 or string"},
		{"positive regression", target(Target{Positive: ptr("1"), Task: Regression}), []col{floats, {"y", []any{1.0, 2.0}}}, `column "y": a number to predict has no positive class`, "remove"},
		{"logarithm of 0", target(Target{Transform: &task.Transform{Kind: task.Log}}), []col{{"x", []any{1.0, 2.0, 3.0}}, {"y", []any{nil, 2.0, 0.0}}}, `column "y", row 3: 0: the target has no logarithm, which is of numbers above 0`, "log1p"},
		{"square root unscaled", target(Target{Scale: None, Transform: &task.Transform{Kind: task.Sqrt}}), []col{floats, {"y", []any{4.0, -1.0}}}, `column "y", row 2: -1: the target has no square root`, "y >= 0"},
		{"logarithm of classes", target(Target{Transform: &task.Transform{Kind: task.Log}}), []col{floats, {"y", []any{"1", "2"}}}, `target: column "y": classes have no transform`, "remove `transform`"},
		{"regression of a date", target(Target{Task: Regression}), []col{floats, dates}, `target: column "y": a column of type date has neither numbers nor classes to predict`, "derive"},
		{"date to predict", target(Target{}), []col{floats, dates}, `target: column "y": a column of type date has neither numbers nor classes to predict`, "derive"},
		{"logarithm of text", target(Target{Task: Regression, Transform: &task.Transform{Kind: task.Log}}), []col{floats, {"y", []any{"1", "2"}}}, `target: column "y": a regression predicts numbers, and the column is string`, "without `transform`"},
		{"no dates", Spec{Features: []Column{{Name: "x"}}, Target: &Target{Column: "y"}}, []col{{"x", []any{arrow.Date32(1), nil}}, {"y", []any{nil, 1.0}}}, `column "x": all 1 values are missing`, "{constant: 2024-01-31}"},
		{"logarithm of a classification", target(Target{Task: Classification, Transform: &task.Transform{Kind: task.Log}}), []col{floats, {"y", []any{int64(1), int64(2)}}}, `column "y": classes have no transform`, "remove"},
		{"scale of classes", target(Target{Scale: Robust}), []col{floats, {"y", []any{"1", "2"}}}, `target: column "y": classes have no scale`, "remove"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := func() error {
				_, err := Fit(t.Context(), test.spec, tableOf(t, record(t, test.table...)), All(), Resources{})
				return err
			}
			if test.err == "" {
				if err := f(); err != nil {
					t.Error(err)
				}
				return
			}
			checkError(t, test.err, test.hint, f)
		})
	}
}

func TestFitErrorCountsDroppedRows(t *testing.T) {
	spec := Spec{Features: []Column{{Name: "x"}}, Target: &Target{Column: "y"}}
	checkError(t, `column "x", row 3: the value is infinite`, "", func() error {
		_, err := Fit(t.Context(), spec, tableOf(t, record(t,
			col{"x", []any{1.0, 2.0, math.Inf(1)}}, col{"y", []any{nil, "a", "b"}})), All(), Resources{})
		return err
	})
}

func TestTooManyCategories(t *testing.T) {
	values := make([]any, maxOneHot+1)
	for i := range values {
		values[i] = fmt.Sprintf("id-%d", i)
	}
	r := tableOf(t, record(t, col{"id", values}))
	checkError(t, `column "id": 4097 categories would become 4097 features, at most 4096 are possible`, "max_categories", func() error {
		_, err := Fit(t.Context(), Spec{Features: []Column{{Name: "id"}}}, r, All(), Resources{})
		return err
	})
	if _, err := Fit(t.Context(), Spec{Features: []Column{{Name: "id", Encode: asOrdinal(Ordinal{})}}}, r, All(), Resources{}); err != nil {
		t.Errorf("an ordinal column: %v", err)
	}
}

func TestFitStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Fit(ctx, Spec{Features: []Column{{Name: "x"}}}, tableOf(t, record(t, col{"x", []any{1.0}})), All(), Resources{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
