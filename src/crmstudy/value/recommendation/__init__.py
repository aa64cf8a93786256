"""What to offer next, and how to test whether it helps."""
