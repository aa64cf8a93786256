"""From loaded tables to one customer database whose books balance."""
