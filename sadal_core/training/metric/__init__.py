"""The metric stage: f and G in turn, on stored features or through the backbone."""
