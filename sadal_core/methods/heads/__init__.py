"""Methods that put a head on the features: label distributions, ordinal and plain regression."""
