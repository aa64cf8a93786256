"""Did two assessors of the same visit see the same?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.collection.fieldwork.intervals import limits, require_confidence
from crmstudy.collection.qualitative.chance import read_alpha
from crmstudy.collection.qualitative.intraclass import Intraclass, correlate_raters
from crmstudy.collection.qualitative.krippendorff import Alpha, krippendorff_alpha
from crmstudy.collection.qualitative.mystery import take_scored
from crmstudy.errors import ModelError, NotAvailable, attempt, passes_absence


@dataclass(frozen=True)
class AssessorAgreement:
    """Agreement of the assessors of the same visits.

    Parameters
    ----------
    whole : Intraclass or NotAvailable
        Correlations of the visits' shares of the maximum.
    alpha : Alpha or NotAvailable
        Krippendorff's alpha (interval) of single ratings, as shares of their maximum; a
        unit is a criterion of a visit, and visits are resampled.
    criteria : DataFrame
        One row a criterion: ``criterion``, ``visits``, ``agreement`` (share of equal
        scores), ``mean_difference`` (second assessor less first, as share of the maximum;
        empty unless two persons assessed throughout), ``icc``, ``icc_lower``,
        ``icc_upper`` (ICC(A,1), or ICC(1) where assessors differ), ``alpha``,
        ``alpha_lower``, ``alpha_upper``, ``reading``, ``note``.
    same_raters : bool
        Whether the same persons assessed all visits compared.
    assessors : tuple of str
        Who assessed a visit that another assessed too.
    n_visits, n_single : int
        Visits with two assessors or more; visits with one.
    """

    whole: Intraclass | NotAvailable
    alpha: Alpha | NotAvailable
    criteria: pd.DataFrame
    same_raters: bool
    assessors: tuple[str, ...]
    n_visits: int
    n_single: int

    def table(self) -> pd.DataFrame:
        """Arrange one row a criterion."""
        return self.criteria.rename(columns=lambda name: str(name).replace("_", " "))

    def to_metrics(self) -> dict[str, float]:
        """Give the visits compared, the correlations and alpha, as far as they are available."""
        metrics: dict[str, float] = {"mystery_n_double": self.n_visits}
        forms = {} if isinstance(self.whole, NotAvailable) else self.whole.forms
        for name, key in (("ICC(1)", "icc_1"), ("ICC(A,1)", "icc_a1"), ("ICC(C,1)", "icc_c1")):
            value = forms[name].value if name in forms else None
            if isinstance(value, float):
                metrics[f"mystery_{key}"] = value
        if isinstance(self.alpha, Alpha) and not isinstance(self.alpha.alpha, NotAvailable):
            metrics["mystery_alpha"] = self.alpha.alpha
        return metrics


@passes_absence
def compare_assessors(
    mystery: pd.DataFrame, *, seed: int, draws: int = 1000, confidence: float = 0.95
) -> AssessorAgreement:
    """Compare the assessors of the visits that two or more of them scored.

    Where the same persons assessed all these visits, all intraclass correlations are
    given; where pairs change, only ICC(1) has a meaning, and assessors take the places
    "first" and "second" by their names.

    Parameters
    ----------
    mystery : DataFrame
        Canonical mystery_shopping.
    seed : int
        Of the bootstrap of alpha.
    draws : int
        Bootstrap samples, at least 100.
    confidence : float
        Coverage of the intervals.

    Raises
    ------
    ModelError
        If no visit has two assessors.

    References
    ----------
    McGraw, K. O., & Wong, S. P. (1996). Psychological Methods, 1, 30-46.
    Krippendorff, K. (2004). Content Analysis (2nd ed.). Sage.
    """
    require_confidence(confidence)
    scored = take_scored(mystery)
    scored = scored.assign(share=scored["score"] / scored["maximum"])
    double = scored[scored.groupby("visit_id")["assessor"].transform("nunique") > 1]
    if double.empty:
        raise ModelError("no visit of mystery_shopping has two assessors")
    pairs = double[["visit_id", "assessor"]].drop_duplicates()
    same = bool((pairs.groupby("visit_id").size() == pairs["assessor"].nunique()).all())
    units = _place(double, ["visit_id", "criterion"], same)
    visits = pd.Series(units.index.get_level_values("visit_id"), index=units.index)
    return AssessorAgreement(
        whole=attempt(_correlate_visits, double, same=same, confidence=confidence),
        alpha=attempt(
            krippendorff_alpha,
            units,
            level="interval",
            clusters=visits,
            seed=seed,
            draws=draws,
            confidence=confidence,
        ),
        criteria=_compare_criteria(units, same, seed=seed, draws=draws, confidence=confidence),
        same_raters=same,
        assessors=tuple(sorted(str(name) for name in pairs["assessor"].unique())),
        n_visits=int(double["visit_id"].nunique()),
        n_single=int(scored["visit_id"].nunique() - double["visit_id"].nunique()),
    )


def _place(double: pd.DataFrame, unit: list[str], same: bool) -> pd.DataFrame:
    """Arrange units by assessors, or by places where the assessors differ between visits."""
    ordered = double.sort_values(["visit_id", "assessor"])
    ranks = ordered.groupby("visit_id")["assessor"].rank(method="dense")
    columns = ordered["assessor"] if same else ranks.astype("int64").map("assessor {}".format)
    wide = ordered.assign(place=columns)
    return wide.pivot_table(index=unit, columns="place", values="share", aggfunc="first")


def _correlate_visits(double: pd.DataFrame, *, same: bool, confidence: float) -> Intraclass:
    sums = double.groupby(["visit_id", "assessor"])[["score", "maximum"]].sum()
    shares = (sums["score"] / sums["maximum"]).rename("share").reset_index()
    return correlate_raters(
        _place(shares, ["visit_id"], same), same_raters=same, confidence=confidence
    )


def _compare_criteria(
    units: pd.DataFrame, same: bool, *, seed: int, draws: int, confidence: float
) -> pd.DataFrame:
    rows = []
    for criterion, part in units.groupby(level="criterion", sort=True):
        ratings = part.droplevel("criterion")
        icc = attempt(correlate_raters, ratings, same_raters=same, confidence=confidence)
        alpha = attempt(
            krippendorff_alpha,
            ratings,
            level="interval",
            seed=seed,
            draws=draws,
            confidence=confidence,
        )
        form = icc if isinstance(icc, NotAvailable) else icc.forms["ICC(A,1)" if same else "ICC(1)"]
        row = {"criterion": criterion, "visits": int((ratings.notna().sum(axis=1) > 1).sum())}
        row |= _compare_pair(ratings, same)
        rows.append(row | _describe(form.value, form.interval, alpha))
    return pd.DataFrame(rows)


def _compare_pair(ratings: pd.DataFrame, same: bool) -> dict[str, float]:
    both = ratings.dropna()
    if both.empty or both.shape[1] != 2:
        return {"agreement": np.nan, "mean_difference": np.nan}
    difference = both.iloc[:, 1] - both.iloc[:, 0]
    equal = float((difference.abs() < 1e-12).mean())
    return {"agreement": equal, "mean_difference": float(difference.mean()) if same else np.nan}


def _describe(value: object, interval: object, alpha: Alpha | NotAvailable) -> dict[str, object]:
    parts = {"icc": (value, interval), "alpha": (alpha.alpha, alpha.interval)}
    row: dict[str, object] = {}
    reasons = []
    for name, (point, bound) in parts.items():
        reasons += [part.reason for part in (point, bound) if isinstance(part, NotAvailable)]
        row[name] = np.nan if isinstance(point, NotAvailable) else point
        row[f"{name}_lower"], row[f"{name}_upper"] = limits(bound)  # type: ignore[arg-type]
    row["reading"] = "none" if isinstance(alpha.alpha, NotAvailable) else read_alpha(alpha.alpha)
    return row | {"note": "; ".join(dict.fromkeys(reasons))}
