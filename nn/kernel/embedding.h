// Embeddings and positions.
