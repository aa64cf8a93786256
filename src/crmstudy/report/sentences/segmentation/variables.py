"""Names of variables as people read them."""

from __future__ import annotations


def say_variable(name: object) -> str:
    """Write a variable's name as words; a share of the money by what it is spent on.

    ``share_FROZEN GROCERY`` becomes "share of frozen grocery", ``income: 35-49K`` "income
    35-49K", ``n_purchases`` "purchases".
    """
    text = str(name)
    if text.startswith("share_"):
        part = text.removeprefix("share_").removeprefix("of_").replace("_", " ")
        return f"share of {part.lower() if part.isupper() else part}"
    return text.removeprefix("n_").replace("_", " ").replace(": ", " ")


def say_level(name: object) -> str:
    """Write a variable as words and leave its level as it is: "main channel: web"."""
    variable, colon, level = str(name).partition(": ")
    return say_variable(variable) + colon + level
