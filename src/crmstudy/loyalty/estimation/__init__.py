"""How a model is estimated, whether it may be shown, and how it fits."""
