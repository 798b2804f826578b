"""Data sets: reading, duplicates, splits and the cache of crops."""
