"""Forecasts against what was held out."""
