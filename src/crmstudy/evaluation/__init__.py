"""Chapter 06, performance evaluation: AHP weights and fuzzy comprehensive evaluation."""
