"""How good a model is: metrics, protocols and reports."""
