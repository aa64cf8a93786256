"""Chapter 08, conclusions: verdicts, recommendations, limits and outlook, by stated rules."""
