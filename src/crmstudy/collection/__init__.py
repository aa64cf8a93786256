"""Chapter 01, data collection: from files to a validated customer database."""
