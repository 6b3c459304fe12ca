// Convolutions.
