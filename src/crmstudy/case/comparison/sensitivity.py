"""How strong would something unobserved have to be? Functions of plain numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crmstudy.errors import ModelError, SettingsError

Floats = npt.NDArray[np.float64]

#: From a difference in standard deviations to a ratio of risks (VanderWeele & Ding 2017).
LOG_RISK_A_DEVIATION = 0.91


def partial_r2(t: float, df: float) -> float:
    """Share of the residual variance of the outcome that a regressor explains, from its t."""
    return t**2 / (t**2 + df)


def robustness_value(t: float, df: float, *, q: float = 1.0, alpha: float | None = None) -> float:
    """Strength of a confounder that would explain an estimate away.

    A confounder that explains this share of the residual variance of both treatment and
    outcome lowers the estimate by the share ``q``; with ``alpha``, it makes it cease to
    differ from ``(1 - q)`` times itself at that level of significance.

    Parameters
    ----------
    t, df : float
        Statistic of the treatment in the regression; residual degrees of freedom.
    q : float
        Share of the estimate to be explained away, above 0.
    alpha : float, optional
        Level of significance.

    Raises
    ------
    SettingsError
        If ``q`` or ``df`` is not positive, or ``alpha`` not in (0, 1).

    References
    ----------
    Cinelli, C., & Hazlett, C. (2020). J. Royal Statistical Society B, 82, 39-67.
    """
    from scipy.stats import t as student

    if q <= 0 or df <= 1 or (alpha is not None and not 0 < alpha < 1):
        raise SettingsError(f"q = {q}, df = {df}, alpha = {alpha}: q > 0, df > 1, 0 < alpha < 1")
    strength = q * abs(t) / np.sqrt(df)
    critical = 0.0
    if alpha is not None:
        critical = float(student.isf(alpha / 2, df - 1)) / np.sqrt(df - 1)
    left = strength - critical
    if left <= 0:
        return 0.0
    if critical > 0 and strength > 1 / critical:
        # The error shrinks faster than the bias grows: only the treatment side binds.
        return float((strength**2 - critical**2) / (1 + strength**2))
    return float((np.sqrt(left**4 + 4 * left**2) - left**2) / 2)


def bias_of_confounder(r2_treatment: float, r2_outcome: float, *, error: float, df: float) -> float:
    """Largest bias of a confounder with these partial R2 (Cinelli & Hazlett 2020, equation 16)."""
    _require_shares(r2_treatment, r2_outcome)
    return float(np.sqrt(r2_outcome * r2_treatment / (1 - r2_treatment) * df) * error)


def adjust_for_confounder(
    effect: float, error: float, df: float, *, r2_treatment: float, r2_outcome: float
) -> tuple[float, float]:
    """Effect and standard error had the confounder been in the regression, at its worst.

    The bias is taken towards zero, and past it.
    """
    bias = bias_of_confounder(r2_treatment, r2_outcome, error=error, df=df)
    shrunk = error * np.sqrt((1 - r2_outcome) / (1 - r2_treatment) * df / (df - 1))
    return float(np.sign(effect) * (abs(effect) - bias)), float(shrunk)


def bound_by_benchmark(
    r2_treatment: float, r2_outcome: float, *, times: float = 1.0
) -> tuple[float, float]:
    """Bound a confounder that is ``times`` as strong as an observed covariate.

    Parameters
    ----------
    r2_treatment : float
        Partial R2 of the covariate with the treatment, given the other covariates.
    r2_outcome : float
        Partial R2 with the outcome, given treatment and other covariates.
    times : float
        How many times stronger, with treatment and outcome.

    Returns
    -------
    tuple of float
        Partial R2 of the confounder with treatment and with outcome (at most 1).

    Raises
    ------
    ModelError
        If so strong a confounder is impossible: it would explain the treatment wholly.

    References
    ----------
    Cinelli & Hazlett (2020), equations 19 and 20.
    """
    _require_shares(r2_treatment, r2_outcome)
    with_treatment = times * r2_treatment / (1 - r2_treatment)
    if with_treatment >= 1 or times * r2_treatment >= 1 or r2_outcome >= 1:
        raise ModelError(
            f"a confounder {times:g} times as strong as a covariate of partial R2 "
            f"{r2_treatment:.2f} cannot exist: it would explain the treatment wholly"
        )
    shared = times * r2_treatment**2 / ((1 - times * r2_treatment) * (1 - r2_treatment))
    if shared >= 1:
        return float(with_treatment), 1.0
    stretch = (np.sqrt(times) + np.sqrt(shared)) / np.sqrt(1 - shared)
    return float(with_treatment), float(min(1.0, stretch**2 * r2_outcome / (1 - r2_outcome)))


def _require_shares(*shares: float) -> None:
    if not all(0 <= share < 1 for share in shares[:1]) or not all(0 <= s <= 1 for s in shares):
        raise SettingsError(f"partial R2 {shares}: each lies between 0 and 1, the first below 1")


def e_value(risk_ratio: float) -> float:
    """Ratio by which a confounder must be tied to both treatment and outcome, at least.

    References
    ----------
    VanderWeele, T. J., & Ding, P. (2017). Annals of Internal Medicine, 167, 268-274.
    """
    if risk_ratio <= 0:
        raise SettingsError(f"a risk ratio is positive, not {risk_ratio}")
    ratio = max(risk_ratio, 1 / risk_ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def e_value_of_difference(effect: float, deviation: float) -> float:
    """E-value of a difference of means, by way of ``RR = exp(.91 d)`` of the standardised one.

    An approximation that takes the outcome to be about normal.
    """
    if deviation <= 0:
        raise SettingsError(f"the outcome's standard deviation must be positive, not {deviation}")
    return e_value(float(np.exp(LOG_RISK_A_DEVIATION * effect / deviation)))


def bound_signed_rank(differences: Floats, *, gamma: float) -> tuple[float, float]:
    """Bound the one-sided p-value of Wilcoxon's signed rank test under hidden bias.

    Two customers of a pair, alike in what was observed, may differ in their odds of being
    addressed by the factor ``gamma``. Normal approximation, ties with mean ranks; pairs
    without a difference are ranked and then add nothing, as Rosenbaum does (R's rbounds
    leaves them out before ranking).

    Parameters
    ----------
    differences : array of shape (n_pairs,)
        Treated less control; the test is of "greater".
    gamma : float
        At least 1; 1 is the ordinary test.

    Returns
    -------
    tuple of float
        Lower and upper bound of the p-value.

    Raises
    ------
    SettingsError
        If ``gamma`` is below 1.
    ModelError
        If no pair differs.

    References
    ----------
    Rosenbaum, P. R. (2002). Observational studies (2nd ed.), section 4.3. Springer.
    """
    from scipy.stats import norm, rankdata

    if gamma < 1:
        raise SettingsError(f"gamma = {gamma}: must be at least 1")
    kept = np.asarray(differences, dtype=float)
    if not kept.any():
        raise ModelError("no matched pair differs in the outcome: there is nothing to rank")
    ranks = np.where(kept != 0, rankdata(np.abs(kept)), 0.0)
    statistic = ranks[kept > 0].sum()
    chance = gamma / (1 + gamma)
    spread = np.sqrt(chance * (1 - chance) * (ranks**2).sum())
    bounds = [float(norm.sf((statistic - p * ranks.sum()) / spread)) for p in (1 - chance, chance)]
    return bounds[0], bounds[1]


def critical_gamma(differences: Floats, *, alpha: float = 0.05, most: float = 1e6) -> float:
    """Hidden bias up to which the signed rank test stays significant; 1 if it never was.

    The direction is that of the rank sum; the test is one-sided.
    """
    from scipy.optimize import brentq

    kept = np.asarray(differences, dtype=float)
    if bound_signed_rank(kept, gamma=1)[1] > 0.5:
        kept = -kept
    if bound_signed_rank(kept, gamma=1)[1] >= alpha:
        return 1.0
    if bound_signed_rank(kept, gamma=most)[1] < alpha:
        return most
    return float(
        np.exp(
            brentq(
                lambda log: bound_signed_rank(kept, gamma=np.exp(log))[1] - alpha, 0, np.log(most)
            )
        )
    )
