"""The survey in the field: who was asked, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.collection.fieldwork.intervals import (
    limits,
    require_columns,
    require_confidence,
    wilson_interval,
)
from crmstudy.errors import DataError, ModelError, NotAvailable, nearest, passes_absence

OUTCOMES = ("complete", "partial", "refused", "no_contact", "unknown", "ineligible")

#: Outcome rates of AAPOR (2023): name, formula, outcomes above and below the line; a
#: leading "e" weighs the unknown by the share of eligible among the known.
RATES = {
    "RR1": ("response rate 1", "I / (I + P + R + NC + U)", "I", "I P R NC U"),
    "RR2": ("response rate 2", "(I + P) / (I + P + R + NC + U)", "I P", "I P R NC U"),
    "RR3": ("response rate 3", "I / (I + P + R + NC + eU)", "I", "I P R NC eU"),
    "RR4": ("response rate 4", "(I + P) / (I + P + R + NC + eU)", "I P", "I P R NC eU"),
    "RR5": ("response rate 5", "I / (I + P + R + NC)", "I", "I P R NC"),
    "RR6": ("response rate 6", "(I + P) / (I + P + R + NC)", "I P", "I P R NC"),
    "COOP1": ("cooperation rate 1", "I / (I + P + R)", "I", "I P R"),
    "COOP2": ("cooperation rate 2", "(I + P) / (I + P + R)", "I P", "I P R"),
    "REF1": ("refusal rate 1", "R / (I + P + R + NC + U)", "R", "I P R NC U"),
    "REF3": ("refusal rate 3", "R / (I + P + R + NC)", "R", "I P R NC"),
    "CON1": ("contact rate 1", "(I + P + R) / (I + P + R + NC + U)", "I P R", "I P R NC U"),
    "CON3": ("contact rate 3", "(I + P + R) / (I + P + R + NC)", "I P R", "I P R NC"),
}
LETTERS = {"I": "complete", "P": "partial", "R": "refused", "NC": "no_contact", "U": "unknown"}


@dataclass(frozen=True)
class ResponseRates:
    """Outcome rates of a survey by AAPOR's definitions.

    Parameters
    ----------
    outcomes : DataFrame
        One row an outcome: ``outcome``, ``letter`` (AAPOR), ``persons``, ``share``.
    rates : DataFrame
        One row a rate: ``rate``, ``meaning``, ``formula``, ``numerator``, ``denominator``,
        ``value``, ``lower``, ``upper`` (Wilson; e is taken as known), ``note``.
    waves : DataFrame
        One row a wave, then "all": ``wave``, ``invited``, one column an outcome, ``e``, and
        ``RR1``, ``RR2``, ``RR5``, ``RR6``, ``RR2 lower``, ``RR2 upper``.
    eligibility : float or NotAvailable
        AAPOR's e: share of the eligible among those of known eligibility, taken for the
        unknown (proportional allocation, the CASRO method).
    n : int
        Persons invited.
    confidence : float
        Coverage of the intervals.
    """

    outcomes: pd.DataFrame
    rates: pd.DataFrame
    waves: pd.DataFrame
    eligibility: float | NotAvailable
    n: int
    confidence: float

    def rate(self, name: str) -> float | NotAvailable:
        """Return one rate by AAPOR's name, for instance ``"RR2"``."""
        row = self.rates.set_index("rate").loc[name]
        return NotAvailable(row["note"]) if pd.isna(row["value"]) else float(row["value"])

    def table(self) -> pd.DataFrame:
        """Arrange one row a rate."""
        names = {"lower": f"lower {self.confidence:.0%}", "upper": f"upper {self.confidence:.0%}"}
        return self.rates.rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give the persons invited, the returns, and each rate that is available."""
        metrics: dict[str, float] = {"fieldwork_n_invited": self.n}
        known = self.rates.dropna(subset=["value"])
        pairs = zip(known["rate"], known["value"], strict=True)
        return metrics | {f"fieldwork_{str(rate).lower()}": float(value) for rate, value in pairs}


@passes_absence
def response_rates(invitations: pd.DataFrame, *, confidence: float = 0.95) -> ResponseRates:
    """Compute outcome rates by AAPOR's definitions, for all and wave by wave.

    RR1 is the least a study can claim, RR5 and RR6 the most (no unknown person is
    eligible). Outcomes called "other" by AAPOR have no place in the contract and are 0.

    Parameters
    ----------
    invitations : DataFrame
        Canonical invitations: one row a person invited, with ``outcome``.
    confidence : float
        Coverage of the intervals.

    Raises
    ------
    DataError
        If ``outcome`` is absent or holds an unknown word.
    ModelError
        If nobody was invited.

    References
    ----------
    AAPOR (2023). Standard Definitions (10th ed.). American Association for Public Opinion
    Research. Wilson, E. B. (1927). J. Amer. Statist. Assoc., 22, 209-212.
    """
    require_confidence(confidence)
    outcomes = _take_outcomes(invitations)
    counts = _count(outcomes)
    letters = {outcome: letter for letter, outcome in LETTERS.items()}
    listed = pd.DataFrame({"outcome": OUTCOMES, "persons": [counts[o] for o in OUTCOMES]})
    listed.insert(1, "letter", [letters.get(outcome, "") for outcome in OUTCOMES])
    listed["share"] = listed["persons"] / len(outcomes)
    return ResponseRates(
        outcomes=listed,
        rates=_compute_rates(counts, confidence),
        waves=_compute_waves(invitations, outcomes, confidence),
        eligibility=_estimate_eligibility(counts),
        n=len(outcomes),
        confidence=confidence,
    )


def _take_outcomes(invitations: pd.DataFrame) -> pd.Series:
    require_columns(invitations, ["outcome"], table="invitations")
    outcomes = invitations["outcome"].astype("str")
    unknown = sorted(set(outcomes) - set(OUTCOMES))
    if unknown:
        raise DataError(
            f"invitations: outcome {unknown[0]!r}{nearest(unknown[0], OUTCOMES)}; "
            f"allowed: {', '.join(OUTCOMES)}"
        )
    if outcomes.empty:
        raise ModelError("nobody was invited: the table invitations is empty")
    return outcomes


def _count(outcomes: pd.Series) -> dict[str, int]:
    found = outcomes.value_counts()
    return {outcome: int(found.get(outcome, 0)) for outcome in OUTCOMES}


def _estimate_eligibility(counts: dict[str, int]) -> float | NotAvailable:
    eligible = sum(counts[name] for name in ("complete", "partial", "refused", "no_contact"))
    known = eligible + counts["ineligible"]
    return eligible / known if known else NotAvailable("of nobody it is known who is eligible")


def _compute_rates(counts: dict[str, int], confidence: float) -> pd.DataFrame:
    e = _estimate_eligibility(counts)
    weighed = {letter: float(counts[name]) for letter, name in LETTERS.items()}
    weighed["eU"] = 0.0 if isinstance(e, NotAvailable) else e * counts["unknown"]
    rows = []
    for rate, (meaning, formula, above, below) in RATES.items():
        top, bottom = (sum(weighed[letter] for letter in part.split()) for part in (above, below))
        row: dict[str, object] = {"rate": rate, "meaning": meaning, "formula": formula}
        row |= {"numerator": top, "denominator": bottom}
        rows.append(row | _bound_rate(top, bottom, confidence))
    return pd.DataFrame(rows)


def _bound_rate(top: float, bottom: float, confidence: float) -> dict[str, float | str]:
    if bottom == 0:
        empty = dict.fromkeys(("value", "lower", "upper"), np.nan)
        return empty | {"note": "nobody stands below the line"}
    lower, upper = limits(wilson_interval(top, bottom, confidence=confidence))
    return {"value": top / bottom, "lower": lower, "upper": upper, "note": ""}


def _compute_waves(
    invitations: pd.DataFrame, outcomes: pd.Series, confidence: float
) -> pd.DataFrame:
    waves = name_waves(invitations)
    parts = [(wave, outcomes[waves == wave]) for wave in sorted(waves.unique())]
    rows = []
    for wave, part in [*parts, ("all", outcomes)] if len(parts) > 1 else [("all", outcomes)]:
        counts = _count(part)
        e = _estimate_eligibility(counts)
        rates = _compute_rates(counts, confidence).set_index("rate")
        row: dict[str, object] = {"wave": wave, "invited": len(part), **counts}
        row["e"] = np.nan if isinstance(e, NotAvailable) else e
        row |= {name: rates.loc[name, "value"] for name in ("RR1", "RR2", "RR5", "RR6")}
        row |= {f"RR2 {end}": rates.loc["RR2", end] for end in ("lower", "upper")}
        rows.append(row)
    return pd.DataFrame(rows)


def name_waves(invitations: pd.DataFrame) -> pd.Series:
    """Name each invitation's wave; "all" where no wave is told."""
    if "wave" not in invitations:
        return pd.Series("all", index=invitations.index)
    return invitations["wave"].astype("object").fillna("(no wave)").astype("str")
