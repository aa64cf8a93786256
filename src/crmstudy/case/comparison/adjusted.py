"""The campaign's effect among customers made alike, by several methods, and its checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.case.comparison.covariates import Covariates
from crmstudy.case.comparison.estimates import (
    Estimate,
    change_of,
    estimate_balanced,
    estimate_doubly_robust,
    estimate_inverse,
    estimate_matched,
    estimate_unadjusted,
)
from crmstudy.case.comparison.likeness import (
    compare_balance,
    farthest_ratio,
    largest_difference,
    summarise_balance,
    tabulate_balance,
)
from crmstudy.case.comparison.matching import Matching, match_nearest
from crmstudy.case.comparison.propensity import Propensity, fit_propensity
from crmstudy.case.comparison.trends import Trends, trace_trends
from crmstudy.case.comparison.weighting import (
    Weights,
    balance_entropy,
    weigh_equally,
    weigh_inversely,
)
from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable, SettingsError

#: What COMPARISON may say, and the methods it takes, the first that can be had.
CARRIED = {
    "weighting": ("entropy balancing", "inverse probability"),
    "matching": ("matching",),
}
WITHHOLD = "describe an association, claim no effect"
ALPHA = 0.05
#: Share of the addressed customers whom the estimate must still be about.
KEPT = 0.8
#: Controls of equal weight that clustered errors need.
EFFECTIVE = 30.0
RATIO_LOW, RATIO_HIGH = 0.5, 2.0


@dataclass(frozen=True)
class AdjustedComparison:
    """Difference-in-differences among customers made alike; the estimand is the ATT.

    Parameters
    ----------
    carried : Estimate
        The estimate that is carried on; ``carried.method`` says which.
    estimates : tuple of Estimate
        All methods that could be had, the unadjusted first.
    refused : dict of str to str
        Methods that could not, and why.
    balance : DataFrame
        See :func:`~crmstudy.case.comparison.likeness.compare_balance`.
    weights : dict of str to Weights
        Of every method.
    pairs : DataFrame or NotAvailable
        Matched pairs, one to one without replacement.
    propensity : Propensity
        What weights and matches rest on.
    trends : Trends
        Differences in every window under the carried weights.
    rehearsal : Estimate or NotAvailable
        The same estimate one window before the campaign began, when there was nothing to find.
    outcome : str
        What was measured.
    limit : float
        Largest standardised difference that counts as balance.
    confidence : float
        Level of the intervals.
    left_out : DataFrame
        ``reason``, ``treated``, ``control``.
    """

    carried: Estimate
    estimates: tuple[Estimate, ...]
    refused: dict[str, str]
    balance: pd.DataFrame
    weights: dict[str, Weights]
    pairs: pd.DataFrame | NotAvailable
    propensity: Propensity
    trends: Trends
    rehearsal: Estimate | NotAvailable
    outcome: str
    limit: float
    confidence: float
    left_out: pd.DataFrame

    @property
    def effect(self) -> float:
        """Mean effect on the addressed customers per window."""
        return self.carried.effect

    @property
    def interval(self) -> tuple[float, float]:
        """Its interval."""
        return self.carried.lower, self.carried.upper

    @property
    def used(self) -> Weights:
        """The weights of the estimate that is carried on."""
        return self.weights[self.carried.method]

    @property
    def checks(self) -> tuple[Check, ...]:
        """What a claim about the carried estimate rests on."""
        return (
            *_check_balance(self.balance, self.carried.method, self.limit),
            *_check_overlap(self.used),
            self.trends.check,
            _check_rehearsal(self.rehearsal),
        )

    @property
    def claim_allowed(self) -> bool:
        """Whether the difference may be called an effect: every check passed."""
        return all(check.passed for check in self.checks)

    def name_unit(self, currency: str) -> str:
        """Name the unit of the effect: the currency for revenue, purchases for their number."""
        return currency if self.outcome == "revenue" else self.outcome.removeprefix("n_")

    def table(self) -> pd.DataFrame:
        """Arrange one row a method: its estimate, interval, and whom it is about."""
        level = f"{100 * self.confidence:g}%"
        names = {
            "standard_error": "standard error",
            "lower": f"lower {level}",
            "upper": f"upper {level}",
            "p_value": "p-value",
            "n_treated": "addressed",
            "n_control": "compared",
            "effective_controls": "effective controls",
            "error": "standard error from",
        }
        frame = pd.DataFrame([asdict(found) for found in self.estimates])
        carried = np.where(frame["method"] == self.carried.method, "yes", "no")
        frame.insert(1, "carried on", carried)
        return frame.rename(columns=names)

    def tabulate_left_out(self) -> pd.DataFrame:
        """Arrange who is not compared, and why."""
        names = {"treated": "addressed", "control": "compared"}
        return self.left_out.rename(columns=names)

    def tabulate_balance(self) -> pd.DataFrame:
        """Arrange the standardised differences, one row a term and one column a method."""
        return tabulate_balance(self.balance)

    def summarise_balance(self) -> pd.DataFrame:
        """Arrange the joint balance, one row a method."""
        return summarise_balance(self.balance, limit=self.limit)

    def to_metrics(self) -> dict[str, float]:
        """Give the carried estimate, its rivals' effects, and the verdict of the checks."""
        carried = self.carried
        metrics = {
            "adjusted_effect": carried.effect,
            "adjusted_standard_error": carried.standard_error,
            "adjusted_lower": carried.lower,
            "adjusted_upper": carried.upper,
            "adjusted_p_value": carried.p_value,
            "adjusted_n_treated": carried.n_treated,
            "adjusted_n_control": carried.n_control,
            "adjusted_effective_controls": carried.effective_controls,
            "adjusted_largest_difference": largest_difference(self.balance, carried.method),
            "adjusted_trend_p_value": self.trends.joint.p_value,
            "adjusted_claim_allowed": int(self.claim_allowed),
        }
        for found in self.estimates:
            metrics[f"{found.method.replace(' ', '_').replace(',', '')}_effect"] = found.effect
        if not isinstance(self.rehearsal, NotAvailable):
            metrics["rehearsal_effect"] = self.rehearsal.effect
            metrics["rehearsal_p_value"] = self.rehearsal.p_value
        return metrics | self.propensity.to_metrics()


