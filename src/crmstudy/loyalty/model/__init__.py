"""What is assumed: constructs, paths, and the covariance matrix they imply."""
