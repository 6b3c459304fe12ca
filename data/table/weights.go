package table

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"pipe/base/diag"
)

// Weights are the weights of the rows, which a kept column has. from is how many
// rows of the data set come before them, for errors; setting is what named the column.
func (ex *Examples) Weights(setting, column string, from int) ([]float64, error) {
	i, err := Column(ex.Kept.Schema(), column)
	if err != nil {
		return nil, err
	}
	list, valid, err := Floats(ex.Kept.Column(i))
	if err != nil {
		return nil, diag.WithHint(fmt.Errorf("%s: column %q: %w", setting, column, err), "name a column of numbers in "+setting)
	}
	for j, w := range list {
		row := from + j + 1
		if valid != nil && !valid[j] {
			return nil, diag.WithHint(fmt.Errorf("%s: row %d has no %s", setting, row, column),
				"fill it in before the split by a `derive` stage, with coalesce(weight, 1), or leave such rows out by a `filter` stage")
		}
		switch {
		case w > math.MaxFloat32:
			return nil, diag.WithHint(fmt.Errorf("%s: %s of row %d is %v, which is beyond a float32", setting, column, row, w), "divide the weights by the largest: only how they compare matters")
		case !(w >= 0):
			return nil, diag.WithHint(fmt.Errorf("%s: %s of row %d is %v", setting, column, row, w), "a weight is 0 or more; 0 leaves the row out")
		}
	}
	return list, nil
}

// WeightColumn is the kept column with the weights of rows: the one that a setting
// names, or, where it names none, that of the data set; empty if there is none.
func (d *DatasetInfo) WeightColumn(setting, named string) (string, error) {
	column := cmp.Or(named, d.Weight)
	if column != "" && !slices.Contains(d.Keep, column) {
		return "", diag.WithHint(fmt.Errorf("%s: %q is not among the kept columns", setting, column),
			fmt.Sprintf("add `keep: [%s]` to the preprocess stage that makes it", column))
	}
	return column, nil
}

// NoWeight is the error of rows that all have the weight 0.
func NoWeight(setting, column string, rows int) error {
	return diag.WithHint(fmt.Errorf("%s: the weights of all %d rows, in the column %q, are 0", setting, rows, column),
		"a row of weight 0 does not count: give those that should count 1, or leave out "+setting)
}
