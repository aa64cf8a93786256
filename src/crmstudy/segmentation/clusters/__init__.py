"""k-means: how many segments, which, how far to be trusted."""
