package leak

// Repeats is how many rows of a table are rows of train again, with the same features and
// target: a model that has learned them by heart is measured by them as if it knew.
type Repeats struct {
	Rows  int64 // of the table
	Again int64 // of them, that are in train

	Train     int64 // rows of train, or the first ones of many,
	Different int64 // and how many of them differ
}

// Tell says whether something follows from it: not where rows of train are there twice and
// more, as those of a few categories are, since so will those of other tables be.
func (r Repeats) Tell() bool { return 2*r.Different >= r.Train }

// Many says whether they are more than the few that come again by themselves, as short texts do.
func (r Repeats) Many() bool { return 20*r.Again > r.Rows }

// Share is the share of the rows of the table that are in train.
func (r Repeats) Share() float64 { return float64(r.Again) / float64(max(1, r.Rows)) }