def adjust_comparison(
    panel: pd.DataFrame,
    covariates: Covariates,
    *,
    outcome: str = "revenue",
    method: str = "weighting",
    caliper: float = 0.2,
    limit: float = 0.1,
    confidence: float = 0.95,
    rehearsal: AdjustedComparison | NotAvailable | None = None,
) -> AdjustedComparison:
    """Estimate a campaign's effect among customers made alike in what was known before.

    The outcome is each customer's mean per window from the first day on, less the mean of the
    windows before. Five ways make the groups alike: inverse probability weights, entropy
    balancing, both weights and a regression (doubly robust), nearest neighbours without and
    with replacement. Which is carried on is settled beforehand: ``weighting`` takes entropy
    balancing, which is doubly robust by itself, and inverse probability where no weights give
    equal means; ``matching`` takes pairs without replacement.

    Parameters
    ----------
    panel : DataFrame
        From :func:`~crmstudy.case.campaigns.panel.build_panel`.
    covariates : Covariates
        From :func:`~crmstudy.case.comparison.covariates.gather_covariates`.
    outcome : str
        Column of the panel.
    method : str
        "weighting" or "matching".
    caliper : float
        Standard deviations of the logit of the propensity.
    limit : float
        Largest standardised difference that counts as balance.
    confidence : float
        Level of the intervals, in (0, 1).
    rehearsal : AdjustedComparison, optional
        The same comparison one window earlier (:func:`rehearse`); without it no claim.

    Raises
    ------
    SettingsError
        If method, caliper, limit or confidence is out of range.
    ModelError
        If the groups do not overlap, or no method can be had.

    References
    ----------
    Sant'Anna, P. H. C., & Zhao, J. (2020). J. of Econometrics, 219, 101-122.
    Stuart, E. A. (2010). Statistical Science, 25, 1-21.
    Imbens, G. W., & Rubin, D. B. (2015). Causal inference. Cambridge University Press.
    """
    # Not @passes_absence: a rehearsal that cannot be had withholds the claim, not the estimate.
    for part in (panel, covariates):
        if isinstance(part, NotAvailable):
            return part  # type: ignore[return-value]
    _require(method, limit=limit, confidence=confidence)
    change = change_of(panel, outcome, covariates.treated.index)
    propensity = fit_propensity(covariates)
    made = _Attempts(change, propensity, covariates, confidence)
    made.run(caliper)
    carried = next(
        (made.estimates[name] for name in CARRIED[method] if name in made.estimates), None
    )
    if carried is None:
        reasons = "; ".join(made.refused[name] for name in CARRIED[method])
        raise ModelError(f"no comparison by {method} can be had: {reasons}")
    used = made.weights[carried.method]
    matched = made.matchings.get("matching")
    return AdjustedComparison(
        carried=carried,
        estimates=tuple(made.estimates.values()),
        refused=made.refused,
        balance=compare_balance(covariates, made.weights),
        weights=made.weights,
        pairs=matched.pairs if matched else NotAvailable("nobody could be matched"),
        propensity=propensity,
        trends=trace_trends(panel, used, outcome=outcome, confidence=confidence),
        rehearsal=_rehearsed(rehearsal),
        outcome=outcome,
        limit=limit,
        confidence=confidence,
        left_out=pd.concat([covariates.left_out, used.left_out], ignore_index=True),
    )


