"""Fuzzy comprehensive evaluation: grades, memberships, operators, verdict."""
