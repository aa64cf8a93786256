"""Everything that can go wrong, and how a missing thing is said.

Exit statuses follow the command line's contract: 2 when the command was used
wrongly (a typing mistake, a missing study), 1 when data or an estimation fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class CrmStudyError(Exception):
    """Base of all errors that the study raises on purpose."""

    exit_status = 1


class UsageError(CrmStudyError):
    """The command, the study's settings or a chapter's parameter was given wrongly."""

    exit_status = 2


class SettingsError(UsageError):
    """A parameter or a key of study.yml breaks its rule."""


class DataError(CrmStudyError):
    """An input file cannot be used as it is."""


class JudgementError(DataError):
    """An expert's pairwise judgements are not a positive reciprocal matrix."""


class ModelError(CrmStudyError):
    """A model cannot be written down or estimated from these data."""


class RunError(CrmStudyError):
    """A chapter failed while it was executed."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint ``; did you mean 'x'?`` for a mistyped word, or nothing."""
    found = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


@dataclass(frozen=True)
class NotAvailable:
    """Stand-in for a result that cannot be had, with the reason in words.

    It absorbs: an attribute, a call or an item of it is the same object again, so
    that a chapter written for full data runs to its end on a study without them
    and every exhibit prints the reason instead of a number.

    Parameters
    ----------
    reason : str
        What is missing, in words that fit after "not available: ".
    """

    reason: str

    def __getattr__(self, name: str) -> NotAvailable:
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> NotAvailable:
        """Stay not available."""
        return self

    def __getitem__(self, key: Any) -> NotAvailable:
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"not available: {self.reason}"

    def _repr_markdown_(self) -> str:
        return f"*{self}*"


def passes_absence(function: Callable[P, R]) -> Callable[..., R]:
    """Let a function hand on the first :class:`NotAvailable` among its arguments.

    The wrapped function is then never called with one; its signature stays what
    it says for data that are there.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        for value in (*args, *kwargs.values()):
            if isinstance(value, NotAvailable):
                return value  # type: ignore[return-value]
        return function(*args, **kwargs)

    return wrapper


def attempt(function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """Call an estimator and turn its :class:`ModelError` into :class:`NotAvailable`.

    A chapter calls its estimators through this, so that data too few or too
    degenerate for one method do not stop the others; the reason is printed where
    the result would stand. Errors in the data or in the settings still stop it. A
    :class:`NotAvailable` among the positional arguments, the data, is handed on.
    """
    for value in args:
        if isinstance(value, NotAvailable):
            return value  # type: ignore[return-value]
    try:
        return function(*args, **kwargs)
    except ModelError as error:
        return NotAvailable(str(error))  # type: ignore[return-value]