class _Attempts:
    """Every method once; one that cannot be had is noted with its reason."""

    def __init__(
        self, change: pd.Series, propensity: Propensity, covariates: Covariates, confidence: float
    ) -> None:
        self.change, self.propensity, self.covariates = change, propensity, covariates
        self.confidence = confidence
        self.estimates: dict[str, Estimate] = {}
        self.weights: dict[str, Weights] = {}
        self.matchings: dict[str, Matching] = {}
        self.refused: dict[str, str] = {}

    def run(self, caliper: float) -> None:
        """Try all methods in the order of the table."""
        level = self.confidence
        self._try("unadjusted", lambda: self._plain(weigh_equally(self.covariates), level))
        self._try("inverse probability", lambda: self._inverse(level))
        self._try("entropy balancing", lambda: self._balanced(level))
        self._try("doubly robust", lambda: self._robust(level))
        self._try("matching", lambda: self._matched("matching", caliper, level, replace=False))
        again = "matching, with replacement"
        self._try(again, lambda: self._matched(again, caliper, level, replace=True))

    def _try(self, name: str, estimate: Callable[[], Estimate]) -> None:
        try:
            self.estimates[name] = estimate()
        except ModelError as reason:
            self.refused[name] = str(reason)
            self.weights.pop(name, None)

    def _plain(self, weights: Weights, level: float) -> Estimate:
        self.weights["unadjusted"] = weights
        return estimate_unadjusted(self.change, weights, confidence=level)

    def _inverse(self, level: float) -> Estimate:
        weights = self.weights["inverse probability"] = weigh_inversely(self.propensity)
        return estimate_inverse(self.change, weights, self.propensity, confidence=level)

    def _balanced(self, level: float) -> Estimate:
        weights = self.weights["entropy balancing"] = balance_entropy(self.covariates)
        design = self.propensity.design
        return estimate_balanced(self.change, weights, design, confidence=level)

    def _robust(self, level: float) -> Estimate:
        weights = weigh_inversely(self.propensity)
        return estimate_doubly_robust(self.change, weights, self.propensity, confidence=level)

    def _matched(self, name: str, caliper: float, level: float, *, replace: bool) -> Estimate:
        from dataclasses import replace as exchange

        found = match_nearest(self.propensity, caliper=caliper, replace=replace)
        self.matchings[name] = found
        self.weights[name] = exchange(found.weights, method=name)
        return exchange(estimate_matched(self.change, found, confidence=level), method=name)


