"""Literature analysis from .bib and .ris files."""
