"""Sentences of chapter 00, made from its settings and plans."""
