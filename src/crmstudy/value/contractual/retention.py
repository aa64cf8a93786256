"""The shifted-beta-geometric model of contracts: some customers leave sooner than others.

At every renewal a customer leaves with a probability of her own that never changes; over
customers it is Beta(gamma, delta). The share of those at risk who renew then rises with
tenure though nobody becomes more loyal: who leaves easily leaves early.

References
----------
Fader, P. S. & Hardie, B. G. S. (2007). How to project customer retention. Journal of
Interactive Marketing, 21(1), 76-90.
Fader, P. S. & Hardie, B. G. S. (2010). Customer-base valuation in a contractual setting:
The perils of ignoring heterogeneity. Marketing Science, 29(1), 85-93.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.value.purchasing.likelihood import Derivatives, Estimates, maximise

Floats = npt.NDArray[np.float64]

# Conventions of this study: two parameters of a distribution over customers need about as
# many contracts, and without some endings there is nothing to learn from.
MINIMUM_CONTRACTS = 30
MINIMUM_ENDED = 5


class Retention(Protocol):
    """What is known of a plan's renewals: the share that renews, by how often they did before."""

    @property
    def model(self) -> str:
        """Name of the model."""

    def retention(self, renewal: npt.ArrayLike) -> Floats:
        """Share of those at risk who renew for the first, second, ... time."""

    def survival(self, renewals: npt.ArrayLike) -> Floats:
        """Share of new contracts that are renewed so often or more."""

    def residual_lifetime(self, renewals: npt.ArrayLike, *, discount: float) -> Floats:
        """Discounted expected further periods just before the next renewal."""


@dataclass(frozen=True, eq=False)
class ConstantRetention:
    """Everybody leaves with the same probability at every renewal: the geometric model.

    Parameters
    ----------
    leaving : float
        That probability: endings over renewals at risk, the maximum-likelihood estimate.
    log_likelihood : float
        At the estimate.
    n : int
        Contracts that came up for a renewal.
    """

    leaving: float
    log_likelihood: float
    n: int

    model = "one rate for all"

    def retention(self, renewal: npt.ArrayLike) -> Floats:
        """One less the probability of leaving, whatever the tenure."""
        return np.full(np.shape(renewal), 1 - self.leaving)

    def survival(self, renewals: npt.ArrayLike) -> Floats:
        """Share of new contracts that are renewed so often or more."""
        return np.power(1 - self.leaving, np.asarray(renewals, np.float64))

    def residual_lifetime(self, renewals: npt.ArrayLike, *, discount: float) -> Floats:
        """Discounted expected further periods just before the next renewal."""
        _require_discount(discount)
        kept = 1 - self.leaving
        return np.full(np.shape(renewals), kept * (1 + discount) / (1 + discount - kept))


@dataclass(frozen=True)
class ShiftedBetaGeometric:
    """The model at given parameters.

    Parameters
    ----------
    gamma, delta : float
        Of the beta distribution of the probability of leaving.
    """

    gamma: float
    delta: float

    model = "shifted-beta-geometric"

    def retention(self, renewal: npt.ArrayLike) -> Floats:
        """Share of those at risk who renew for the first, second, ... time."""
        before = self.delta + np.asarray(renewal, np.float64) - 1
        return np.asarray(before / (before + self.gamma))

    def survival(self, renewals: npt.ArrayLike) -> Floats:
        """Share of new contracts renewed so often or more, ``B(g, d + t) / B(g, d)``."""
        from scipy.special import betaln

        later = self.delta + np.asarray(renewals, np.float64)
        return np.asarray(np.exp(betaln(self.gamma, later) - betaln(self.gamma, self.delta)))

    def residual_lifetime(self, renewals: npt.ArrayLike, *, discount: float) -> Floats:
        """Discounted expected further periods just before the next renewal.

        Fader & Hardie (2010): the renewal that comes next is not discounted.

        Parameters
        ----------
        renewals : array_like of int
            Renewals behind the customer; 0 is before the first one.
        discount : float
            Effective rate a period, above 0.

        Raises
        ------
        SettingsError
            If nothing is discounted: the sum need not be finite then.
        """
        _require_discount(discount)
        behind = np.asarray(renewals, np.int64)
        kept = 1 / (1 + discount)
        # Summed up, because SciPy's hypergeometric function loses digits here; what is cut
        # off is less than 1e-14 of a period.
        terms = int(np.log(1e-14 * discount * kept) / np.log(kept)) + 2
        ahead = np.arange(1, int(behind.max(initial=0)) + terms)
        counted = np.cumprod(self.retention(ahead) * kept)
        before = np.concatenate([[1.0], counted])[behind]
        after = np.concatenate([np.cumsum(counted[::-1])[::-1], [0.0]])[behind]
        return np.asarray(after / (before * kept))

    def expected_lifetime(self, *, discount: float) -> float:
        """Discounted expected periods of a new contract, the first one included."""
        return 1 + float(self.residual_lifetime(0, discount=discount)) / (1 + discount)


