"""What leaves the study: tables, figures, sentences and recorded numbers."""
