"""Weights from the data, and their combination with the experts'."""
