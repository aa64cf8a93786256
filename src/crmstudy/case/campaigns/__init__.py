"""Campaigns of the data: when, whom, and what the customers did before and after."""
