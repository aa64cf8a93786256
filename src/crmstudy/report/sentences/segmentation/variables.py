"""Names of variables as people read them."""

from __future__ import annotations


def say_variable(name: object) -> str:
    """Write a variable's name as words; a share of the money by what it is spent on.

    ``share_FROZEN GROCERY`` becomes "share of frozen grocery", ``income: 35-49K`` "income
    35-49K".
    """
    text = str(name)
    if text.startswith("share_"):
        part = text.removeprefix("share_").replace("_", " ")
        return f"share of {part.lower() if part.isupper() else part}"
    return text.replace("_", " ").replace(": ", " ")
