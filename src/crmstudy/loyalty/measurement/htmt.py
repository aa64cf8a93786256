"""Heterotrait-monotrait ratios: how alike two constructs answer, by correlations alone.

No model is estimated, so that the ratios are there for constructs of an inadmissible model
too. HTMT takes arithmetic means of correlations and estimates the correlation of two
constructs whose items load equally; HTMT2 takes geometric means and needs no equal loadings.

References
----------
Henseler, J., Ringle, C. M., & Sarstedt, M. (2015). A new criterion for assessing
discriminant validity in variance-based structural equation modeling. J. of the Academy of
Marketing Science, 43(1), 115-135.
Roemer, E., Schuberth, F., & Henseler, J. (2021). HTMT2: An improved criterion for assessing
discriminant validity in structural equation modeling. Industrial Management & Data Systems,
121(12), 2637-2650.
Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical
Association, 82(397), 171-185.
Kline, R. B. (2011). Principles and Practice of Structural Equation Modeling (3rd ed.).
Guilford.
Gold, A. H., Malhotra, A., & Segars, A. H. (2001). Knowledge management: An organizational
capabilities perspective. J. of Management Information Systems, 18(1), 185-214.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.loyalty.measurement.constructs import collect_complete, name_in_print
from crmstudy.loyalty.measurement.ratios import bound_ratios
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import Construct
from crmstudy.statistics.threads import hold_one_thread

STRICT, LIBERAL = 0.85, 0.90  # Kline (2011); Gold, Malhotra & Segars (2001)


@dataclass(frozen=True)
class Htmt:
    """Ratios of all pairs of constructs with two items or more.

    Attributes
    ----------
    pairs : DataFrame
        One row a pair: ``first``, ``second`` (names), ``htmt``, ``htmt lower``, ``htmt
        upper``, ``htmt2``, ``htmt2 lower``, ``htmt2 upper``. HTMT2 is empty where
        correlations between the two differ in sign, its interval where they do in most
        samples; others where notes say why.
    n_used : int
        Respondents who answered every item of the constructs.
    n_draws, n_lost : int
        Bootstrap samples, and those of them in which an item was constant.
    level : float
        Confidence of the two-sided intervals.
    interval : str
        How they were made.
    labels : dict
        Name of each construct to what it is called in print.
    notes : tuple of str
        Constructs left out, and why a ratio is not there.
    """

    pairs: pd.DataFrame
    n_used: int
    n_draws: int
    n_lost: int
    level: float
    interval: str
    labels: dict[str, str]
    notes: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """One row a pair, by their labels, the most alike first.

        ``estimate`` and ``interval`` say below which limit HTMT, and the end of its
        interval that lies furthest from 0, stay in size.
        """
        order = self.pairs["htmt"].abs().sort_values(ascending=False, kind="stable").index
        named = self.pairs.loc[order].reset_index(drop=True)
        ends = {end: named[end].map(self.labels) for end in ("first", "second")}
        verdicts = {
            "estimate": [judge_ratio(value) for value in named["htmt"]],
            "interval": [judge_ratio(value) for value in _find_furthest(named)],
        }
        return named.assign(**ends, **verdicts)

    def matrix(self) -> pd.DataFrame:
        """HTMT below the diagonal, HTMT2 above it, by labels."""
        names = list(dict.fromkeys([*self.pairs["first"], *self.pairs["second"]]))
        square = pd.DataFrame(np.nan, index=names, columns=names)
        for row in self.pairs.to_dict("records"):
            square.loc[row["second"], row["first"]] = row["htmt"]
            square.loc[row["first"], row["second"]] = row["htmt2"]
        printed = [self.labels[name] for name in names]
        table = pd.DataFrame(square.to_numpy(), columns=printed)
        table.insert(0, "construct", printed)
        return table

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers, e.g. ``htmt_quality_value``."""
        metrics: dict[str, float] = {
            "n_used": self.n_used,
            "n_draws": self.n_draws,
            "n_draws_lost": self.n_lost,
            "n_pairs": len(self.pairs),
            "n_not_below_liberal": int((self.pairs["htmt"].abs() >= LIBERAL).sum()),
            "n_not_told_from_one": int((_find_furthest(self.pairs) >= 1.0).sum()),
        }
        for row in self.pairs.to_dict("records"):
            for index in ("htmt", "htmt2"):
                for end in ("", " lower", " upper"):
                    name = f"{index}_{row['first']}_{row['second']}{end}".replace(" ", "_").lower()
                    if np.isfinite(row[index + end]):
                        metrics[name] = row[index + end]
        return metrics


