"""Figures of an invented branch that the simulated firm can be compared with."""

from __future__ import annotations

import pandas as pd

# indicator -> figure of 2024, of 2025, unit
_FIGURES = {
    "customer satisfaction index": (76.0, 76.8, "points of 100"),
    "retention rate": (0.71, 0.72, "share"),
    "complaint rate": (0.031, 0.029, "share of purchases"),
    "response rate of customer surveys": (0.33, 0.31, "share"),
    "mean purchase": (31.5, 32.4, "money"),
}
_SOURCE = "invented for the simulated firm, no real statistics"


def write_benchmarks() -> pd.DataFrame:
    """Write the table of benchmarks; nothing in it is random."""
    rows = [
        {"indicator": name, "period": period, "value": value, "unit": unit, "source": _SOURCE}
        for name, (earlier, later, unit) in _FIGURES.items()
        for period, value in (("2024", earlier), ("2025", later))
    ]
    return pd.DataFrame(rows)
