"""Methods that read ages off descriptions of the picture, and classic regressions."""
