"""Customers under contract: retention, and the value of those who stay."""
