"""A gallery: faces in the learned metric, their maps, and what the generator makes of them."""
