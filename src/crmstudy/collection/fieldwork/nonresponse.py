"""Do late respondents answer otherwise? A look at the bias of those who never answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from crmstudy.checks import Check
from crmstudy.collection.fieldwork.intervals import (
    require_choice,
    require_columns,
    require_confidence,
)
from crmstudy.collection.fieldwork.returns import join_invitations
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError, passes_absence

Rule = Literal["auto", "reminder", "median"]

SOURCE = "Armstrong & Overton (1977)"


@dataclass(frozen=True)
class EarlyLate:
    """Early against late respondents, item by item.

    Parameters
    ----------
    items : DataFrame
        One row an item or construct: ``item``, ``n_early``, ``n_late``, ``mean_early``,
        ``mean_late``, ``difference`` (late less early), ``lower``, ``upper`` (Welch), ``d``
        (Cohen's, pooled standard deviation), ``p``, ``p_holm``, ``p_equivalence`` (the
        larger of two one-sided Welch tests), ``reading``.
    left_out : DataFrame
        Items that could not be compared: ``item``, ``reason``.
    rule : str
        Who counts as late, in words.
    n_early, n_late, n_left_out : int
        Respondents on either side; respondents without a date or an invitation.
    bound : float
        Largest difference, in standard deviations, that counts as none.
    confidence : float
        Coverage of the intervals; 1 less it is the level of the tests.
    """

    items: pd.DataFrame
    left_out: pd.DataFrame
    rule: str
    n_early: int
    n_late: int
    n_left_out: int
    bound: float
    confidence: float

    @property
    def verdict(self) -> str:
        """What the comparison allows one to say, in a sentence."""
        level = 1 - self.confidence
        differ = self.items.loc[self.items["p_holm"] < level, "item"].tolist()
        if differ:
            return f"late respondents answer otherwise in: {', '.join(differ)}"
        if (self.items["p_equivalence"] < level).all():
            return f"no difference found, and differences of {self.bound:g} sd are excluded"
        return f"no difference found, but differences of {self.bound:g} sd cannot be excluded"

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether no item differs, and whether larger differences are excluded throughout."""
        level = 1 - self.confidence
        smallest = float(self.items["p_holm"].min())
        largest = float(self.items["p_equivalence"].max())
        return (
            Check(
                name="late respondents do not answer otherwise (smallest p, Holm)",
                passed=smallest >= level,
                statistic=smallest,
                threshold=f">= {level:.2g}",
                source=SOURCE,
                consequence="non-response probably shifts the means: weight, and say so",
            ),
            Check(
                name=f"differences of {self.bound:g} sd are excluded (largest p of equivalence)",
                passed=largest < level,
                statistic=largest,
                threshold=f"< {level:.2g}",
                source="Schuirmann (1987); Lakens (2017)",
                consequence="do not claim that those who never answered would have said the same",
            ),
        )

    def table(self) -> pd.DataFrame:
        """Arrange one row an item."""
        names = {
            "lower": f"difference, lower {self.confidence:.0%}",
            "upper": f"difference, upper {self.confidence:.0%}",
            "d": "Cohen's d",
            "p_holm": "p (Holm)",
            "p_equivalence": "p (equivalence)",
        }
        return self.items.rename(columns=names).rename(columns=lambda n: str(n).replace("_", " "))

    def to_metrics(self) -> dict[str, float]:
        """Give the sizes, the largest effect, and both p-values that the verdict rests on."""
        return {
            "early_n": self.n_early,
            "late_n": self.n_late,
            "early_late_largest_d": float(self.items["d"].abs().max()),
            "early_late_smallest_p_holm": float(self.items["p_holm"].min()),
            "early_late_largest_p_equivalence": float(self.items["p_equivalence"].max()),
        }


