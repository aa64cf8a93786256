"""Criteria x methods: every method on every block by the same measures."""
