// Pooling over windows, planes and time.
