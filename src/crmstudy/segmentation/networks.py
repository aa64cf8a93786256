"""The neural networks that segment customers, under one roof."""

from crmstudy.segmentation.autoencoder import fit_autoencoder_segments
from crmstudy.segmentation.som import fit_som_segments

__all__ = ["fit_autoencoder_segments", "fit_som_segments"]
