"""What to improve first: importance, performance, ranked actions."""