@passes_absence
def compare_early_late(
    survey: pd.DataFrame,
    invitations: pd.DataFrame,
    *,
    items: Sequence[str],
    rule: Rule = "auto",
    bound: float = 0.2,
    minimum_size: int = 10,
    confidence: float = 0.95,
) -> EarlyLate:
    """Compare early with late respondents, who stand for those who never answered.

    "reminder": late is who answered on the day of the reminder or after it. "median":
    late is who took more days from the invitation than half of the respondents. "auto"
    takes the reminder where both sides have ``minimum_size`` respondents, else the median.
    A difference that is not significant is not yet none: the equivalence test asks
    whether a difference as large as ``bound`` can be excluded.

    Parameters
    ----------
    survey : DataFrame
        Canonical survey with ``respondent_id``, ``answered_on`` and the items.
    invitations : DataFrame
        Canonical invitations of the same respondents.
    items : sequence of str
        Numeric columns of the survey; constructs through :func:`score_constructs`.
    rule : {"auto", "reminder", "median"}
        Who counts as late.
    bound : float
        In pooled standard deviations, above 0.
    minimum_size : int
        Respondents needed on either side, of all and of each item; at least 2.
    confidence : float
        Coverage of the intervals.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    DataError
        If a column is absent or not numeric.
    ModelError
        If a side is too small, or no item can be compared.

    References
    ----------
    Armstrong, J. S., & Overton, T. S. (1977). J. Marketing Research, 14, 396-402.
    Holm, S. (1979). Scand. J. Statist., 6, 65-70.
    Schuirmann, D. J. (1987). J. Pharmacokinet. Biopharm., 15, 657-680.
    Lakens, D. (2017). Soc. Psychol. Pers. Sci., 8, 355-362.
    """
    require_choice("rule", rule, get_args(Rule))
    require_confidence(confidence)
    _require_settings(items, bound, minimum_size)
    _require_numbers(survey, items)
    joined = join_invitations(survey, invitations)
    dated = joined.dropna(subset=["answered_on", "invited_on"])
    late, words = _split(dated, rule, minimum_size)
    rows, reasons = [], []
    for item in items:
        answers = dated[item].astype("float64")
        sides = answers[~late].dropna().to_numpy(), answers[late].dropna().to_numpy()
        row = _compare(*sides, bound=bound, minimum_size=minimum_size, confidence=confidence)
        if isinstance(row, NotAvailable):
            reasons.append({"item": item, "reason": row.reason})
        else:
            rows.append({"item": item} | row)
    if not rows:
        raise ModelError(f"no item can be compared: {reasons[0]['item']}: {reasons[0]['reason']}")
    return EarlyLate(
        items=_read(_adjust(pd.DataFrame(rows)), 1 - confidence),
        left_out=pd.DataFrame(reasons, columns=["item", "reason"]),
        rule=words,
        n_early=int((~late).sum()),
        n_late=int(late.sum()),
        n_left_out=len(survey) - len(dated),
        bound=bound,
        confidence=confidence,
    )


def _require_settings(items: Sequence[str], bound: float, minimum_size: int) -> None:
    if isinstance(items, str) or not items:
        raise SettingsError(f"items = {items!r}: must list one item or more")
    if not 0 < bound < np.inf:
        raise SettingsError(f"bound = {bound}: must be above 0, in standard deviations")
    if minimum_size < 2:
        raise SettingsError(f"minimum_size = {minimum_size}: a mean needs 2 answers or more")


def _require_numbers(survey: pd.DataFrame, items: Sequence[str]) -> None:
    require_columns(survey, items, table="survey")
    for item in items:
        if not pd.api.types.is_numeric_dtype(survey[item]):
            raise DataError(f"survey: item {item!r} is {survey[item].dtype}, not a number")


def _split(dated: pd.DataFrame, rule: str, minimum_size: int) -> tuple[pd.Series, str]:
    """Mark the late ones by the rule; the words say which rule was followed."""
    waited = (dated["answered_on"] - dated["invited_on"]).dt.days
    reminded = dated["answered_on"] >= dated["reminded_on"]
    typical = waited.median()
    choices = {
        "reminder": (reminded, "late = answered on the day of the reminder or after it"),
        "median": (waited > typical, f"late = more than {typical:g} days after the invitation"),
    }
    sizes = {name: min(int(m.sum()), int((~m).sum())) for name, (m, _) in choices.items()}
    if rule == "auto":
        rule = "reminder" if sizes["reminder"] >= minimum_size else "median"
    if sizes[rule] < minimum_size:
        raise ModelError(
            f"early and late respondents need {minimum_size} on either side; by the rule "
            f"{rule!r} the smaller side has {sizes[rule]}"
        )
    return choices[rule]


def _compare(
    early: np.ndarray, late: np.ndarray, *, bound: float, minimum_size: int, confidence: float
) -> dict[str, float] | NotAvailable:
    n, m = early.size, late.size
    if min(n, m) < minimum_size:
        return NotAvailable(f"answered by {n} early and {m} late, fewer than {minimum_size}")
    pooled = ((n - 1) * early.var(ddof=1) + (m - 1) * late.var(ddof=1)) / (n + m - 2)
    if pooled == 0:
        return NotAvailable("the answers do not vary")
    spread = float(np.sqrt(pooled))
    test = stats.ttest_ind(late, early, equal_var=False)
    interval = test.confidence_interval(confidence)
    difference = float(late.mean() - early.mean())
    error = np.sqrt(early.var(ddof=1) / n + late.var(ddof=1) / m)
    # Of the two one-sided tests the larger p counts: the bound that is nearer.
    nearer = (bound * spread - abs(difference)) / error
    return {
        "n_early": n,
        "n_late": m,
        "mean_early": float(early.mean()),
        "mean_late": float(late.mean()),
        "difference": difference,
        "lower": float(interval.low),
        "upper": float(interval.high),
        "d": difference / spread,
        "p": float(test.pvalue),
        "p_equivalence": float(stats.t.sf(nearer, test.df)),
    }


def _adjust(rows: pd.DataFrame) -> pd.DataFrame:
    adjusted = adjust_holm(rows["p"].to_numpy())
    rows.insert(rows.columns.tolist().index("p") + 1, "p_holm", adjusted)
    return rows


def adjust_holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values for their number by Holm's (1979) step-down procedure."""
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * np.arange(p_values.size, 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _read(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    words = np.select(
        [rows["p_holm"] < level, rows["p_equivalence"] < level],
        ["differ", "equivalent"],
        "undecided",
    )
    return rows.assign(reading=words)
