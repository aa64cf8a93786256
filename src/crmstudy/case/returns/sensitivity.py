"""How the present value moves with its assumptions: one by one, two together, all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.returns.cash_flows import CashFlowModel
from crmstudy.errors import ModelError, NotAvailable, SettingsError, attempt, passes_absence
from crmstudy.statistics.draws import draw_seeds

Floats = npt.NDArray[np.float64]
Function = Callable[[Floats], Floats]

STAGE = 450
STEPS = 5


@passes_absence
def vary_assumptions(model: CashFlowModel) -> pd.DataFrame | NotAvailable:
    """Move each assumption from its low to its high end, the others kept: a tornado.

    Returns
    -------
    DataFrame
        One row an assumption in doubt, the widest first: ``assumption``, ``origin``,
        ``unit``, ``low``, ``value``, ``high``, ``NPV at low``, ``NPV at high``, ``swing``.
    """
    rows = []
    for position, each in enumerate(model.assumptions):
        if not each.varies:
            continue
        values = np.tile(model.values, (2, 1))
        values[:, position] = each.low, each.high
        at_low, at_high = map(float, model.present_value(values))
        rows.append(
            {
                "assumption": each.label,
                "origin": each.origin,
                "unit": each.unit,
                "low": each.low,
                "value": each.value,
                "high": each.high,
                "NPV at low": at_low,
                "NPV at high": at_high,
                "swing": abs(at_high - at_low),
            }
        )
    if not rows:
        return NotAvailable("no assumption has a range")
    frame = pd.DataFrame(rows)
    return frame.sort_values("swing", ascending=False, kind="stable", ignore_index=True)


@passes_absence
def vary_two(model: CashFlowModel, *, steps: int = STEPS) -> pd.DataFrame | NotAvailable:
    """Move the two assumptions that matter most together, from low to high.

    Returns
    -------
    DataFrame
        Net present value; the index (named by its assumption) and the columns hold the
        values of the two, written with three digits.
    """
    tornado = vary_assumptions(model)
    if isinstance(tornado, NotAvailable) or len(tornado) < 2:
        return NotAvailable("fewer than two assumptions have a range")
    first, second = (model.names[label] for label in tornado["assumption"].iloc[:2])
    ends = [(model.assumptions[i].low, model.assumptions[i].high) for i in (first, second)]
    rows, columns = (np.linspace(low, high, steps) for low, high in ends)
    values = np.tile(model.values, (steps, steps, 1))
    values[..., first], values[..., second] = rows[:, None], columns[None, :]
    index = pd.Index([f"{x:.3g}" for x in rows], name=model.assumptions[first].label)
    second_label = model.assumptions[second].label
    return pd.DataFrame(
        model.present_value(values),
        index=index,
        columns=[f"{second_label} {x:.3g}" for x in columns],
    )


@dataclass(frozen=True)
class ReturnDraws:
    """The distribution of the net present value.

    Parameters
    ----------
    draws : ndarray of shape (n_draws,)
        Net present values.
    best_guess : float
        That of the best guess of every assumption.
    confidence : float
        Level of the interval.
    shares : DataFrame or NotAvailable
        What drives the variance, see :func:`share_variance`.
    currency : str
        Unit of money.
    claim_allowed : bool
        Whether the return may be called one of the measure.
    """

    draws: Floats
    best_guess: float
    confidence: float
    shares: pd.DataFrame | NotAvailable
    currency: str
    claim_allowed: bool

    @property
    def probability(self) -> float:
        """Share of the draws in which the measure pays."""
        return float((self.draws > 0).mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Middle of the draws at the confidence level."""
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(self.draws, [tail, 1 - tail])
        return float(low), float(high)

    @property
    def value_at_risk(self) -> float:
        """Loss that is exceeded in one draw of twenty; 0 where that draw still gains."""
        return max(0.0, -float(np.quantile(self.draws, 0.05)))

    @property
    def mean_of_losses(self) -> float | NotAvailable:
        """Mean loss of the draws in which the measure does not pay."""
        losses = self.draws[self.draws <= 0]
        return -float(losses.mean()) if len(losses) else NotAvailable("no draw is a loss")

    def table(self) -> pd.DataFrame:
        """Arrange one row a number of the distribution."""
        money = self.currency or "money"
        low, high = self.interval
        rows = [
            ("mean", float(self.draws.mean()), money),
            ("standard deviation", float(self.draws.std()), money),
            ("median", float(np.median(self.draws)), money),
            (f"lower end, {self.confidence:.0%}", low, money),
            (f"upper end, {self.confidence:.0%}", high, money),
            ("probability that the NPV is above 0", self.probability, "share of draws"),
            ("value at risk, 5%", self.value_at_risk, money),
            ("NPV of the best guess", self.best_guess, money),
        ]
        return pd.DataFrame(rows, columns=["number", "value", "unit"])

    def to_metrics(self) -> dict[str, float]:
        """Give mean, spread, interval, probability and value at risk."""
        low, high = self.interval
        return {
            "mean": float(self.draws.mean()),
            "standard_deviation": float(self.draws.std()),
            "median": float(np.median(self.draws)),
            "lower": low,
            "upper": high,
            "probability": self.probability,
            "value_at_risk": self.value_at_risk,
            "n_draws": len(self.draws),
        }


