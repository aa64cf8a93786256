"""A campaign that held customers back, read as an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.effects.did import DidResult
from crmstudy.case.experiment.difference import (
    Booleans,
    Difference,
    Floats,
    adjust_by_regression,
    bound_lift,
    cap_highest,
    compare_means,
    effect_on_responders,
    subtract_covariates,
)
from crmstudy.case.experiment.lots import try_balance, try_lots, try_ratio
from crmstudy.case.experiment.outcomes import COVARIATES
from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import DataError, ModelError, NotAvailable, attempt, passes_absence
from crmstudy.statistics.draws import draw_seeds, sort_points
from crmstudy.statistics.two_shares import Arm, ShareComparison, compare_shares

ALPHA = 0.05
POWER = 0.8  # at which the smallest effect that would be found is told
LOTS_ALPHA = 0.01  # lots that were drawn well fail in one of a hundred experiments
RATIO_ALPHA = 0.001  # customary for sample ratios (Fabijan et al. 2019)
MINIMUM_UNITS = 30  # in the smaller group
ASSOCIATION = "describe an association, claim no effect"
PLAIN, CUPED, REGRESSION = "difference in means", "CUPED", "regression, each group its own"
COLUMNS = (
    *("effect", "standard error", "lower", "upper", "p-value", "variance left"),
    "smallest effect found",
)
SEVERAL, CAPPED = "CUPED, several covariates", "difference, highest 1% capped"


@dataclass(frozen=True)
class ExperimentResult:
    """The effect of a campaign by its own control group.

    Parameters
    ----------
    outcome : str
        What was measured per customer over the campaign.
    means : DataFrame
        Rows treated, control: ``n``, ``mean``, ``standard_deviation``, ``median``.
    estimates : dict of str to Difference or NotAvailable
        By estimator: the plain difference, CUPED with the same outcome before, with
        several covariates, regression with a slope of its own in each group, highest capped.
    lift : tuple of float or NotAvailable
        Relative lift with its interval (Fieller).
    responders : Difference or NotAvailable
        Effect on those who respond.
    response_rate : float or NotAvailable
        Share of the addressed that responded.
    bought : ShareComparison
        Share that bought at all.
    lots : Hypothesis
        Randomisation test of the plain difference.
    balance : Hypothesis or NotAvailable
        All covariates at once.
    ratio : Hypothesis or NotAvailable
        Sizes of the groups, where the share intended is known.
    correlation : float
        Of the outcome with itself before the campaign; 0 where one does not vary.
    checks : tuple of Check
        What the claim rests on.
    confidence : float
        Coverage of all intervals.
    """

    outcome: str
    means: pd.DataFrame
    estimates: dict[str, Difference | NotAvailable]
    lift: tuple[float, float, float] | NotAvailable
    responders: Difference | NotAvailable
    response_rate: float | NotAvailable
    bought: ShareComparison
    lots: Hypothesis
    balance: Hypothesis | NotAvailable
    ratio: Hypothesis | NotAvailable
    correlation: float
    checks: tuple[Check, ...]
    confidence: float

    @property
    def n(self) -> int:
        """Customers of both groups."""
        return int(self.means["n"].sum())

    @property
    def claim_allowed(self) -> bool:
        """Whether the difference may be called an effect: every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def used(self) -> str:
        """The estimator that decides: CUPED with the outcome before, else the plain one.

        Chosen before any outcome is seen, not by its result.
        """
        return PLAIN if isinstance(self.estimates[CUPED], NotAvailable) else CUPED

    @property
    def best(self) -> Difference:
        """The estimate that decides."""
        found = self.estimates[self.used]
        return self.plain if isinstance(found, NotAvailable) else found

    @property
    def effect(self) -> float:
        """The effect per customer over the campaign, by the estimator that decides."""
        return self.best.estimate

    @property
    def lower(self) -> float:
        """Lower end of its interval."""
        return self.best.lower

    @property
    def upper(self) -> float:
        """Upper end of its interval."""
        return self.best.upper

    @property
    def test(self) -> Hypothesis:
        """The effect is 0."""
        return self.best.test

    @property
    def plain(self) -> Difference:
        """The difference in means, which is always there."""
        found = self.estimates[PLAIN]
        if isinstance(found, NotAvailable):
            raise ModelError(found.reason)
        return found

    @property
    def variance_left(self) -> float:
        """Variance of the estimator that decides, over that of the plain difference."""
        return (self.best.standard_error / self.plain.standard_error) ** 2

    @property
    def detectable(self) -> float:
        """Smallest effect that this experiment finds with power .8 at a level of .05."""
        return _detectable(self.best)

    def table(self) -> pd.DataFrame:
        """Arrange one row an estimator; what cannot be had stands there empty."""
        rows = {name: self._arrange(found) for name, found in self.estimates.items()}
        return pd.DataFrame(rows).T.rename_axis("estimator").reset_index()

    def _arrange(self, found: Difference | NotAvailable) -> dict[str, float]:
        if isinstance(found, NotAvailable):
            return dict.fromkeys(COLUMNS, np.nan)
        values = (
            found.estimate,
            found.standard_error,
            found.lower,
            found.upper,
            found.test.p_value,
            (found.standard_error / self.plain.standard_error) ** 2,
            _detectable(found),
        )
        return dict(zip(COLUMNS, values, strict=True))

    def groups(self) -> pd.DataFrame:
        """Arrange both groups: customers, outcome, share that bought with Wilson's interval."""
        arms = {"treated": self.bought.treated, "control": self.bought.control}
        limits = {name: arm.limits(self.confidence) for name, arm in arms.items()}
        frame = self.means.rename(columns=lambda name: name.replace("_", " "))
        frame["share that bought"] = pd.Series({name: arm.share for name, arm in arms.items()})
        frame["share, lower"] = pd.Series({name: low for name, (low, _) in limits.items()})
        frame["share, upper"] = pd.Series({name: high for name, (_, high) in limits.items()})
        return frame.rename_axis("group").reset_index()

    def further(self) -> pd.DataFrame:
        """Arrange other readings of the same experiment: lift, share that bought, responders."""
        rows: list[dict[str, object]] = []
        shares = self.bought
        rows.append(
            _reading("share that bought, difference", shares.difference, *shares.difference_limits)
        )
        if not isinstance(self.lift, NotAvailable):
            rows.append(_reading("relative lift of the mean", *self.lift))
        if not isinstance(self.responders, NotAvailable):
            rows.append(
                _reading(
                    "effect on those who respond",
                    self.responders.estimate,
                    self.responders.lower,
                    self.responders.upper,
                )
            )
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Give the estimates, the tests and whether an effect may be claimed."""
        metrics = {
            "effect": self.effect,
            "lower": self.lower,
            "upper": self.upper,
            "p_value": self.test.p_value,
            "lots_p_value": self.lots.p_value,
            "variance_left": self.variance_left,
            "correlation_before": self.correlation,
            "smallest_effect_found": self.detectable,
            "share_difference": self.bought.difference,
            "n_treated": int(self.means["n"]["treated"]),
            "n_control": int(self.means["n"]["control"]),
            "claim_allowed": int(self.claim_allowed),
        }
        metrics |= {"plain_effect": self.plain.estimate, "plain_error": self.plain.standard_error}
        if not isinstance(self.balance, NotAvailable):
            metrics["balance_p_value"] = self.balance.p_value
        if not isinstance(self.responders, NotAvailable):
            metrics["effect_on_responders"] = self.responders.estimate
        return metrics


def _reading(name: str, estimate: float, lower: float, upper: float) -> dict[str, object]:
    return {"reading": name, "estimate": estimate, "lower": lower, "upper": upper}


def _detectable(found: Difference) -> float:
    from scipy.special import stdtrit

    reach = stdtrit(found.degrees, 1 - ALPHA / 2) + stdtrit(found.degrees, POWER)
    return float(reach) * found.standard_error


@passes_absence
def run_experiment(
    customers: pd.DataFrame,
    *,
    outcome: str = "revenue",
    covariates: Sequence[str] = COVARIATES,
    intended_share: float | None = None,
    confidence: float = 0.95,
    n_draws: int = 2000,
    seed: int = 0,
) -> ExperimentResult:
    """Estimate the effect of a campaign that held customers back, and judge whether by lot.

    Parameters
    ----------
    customers : DataFrame
        From :func:`~crmstudy.case.experiment.outcomes.gather_outcomes`, indexed by customer.
    outcome : str
        A column with its like before the campaign, ``<outcome>_before``.
    covariates : sequence of str
        Known before the campaign.
    intended_share : float, optional
        Share of the customers meant to be treated; without it, sizes cannot be tested.
    confidence : float
        Coverage of the intervals.
    n_draws, seed : int
        Lots drawn again for the randomisation tests.

    Raises
    ------
    DataError
        If a column is absent or holds missing values.
    ModelError
        If a group has fewer than two customers or the outcome does not vary.
    """
    numbers = list(dict.fromkeys([outcome, f"{outcome}_before", "treated", *covariates]))
    _require(customers, numbers)
    # By what they did and never by name: another key of the pseudonyms deals the same lots.
    rows = customers.iloc[sort_points(customers[numbers].to_numpy(dtype=float))]
    treated = rows["treated"].to_numpy(dtype=bool)
    y = rows[outcome].to_numpy(dtype=float)
    before = rows[f"{outcome}_before"].to_numpy(dtype=float)
    known = rows[list(covariates)].to_numpy(dtype=float)
    plain = compare_means(y, treated, confidence=confidence)
    others = _estimate_others(y, treated, before, known, confidence=confidence)
    seeds = draw_seeds(seed, stage=420, n=2)
    lots = try_lots(y, treated, n_draws=n_draws, seed=seeds[0])
    balance = attempt(try_balance, known, treated, n_draws=n_draws, seed=seeds[1])
    n1, n0 = int(treated.sum()), int((~treated).sum())
    ratio: Hypothesis | NotAvailable = NotAvailable("the share meant to be treated is not told")
    if intended_share:
        ratio = try_ratio(n1, n0, share=intended_share)
    return ExperimentResult(
        outcome=outcome,
        means=_describe(y, treated),
        estimates={PLAIN: plain, **others},
        lift=bound_lift(y, treated, confidence=confidence),
        responders=_read_responders(rows, y, treated, confidence),
        response_rate=_response_rate(rows, treated),
        bought=_compare_buyers(rows, treated, confidence),
        lots=lots,
        balance=balance,
        ratio=ratio,
        correlation=_correlate(y, before),
        checks=_check(plain, lots, balance, ratio, min(n1, n0)),
        confidence=confidence,
    )


def _require(rows: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in rows:
            raise DataError(f"the customers of the experiment lack the column {name!r}")
        if rows[name].isna().any():
            raise DataError(f"customers of the experiment lack a value of {name!r}; fill it first")
    if not rows.index.is_unique:
        raise DataError("a customer stands twice in the experiment; one row each is needed")


def _estimate_others(
    y: Floats, treated: Booleans, before: Floats, known: Floats, *, confidence: float
) -> dict[str, Difference | NotAvailable]:
    def cuped(covariates: Floats) -> Difference:
        return compare_means(subtract_covariates(y, covariates), treated, confidence=confidence)

    return {
        CUPED: attempt(cuped, before[:, None]),
        SEVERAL: attempt(cuped, known),
        REGRESSION: attempt(adjust_by_regression, y, treated, known, confidence=confidence),
        CAPPED: attempt(compare_means, cap_highest(y), treated, confidence=confidence),
    }


def _describe(y: Floats, treated: Booleans) -> pd.DataFrame:
    groups = {"treated": y[treated], "control": y[~treated]}
    return pd.DataFrame(
        {
            name: {
                "n": values.size,
                "mean": values.mean(),
                "standard_deviation": values.std(ddof=1),
                "median": np.median(values),
            }
            for name, values in groups.items()
        }
    ).T.astype({"n": int})


def _compare_buyers(rows: pd.DataFrame, treated: Booleans, confidence: float) -> ShareComparison:
    bought = rows["bought"].to_numpy(dtype=float)
    arms = [Arm(int(bought[each].sum()), int(each.sum())) for each in (treated, ~treated)]
    return compare_shares(*arms, confidence=confidence)


def _read_responders(
    rows: pd.DataFrame, y: Floats, treated: Booleans, confidence: float
) -> Difference | NotAvailable:
    if "responded" not in rows:
        return NotAvailable("no responses to the campaign are recorded")
    responded = rows["responded"].to_numpy(dtype=float)
    return attempt(effect_on_responders, y, treated, responded, confidence=confidence)


def _response_rate(rows: pd.DataFrame, treated: Booleans) -> float | NotAvailable:
    if "responded" not in rows:
        return NotAvailable("no responses to the campaign are recorded")
    return float(rows["responded"].to_numpy(dtype=float)[treated].mean())


def _correlate(y: Floats, before: Floats) -> float:
    if np.ptp(y) == 0 or np.ptp(before) == 0:
        return 0.0
    return float(np.corrcoef(y, before)[0, 1])


def _check(
    plain: Difference,
    lots: Hypothesis,
    balance: Hypothesis | NotAvailable,
    ratio: Hypothesis | NotAvailable,
    n_smaller: int,
) -> tuple[Check, ...]:
    checks = [
        Check(
            "customers in the smaller group",
            n_smaller >= MINIMUM_UNITS,
            n_smaller,
            f">= {MINIMUM_UNITS}",
            "rule of thumb for means",
            ASSOCIATION,
        )
    ]
    for name, found, alpha, source in (
        ("sizes of the groups fit the share intended", ratio, RATIO_ALPHA, "Fabijan et al. (2019)"),
        (
            "lots explain how the groups differed before",
            balance,
            LOTS_ALPHA,
            "Hansen & Bowers (2008)",
        ),
    ):
        if not isinstance(found, NotAvailable):
            passed = found.p_value >= alpha
            rule = f">= {alpha:g}"
            checks.append(
                Check(f"{name} (p-value)", passed, found.p_value, rule, source, ASSOCIATION)
            )
    agree = (lots.p_value < ALPHA) == (plain.test.p_value < ALPHA)
    checks.append(
        Check(
            "randomisation test and t test agree at .05 (p-value by lots)",
            agree,
            lots.p_value,
            "same side of .05",
            "Chung & Romano (2013)",
            "heavy tails: trust the randomisation test, claim no effect",
        )
    )
    return tuple(checks)


def line_up_estimates(
    experiment: ExperimentResult | NotAvailable, *, did: DidResult | NotAvailable | None = None
) -> pd.DataFrame | NotAvailable:
    """Put the estimates of one effect below each other, the plain difference first.

    Parameters
    ----------
    experiment : ExperimentResult
    did : DidResult, optional
        The same outcome by difference-in-differences, in windows of the campaign's length.

    Returns
    -------
    DataFrame
        ``estimator``, ``effect``, ``lower``, ``upper``, ``n``; without those not available.
    """
    # Not @passes_absence: an absent difference in differences leaves the other rows.
    if isinstance(experiment, NotAvailable):
        return experiment
    rows = experiment.table()[["estimator", "effect", "lower", "upper"]].assign(n=experiment.n)
    if isinstance(did, DidResult):
        last = {
            "estimator": "difference in differences",
            "effect": did.effect,
            "lower": did.lower,
            "upper": did.upper,
            "n": did.n_units,
        }
        rows = pd.concat([rows, pd.DataFrame([last])], ignore_index=True)
    return rows.dropna().reset_index(drop=True)
