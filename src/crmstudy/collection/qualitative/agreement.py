"""Did the coders read the same? Agreement code by code, and over all codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.collection.fieldwork.intervals import (
    Interval,
    limits,
    percentile_interval,
    require_choice,
    require_columns,
    require_confidence,
    require_draws,
)
from crmstudy.collection.qualitative.chance import read_alpha, read_kappa
from crmstudy.collection.qualitative.coding import CODING, SEGMENT
from crmstudy.collection.qualitative.kappa import Kappa, cohen_kappa
from crmstudy.collection.qualitative.krippendorff import TENTATIVE, Alpha, krippendorff_alpha
from crmstudy.collection.qualitative.pooled import pool_kappa
from crmstudy.errors import ModelError, NotAvailable, attempt, passes_absence

Resample = Literal["segments", "interviews"]


@dataclass(frozen=True)
class CodeAgreement:
    """Agreement on the presence of each code in the segments that two coders read.

    Parameters
    ----------
    codes : DataFrame
        One row a code: ``code``, ``n_units``, ``n_with_code`` (units to which any coder gave
        it), ``agreement``, ``kappa``, ``kappa_lower``, ``kappa_upper`` (bootstrap), ``alpha``,
        ``alpha_lower``, ``alpha_upper`` (bootstrap), ``ac1``, ``reading`` (Krippendorff's
        limits), ``kappa_reading`` (Landis & Koch), ``note`` (what is absent, and why).
    pooled_kappa : float or NotAvailable
        Kappa over all codes, from the mean of agreement and of chance agreement.
    pooled_interval : Interval or NotAvailable
        Its bootstrap interval; segments are resampled with all their codes.
    coders : tuple of str
        Who coded.
    n_units, n_single : int
        Segments that two coders or more read; segments that one coder read.
    resampled : str
        "segments" or "interviews".
    """

    codes: pd.DataFrame
    pooled_kappa: float | NotAvailable
    pooled_interval: Interval | NotAvailable
    coders: tuple[str, ...]
    n_units: int
    n_single: int
    resampled: str

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether alpha reaches the least limit on every code where it can be had."""
        known = self.codes["alpha"].dropna()
        if known.empty:
            return ()
        return (
            Check(
                name="coders agree on every code (smallest Krippendorff alpha)",
                passed=bool(known.min() >= TENTATIVE),
                statistic=float(known.min()),
                threshold=f">= {TENTATIVE:g}",
                source="Krippendorff (2004), p. 241",
                consequence="sharpen the definition of the codes below it, and code again",
            ),
        )

    def table(self) -> pd.DataFrame:
        """Arrange one row a code."""
        return self.codes.rename(columns=lambda name: str(name).replace("_", " "))

    def to_metrics(self) -> dict[str, float]:
        """Give the units, the pooled kappa, and the smallest and the median alpha."""
        metrics: dict[str, float] = {"coding_n_units": self.n_units}
        if not isinstance(self.pooled_kappa, NotAvailable):
            metrics["coding_pooled_kappa"] = self.pooled_kappa
        known = self.codes["alpha"].dropna()
        if len(known):
            metrics["coding_smallest_alpha"] = float(known.min())
            metrics["coding_median_alpha"] = float(known.median())
        return metrics


@passes_absence
def rate_presence(interviews: pd.DataFrame, *, code: str) -> pd.DataFrame:
    """Arrange which coder gave a code to which segment.

    Returns
    -------
    DataFrame of shape (n_segments, n_coders)
        Indexed by ``interview_id``, ``segment_id``; 1 given, 0 read but not given, empty
        where the coder did not read the segment.
    """
    read = _arrange_reading(interviews)
    return _mark(interviews, read, code)


@passes_absence
def rate_exclusive(interviews: pd.DataFrame) -> pd.DataFrame:
    """Arrange the one code that each coder gave to each segment.

    Returns
    -------
    DataFrame of shape (n_segments, n_coders)
        The code, "(none)" where the coder read the segment and no code fits, empty where
        the coder did not read it.

    Raises
    ------
    ModelError
        If a coder gave a segment more than one code.
    """
    require_columns(interviews, CODING, table="interviews")
    twice = interviews.duplicated([*SEGMENT, "coder"])
    if twice.any():
        row = interviews.loc[twice].iloc[0]
        raise ModelError(
            f"coding is not exclusive: {row['coder']} gave segment {row['segment_id']} of "
            f"interview {row['interview_id']} more than one code; compare code by code"
        )
    filled = interviews.assign(code=interviews["code"].fillna("(none)"))
    return _spread(filled, "code")


def _arrange_reading(interviews: pd.DataFrame) -> pd.DataFrame:
    require_columns(interviews, CODING, table="interviews")
    once = interviews.drop_duplicates([*SEGMENT, "coder"]).assign(read=1.0)
    return _spread(once, "read")


def _spread(rows: pd.DataFrame, values: str) -> pd.DataFrame:
    """Arrange one row a segment, one column a coder, both sorted."""
    return rows.pivot_table(index=SEGMENT, columns="coder", values=values, aggfunc="first")


