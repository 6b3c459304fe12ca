// Normalisation.
