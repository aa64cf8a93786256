"""The simulated firm as a source of tables."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from crmstudy.collection.simulate import SimulatedFirm, simulate_firm
from crmstudy.errors import DataError, SettingsError, nearest
from crmstudy.settings import Study


@lru_cache(maxsize=1)
def _firm(seed: int, parameters: tuple[tuple[str, float | int], ...]) -> SimulatedFirm:
    try:
        return simulate_firm(seed=seed, **dict(parameters))  # type: ignore[arg-type]
    except TypeError as error:
        raise SettingsError(f"study.yml, simulation: {error}") from None


def simulated_firm(study: Study) -> SimulatedFirm:
    """Simulate the firm that a study's ``simulation`` and ``seed`` describe."""
    return _firm(study.settings.seed, tuple(sorted(study.settings.simulation.items())))


def read_simulated_table(study: Study, table: str) -> pd.DataFrame:
    """Return one table of the study's simulated firm.

    Raises
    ------
    DataError
        If the firm has no such table.
    """
    tables = simulated_firm(study).tables
    if table not in tables:
        raise DataError(
            f"the simulated firm has no table {table!r}{nearest(table, tables)}; "
            f"it has: {', '.join(tables)}"
        )
    return tables[table].copy()
