package feature

// All lists the transforms that there are.
func All() []Kind {
	return []Kind{
		imputeKind(), indicatorKind(), clipKind(), outliersKind(), roundKind(),
		log1pKind(), logKind(), sqrtKind(), powKind(), scaleKind(), binKind(), oneHotKind(), ordinalKind(),
		resizeKind(), cropKind(), padKind(), grayscaleKind(), imageKind(), tokensKind(), vectorKind(),
		seriesKind(),
		targetEncodeKind(), frequencyKind(), hashKind(), embeddingIDsKind(),
		normaliseKind(), wordsKind(), bagOfWordsKind(), tfIdfKind(), bpeKind(),
		dateKind(),
	}
}

// Raised counts how often the version of a kind was raised. Whoever stores what
// they make adds it to a version of their own.
func Raised(kinds []Kind) int {
	n := 0
	for _, k := range kinds {
		n += k.Version - 1
	}
	return n
}
