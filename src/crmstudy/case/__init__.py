"""Chapter 07, case study: the effect of improvement measures."""