@passes_absence
def draw_returns(
    model: CashFlowModel, *, n_draws: int, seed: int, confidence: float = 0.95
) -> ReturnDraws:
    """Draw all assumptions at once, independently of each other, and value the measure.

    An estimate is drawn from the normal distribution with its standard error, an
    assumption from a beta-PERT (Malcolm et al., 1959: mean (low + 4 value + high) / 6) or
    triangular one over its range; a number without a range stays.

    References
    ----------
    Hertz, D. B. (1964). Risk analysis in capital investment. Harvard Business Review, 42(1),
    95-106.
    Malcolm, D. G., Roseboom, J. H., Clark, C. E., & Fazar, W. (1959). Application of a
    technique for research and development program evaluation. Operations Research, 7(5),
    646-669.
    """
    if n_draws < 2:
        raise SettingsError(f"n_draws = {n_draws}: a distribution needs 2 draws or more")
    first, second = draw_seeds(seed, stage=STAGE, n=2)
    uniform = np.random.default_rng(first).random((n_draws, len(model.assumptions)))
    return ReturnDraws(
        draws=model.present_value(_transform(model, uniform)),
        best_guess=float(model.present_value(model.values)),
        confidence=confidence,
        shares=attempt(_share_model, model, seed=second),
        currency=model.currency,
        claim_allowed=model.claim_allowed or not model.has_effect,
    )


def _transform(model: CashFlowModel, uniform: Floats) -> Floats:
    columns = [each.quantile(uniform[:, i]) for i, each in enumerate(model.assumptions)]
    return np.column_stack(columns)


def _share_model(model: CashFlowModel, *, seed: int) -> pd.DataFrame:
    varying = [i for i, each in enumerate(model.assumptions) if each.varies]
    if not varying:
        raise ModelError("no assumption has a range")

    def present(uniform: Floats) -> Floats:
        whole = np.full((len(uniform), len(model.assumptions)), 0.5)
        whole[:, varying] = uniform
        return model.present_value(_transform(model, whole))

    frame = share_variance(present, n_inputs=len(varying), seed=seed)
    frame.insert(0, "assumption", [model.assumptions[i].label for i in varying])
    frame.insert(1, "origin", [model.assumptions[i].origin for i in varying])
    return frame.sort_values("with others", ascending=False, kind="stable", ignore_index=True)


def share_variance(
    function: Function, *, n_inputs: int, seed: int, exponent: int = 12
) -> pd.DataFrame:
    """Share out the variance of a function among its inputs: Sobol's indices.

    Parameters
    ----------
    function : callable
        Takes an array of shape (n, n_inputs), uniform on 0 to 1, gives n numbers.
    n_inputs : int
        How many inputs it has.
    seed : int
        Of the scrambled Sobol sequence.
    exponent : int
        ``2 ** exponent`` points are evaluated ``n_inputs + 2`` times.

    Returns
    -------
    DataFrame
        One row an input: ``alone`` (first-order index), ``with others`` (total index).

    Raises
    ------
    ModelError
        If the function does not vary.

    References
    ----------
    Saltelli, A., Annoni, P., Azzini, I., Campolongo, F., Ratto, M., & Tarantola, S. (2010).
    Variance based sensitivity analysis of model output. Computer Physics Communications,
    181(2), 259-270.
    """
    from scipy.stats.qmc import Sobol

    points = Sobol(2 * n_inputs, rng=np.random.default_rng(seed)).random_base2(exponent)
    # 0 itself has no quantile under a normal distribution.
    points = np.clip(points, 1e-9, 1 - 1e-9)
    first, second = points[:, :n_inputs], points[:, n_inputs:]
    at_first, at_second = function(first), function(second)
    variance = float(np.concatenate([at_first, at_second]).var())
    if variance <= 1e-24 * (1 + float(at_first.mean()) ** 2):
        raise ModelError("the result does not vary with the assumptions")
    centred = at_second - at_second.mean()
    rows = []
    for column in range(n_inputs):
        mixed = first.copy()
        mixed[:, column] = second[:, column]
        at_mixed = function(mixed)
        alone = float((centred * (at_mixed - at_first)).mean()) / variance
        total = float(((at_first - at_mixed) ** 2).mean()) / (2 * variance)
        # Estimates of a share may fall outside it by chance.
        rows.append({"alone": min(max(alone, 0.0), 1.0), "with others": min(total, 1.0)})
    return pd.DataFrame(rows)
