"""Choosing a CRM system by the same methods."""
