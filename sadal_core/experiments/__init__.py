"""What is measured about the method itself: ablations, and learning anew inside every fold."""
