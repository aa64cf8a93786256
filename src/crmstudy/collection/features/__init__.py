"""Features of customers, the same expressions on every engine."""