@dataclass(frozen=True, eq=False)
class RetentionResult:
    """A fitted shifted-beta-geometric model.

    Parameters
    ----------
    estimates : Estimates
        ``gamma`` and ``delta``: the mean probability of leaving at a renewal is
        ``gamma / (gamma + delta)``; the smaller both, the more customers differ.
    constant : ConstantRetention
        The rival in which nobody differs.
    renewals : DataFrame
        ``renewal``, ``at_risk``, ``ended``: what the model was fitted to.
    """

    estimates: Estimates
    constant: ConstantRetention
    renewals: pd.DataFrame

    model = "shifted-beta-geometric"

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether the estimates are a well-determined maximum."""
        return self.estimates.checks

    @property
    def polarisation(self) -> float:
        """How much customers differ, from 0 (not at all) to 1 (stay for ever or leave at once)."""
        return 1 / (self.estimates["gamma"] + self.estimates["delta"] + 1)

    @property
    def difference(self) -> Hypothesis:
        """Test that all leave with the same probability.

        Under it the polarisation lies on the edge of its range: half of the weight of the
        reference distribution is a point at zero (Self & Liang, 1987).
        """
        from scipy.special import erfc

        ratio = 2 * max(self.estimates.log_likelihood - self.constant.log_likelihood, 0.0)
        p_value = 0.5 * float(erfc(np.sqrt(ratio / 2))) if ratio > 0 else 1.0
        return Hypothesis(
            "all customers leave with the same probability", ratio, p_value, "0.5 chi2(0), chi2(1)"
        )

    @property
    def law(self) -> ShiftedBetaGeometric:
        """The model at the estimates."""
        return ShiftedBetaGeometric(*self.estimates.values.tolist())

    def retention(self, renewal: npt.ArrayLike) -> Floats:
        """Share of those at risk who renew for the first, second, ... time."""
        return self.law.retention(renewal)

    def survival(self, renewals: npt.ArrayLike) -> Floats:
        """Share of new contracts that are renewed so often or more."""
        return self.law.survival(renewals)

    def residual_lifetime(self, renewals: npt.ArrayLike, *, discount: float) -> Floats:
        """Discounted expected further periods just before the next renewal."""
        return self.law.residual_lifetime(renewals, discount=discount)

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """Both parameters with standard errors and intervals."""
        return self.estimates.table(units={}, level=level)

    def to_metrics(self) -> dict[str, float]:
        """Estimates, mean probability of leaving, polarisation and the rival's likelihood."""
        gamma, delta = self.estimates.values.tolist()
        return {
            **self.estimates.to_metrics(),
            "mean_leaving": gamma / (gamma + delta),
            "polarisation": self.polarisation,
            "constant_log_likelihood": self.constant.log_likelihood,
            "p_no_difference": self.difference.p_value,
        }

    def draw(self, *, seed: int, n: int) -> list[ShiftedBetaGeometric]:
        """Draw ``n`` models: the logarithms of the parameters are about normal."""
        values, covariance = self.estimates.values, self.estimates.covariance
        root = np.linalg.cholesky(covariance / np.outer(values, values))
        normal = np.random.default_rng(seed).standard_normal((n, 2))
        drawn = values * np.exp(normal[:, :1] * root[:, 0] + normal[:, 1:] * root[:, 1])
        return [ShiftedBetaGeometric(*pair) for pair in drawn.tolist()]


