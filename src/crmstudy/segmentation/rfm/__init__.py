"""RFM scores, named segments, and migration between periods."""
