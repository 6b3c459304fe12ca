// Multi-head attention.
