"""Statistics that several chapters share: variance tests, association, factor analysis."""
