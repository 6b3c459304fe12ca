// Package feature fits transforms of table columns and applies them: the
// columns of a table become vectors of float32, a dataset, by rules whose
// constants (means, medians, categories) were learned from one table, the
// training part, and are the same for every other table.
//
// A Spec says what is wanted, a Transform is what was learned. A Transform is
// an immutable value with a strict, byte-stable JSON form. The package reads
// and writes Arrow records; it knows nothing of pipelines or files.
//
// A column goes through a chain of transforms, each a Kind: a file with its
// settings, how it is learned, stored and applied. All lists them; docs/extending.md
// shows how to add one. The chain and the passes over the table (fit.go,
// columnfit.go, column.go) know no kind; what is learned of a column by several
// of them is gathered once (input.go). Impute, indicator, scale and the two encodings
// have a short form, which is how they were written and stored before there were
// chains (spec.go, document.go).
//
// # Semantics
//
// They are those of scikit-learn, 1.5 to 1.9, to which the tests compare
// (testdata/oracle.py and steps.py). A null and a NaN are the same thing: a missing value.
// An infinite value is an error. Constants are computed in float64 with
// compensated sums over the rows in order, so that they depend neither on how
// the table is cut into batches nor on the number of threads.
//
//   - Impute (SimpleImputer): mean, median, most_frequent (the smallest of
//     equally frequent values) or a constant. It comes before scaling, and the
//     scale is fitted on the imputed column. A numeric column that has missing
//     values must declare one. A column without any value can be fitted only
//     with a constant.
//
//   - Scale (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler):
//     (x - center) / scale, where a scale that is zero but for rounding is 1.
//     Nothing is clipped.
//
//   - Curves (QuantileTransformer, PowerTransformer): quantiles are those of all
//     rows, none are drawn. The exponent of a power is where the derivative of the
//     likelihood is 0, to eleven digits, of curves about the mean of the column,
//     within the bounds that scipy has: values far from 0 and near to each other
//     lose nothing, where PowerTransformer loses all.
//
//   - Bins (KBinsDiscretizer of 1.9): quantile (averaged inverse of the
//     distribution), uniform, or edges that are given. Bins that are not wider
//     than 1e-8 are left out.
//
//   - Selection (VarianceThreshold, SelectKBest with f_classif and f_regression): of
//     equal scores the first features stay, where scikit-learn keeps the last.
//     Mutual information is that of 16 bins of equal shares, which a pass counts,
//     where mutual_info_classif draws noise and looks for neighbours.
//
//   - Crosses (PolynomialFeatures): products of the numbers at the ends of chains,
//     multiplied in the order of scikit-learn in float64, or a category for each
//     combination of categories.
//
//   - Encode (OneHotEncoder, OrdinalEncoder): categories are sorted, text by
//     code point and integers by value. A missing value without imputation is
//     a category of its own, sorted last. Rare categories can share a bucket,
//     which is numbered last. A category that was not there in training is
//     none of the known ones in one-hot encoding, which is counted, unless it
//     is to be an error, as it is in ordinal encoding.
//
//   - Dates: parts are those of pandas, in UTC. A cycle is as long as the month, year
//     or year of weeks that a day is in.
//
// Two things differ. An indicator feature exists whenever it is declared, not
// only if values were missing in training, so that the width of the vector
// follows from the specification. And ordinal codes have no gap for missing
// values, because a vector has no place for a null.
//
// # Later tables
//
// A column of a later table may have another type than in training, since the
// type of a column of a CSV file is that of all its values. It is read as the
// type of training, value by value: numbers from text, truth values from
// their words or from 0 and 1, integers from decimal numbers, and nothing at
// all where no value is there. A type that does not tell what was written is an
// error: text that a reader took for decimal numbers has lost its digits.
//
// # Memory
//
// Fitting reads the table several times, batch by batch. Counts and sums need
// constant memory; categories need memory for each distinct value; the order of
// numbers (a median, a quartile, the most frequent) needs the column, eight bytes
// a row. Such columns are read in groups of at most 256 MiB, or one at a time.
package feature
