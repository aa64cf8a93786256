"""Does the choice hold at other ends of calibration?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, attempt, passes_absence
from crmstudy.value.histories.period import Split
from crmstudy.value.histories.purchases import summarise_purchases
from crmstudy.value.validation.choice import ModelChoice
from crmstudy.value.validation.errors_of_forecasts import measure_errors
from crmstudy.value.validation.forecasts import PAST_RATE, forecast_purchases
from crmstudy.value.validation.refit import FITS


@dataclass(frozen=True, eq=False)
class RollingChoice:
    """Errors of the rivals at several ends of calibration.

    Parameters
    ----------
    origins : DataFrame
        One row an end of calibration: ``calibration ends``, ``hold-out ends``,
        ``customers``, ``purchases made``, then the root mean squared error of every model
        (missing where it could not be fitted) and of the past rate, then
        ``smallest error`` (the model that has it).
    models : tuple of str
        The models, in the order of the choice.
    chosen : str
        The model chosen before.
    refused : tuple of str
        Ends of calibration, as 1997-05-17, at which it could not be estimated or tested;
        they have no row.
    """

    origins: pd.DataFrame
    models: tuple[str, ...]
    chosen: str
    refused: tuple[str, ...] = ()

    @property
    def times_smallest(self) -> int:
        """At how many ends of calibration the chosen model has the smallest error of all."""
        return int((self.origins["smallest error"] == self.chosen).sum())

    @property
    def largest_lag(self) -> float:
        """By how much the chosen model lay behind the best at worst, as a share of its error."""
        errors = self.origins[list(self.models)]
        return float((errors[self.chosen] / errors.min(axis=1) - 1).max())

    def table(self) -> pd.DataFrame:
        """One row an end of calibration."""
        return self.origins.copy()

    def to_metrics(self) -> dict[str, float]:
        """How often the chosen model was best, and its distance at worst."""
        return {
            "origins": len(self.origins),
            "origins_refused": len(self.refused),
            "times_smallest": self.times_smallest,
            "largest_lag": self.largest_lag,
        }


@passes_absence
def roll_origins(
    choice: ModelChoice, transactions: pd.DataFrame, split: Split, *, n_origins: int = 3
) -> RollingChoice:
    """Fit and test the rivals again with earlier ends of calibration.

    The ends lie evenly from half of the calibration period to all of it; the hold-out
    period after each is as long as the one of the choice. The windows overlap, so that
    the rows are no independent trials (Tashman, 2000): they show whether the choice hangs
    on the day, not how significant it is.

    Parameters
    ----------
    choice : ModelChoice
        Names the models.
    transactions : DataFrame
        Canonical transactions.
    split : Split
        The split of the choice; its end of calibration is the last one.
    n_origins : int
        Ends of calibration, at least 2.

    Raises
    ------
    ModelError
        If the chosen model could be fitted and tested at one end only.

    References
    ----------
    Tashman, L. J. (2000). Out-of-sample tests of forecasting accuracy: An analysis and
    review. Int. J. Forecasting, 16(4), 437-450.
    """
    models = tuple(name for name, one in choice.models.items() if one.model in FITS)
    if choice.best not in models:
        raise ModelError(f"the {choice.best} model cannot be fitted anew at other days")
    end, last = pd.Timestamp(split.calibration_end), pd.Timestamp(split.holdout_end)
    seen = (end - transactions["ordered_at"].min().normalize()).days + 1
    back = np.rint(np.linspace(seen - seen / 2, 0, n_origins)).astype(int)
    rows = {
        f"{end - step:%Y-%m-%d}": _test_at(transactions, models, choice, end - step, last - step)
        for step in pd.to_timedelta(np.unique(back)[::-1], unit="D")
    }
    origins = pd.DataFrame([row for row in rows.values() if row])
    if len(origins) < 2:
        raise ModelError("the chosen model can be tested at one end of calibration only")
    origins["smallest error"] = origins[list(models)].idxmin(axis=1)
    refused = tuple(day for day, row in rows.items() if not row)
    return RollingChoice(origins, models, choice.best, refused)


def _test_at(
    transactions: pd.DataFrame,
    models: tuple[str, ...],
    choice: ModelChoice,
    end: pd.Timestamp,
    last: pd.Timestamp,
) -> dict[str, object]:
    """One row of the table; empty where the chosen model cannot be tested."""
    summary = attempt(
        summarise_purchases,
        transactions,
        calibration_end=end,
        holdout_end=last,
        unit_days=choice.result.unit_days,
    )
    fitted = {name: attempt(FITS[choice.models[name].model], summary) for name in models}
    if not fitted[choice.best]:
        return {}
    forecasts = forecast_purchases(fitted, summary)
    errors = measure_errors(forecasts.expected, forecasts.actual)["root mean squared error"]
    return {
        "calibration ends": end,
        "hold-out ends": last,
        "customers": forecasts.actual.size,
        "purchases made": forecasts.actual.sum(),
        **{name: float(errors.get(name, np.nan)) for name in (*models, PAST_RATE)},
    }
