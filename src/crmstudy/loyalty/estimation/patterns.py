"""Answers grouped by what was answered: all that a normal likelihood needs to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmstudy.loyalty.model.moments import Array


@dataclass(frozen=True)
class Patterns:
    """Respondents who answered the same items, with their means and scatter.

    Attributes
    ----------
    answers : array of shape (n, n_items)
        The answers themselves, NaN where one is missing.
    seen : boolean array of shape (n_patterns, n_items)
        Which items each pattern holds.
    member : integer array of shape (n,)
        The pattern of each respondent.
    weights : array of shape (n_patterns,)
        Share of the respondents.
    means, scatter : arrays of shape (n_patterns, n_items) and (n_patterns, n_items, n_items)
        Mean and covariance (divisor: the pattern's respondents); zero where not seen.
    """

    answers: Array
    seen: NDArray[np.bool_]
    member: NDArray[np.intp]
    weights: Array
    means: Array
    scatter: Array

    @property
    def n(self) -> int:
        """Respondents."""
        return len(self.answers)

    @property
    def n_values(self) -> int:
        """Answers given."""
        return int(self.seen[self.member].sum())

    def rows(self) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Walk over the patterns with the places of their respondents."""
        order = np.argsort(self.member, kind="stable")
        bounds = np.cumsum(np.bincount(self.member, minlength=len(self.seen)))[:-1]
        yield from enumerate(np.split(order, bounds))

    def coverage(self) -> Array:
        """Share of respondents who answered both of two items; shape (n_items, n_items)."""
        seen = self.seen.astype(float)
        return (seen * self.weights[:, None]).T @ seen


def group_answers(answers: Array) -> Patterns:
    """Group respondents by the items they answered.

    Parameters
    ----------
    answers : array of shape (n, n_items)
        NaN where an answer is missing; nobody may have left out everything.
    """
    given = ~np.isnan(answers)
    # packed into bytes, rows are told apart several times faster
    _, first, member = np.unique(
        np.packbits(given, axis=1), axis=0, return_index=True, return_inverse=True
    )
    seen, member = given[first], member.reshape(-1)
    counts = np.bincount(member, minlength=len(seen)).astype(float)
    filled = np.nan_to_num(answers, nan=0.0)
    n_items = answers.shape[1]
    means = np.zeros((len(seen), n_items))
    scatter = np.empty((len(seen), n_items, n_items))
    bare = Patterns(answers, seen, member, counts / len(answers), means, scatter)
    for pattern, rows in bare.rows():
        means[pattern] = filled[rows].mean(axis=0)
        gap = filled[rows] - means[pattern]  # zero throughout where not seen
        scatter[pattern] = gap.T @ gap / len(rows)
    return bare
