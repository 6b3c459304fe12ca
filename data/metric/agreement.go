package metric

import "math"

func mcc() *Def {
	return &Def{Name: "mcc", Title: "Matthews correlation", Goal: Up, Range: signedRange, Source: "sklearn.metrics.matthews_corrcoef",
		Doc:     "Correlation of actual and predicted classes in [-1, 1]; 0 if either is constant.",
		Classes: correlation}
}

// correlation is the multiclass form of Gorodkin, "Comparing two K-category
// assignments by a K-category correlation coefficient" (2004).
func correlation(t *Tally) (float64, error) {
	n := t.n
	cov, va, vp := float64(t.correct()*n), n*n, n*n
	for j := range t.actual {
		a, p := t.actual[j], t.predicted[j]
		cov -= float64(a * p)
		va -= float64(a * a)
		vp -= float64(p * p)
	}
	if va == 0 || vp == 0 {
		return 0, nil
	}
	return cov / (math.Sqrt(va) * math.Sqrt(vp)), nil
}

func kappa() *Def {
	return &Def{Name: "kappa", Title: "Cohen's kappa", Goal: Up, Range: signedRange, Source: "sklearn.metrics.cohen_kappa_score",
		Doc: "Agreement beyond chance, at most 1.",
		Classes: func(t *Tally) (float64, error) {
			n := t.n
			var chance float64
			for j := range t.actual {
				chance += float64(t.actual[j] * t.predicted[j])
			}
			if chance == n*n {
				return 0, Undefinedf("only one class occurs among actual and predicted values")
			}
			return 1 - t.wrong()*n/(n*n-chance), nil
		}}
}
