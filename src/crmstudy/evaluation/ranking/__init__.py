"""Rankings of several units by several methods, and how far these agree."""
