"""Interviews and mystery shopping, and whether two people saw the same."""
