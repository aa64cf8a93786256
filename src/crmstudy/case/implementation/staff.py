"""What the staff say of the system: scores of each construct, overall and by department."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence

ALL = "all departments"
#: Respondents below which a model of several constructs is called small.
SMALL_SAMPLE = 200


@dataclass(frozen=True)
class StaffScores:
    """Scores from 0 to 100, the higher the more of the construct.

    Parameters
    ----------
    scores : DataFrame
        One row a department (``all departments`` first) and construct: ``group``,
        ``construct``, ``label``, ``n``, ``mean``, ``lower``, ``upper``.
    n_respondents : int
        Who answered at least one item.
    level : float
        Of the intervals.
    hidden : int
        Departments that are not shown, as too few answered or as they would give such
        a one away.
    smallest_cell : int
        Fewest respondents of a department shown.
    """

    scores: pd.DataFrame
    n_respondents: int
    level: float
    hidden: int
    smallest_cell: int

    def table(self) -> pd.DataFrame:
        """Arrange one row a department and construct."""
        names = {
            "group": "department",
            "mean": "mean (0-100)",
            "lower": f"lower {self.level:.0%}",
            "upper": f"upper {self.level:.0%}",
        }
        shown = self.scores.drop(columns="construct").rename(columns=names)
        return shown.rename(columns={"label": "construct"})

    @property
    def overall(self) -> pd.DataFrame:
        """The scores of all departments together, by construct."""
        return self.scores[self.scores["group"] == ALL].set_index("construct")

    def to_metrics(self) -> dict[str, float]:
        """Give mean and ends of the interval of each construct, and the respondents."""
        metrics: dict[str, float] = {
            "n_respondents": self.n_respondents,
            "n_hidden_departments": self.hidden,
        }
        for name, row in self.overall.iterrows():
            metrics |= {
                f"{name}": float(row["mean"]),
                f"{name}_lower": float(row["lower"]),
                f"{name}_upper": float(row["upper"]),
            }
        return metrics


@passes_absence
def score_staff(
    answers: pd.DataFrame,
    *,
    instrument: Mapping[str, Mapping[str, Any]],
    smallest_cell: int = 5,
    level: float = 0.95,
    by: str = "department",
) -> StaffScores:
    """Score the constructs of the staff survey, overall and by department.

    A respondent's score is the mean of the answered items of a construct, each put on 0 to
    100 by the ends of its scale, a reversed one turned round; Student's interval. A
    department with fewer respondents than ``smallest_cell`` is not shown, and where only
    one is hidden, the next smallest is hidden too: it would follow from the total.

    Parameters
    ----------
    answers : DataFrame
        Canonical staff survey: one row a respondent, one column an item.
    instrument : mapping of str to mapping
        For each item ``construct``, ``label``, ``minimum``, ``maximum``, ``reverse``,
        ``missing``: ``data.settings.staff_instrument.table()``.
    smallest_cell : int
        ``privacy.smallest_cell`` of study.yml.
    by : str
        Column of the department; without it only the total is scored.

    Raises
    ------
    ModelError
        If no item of a construct was answered by ``smallest_cell`` members of staff.
    """
    points = _rescale(answers, instrument)
    if len(points) < max(2, smallest_cell):
        raise ModelError(
            f"{len(points)} members of staff answered, fewer than the {smallest_cell} that may "
            "be shown"
        )
    labels = {spec["construct"]: spec["label"] for spec in instrument.values()}
    groups = {ALL: points}
    hidden = 0
    if by in answers.columns:
        departments = answers.loc[points.index, by].astype("str")
        sizes = departments[answers.loc[points.index, by].notna()].value_counts()
        sizes = sizes.sort_index().sort_values(kind="stable")
        secret = set(sizes.index[sizes < smallest_cell])
        unnamed = int(answers.loc[points.index, by].isna().sum())
        if len(secret) == 1 and len(sizes) > 1 and not unnamed:
            secret = set(sizes.index[:2])
        hidden = len(secret)
        groups |= {
            str(name): points[departments == name]
            for name in sorted(sizes.index)
            if name not in secret
        }
    rows = [
        {"group": group, "construct": name, "label": labels[name], **_mean(part[name], level)}
        for group, part in groups.items()
        for name in points.columns
        if part[name].count() >= max(2, smallest_cell)
    ]
    return StaffScores(pd.DataFrame(rows), len(points), level, hidden, smallest_cell)


def _rescale(answers: pd.DataFrame, instrument: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Score each respondent on each construct, from 0 to 100; drop who answered nothing."""
    known = {name: spec for name, spec in instrument.items() if name in answers.columns}
    if not any(spec["construct"] for spec in known.values()):
        raise ModelError("the staff survey has none of the items of staff_instrument in study.yml")
    scores: dict[str, list[pd.Series]] = {}
    for name, spec in known.items():
        if not spec["construct"]:
            continue
        given = answers[name].astype("Float64").where(~answers[name].isin(spec["missing"]))
        share = (given - spec["minimum"]) / (spec["maximum"] - spec["minimum"])
        scores.setdefault(spec["construct"], []).append(1 - share if spec["reverse"] else share)
    means = {name: 100 * pd.concat(parts, axis=1).mean(axis=1) for name, parts in scores.items()}
    return pd.DataFrame(means).astype("float64").dropna(how="all")


def _mean(values: pd.Series, level: float) -> dict[str, float]:
    from scipy.special import stdtrit

    known = np.sort(values.dropna().to_numpy(dtype=float))
    middle = float(known.mean())
    reach = float(stdtrit(len(known) - 1, (1 + level) / 2) * known.std(ddof=1) / len(known) ** 0.5)
    ends = {"lower": max(0.0, middle - reach), "upper": min(100.0, middle + reach)}
    return {"n": len(known), "mean": middle, **ends}
