"""From crops to a trained model."""
