"""The evidence on positions, asked from an opened study."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.study import StudyData
from crmstudy.errors import SettingsError, passes_absence
from crmstudy.segmentation.positioning.evidence import Evidence


@passes_absence
def gather_evidence(features: pd.DataFrame, data: StudyData, *, cut_day: str) -> Evidence:
    """Collect the tables that positions are measured from; what is absent says why.

    Parameters
    ----------
    features : DataFrame indexed by customer_id
        From ``data.features()``.
    data : StudyData
        The opened study.
    cut_day : str
        Last day of the earlier window, from ``data.split_day()``; the later window begins
        on the next.

    Raises
    ------
    SettingsError
        If ``cut_day`` is not a date.
    """
    try:
        after = f"{pd.Timestamp(cut_day) + pd.Timedelta('1D'):%Y-%m-%d}"
    except ValueError:
        raise SettingsError(f"cut_day = {cut_day!r}; allowed: a day, as 2017-06-30") from None
    return Evidence(
        features=features,
        earlier=data.purchases(until=cut_day),
        later=data.purchases(since=after),
        departments=data.product_mix(level="department").spend,
        brands=data.product_mix(level="brand").spend,
        channels=data.product_mix(level="channel").spend,
        earlier_brands=data.product_mix(level="brand", until=cut_day).spend,
        later_brands=data.product_mix(level="brand", since=after).spend,
        customers=data.companion("customers"),
        survey=data.companion("survey"),
        benchmarks=data.companion("benchmarks"),
        instrument=data.settings.instrument,
    )
