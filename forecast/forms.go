package forecast

// An ETSForm is the form of exponential smoothing with additive errors.
type ETSForm struct {
	Trend    string // none, additive, damped; auto, or empty: the one of the lowest AICc
	Seasonal string // none, additive; auto, or empty: likewise
}

// A RidgeForm is what a ridge regression sees.
type RidgeForm struct {
	Lags    int     // last values of the target, and of each past column; 0: two seasons, at least 24
	Penalty float64 // of the squares of the coefficients; 0: 1
}
