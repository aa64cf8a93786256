"""Small words that all sentences share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable
from crmstudy.report.tables import format_value, spell


def number(value: float, decimals: int = 2) -> str:
    """Write a number inside a sentence: decimals as told, two digits of a smaller one."""
    if 0 < abs(value) < 0.5 * 10.0**-decimals:
        return f"{value:.2g}".replace("-", "−")
    return format_value(value, decimals)


def amount(value: float, currency: str = "") -> str:
    """Write an amount with two decimals and the name of its currency, if one is told."""
    return f"{number(value)} {currency}".rstrip()


def percent(share: float, decimals: int = 1) -> str:
    """Write a share as a percentage."""
    return f"{100 * share:.{decimals}f}%"


def percent_within(share: float, decimals: int = 1) -> str:
    """Write a share as a percentage that is 0% or 100% only where it is none or all."""
    step = 10.0**-decimals
    if 0 < share < 0.005 * step:
        return f"less than {step:.{decimals}f}%"
    if 1 - 0.005 * step <= share < 1:
        return f"more than {100 - step:.{decimals}f}%"
    return percent(share, decimals)


def plain(name: str) -> str:
    """Write a snake-case name as words."""
    return spell(str(name))


def p_value(value: float) -> str:
    """Write a p-value as journals do: three decimals, never 0."""
    return "p < .001" if value < 0.001 else f"p = {value:.3f}".replace("0.", ".", 1)


def enumerate_words(words: Sequence[str], *, joined_by: str = "and") -> str:
    """Join words as in 'a, b and c'; after a negation ``joined_by`` is 'or'."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joined_by} {words[-1]}"


def name_checks(checks: Sequence[Check]) -> str:
    """Name checks in a sentence, without the statistic that their names end with."""
    return "; ".join(re.sub(r" \([^()]*\)$", "", check.name) for check in checks)


def count_of(n: int, singular: str, plural: str = "") -> str:
    """Write a count with its noun in the right number."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def compose(*parts: str | NotAvailable) -> str:
    """Join sentences into a passage; what is not available is said with its reason."""
    said = [f"N{str(part)[1:]}." if isinstance(part, NotAvailable) else part for part in parts]
    return " ".join(dict.fromkeys(filter(None, said)))
