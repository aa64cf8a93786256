"""The effect of a measure by differences in differences, and what speaks against it."""
