"""Nearest neighbours: for every addressed customer one alike who was not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.comparison.propensity import Propensity
from crmstudy.case.comparison.weighting import Weights
from crmstudy.errors import DataError, ModelError, SettingsError, passes_absence


@dataclass(frozen=True)
class Matching:
    """Matched sets of customers.

    Parameters
    ----------
    pairs : DataFrame
        ``treated``, ``control`` (customers), ``distance`` (of their logits), ``weight`` (1
        over the controls of the set).
    weights : Weights
        What the matches amount to as weights.
    caliper : float
        Largest distance of logits allowed.
    replace : bool
        Whether a control may serve several times.
    """

    pairs: pd.DataFrame
    weights: Weights
    caliper: float
    replace: bool


@passes_absence
def match_nearest(
    propensity: Propensity,
    *,
    caliper: float = 0.2,
    n_controls: int = 1,
    replace: bool = False,
    exact: pd.Series | None = None,
) -> Matching:
    """Match each addressed customer with the nearest controls by the logit of the propensity.

    Greedy, from the highest propensity down, since those have the fewest neighbours; in
    rounds where several controls are wanted. Equal distances take the control with the
    lower logit, then the first by identifier, so that the order of rows does not matter.
    Addressed customers without a control within the caliper are left out and counted: the
    estimate is then about those who could be matched.

    Parameters
    ----------
    propensity : Propensity
        From :func:`~crmstudy.case.comparison.propensity.fit_propensity`.
    caliper : float
        In standard deviations of the logit, pooled as the root of the mean of both
        groups' variances.
    n_controls : int
        Controls wanted for each.
    replace : bool
        Whether a control may stand for several customers.
    exact : Series, optional
        Indexed by customer: matches must agree in it.

    Raises
    ------
    SettingsError
        If caliper or number of controls is not positive.
    DataError
        If ``exact`` does not cover the customers.
    ModelError
        If nobody can be matched.

    References
    ----------
    Austin, P. C. (2011). Pharmaceutical Statistics, 10, 150-161 (caliper of .2).
    Stuart, E. A. (2010). Statistical Science, 25, 1-21.
    """
    if caliper <= 0 or n_controls < 1:
        raise SettingsError(
            f"caliper = {caliper}, n_controls = {n_controls}: the caliper must be above 0, and "
            "at least one control wanted"
        )
    customers = _order(propensity, exact)
    width = caliper * pooled_deviation(customers["logit"], customers["treated"])
    pairs = [
        pair
        for _, stratum in customers.groupby("stratum", sort=True)
        for pair in _match_stratum(stratum, width=width, wanted=n_controls, replace=replace)
    ]
    if not pairs:
        raise ModelError("no addressed customer has a control within the caliper")
    frame = pd.DataFrame(pairs, columns=["treated", "control", "distance"])
    frame["weight"] = 1 / frame.groupby("treated")["control"].transform("size")
    return Matching(frame, _weigh(frame, propensity), width, replace)


def pooled_deviation(values: pd.Series, treated: pd.Series) -> float:
    """Root of the mean of both groups' variances."""
    return float(np.sqrt((values[treated].var() + values[~treated].var()) / 2))


def _order(propensity: Propensity, exact: pd.Series | None) -> pd.DataFrame:
    customers = propensity.customers[["treated", "logit"]].copy()
    customers["stratum"] = "all"
    if exact is not None:
        stratum = exact.reindex(customers.index)
        if stratum.isna().any():
            raise DataError(f"exact lacks {int(stratum.isna().sum())} of the customers")
        customers["stratum"] = stratum.astype(str)
    return customers.rename_axis("customer_id").reset_index()


def _match_stratum(
    stratum: pd.DataFrame, *, width: float, wanted: int, replace: bool
) -> list[tuple[str, str, float]]:
    treated = stratum[stratum["treated"]].sort_values(
        ["logit", "customer_id"], ascending=[False, True]
    )
    controls = stratum[~stratum["treated"]].sort_values(["logit", "customer_id"])
    logits, names = controls["logit"].to_numpy(), controls["customer_id"].to_numpy()
    free = np.ones(len(controls), dtype=bool)
    used: dict[str, set[int]] = {name: set() for name in treated["customer_id"]}
    pairs = []
    for _ in range(wanted):
        for name, logit in zip(treated["customer_id"], treated["logit"], strict=True):
            distance = np.abs(logits - logit)
            open_now = free.copy()
            open_now[list(used[name])] = False
            distance[~open_now] = np.inf
            if not len(distance) or distance.min() > width:
                continue
            nearest = int(np.argmin(distance))
            used[name].add(nearest)
            free[nearest] = replace
            pairs.append((name, names[nearest], float(distance[nearest])))
    return pairs


def _weigh(pairs: pd.DataFrame, propensity: Propensity) -> Weights:
    treated = propensity.customers["treated"]
    weights = pd.Series(0.0, index=treated.index, name="weight")
    weights[pairs["treated"].unique()] = 1.0
    served = pairs.groupby("control")["weight"].sum()
    weights[served.index] = served
    missing = {
        "reason": "no match within the caliper, or not needed as a match",
        "treated": int((weights[treated] == 0).sum()),
        "control": int((weights[~treated] == 0).sum()),
    }
    return Weights("matching", weights, treated, pd.DataFrame([missing]))