def _require_discount(discount: float) -> None:
    if discount <= 0:
        raise SettingsError(
            f"an unending contract needs a discount rate above 0, found {discount:g}; "
            "or set a horizon"
        )


class RetentionLikelihood:
    """Log-likelihood of (gamma, delta) with exact derivatives.

    At the t-th renewal a share ``(delta + t - 1) / (gamma + delta + t - 1)`` of those at
    risk renews; running contracts and survivor tables enter alike.

    Parameters
    ----------
    renewals : DataFrame
        ``renewal``, ``at_risk``, ``ended``.
    """

    def __init__(self, renewals: pd.DataFrame) -> None:
        self._before = renewals["renewal"].to_numpy(np.float64) - 1
        self._at_risk = renewals["at_risk"].to_numpy(np.float64)
        self._ended = renewals["ended"].to_numpy(np.float64)

    def __call__(self, values: Floats) -> Derivatives:
        """Log-likelihood, gradient and Hessian."""
        gamma, delta = values
        renewed, kept = self._at_risk - self._ended, delta + self._before
        either = gamma + kept
        lost = self._ended.sum()
        value = lost * np.log(gamma) + (renewed * np.log(kept)).sum()
        value -= (self._at_risk * np.log(either)).sum()
        of_sum = (self._at_risk / either).sum()
        gradient = np.array([lost / gamma - of_sum, (renewed / kept).sum() - of_sum])
        hessian = np.full((2, 2), (self._at_risk / either**2).sum())
        hessian[0, 0] -= lost / gamma**2
        hessian[1, 1] -= (renewed / kept**2).sum()
        return float(value), gradient, hessian


@passes_absence
def fit_retention(renewals: pd.DataFrame) -> RetentionResult:
    """Fit the shifted-beta-geometric model by maximum likelihood.

    Parameters
    ----------
    renewals : DataFrame
        ``renewal`` (1, 2, ...), ``at_risk``, ``ended``: of single contracts
        (:meth:`Contracts.renewals`) or of a survivor table (:func:`count_survivors`).

    Raises
    ------
    ModelError
        If there are fewer than 30 contracts or 5 endings, none goes on, all came up for
        one renewal only, or customers do not differ enough to tell two parameters.
    """
    constant = fit_constant_retention(renewals)
    if int((renewals["at_risk"] > 0).sum()) < 2:
        raise ModelError(
            "every contract came up for its first renewal only: whether customers differ "
            "shows from the second on"
        )
    start = {"gamma": 1.0, "delta": 1 / constant.leaving - 1}
    estimates = maximise(RetentionLikelihood(renewals), start, n=constant.n)
    return RetentionResult(estimates, constant, renewals.copy())


@passes_absence
def fit_constant_retention(renewals: pd.DataFrame) -> ConstantRetention:
    """Fit the geometric model: one probability of leaving for all.

    Raises
    ------
    ModelError
        If there are fewer than 30 contracts or 5 endings, or none goes on.
    """
    at_risk, ended = float(renewals["at_risk"].sum()), float(renewals["ended"].sum())
    n = round(float(renewals["at_risk"].iloc[0])) if len(renewals) else 0
    if n < MINIMUM_CONTRACTS:
        raise ModelError(
            f"{n} {'contract has' if n == 1 else 'contracts have'} come up for renewal; a "
            "retention model needs "
            f"{MINIMUM_CONTRACTS} or more"
        )
    if ended < MINIMUM_ENDED:
        raise ModelError(
            f"{ended:.0f} of {n} contracts {'has' if ended == 1 else 'have'} ended; a retention "
            "model needs "
            f"{MINIMUM_ENDED} or more"
        )
    if ended == at_risk:
        raise ModelError("no contract was ever renewed: there is no retention to model")
    rate = ended / at_risk
    logarithm = ended * np.log(rate) + (at_risk - ended) * np.log1p(-rate)
    return ConstantRetention(rate, float(logarithm), n)
