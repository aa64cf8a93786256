"""From a file to a typed table in the database."""
