// Optimisers: parameters from gradients.
