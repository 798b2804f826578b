"""Methods that learn a metric on the features first, and then read the age off it."""