def rehearse(panel: pd.DataFrame) -> pd.DataFrame:
    """Move the start back by one window: the last window before the campaign plays its part.

    Nothing can have happened in it, so that an estimate there tells of what the adjustment
    leaves behind.

    Returns
    -------
    DataFrame
        The windows before the campaign, renumbered, the last with ``post`` true.

    Raises
    ------
    ModelError
        If there is only one window before.
    """
    if isinstance(panel, NotAvailable):
        return panel
    before = panel[~panel["post"]]
    if before["period"].nunique() < 2:
        raise ModelError("a rehearsal needs two windows before the campaign; there is one")
    last = before["period"].max()
    return before.assign(period=before["period"] - last, post=before["period"] == last)


def eve_of(panel: pd.DataFrame) -> str:
    """Name the day before the first window after the start, as an ISO date."""
    if isinstance(panel, NotAvailable):
        return ""
    start = panel.loc[panel["post"], "starts_on"].min()
    return f"{start - pd.Timedelta(days=1):%Y-%m-%d}"


def _require(method: str, *, limit: float, confidence: float) -> None:
    if method not in CARRIED:
        raise SettingsError(f"method {method!r}; known: {', '.join(CARRIED)}")
    if limit <= 0 or not 0 < confidence < 1:
        raise SettingsError(
            f"limit = {limit}, confidence = {confidence}: the limit must be positive, the "
            "confidence between 0 and 1"
        )


def _rehearsed(rehearsal: AdjustedComparison | NotAvailable | None) -> Estimate | NotAvailable:
    if rehearsal is None:
        return NotAvailable("no rehearsal before the campaign was made")
    return rehearsal.carried


def _check_balance(balance: pd.DataFrame, method: str, limit: float) -> tuple[Check, ...]:
    largest, ratio = largest_difference(balance, method), farthest_ratio(balance, method)
    return (
        Check(
            name=f"groups are alike after {method} (largest standardised difference)",
            passed=largest <= limit,
            statistic=largest,
            threshold=f"<= {limit:g}",
            source="Austin & Stuart (2015)",
            consequence=WITHHOLD,
        ),
        Check(
            name=f"groups vary alike after {method} (farthest variance ratio)",
            passed=RATIO_LOW <= ratio <= RATIO_HIGH,
            statistic=ratio,
            threshold=f"{RATIO_LOW:g} to {RATIO_HIGH:g}",
            source="Rubin (2001)",
            consequence=WITHHOLD,
        ),
    )


def _check_overlap(used: Weights) -> tuple[Check, ...]:
    return (
        Check(
            name="the estimate is still about the customers addressed (share kept)",
            passed=used.share_treated_kept >= KEPT,
            statistic=used.share_treated_kept,
            threshold=f">= {KEPT:g}",
            source="rule of this study, after Stuart (2010), section 3.3",
            consequence="the effect is of those with a counterpart only; " + WITHHOLD,
        ),
        Check(
            name="enough comparable customers remain (effective number of controls)",
            passed=used.effective_controls >= EFFECTIVE,
            statistic=used.effective_controls,
            threshold=f">= {EFFECTIVE:g}",
            source="rule of this study, after Cameron & Miller (2015), section VI",
            consequence="a few customers carry the comparison; " + WITHHOLD,
        ),
    )


def _check_rehearsal(rehearsal: Estimate | NotAvailable) -> Check:
    rule: Mapping[str, Any] = {
        "threshold": f">= {ALPHA}",
        "consequence": "the adjustment finds an effect where there was no campaign; " + WITHHOLD,
    }
    name = "nothing is found one window before the campaign (p-value)"
    if isinstance(rehearsal, NotAvailable):
        return Check(name, False, 0.0, source=rehearsal.reason, **rule)
    found = rehearsal.p_value
    source = "placebo date; Imbens & Rubin (2015), chapter 21"
    return Check(name, found >= ALPHA, found, source=source, **rule)
