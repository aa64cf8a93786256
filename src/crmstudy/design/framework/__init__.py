"""The study's framework: theories, constructs, chapters and hypotheses as a drawing."""
