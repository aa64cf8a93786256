"""Chapter 04, customer value: purchase models and lifetime value."""