@passes_absence
def measure_htmt(
    answers: pd.DataFrame,
    *,
    constructs: Sequence[Construct],
    seed: int,
    n_draws: int = 2_000,
    level: float = 0.95,
    absolute: bool = False,
) -> Htmt:
    """Compute HTMT and HTMT2 of every pair of constructs with bootstrap intervals (BCa).

    Parameters
    ----------
    answers : DataFrame of shape (n_respondents, ...)
        One numeric column an item, reversed items turned; respondents with a gap in an
        item of the constructs are left out.
    constructs : sequence of Construct
        Those with one item are left out and noted.
    seed : int
        The study's seed.
    n_draws : int
        Bootstrap samples.
    level : float
        Confidence of the two-sided intervals.
    absolute : bool
        Take sizes of correlations, as semTools and cSEM do, instead of their signs, as
        Henseler et al. (2015). Sizes cannot be 0 on average: constructs that have nothing
        in common seem to have, and bootstrap intervals may miss the estimate.

    Raises
    ------
    ModelError
        If there are not two constructs with several items, an item is missing or constant,
        or respondents are too few.
    """
    several = [each for each in constructs if len(each.items) > 1]
    if len(several) < 2:
        raise ModelError(
            f"HTMT needs two constructs with two items or more; with so many: {len(several)}"
        )
    complete = collect_complete(answers, several)
    members = np.repeat(np.eye(len(several)), [len(each.items) for each in several], axis=0)
    labels = name_in_print(several)
    with hold_one_thread("blas"):
        found, lower, upper, n_lost = bound_ratios(
            complete.to_numpy(),
            members,
            seed=seed,
            n_draws=n_draws,
            level=level,
            absolute=absolute,
        )
        correlation = np.corrcoef(complete.to_numpy(), rowvar=False)
    undefined, reasons = _find_undefined(correlation, several, labels)
    pairs = _arrange(several, {"": found, " lower": lower, " upper": upper}, undefined)
    return Htmt(
        pairs=pairs,
        n_used=len(complete),
        n_draws=n_draws,
        n_lost=n_lost,
        level=level,
        interval="BCa bootstrap",
        labels=labels,
        notes=(*_note_left_out(constructs), *reasons, *_note_gaps(pairs, labels)),
    )


def _arrange(
    several: Sequence[Construct], numbers: dict[str, Array], undefined: dict[str, set[str]]
) -> pd.DataFrame:
    names = [each.name for each in several]
    pairs = pd.DataFrame(list(combinations(names, 2)), columns=["first", "second"])
    for k, index in enumerate(("htmt", "htmt2")):
        gone = pairs["first"].isin(undefined[index]) | pairs["second"].isin(undefined[index])
        for end, values in numbers.items():
            pairs[index + end] = pd.Series(values[k]).mask(gone)
    return pairs


def judge_ratio(value: float) -> str:
    """Say below which limit a ratio, or the end of its interval, stays in size."""
    if not np.isfinite(value):
        return "not available"
    limits = ((STRICT, "below .85"), (LIBERAL, "below .90"), (1.0, "below 1"))
    return next((word for limit, word in limits if abs(value) < limit), "not below 1")


def _find_furthest(pairs: pd.DataFrame) -> Array:
    return np.maximum(pairs["htmt upper"].to_numpy(), -pairs["htmt lower"].to_numpy())


def _find_undefined(
    correlation: Array, constructs: Sequence[Construct], labels: dict[str, str]
) -> tuple[dict[str, set[str]], list[str]]:
    """Name the constructs of which a mean of correlations does not exist, and why."""
    undefined: dict[str, set[str]] = {"htmt": set(), "htmt2": set()}
    reasons, first = [], 0
    for each in constructs:
        k = len(each.items)
        block = correlation[first : first + k, first : first + k]
        first += k
        apart = block[np.triu_indices(k, k=1)]
        if apart.mean() <= 0.0:
            undefined["htmt"].add(each.name)
            reasons.append(
                f"ratios of {labels[each.name]}: not available: its items do not go together "
                f"(mean correlation {apart.mean():.2f}); look for a reversed item"
            )
        if apart.min() <= 0.0:
            undefined["htmt2"].add(each.name)
            if apart.mean() > 0.0:
                reasons.append(
                    f"HTMT2 of {labels[each.name]}: not available: two of its items do not "
                    f"correlate positively ({apart.min():.2f}), so there is no geometric mean"
                )
    return undefined, reasons


def _note_left_out(constructs: Sequence[Construct]) -> list[str]:
    labels = name_in_print(constructs)
    return [
        f"{labels[each.name]} has one item: no correlation within it to compare with"
        for each in constructs
        if len(each.items) == 1
    ]


def _note_gaps(pairs: pd.DataFrame, labels: dict[str, str]) -> list[str]:
    """Say of how many pairs HTMT2, and of which the interval of HTMT, is not available."""
    notes = []
    n_mixed = int((pairs["htmt2"].isna() & pairs["htmt"].notna()).sum())
    if n_mixed:
        notes.append(
            f"HTMT2 of {n_mixed} of {len(pairs)} pairs: not available: correlations between "
            "the items are not all of one sign, or those within a construct not all positive"
        )
    n_wavering = int((pairs["htmt2"].notna() & pairs["htmt2 upper"].isna()).sum())
    if n_wavering:
        notes.append(
            f"interval of HTMT2 of {n_wavering} of {len(pairs)} pairs: not available: in most "
            "samples these signs differ"
        )
    loose = pairs[pairs["htmt"].notna() & pairs["htmt upper"].isna()]
    if len(loose):
        ends = zip(loose["first"].map(labels), loose["second"].map(labels), strict=True)
        said = "; ".join(f"{first} and {second}" for first, second in ends)
        notes.append(
            "interval of HTMT: not available: in more than one sample of twenty an item is "
            f"constant or the items of a construct do not go together ({said})"
        )
    return notes
