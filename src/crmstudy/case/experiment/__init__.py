"""Randomised comparisons: was the lot fair, how large is the effect, how sharp with CUPED."""
