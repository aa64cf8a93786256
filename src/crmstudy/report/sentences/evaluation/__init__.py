"""Sentences of chapter 06."""
