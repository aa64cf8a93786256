"""Chapter 02, customer analysis: descriptions and group comparisons."""
