package metric

import (
	"slices"

	"pipe/data/task"
)

// All lists the metrics of pipe, in the order in which they are shown.
func All() List {
	return slices.Concat(List{
		accuracy(), balancedAccuracy(), precision(), recall(), f1(), falsePositiveRate(), selectionRate(),
		macroPrecision(), macroRecall(), macroF1(), weightedPrecision(), weightedRecall(), weightedF1(),
		microPrecision(), microRecall(), microF1(), rocAUC(), weightedROCAUC(), averagePrecision(), weightedAveragePrecision()}, fixed(), List{logLoss(), brier(), ece(), mce(), mcc(), kappa(),
		topAccuracy(2), topAccuracy(3), topAccuracy(5),
		hammingLoss(), labelRanking(),
		rmse(), mae(), mse(), medianAE(), r2(), mape(), smape(), maxError(),
	})
}

// Usual lists the metrics of a task that are computed unless others are asked
// for, the most important first.
func Usual(t task.Kind) List {
	switch t {
	case task.Binary:
		return List{accuracy(), rocAUC(), f1(), logLoss(), balancedAccuracy(), precision(), recall(), averagePrecision(), brier(), ece(), mcc()}
	case task.Multiclass:
		return List{accuracy(), macroF1(), logLoss(), rocAUC(), balancedAccuracy(), weightedF1(), brier(), ece(), mcc()}
	case task.Multilabel:
		return List{macroF1(), microF1(), hammingLoss(), accuracy(), rocAUC(), averagePrecision(), logLoss(), brier()}
	case task.Multioutput:
		return List{r2(), rmse(), mae(), medianAE(), mape()}
	case task.Regression:
		return List{rmse(), mae(), r2(), medianAE(), maxError(), mape()}
	}
	return nil
}

// ForThreshold lists the metrics of two classes by which a threshold is chosen.
// Precision and recall are not among them: each is best where the other is lost.
func ForThreshold() List {
	return List{f1(), accuracy(), balancedAccuracy(), mcc(), kappa(), macroF1(), weightedF1()}
}
