"""Stages of customers, transitions between them, and time to lapse."""
