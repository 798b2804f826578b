"""The comparison of all methods: same faces, same folds, same features, same budget."""
