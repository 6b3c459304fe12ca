// Losses.
