"""From a picture to aligned face crops."""
