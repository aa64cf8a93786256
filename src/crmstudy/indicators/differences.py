"""Do units differ by more than chance? Asked before anybody ranks them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.indicators.definitions import CATALOGUE
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.unit_table import UnitIndicators

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class UnitDifferences:
    """How far units lie apart, and how far chance alone would bring them.

    Parameters
    ----------
    tests : DataFrame
        Indexed by indicator: ``smallest``, ``largest``, ``q``, ``df``, ``p_value``, ``i2``.
    uncertain : tuple of str
        Indicators compared without a test: their values have no interval, being counted.
    n_units, shared : int
        Units, and customers who count in several of them.
    """

    tests: pd.DataFrame
    uncertain: tuple[str, ...]
    n_units: int
    shared: int

    @property
    def alike(self) -> tuple[str, ...]:
        """Indicators with the very same value in all units."""
        same = self.tests["smallest"] == self.tests["largest"]
        return tuple(str(name) for name in self.tests.index[same])

    @property
    def within_chance(self) -> dict[str, float]:
        """Indicators whose units chance may have parted (p of 0.05 or more), with p."""
        tested = self.tests["p_value"].drop(list(self.alike))
        return {str(name): float(p) for name, p in tested.items() if p >= 0.05}

    def table(self) -> pd.DataFrame:
        """One row an indicator: its range over units, the test, and the share beyond chance."""
        shown = self.tests.rename(
            columns={"q": "Q", "p_value": "p", "i2": "share of variance beyond chance"}
        )
        shown.index = pd.Index([CATALOGUE[str(name)].label for name in shown.index])
        return shown.rename_axis("indicator").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Test statistics by indicator."""
        return {
            f"{name}_{what}": float(row[what])
            for name, row in self.tests.to_dict("index").items()
            for what in ("q", "p_value", "i2")
        }


@passes_absence
def examine_differences(units: UnitIndicators) -> UnitDifferences:
    """Test for each indicator whether the units share one value (Cochran's Q).

    Q sums the squared distances to the mean weighted by precision; with one common value
    it is distributed as chi-squared with one degree of freedom less than units. The
    standard error of a value is read from its interval. Units that share customers are
    taken for independent, which makes the test cautious where customers keep their
    habits from one unit to the next.

    Raises
    ------
    ModelError
        If no indicator known of all units has intervals in all of them.

    References
    ----------
    Cochran, W. G. (1954). The combination of estimates from different experiments.
    Biometrics, 10(1), 101-129.
    Higgins, J. P. T. & Thompson, S. G. (2002). Quantifying heterogeneity in a
    meta-analysis. Statistics in Medicine, 21(11), 1539-1558 (I squared).
    """
    rows, uncertain = {}, []
    for name in units.directions:
        found = [table.measured[name] for table in units.tables.values()]
        errors = [_standard_error(one) for one in found if isinstance(one, Measurement)]
        if not all(errors):
            uncertain.append(name)
            continue
        values = np.array([one.value for one in found if isinstance(one, Measurement)])
        rows[name] = examine_homogeneity(values, np.array(errors))
    if not rows:
        raise ModelError("no indicator has intervals in all units")
    return UnitDifferences(
        tests=pd.DataFrame.from_dict(rows, orient="index"),
        uncertain=tuple(uncertain),
        n_units=len(units.tables),
        shared=units.shared,
    )


def examine_homogeneity(values: Floats, errors: Floats) -> dict[str, float]:
    """Test whether estimates with known standard errors have one common mean.

    Returns
    -------
    dict
        ``smallest``, ``largest``, ``q``, ``df``, ``p_value`` and ``i2``.
    """
    # Imported here: SciPy's special functions cost a tenth of a second at the start.
    from scipy.special import chdtrc

    weights = errors**-2.0
    mean = float(weights @ values / weights.sum())
    q, df = float(weights @ (values - mean) ** 2), len(values) - 1
    return {
        "smallest": float(values.min()),
        "largest": float(values.max()),
        "q": q,
        "df": df,
        "p_value": float(chdtrc(df, q)),
        "i2": max(0.0, 1 - df / q) if q > 0 else 0.0,
    }


def _standard_error(found: Measurement) -> float:
    """Read a standard error from an interval; 0 where there is none."""
    from scipy.special import ndtri

    if not isinstance(found.interval, Interval):
        return 0.0
    reach = (found.interval.high - found.interval.low) / 2
    return float(reach / ndtri((1 + found.interval.level) / 2))
