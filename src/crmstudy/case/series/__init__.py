"""Interrupted time series, where there is nobody to compare with."""
