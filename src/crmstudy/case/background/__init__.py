"""The firm of the case in one card, and practice elsewhere."""
