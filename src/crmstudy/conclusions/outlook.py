"""What would decide the hypotheses that are open: more cases, other data, another design."""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.conclusions.evidence import Evidence
from crmstudy.conclusions.limits import TABLE
from crmstudy.errors import NotAvailable

LEVEL = 0.95
OPEN = ("undecided", "withheld", "not tested")
UNLIKE = re.compile(r"trend|alike|vary|placebo|balance|overlap|propensity|confound", re.I)
REFUSED = re.compile(r"inadmissible|refused|converge|identified|degrees of freedom", re.I)
#: Times as many cases beyond which more cases are no plan.
MOST_TIMES = 100.0


def multiply_cases(
    effect: float, lower: float, upper: float, *, power: float, level: float = LEVEL
) -> float | NotAvailable:
    """Find how many times as many cases would decide an effect as large as the one found.

    The standard error falls with the root of the number of cases, so an effect ``b`` whose
    standard error is ``s`` is decided with the power wanted by
    ``((z_level + z_power) s / |b|)^2`` times as many cases.

    Parameters
    ----------
    effect, lower, upper : float
        Estimate and its interval; of one that is not symmetric the side of zero counts.
    power : float
        Probability wanted that the interval does not hold zero, if the effect is as found.
    level : float
        Confidence of the interval.

    References
    ----------
    Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.).
    """
    if effect == 0 or not np.isfinite([effect, lower, upper]).all():
        return NotAvailable("the estimate is zero: no number of cases decides it")
    reach = effect - lower if effect > 0 else upper - effect
    normal = NormalDist()
    z = normal.inv_cdf((1 + level) / 2)
    return float(((z + normal.inv_cdf(power)) * (reach / z) / effect) ** 2)


@dataclass(frozen=True)
class Outlook:
    """What would decide what is open.

    Parameters
    ----------
    open : DataFrame
        ``hypothesis, statement, verdict, times as many cases, what would decide it``.
    wanted : DataFrame
        ``table, results that wait for it, chapters``, the most wanted first.
    power : float
    """

    open: pd.DataFrame
    wanted: pd.DataFrame
    power: float

    def table(self) -> pd.DataFrame | NotAvailable:
        """Arrange what is open, in the order of the register."""
        return NotAvailable("no registered hypothesis is open") if self.open.empty else self.open

    def wanted_table(self) -> pd.DataFrame | NotAvailable:
        """Arrange the tables that results wait for."""
        return NotAvailable("no result waits for a table") if self.wanted.empty else self.wanted

    def to_metrics(self) -> dict[str, float]:
        """Give the number of open hypotheses, and for each how many times the cases."""
        known = self.open.dropna(subset=["times as many cases"])
        times = zip(known["hypothesis"], known["times as many cases"], strict=True)
        return {
            "n_open": len(self.open),
            "n_tables_wanted": len(self.wanted),
            "power": self.power,
        } | {f"times_as_many_cases_{name.lower()}": float(value) for name, value in times}


def plan_outlook(
    judged: pd.DataFrame | NotAvailable, *, evidence: Evidence, power: float
) -> Outlook:
    """Say for every open hypothesis which data or which design would decide it.

    Where no hypothesis is registered, only the tables that results wait for are counted.
    """
    records = [] if isinstance(judged, NotAvailable) else judged.to_dict("records")
    rows = [_plan(row, power) for row in records if str(row["verdict"]) in OPEN]
    columns = ["hypothesis", "statement", "verdict", "times as many cases", "what would decide it"]
    plans = pd.DataFrame(rows, columns=columns).astype({"times as many cases": "float64"})
    return Outlook(plans, count_wanted(evidence), power)


def _plan(row: Any, power: float) -> dict[str, object]:
    verdict, reason = str(row["verdict"]), str(row["reason"])
    times: float | None = None
    if verdict == "undecided":
        found = multiply_cases(row["effect"], row["lower"], row["upper"], power=power)
        times = None if isinstance(found, NotAvailable) else found
        plan = _say_cases(times)
    else:
        plan = _say_design(reason)
    return {
        "hypothesis": row["hypothesis"],
        "statement": row["statement"],
        "verdict": verdict,
        "times as many cases": times,
        "what would decide it": plan,
    }


def _say_cases(times: float | None) -> str:
    if times is None:
        return "a sharper measure or another design: the estimate is zero"
    if times > MOST_TIMES:
        return "another design or a sharper measure: so small an effect asks for too many cases"
    return "more cases of the same kind, if the effect is as large as estimated"


def _say_design(reason: str) -> str:
    absent = TABLE.search(reason)
    if absent:
        return f"a table {absent.group(1).replace('_', ' ')} of the same customers"
    if REFUSED.search(reason):
        return "a model that these answers admit, or items that measure it better"
    if UNLIKE.search(reason):
        return "customers held back by lot: the groups were not comparable"
    return f"what is missing: {reason.removeprefix('not available: ')}"


def count_wanted(evidence: Evidence) -> pd.DataFrame:
    """Count the results that wait for a table, by table: the most wanted first."""
    waiting: dict[str, list[str]] = {}
    for address, entry in sorted(evidence.numbers.items()):
        absent = TABLE.search(str(entry.get("reason", "")))
        if entry.get("value") is None and absent:
            waiting.setdefault(absent.group(1), []).append(address.split(".")[0])
    rows = [
        {
            "table": table.replace("_", " "),
            "results that wait for it": len(chapters),
            "chapters": ", ".join(c.replace("_", " ") for c in dict.fromkeys(chapters)),
        }
        for table, chapters in waiting.items()
    ]
    columns = ["table", "results that wait for it", "chapters"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(
        ["results that wait for it", "table"], ascending=[False, True]
    ).reset_index(drop=True)
