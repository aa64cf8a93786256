"""What it means for the data when a likelihood has no maximum inside."""

from __future__ import annotations

# Conventions for words, not for decisions: from here on a probability counts as none, and
# a distribution over customers as a single value.
RARE = 0.02
ALIKE = 50.0

NOBODY_LEAVES = (
    "nobody seems ever to leave, so that nothing is learned about leaving: observe the customers "
    "for longer, or take their past rates"
)


def explain_rates(r: float, alpha: float, age: float) -> str:
    """Say what a gamma distribution of purchase rates at its edge means, or nothing."""
    if r > ALIKE:
        return "customers do not seem to differ in how often they buy"
    if r < 1 / ALIKE and alpha < age / ALIKE:
        return "few customers seem to make all the purchases and the others none"
    if r / alpha * age < RARE:
        return "hardly anybody seems to come back"
    return ""
