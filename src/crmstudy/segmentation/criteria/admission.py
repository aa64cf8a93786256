"""Which variables may be criteria: known of enough customers, not constant, not said twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import SettingsError

EQUAL = 0.999  # correlation from which two numbers say the same


@dataclass(frozen=True)
class Rules:
    """What a variable must fulfil to be a criterion.

    Parameters
    ----------
    known_number, known_category : float
        Least share of a block's customers of whom it must be known. A customer without a
        number is left out of the block, one without a category is ``unknown``: hence the
        stricter rule for numbers.
    rare : float
        Levels of categories held by a smaller share are gathered.
    """

    known_number: float = 0.8
    known_category: float = 0.5
    rare: float = 0.05

    def __post_init__(self) -> None:
        for name, share in vars(self).items():
            if not 0 <= share < 1:
                raise SettingsError(f"{name} = {share!r}: allowed is a share from 0 to below 1")


def admit_variables(frame: pd.DataFrame, listed: pd.DataFrame, *, rules: Rules) -> pd.DataFrame:
    """Measure the variables of one block, and say why one is not used.

    Parameters
    ----------
    frame : DataFrame indexed by customer
        The variables.
    listed : DataFrame
        One row a variable: ``variable``, ``kind``.

    Returns
    -------
    DataFrame
        The rows with ``n_block``, ``n_known``, ``known_share``, ``n_levels``, ``mean``,
        ``left_out``.
    """
    names = listed["variable"].tolist()
    inside = frame.loc[frame[names].notna().any(axis=1), names]
    kinds = dict(zip(names, listed["kind"], strict=True))
    numeric = {name: kinds[name] in ("number", "part") for name in names}
    n_known = inside.notna().sum().astype("int64")
    measured = listed.assign(
        n_block=len(inside),
        n_known=n_known.to_numpy(),
        known_share=(n_known / max(len(inside), 1)).to_numpy(float),
        n_levels=[np.nan if numeric[name] else float(inside[name].nunique()) for name in names],
        mean=[float(inside[name].mean()) if numeric[name] else np.nan for name in names],
    )
    reasons = {name: _refuse(inside[name], kinds[name], rules) for name in names}
    passed = [name for name in names if not reasons[name]]
    reasons |= _find_twins(inside[passed], kinds)
    return measured.assign(left_out=[reasons[name] for name in names])


def _refuse(values: pd.Series, kind: str, rules: Rules) -> str:
    """Say what is wrong with one variable; nothing if it may be used."""
    known = values.dropna()
    least = rules.known_category if kind == "category" else rules.known_number
    if kind == "day":
        return "a day is no trait: give an age or a number of days"
    if known.empty:
        return "known of no customer"
    if len(known) < least * len(values):
        return f"known of {len(known):,} of {len(values):,} customers, fewer than {least:.0%}"
    constant = bool((known == known.iloc[0]).all())
    if constant and (kind != "category" or len(known) == len(values)):
        if kind == "category" and known.iloc[0] == "other":
            return f"no level is held by {rules.rare:.0%} of the customers"
        return "the same for all customers"
    return ""


def _find_twins(frame: pd.DataFrame, kinds: dict[str, str]) -> dict[str, str]:
    """Find variables that say what one before them says, in another unit or other words."""
    twins: dict[str, str] = {}
    numbers = [name for name in frame if kinds[str(name)] == "number"]
    alike = frame[numbers].corr().abs().to_numpy() >= EQUAL
    for i, j in zip(*np.nonzero(np.triu(alike, 1)), strict=True):
        if numbers[i] not in twins:
            twins.setdefault(str(numbers[j]), f"says the same as {numbers[i]}")
    categories = [name for name in frame if kinds[str(name)] == "category"]
    for j, later in enumerate(categories):
        for earlier in categories[:j]:
            if earlier not in twins and _same_levels(frame[earlier], frame[later]):
                twins.setdefault(str(later), f"says the same as {earlier}")
    return twins


def _same_levels(one: pd.Series, other: pd.Series) -> bool:
    """Say whether each level of one goes with a single one of the other, and back."""
    pairs = pd.DataFrame({"one": one, "other": other}).fillna("").drop_duplicates()
    return bool(pairs["one"].is_unique and pairs["other"].is_unique)
