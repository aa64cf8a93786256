"""What another part of the study found that a claim of an effect rests on."""

from __future__ import annotations

from typing import Protocol

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable

ASSOCIATION = "describe an association, claim no effect"


class Evidence(Protocol):
    """Anything with checks and numbers: a balance table, placebos, a timeline."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """What was looked at, and whether it holds."""
        ...

    def to_metrics(self) -> dict[str, float]:
        """Give its numbers."""
        ...


def gather_checks(examined: dict[str, Evidence | NotAvailable | None]) -> tuple[Check, ...]:
    """Put the checks of all evidence in a row; what could not be had counts as failed.

    Parameters
    ----------
    examined : dict
        By name of what should be examined; one that is None was not asked for.
    """
    checks: list[Check] = []
    for name, part in examined.items():
        if isinstance(part, NotAvailable):
            checks.append(Check(f"{name} was examined", False, 0.0, "1", part.reason, ASSOCIATION))
        elif part is not None:
            checks.extend(part.checks)
    return tuple(checks)
