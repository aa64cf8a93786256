"""What customers spend, and what their future is worth."""
