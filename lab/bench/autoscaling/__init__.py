"""A day of calls, simulated: autoscaling against clusters of a fixed size."""
