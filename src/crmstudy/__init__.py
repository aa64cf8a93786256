"""The reproducible study of customer relationship management and customer value."""
