"""How likely each customer was to be addressed, and where the groups overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.comparison.covariates import Covariates
from crmstudy.errors import ModelError, passes_absence

Floats = npt.NDArray[np.float64]

#: Largest coefficient of a standardised covariate, and largest standard error, that data
#: without separation bring.
LARGEST = 10.0
#: Weight of the ridge, on standardised covariates, where maximum likelihood has no end.
RIDGE = 1.0
MAXIMUM_LIKELIHOOD = "maximum likelihood"
RIDGED = "ridge"


@dataclass(frozen=True)
class Propensity:
    """Estimated probability of being addressed, given what was known beforehand.

    Parameters
    ----------
    customers : DataFrame
        Indexed by customer: ``treated``, ``propensity``, ``logit``, ``supported`` (inside
        the common support).
    coefficients : DataFrame
        Indexed by term, the constant first: ``coefficient`` (log odds a standard
        deviation), ``standard_error``.
    design : DataFrame
        Standardised terms that entered, without the constant.
    covariance : array
        Of the coefficients.
    method : str
        "maximum likelihood", or "ridge" where the groups are separated.
    c_statistic : float
        Probability that an addressed customer has the higher propensity (.5: no telling).
    support : tuple of float
        Lowest and highest propensity that both groups reach.
    """

    customers: pd.DataFrame
    coefficients: pd.DataFrame
    design: pd.DataFrame
    covariance: Floats
    method: str
    c_statistic: float
    support: tuple[float, float]

    @property
    def left_out(self) -> pd.DataFrame:
        """Count the customers outside the common support."""
        outside = self.customers.loc[~self.customers["supported"], "treated"]
        row = {
            "reason": "outside the common support of the propensity",
            "treated": int(outside.sum()),
            "control": int((~outside).sum()),
        }
        return pd.DataFrame([row])

    def table(self) -> pd.DataFrame:
        """Arrange one row a group: its propensities, and how many lie in the support."""
        groups = {"addressed": True, "compared": False}
        rows = []
        for name, flag in groups.items():
            part = self.customers[self.customers["treated"] == flag]
            quantiles = part["propensity"].quantile([0, 0.25, 0.5, 0.75, 1]).tolist()
            labels = ("lowest", "lower quartile", "median", "upper quartile", "highest")
            rows.append(
                {
                    "group": name,
                    "n": len(part),
                    **dict(zip(labels, quantiles, strict=True)),
                    "in common support": int(part["supported"].sum()),
                }
            )
        return pd.DataFrame(rows)

    def tabulate_coefficients(self, most: int = 10) -> pd.DataFrame:
        """Arrange the terms that tell the groups apart most, strongest first."""
        terms = self.coefficients.iloc[1:]
        order = terms["coefficient"].abs().sort_values(ascending=False, kind="stable").index
        return pd.DataFrame(
            {
                "covariate": order,
                "log odds a standard deviation": terms.loc[order, "coefficient"].to_numpy(),
                "standard error": terms.loc[order, "standard_error"].to_numpy(),
            }
        ).head(most)

    def to_metrics(self) -> dict[str, float]:
        """Give how well the groups can be told apart, and how far they overlap."""
        outside = self.left_out.iloc[0]
        return {
            "propensity_c_statistic": self.c_statistic,
            "propensity_support_low": self.support[0],
            "propensity_support_high": self.support[1],
            "propensity_n_treated_outside": int(outside["treated"]),
            "propensity_n_control_outside": int(outside["control"]),
            "propensity_ridge": int(self.method == RIDGED),
        }


@passes_absence
def fit_propensity(covariates: Covariates) -> Propensity:
    """Estimate the propensity by logistic regression on standardised covariates.

    Maximum likelihood; where a coefficient or its error passes 10, or the search has no end,
    some customers are told apart without error by the covariates, and a ridge of weight 1
    (constant not penalised) takes its place, which the result says. The common support reaches
    from the larger of the two lowest propensities to the smaller of the two highest (Dehejia &
    Wahba 1999).

    Raises
    ------
    ModelError
        If no covariate varies, or there are fewer customers than terms.

    References
    ----------
    Rosenbaum, P. R., & Rubin, D. B. (1983). Biometrika, 70, 41-55.
    Dehejia, R. H., & Wahba, S. (1999). J. American Statistical Association, 94, 1053-1062.
    """
    from scipy.special import expit

    design = covariates.design()
    if design.columns.empty or min(covariates.n_treated, covariates.n_control) < 2:
        raise ModelError("no covariate varies among the customers: there is nothing to adjust for")
    if len(design) <= design.shape[1] + 1:
        raise ModelError(
            f"{len(design)} customers for {design.shape[1]} covariates: a propensity needs more "
            "customers than covariates"
        )
    matrix = np.column_stack([np.ones(len(design)), design.to_numpy()])
    treated = covariates.treated.to_numpy(dtype=float)
    beta, covariance, method = fit_logistic(matrix, treated)
    logit = matrix @ beta
    customers = pd.DataFrame(
        {"treated": covariates.treated, "propensity": expit(logit), "logit": logit}
    )
    lowest, highest = _common_support(customers)
    customers["supported"] = customers["propensity"].between(lowest, highest)
    return Propensity(
        customers=customers,
        coefficients=pd.DataFrame(
            {"coefficient": beta, "standard_error": np.sqrt(np.diag(covariance))},
            index=["constant", *design.columns],
        ),
        design=design,
        covariance=covariance,
        method=method,
        c_statistic=concordance_share(logit, covariates.treated.to_numpy()),
        support=(lowest, highest),
    )


def fit_logistic(matrix: Floats, treated: Floats) -> tuple[Floats, Floats, str]:
    """Fit a logistic regression: coefficients, their covariance, and by which rule."""
    from scipy.special import expit

    found = _by_likelihood(matrix, treated)
    if found is not None:
        return *found, MAXIMUM_LIKELIHOOD
    penalty = np.full(matrix.shape[1], RIDGE)
    penalty[0] = 0
    beta = np.zeros(matrix.shape[1])
    for _ in range(100):
        chance = expit(matrix @ beta)
        information = (matrix.T * (chance * (1 - chance))) @ matrix + np.diag(penalty)
        step = np.linalg.solve(information, matrix.T @ (treated - chance) - penalty * beta)
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            spread: Floats = np.asarray(np.linalg.inv(information))
            return beta, spread, RIDGED
    raise ModelError("the propensity could not be estimated: the search did not settle")


def _by_likelihood(matrix: Floats, treated: Floats) -> tuple[Floats, Floats] | None:
    import warnings

    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    with warnings.catch_warnings(), np.errstate(over="ignore"):
        # Separation is answered by the ridge, not by a warning on the screen.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        fit: Any = GLM(treated, matrix, family=Binomial()).fit(maxiter=50, tol=1e-12)
    widest = np.abs(np.concatenate([fit.params[1:], fit.bse])).max()
    settled = bool(fit.converged) and widest < LARGEST
    return (np.asarray(fit.params), np.asarray(fit.cov_params())) if settled else None


def concordance_share(score: Floats, treated: npt.NDArray[np.bool_]) -> float:
    """Share of pairs of one treated and one control in which the treated scores higher.

    Ties count one half (Mann-Whitney; the area under the ROC curve).
    """
    from scipy.stats import rankdata

    n_treated = int(treated.sum())
    ranks = rankdata(score)[treated].sum()
    pairs = n_treated * (len(treated) - n_treated)
    return float((ranks - n_treated * (n_treated + 1) / 2) / pairs)


def _common_support(customers: pd.DataFrame) -> tuple[float, float]:
    ends = customers.groupby("treated")["propensity"].agg(["min", "max"])
    lowest, highest = float(ends["min"].max()), float(ends["max"].min())
    if lowest > highest:
        raise ModelError(
            "the groups have no propensity in common: whoever was addressed differs from "
            "everybody else in what was known before, so that nobody can stand in for them"
        )
    return lowest, highest
