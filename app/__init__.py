"""The page: a thin front end of `sadal_core`."""
