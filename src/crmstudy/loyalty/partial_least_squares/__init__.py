"""Partial least squares path modelling, the named alternative to covariance models."""