def _mark(interviews: pd.DataFrame, read: pd.DataFrame, code: str) -> pd.DataFrame:
    given = interviews.loc[interviews["code"] == code].drop_duplicates([*SEGMENT, "coder"])
    wide = _spread(given.assign(given=1.0), "given")
    return wide.reindex(index=read.index, columns=read.columns).fillna(0.0).where(read.notna())


@passes_absence
def agree_on_codes(
    interviews: pd.DataFrame,
    *,
    seed: int,
    resample: Resample = "segments",
    draws: int = 1000,
    confidence: float = 0.95,
) -> CodeAgreement:
    """Compare the coders code by code: was the code given to the segment or not?

    Parameters
    ----------
    interviews : DataFrame
        Canonical interviews. A coder counts as having read a segment when there is a row
        of it, if only one with an empty code.
    seed : int
        Of the bootstrap; all codes see the same seed.
    resample : {"segments", "interviews"}
        What is drawn with replacement. Segments of one interview resemble each other;
        with ten interviews or more, resample interviews.
    draws : int
        Bootstrap samples, at least 100.
    confidence : float
        Coverage of the intervals.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    ModelError
        If there are fewer than two coders, no code, or no segment read by two.

    References
    ----------
    Krippendorff, K. (2004). Content Analysis (2nd ed.), p. 241. Sage.
    Landis, J. R., & Koch, G. G. (1977). Biometrics, 33, 159-174.
    de Vries, H., Elliott, M. N., Kanouse, D. E., & Teleki, S. S. (2008). Field Methods, 20,
    272-282 (kappa pooled over items).
    """
    require_choice("resample", resample, get_args(Resample))
    require_confidence(confidence)
    require_draws(draws)
    read = _arrange_reading(interviews)
    shared = read[read.notna().sum(axis=1) > 1]
    codes = sorted(interviews["code"].dropna().unique())
    _refuse(read, shared, codes)
    marks = {code: _mark(interviews, shared, code) for code in codes}
    clusters = _name_clusters(shared, resample)
    rows = [
        _rate_code(code, mark, clusters, seed=seed, draws=draws, confidence=confidence)
        for code, mark in marks.items()
    ]
    kappa, drawn = pool_kappa(marks, clusters, draws=draws, seed=seed)
    method = f"bootstrap of {resample}, percentiles"
    pooled_interval = (
        drawn
        if isinstance(drawn, NotAvailable)
        else percentile_interval(drawn, confidence=confidence, method=method)
    )
    return CodeAgreement(
        codes=pd.DataFrame(rows),
        pooled_kappa=kappa,
        pooled_interval=pooled_interval,
        coders=tuple(str(coder) for coder in read.columns),
        n_units=len(shared),
        n_single=len(read) - len(shared),
        resampled=resample,
    )


def _refuse(read: pd.DataFrame, shared: pd.DataFrame, codes: list[str]) -> None:
    if read.shape[1] < 2:
        raise ModelError(
            f"agreement needs two coders; the interviews were coded by {read.shape[1]}: "
            "let a second person code a part of them"
        )
    if shared.empty:
        raise ModelError("no segment was read by two coders, so that agreement cannot be seen")
    if not codes:
        raise ModelError("no segment of the interviews was given a code")


def _name_clusters(shared: pd.DataFrame, resample: str) -> pd.Series | None:
    if resample == "segments":
        return None
    return pd.Series(shared.index.get_level_values("interview_id"), index=shared.index)


def _rate_code(
    code: str,
    mark: pd.DataFrame,
    clusters: pd.Series | None,
    *,
    seed: int,
    draws: int,
    confidence: float,
) -> dict[str, object]:
    settings = {"seed": seed, "draws": draws, "confidence": confidence, "clusters": clusters}
    alpha: Alpha = krippendorff_alpha(mark, **settings)
    kappa: Kappa | NotAvailable = attempt(cohen_kappa, mark, categories=[0.0, 1.0], **settings)
    kappa_limits, alpha_limits = limits(kappa.bootstrap), limits(alpha.interval)
    return {
        "code": code,
        "n_units": alpha.n_units,
        "n_with_code": int((mark == 1).any(axis=1).sum()),
        "agreement": alpha.agreement,
        "kappa": _cell(kappa.kappa),
        "kappa_lower": kappa_limits[0],
        "kappa_upper": kappa_limits[1],
        "alpha": _cell(alpha.alpha),
        "alpha_lower": alpha_limits[0],
        "alpha_upper": alpha_limits[1],
        "ac1": _cell(kappa.ac1),
        "reading": "none" if isinstance(alpha.alpha, NotAvailable) else read_alpha(alpha.alpha),
        "kappa_reading": "none"
        if isinstance(kappa.kappa, NotAvailable)
        else read_kappa(kappa.kappa),
        "note": _say_absent(kappa, alpha),
    }


def _cell(value: float | NotAvailable) -> float:
    return np.nan if isinstance(value, NotAvailable) else value


def _say_absent(kappa: Kappa | NotAvailable, alpha: Alpha) -> str:
    """Give the reasons for empty cells, each once, or the note on a rare code."""
    said: tuple[object, ...] = (kappa.kappa, kappa.bootstrap, alpha.alpha, alpha.interval)
    reasons = [value.reason for value in said if isinstance(value, NotAvailable)]
    if not reasons and not isinstance(kappa, NotAvailable):
        return kappa.note
    return "; ".join(dict.fromkeys(reasons))
