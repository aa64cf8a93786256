"""Chapter 03, segmentation: RFM scores and clusters."""
