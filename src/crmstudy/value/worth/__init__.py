"""What customers have brought so far, and how unevenly."""
