"""Which records are of the same person."""
