"""How well persons are hidden among each other: k-anonymity and l-diversity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import DataError, NotAvailable, nearest, passes_absence


@dataclass(frozen=True)
class Diversity:
    """How many values of a sensitive attribute the least diverse class holds.

    Parameters
    ----------
    attribute : str
        The sensitive attribute.
    distinct : int
        Smallest number of distinct values in a class.
    entropy : float
        Smallest effective number of values, exp(entropy), in a class.
    persons_below, share_below : int, float
        Persons in classes with fewer than l distinct values.
    """

    attribute: str
    distinct: int
    entropy: float
    persons_below: int
    share_below: float


@dataclass(frozen=True)
class Anonymity:
    """What the combinations of quasi-identifiers say about persons.

    Parameters
    ----------
    quasi_identifiers : tuple of str
        The columns that are combined.
    persons, classes : int
        Rows, and combinations that occur.
    smallest_class : int
        Persons in the rarest combination: the table is ``smallest_class``-anonymous.
    k, l : int
        What was asked for.
    persons_below, share_below : int, float
        Persons in combinations of fewer than k, and their share.
    unique : int
        Persons who are alone in theirs.
    diversity : tuple of Diversity or NotAvailable
        One entry a sensitive attribute that has values.
    """

    quasi_identifiers: tuple[str, ...]
    persons: int
    classes: int
    smallest_class: int
    k: int
    l: int  # noqa: E741 - the literature's name
    persons_below: int
    share_below: float
    unique: int
    diversity: tuple[Diversity, ...] | NotAvailable

    @property
    def holds(self) -> bool:
        """Whether the table is k-anonymous and every attribute l-diverse."""
        return all(check.passed for check in self.checks())

    def checks(self) -> tuple[Check, ...]:
        """Return both demands as checks, for the chapter's table of checks."""
        among = ", ".join(self.quasi_identifiers)
        checks = [
            Check(
                f"k-anonymity by {among}",
                self.smallest_class >= self.k,
                float(self.smallest_class),
                f">= {self.k}",
                "Sweeney (2002)",
                "persons can be singled out: publish bands and suppress small cells",
            )
        ]
        checks += [
            Check(
                f"l-diversity of {one.attribute}",
                one.distinct >= self.l,
                float(one.distinct),
                f">= {self.l}",
                "Machanavajjhala et al. (2007)",
                "who is known to be in a class is known to have its value",
            )
            for one in self.diversity
        ]
        return tuple(checks)

    def table(self) -> pd.DataFrame:
        """Return columns ``measure`` and ``value``, one row a number."""
        rows: list[tuple[str, float]] = [
            ("persons", self.persons),
            ("combinations", self.classes),
            ("persons in the rarest combination (k)", self.smallest_class),
            (f"persons in combinations below {self.k}", self.persons_below),
            (f"share in combinations below {self.k}", self.share_below),
            ("persons alone in their combination", self.unique),
        ]
        for one in self.diversity:
            rows += [
                (f"{one.attribute}: fewest distinct values (l)", one.distinct),
                (f"{one.attribute}: fewest effective values, exp(entropy)", one.entropy),
                (f"{one.attribute}: share in classes below {self.l}", one.share_below),
            ]
        return pd.DataFrame(rows, columns=["measure", "value"]).astype({"value": float})

    def to_metrics(self) -> dict[str, float]:
        """Return the main numbers."""
        return {
            "persons": self.persons,
            "combinations": self.classes,
            "smallest_class": self.smallest_class,
            "share_below_k": self.share_below,
            "unique": self.unique,
        }


@passes_absence
def measure_anonymity(
    frame: pd.DataFrame,
    *,
    quasi_identifiers: Sequence[str],
    sensitive: Sequence[str] = (),
    k: int = 5,
    l: int = 2,  # noqa: E741 - the literature's name
) -> Anonymity | NotAvailable:
    """Measure k-anonymity and l-diversity of a table with one row a person.

    Parameters
    ----------
    frame : DataFrame of shape (n_persons, ...)
        Holds the columns named.
    quasi_identifiers : sequence of str
        Columns whose combination may be known from elsewhere; a missing value is a level
        of its own.
    sensitive : sequence of str
        Columns that nobody should learn; missing values say nothing and are passed over.
    k, l : int
        Persons a combination, and distinct sensitive values a combination, asked for.

    Raises
    ------
    DataError
        If a column is not there.

    References
    ----------
    Sweeney, L. (2002). k-anonymity: a model for protecting privacy. Int. J. Uncertainty,
    Fuzziness and Knowledge-Based Systems, 10(5), 557-570.
    Machanavajjhala, A., Kifer, D., Gehrke, J., & Venkitasubramaniam, M. (2007).
    l-diversity: privacy beyond k-anonymity. ACM TKDD, 1(1), Article 3.
    """
    _refuse_unknown(frame, [*quasi_identifiers, *sensitive])
    if not quasi_identifiers:
        return NotAvailable("no column can single out a person")
    if frame.empty:
        return NotAvailable("no person")
    label = number_classes(frame, quasi_identifiers)
    sizes = np.bincount(label)
    below = int(sizes[sizes < k].sum())
    found = [_measure_diversity(frame[name], label, l) for name in sensitive]
    diverse = tuple(one for one in found if one is not None)
    return Anonymity(
        quasi_identifiers=tuple(quasi_identifiers),
        persons=len(frame),
        classes=len(sizes),
        smallest_class=int(sizes.min()),
        k=k,
        l=l,
        persons_below=below,
        share_below=below / len(frame),
        unique=int((sizes == 1).sum()),
        diversity=diverse or NotAvailable("no sensitive attribute with values"),
    )


def number_classes(frame: pd.DataFrame, quasi_identifiers: Sequence[str]) -> np.ndarray:
    """Number the combination of each row from 0, in order of first appearance."""
    grouped = frame.groupby(list(quasi_identifiers), dropna=False, sort=False, observed=True)
    return grouped.ngroup().to_numpy()


def _measure_diversity(values: pd.Series, label: np.ndarray, least: int) -> Diversity | None:
    known = values.notna().to_numpy()
    if not known.any():
        return None
    level = pd.factorize(values[known])[0]
    counts = pd.crosstab(label[known], level).to_numpy()
    share = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    distinct = (counts > 0).sum(axis=1)
    below = int(counts[distinct < least].sum())
    return Diversity(
        attribute=str(values.name),
        distinct=int(distinct.min()),
        entropy=float(np.exp(-(share * logs).sum(axis=1)).min()),
        persons_below=below,
        share_below=below / int(known.sum()),
    )


def _refuse_unknown(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame:
            raise DataError(
                f"no column {name!r} to measure anonymity by{nearest(name, frame.columns)}; "
                f"there are: {', '.join(map(str, frame.columns))}; correct quasi_identifiers or "
                "sensitive in study.yml"
            )
