"""What a rule of this chapter is: what it reads, when it speaks, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmstudy.conclusions.evidence import Evidence
from crmstudy.errors import NotAvailable

#: How strong the evidence behind an advice is, strongest first.
STRENGTHS = (
    "drawn by lot",
    "tested on held-out data",
    "comparison whose checks hold",
    "association",
    "judgement",
)
#: What an advice may say, in the order of the table.
STANDINGS = ("do", "test first", "do not")
#: What speaks against an advice whose interval lies above zero and that nothing tested.
ASSOCIATED = "an association alone, so what the action would cause was not tested"


@dataclass(frozen=True)
class Finding:
    """What a rule found in the recorded results.

    Parameters
    ----------
    action, who : str
        What is to be done, and with whom, in words that fit after "for".
    exhibit : str
        Recorded table it rests on, as ``<chapter>/<name>``.
    model : str
        Models, parted by blanks, whose recorded numbers tell the data sets it comes from.
    strength : str
        One of :data:`STRENGTHS`.
    value, lower, upper : float, optional
        What is expected of it, with its 95% interval where there is one.
    unit : str
        Of the value, with what it is the value of.
    in_money : bool
        Whether the value is an amount of money, so that findings can be compared by it.
    because : str
        The numbers that made the rule speak, in words.
    forbidden : str
        What forbids to claim it: a failed check, an interval that holds zero; empty when
        nothing does.
    standing : str
        One of :data:`STANDINGS`; empty follows from the interval and from what forbids.
    assumed : str
        What was assumed, not measured; empty when nothing was.
    """

    action: str
    who: str
    exhibit: str
    model: str
    strength: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    unit: str = ""
    in_money: bool = False
    because: str = ""
    forbidden: str = ""
    standing: str = ""
    assumed: str = ""

    @property
    def against(self) -> str:
        """Say what speaks against it: a ban, an interval that holds zero, no more than a link."""
        if self.forbidden or self.lower is None or self.upper is None:
            return self.forbidden
        if self.told != "test first":
            return ""
        return "the interval of its value holds zero" if self.lower <= 0 else ASSOCIATED

    @property
    def told(self) -> str:
        """Say what to do with the finding: do, test first, or do not."""
        if self.standing:
            return self.standing
        if self.upper is not None and self.upper < 0:
            return "do not"
        below = self.lower is not None and self.lower <= 0
        unsure = self.forbidden or below or self.strength == "association"
        return "test first" if unsure else "do"


@dataclass(frozen=True)
class Rule:
    """One stated rule from recorded results to an advice.

    Parameters
    ----------
    name, condition : str
        Its name, and when it speaks, in words.
    reads : tuple of str
        Recorded tables it reads, as ``<chapter>/<name>``; the first must be there.
    judge : callable
        From the evidence to its findings; not available with the reason where it cannot
        be judged.
    """

    name: str
    condition: str
    reads: tuple[str, ...]
    judge: Callable[[Evidence], list[Finding] | NotAvailable]


def to_number(value: Any) -> float | None:
    """Read a number of a recorded table; None where there is a dash or nothing."""
    number = pd.to_numeric(pd.Series([value]), errors="coerce").iloc[0]
    return None if pd.isna(number) else float(number)


def say_failures(failures: tuple[str, ...]) -> str:
    """Say which checks fail, as a reason that forbids."""
    return "; ".join(f"{name} fails" for name in failures)
