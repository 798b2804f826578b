"""Large collections of pictures: estimated and embedded in shards that are never lost."""
