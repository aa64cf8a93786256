"""Chapter 05, satisfaction and loyalty: the structural equation model."""
