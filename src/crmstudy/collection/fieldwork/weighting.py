"""Weights that give the respondents the shares of the population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from crmstudy.checks import Check
from crmstudy.collection.fieldwork.frame import find_levels, name_levels, normalise_shares
from crmstudy.collection.fieldwork.intervals import require_columns
from crmstudy.collection.fieldwork.raking import fit_margins, trim_weights
from crmstudy.errors import ModelError, SettingsError, nearest, passes_absence

#: Between levels of several variables in the name of a cell.
CROSS = " × "


@dataclass(frozen=True)
class RespondentWeights:
    """Weights of the respondents, with mean 1.

    Parameters
    ----------
    weights : Series
        One weight a respondent, indexed like the rows of the survey that were weighted.
    cells : DataFrame
        The levels that were weighted by, indexed like ``weights``; one column a margin.
    margins : DataFrame
        One row a level: ``variable``, ``level``, ``respondents``, ``share_of_respondents``,
        ``share_of_population``, ``share_weighted``.
    method : str
        "post-stratification" or "raking".
    converged : bool
        Whether raking met all margins; true for post-stratification.
    iterations : int
        Rounds over the margins.
    trimmed : int
        Respondents whose weight was cut.
    n_left_out : int
        Respondents without a level, who get no weight.
    """

    weights: pd.Series
    cells: pd.DataFrame
    margins: pd.DataFrame
    method: str
    converged: bool
    iterations: int
    trimmed: int
    n_left_out: int

    @property
    def largest_gap(self) -> float:
        """Largest distance of a weighted share from the population's."""
        gap = self.margins["share_weighted"] - self.margins["share_of_population"]
        return float(gap.abs().max())

    @property
    def design_effect(self) -> float:
        """How much variance unequal weights cost a mean: n sum(w^2) / sum(w)^2 (Kish 1965)."""
        weights = self.weights.to_numpy()
        return float(weights.size * (weights**2).sum() / weights.sum() ** 2)

    @property
    def effective_n(self) -> float:
        """Respondents of equal weight that would tell as much."""
        return len(self.weights) / self.design_effect

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether the margins are met and the weights are not too unequal."""
        return (
            Check(
                name="weighted shares are those of the population (largest gap)",
                passed=self.largest_gap < 1e-6,
                statistic=self.largest_gap,
                threshold="< 1e-06",
                source="Deming & Stephan (1940)",
                consequence="trimming or missing convergence left a gap: read the margins",
            ),
            Check(
                name="weights cost little precision (Kish's design effect)",
                passed=self.design_effect <= 2,
                statistic=self.design_effect,
                threshold="<= 2",
                source="Kish (1965); the limit is a convention",
                consequence="merge levels or trim weights; the effective n is small",
            ),
        )

    def table(self) -> pd.DataFrame:
        """Arrange one row a level."""
        return self.margins.rename(columns=lambda name: str(name).replace("_", " "))

    def to_metrics(self) -> dict[str, float]:
        """Give n, effective n, design effect, extreme weights and the largest gap."""
        return {
            "weights_n": len(self.weights),
            "weights_effective_n": self.effective_n,
            "weights_design_effect": self.design_effect,
            "weights_smallest": float(self.weights.min()),
            "weights_largest": float(self.weights.max()),
            "weights_trimmed": self.trimmed,
            "weights_largest_gap": self.largest_gap,
        }


@passes_absence
def poststratify(
    sample: pd.DataFrame,
    population: Mapping[str, float] | pd.Series,
    *,
    by: Sequence[str],
    trim: float = 0.0,
) -> RespondentWeights:
    """Weight respondents by the cells of one variable, or of several fully crossed.

    Parameters
    ----------
    sample : DataFrame
        One row a respondent with the columns ``by``. Rows without a level are left out
        and counted.
    population : mapping or Series
        Share (or count) of each cell: by level of one variable, or indexed by one level
        each of several, as :func:`frame_cells` returns.
    by : sequence of str
        The variables.
    trim : float
        Largest weight in multiples of the mean; 0 leaves the weights alone. The smallest is
        its reciprocal. What is cut is spread evenly over the others.

    Raises
    ------
    SettingsError
        If shares do not add up or a parameter breaks its rule.
    ModelError
        If a cell of the population has no respondent, or the reverse.

    References
    ----------
    Holt, D., & Smith, T. M. F. (1979). J. Roy. Statist. Soc. A, 142, 33-46.
    Potter, F. J. (1990). Proc. Section on Survey Research Methods, ASA, 225-230 (trimming).
    """
    levels, left_out = _take_levels(sample, by)
    cell = levels.agg(CROSS.join, axis=1)
    name = CROSS.join(by)
    shares = normalise_shares(_name_cells(population), name)
    _refuse_empty(cell, shares, name)
    ratio = shares / cell.value_counts(normalize=True).reindex(shares.index)
    return _finish(
        cell.map(ratio).astype("float64"),
        cell.to_frame(name),
        {name: shares},
        trim=trim,
        method="post-stratification",
        converged=True,
        iterations=1,
        n_left_out=left_out,
    )


@passes_absence
def rake(
    sample: pd.DataFrame,
    population: Mapping[str, Mapping[str, float]],
    *,
    by: Sequence[str] | None = None,
    trim: float = 0.0,
    tolerance: float = 1e-10,
    max_iterations: int = 500,
) -> RespondentWeights:
    """Weight respondents so that the shares of each variable alone are met.

    Iterative proportional fitting: each variable in turn multiplies the weights of its
    levels, until all shares hold.

    Parameters
    ----------
    sample : DataFrame
        One row a respondent with the variables. Rows without a level are left out and
        counted.
    population : mapping of str to mapping of str to float
        For each variable the share (or count) of each level.
    by : sequence of str, optional
        The variables to use; default all of ``population``.
    trim : float
        As in :func:`poststratify`; after trimming the shares hold approximately only.
    tolerance : float
        Largest distance of a share from the population's that counts as met.
    max_iterations : int
        Rounds after which the result says that it did not converge.

    Raises
    ------
    SettingsError
        If shares do not add up or a parameter breaks its rule.
    ModelError
        If a level of the population has no respondent, or the reverse.

    References
    ----------
    Deming, W. E., & Stephan, F. F. (1940). Ann. Math. Statist., 11, 427-444.
    """
    names = list(by) if by is not None else list(population)
    _require_raking(names, population, tolerance, max_iterations)
    levels, left_out = _take_levels(sample, names)
    shares = {name: normalise_shares(population[name], name) for name in names}
    for name in names:
        _refuse_empty(levels[name], shares[name], name)
    weights, iterations, gap = fit_margins(levels, shares, tolerance, max_iterations)
    return _finish(
        pd.Series(weights, index=levels.index),
        levels,
        shares,
        trim=trim,
        method="raking",
        converged=gap <= tolerance,
        iterations=iterations,
        n_left_out=left_out,
    )


@passes_absence
def attach_levels(
    survey: pd.DataFrame, customers: pd.DataFrame, *, by: Sequence[str]
) -> pd.DataFrame:
    """Put the variables to weight by beside the survey, through ``customer_id`` if need be."""
    return survey.assign(**{name: find_levels(survey, customers, name) for name in by})


@passes_absence
def frame_margins(customers: pd.DataFrame, *, by: Sequence[str]) -> dict[str, dict[str, float]]:
    """Count the customers at each level of each variable, for :func:`rake`."""
    levels, _ = _take_levels(customers, by, table="customers")
    counts = {name: levels[name].value_counts(normalize=True).sort_index() for name in by}
    return {name: {str(k): float(v) for k, v in part.items()} for name, part in counts.items()}


@passes_absence
def frame_cells(customers: pd.DataFrame, *, by: Sequence[str]) -> pd.Series:
    """Count the customers in each crossed cell that occurs, for :func:`poststratify`."""
    levels, _ = _take_levels(customers, by, table="customers")
    return levels.groupby(list(by)).size() / len(levels)


def _take_levels(
    frame: pd.DataFrame, by: Sequence[str], *, table: str = "survey"
) -> tuple[pd.DataFrame, int]:
    if isinstance(by, str) or not by:
        raise SettingsError(f"by = {by!r}: must list one variable or more")
    require_columns(frame, by, table=table)
    known = pd.DataFrame({name: name_levels(frame[name]) for name in by}).dropna()
    if known.empty:
        raise ModelError(f"no row of {table} has a level of {', '.join(by)}")
    return known.astype("str"), len(frame) - len(known)


def _name_cells(population: Mapping[str, float] | pd.Series) -> dict[str, float]:
    pairs = population.items()
    return {
        CROSS.join(str(part) for part in cell) if isinstance(cell, tuple) else str(cell): share
        for cell, share in pairs
    }


def _refuse_empty(levels: pd.Series, shares: pd.Series, name: str) -> None:
    """Refuse levels that only one of the two has: no weight can mend that."""
    there = set(levels)
    empty = [f"{cell!r} ({shares[cell]:.1%})" for cell in shares.index if cell not in there]
    if empty:
        remedy = "rake the variables instead" if CROSS in name else f"do not weight by {name}"
        raise ModelError(
            f"{name}: no respondent in {', '.join(empty)} of the population; merge it with a "
            f"neighbouring level, or {remedy}"
        )
    strange = sorted(there - set(shares.index))
    if strange:
        raise ModelError(
            f"{name}: the population gives no share for {strange[0]!r}"
            f"{nearest(strange[0], shares.index)}; add it, or map the respondents' word to another"
        )


def _require_raking(
    names: list[str],
    population: Mapping[str, Mapping[str, float]],
    tolerance: float,
    max_iterations: int,
) -> None:
    for name in names:
        if name not in population:
            known = ", ".join(population) or "none"
            raise SettingsError(
                f"the population of {name!r} is not known{nearest(name, population)}; "
                f"known: {known}"
            )
    if not names:
        raise SettingsError("raking needs one variable or more")
    if not tolerance > 0 or max_iterations < 1:
        raise SettingsError(
            f"tolerance = {tolerance}, max_iterations = {max_iterations}: must be above 0"
        )


def _finish(
    weights: pd.Series,
    cells: pd.DataFrame,
    shares: dict[str, pd.Series],
    *,
    trim: float,
    method: str,
    converged: bool,
    iterations: int,
    n_left_out: int,
) -> RespondentWeights:
    trimmed = 0
    if trim:
        outside = (weights > trim) | (weights < 1 / trim)
        trimmed = int(outside.sum())
        weights = pd.Series(trim_weights(weights.to_numpy(), largest=trim), index=weights.index)
    rows = [_describe_margin(name, cells[name], part, weights) for name, part in shares.items()]
    return RespondentWeights(
        weights=weights.rename("weight"),
        cells=cells,
        margins=pd.concat(rows, ignore_index=True),
        method=method,
        converged=converged,
        iterations=iterations,
        trimmed=trimmed,
        n_left_out=n_left_out,
    )


def _describe_margin(
    name: str, levels: pd.Series, shares: pd.Series, weights: pd.Series
) -> pd.DataFrame:
    counts = levels.value_counts().reindex(shares.index)
    weighted = weights.groupby(levels).sum().reindex(shares.index) / weights.sum()
    return pd.DataFrame(
        {
            "variable": name,
            "level": shares.index.tolist(),
            "respondents": counts.to_numpy(),
            "share_of_respondents": (counts / counts.sum()).to_numpy(),
            "share_of_population": shares.to_numpy(),
            "share_weighted": weighted.to_numpy(),
        }
    )
