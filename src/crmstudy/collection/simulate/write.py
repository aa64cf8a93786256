"""A simulated firm as files: every table as CSV or Parquet, and the truth beside them.

The firm is drawn and written block by block: a million customers need no more memory than the
largest block. A Parquet file has one row group a block.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, Literal, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from crmstudy.collection.simulate.block import draw_blocks
from crmstudy.collection.simulate.draws import write_out
from crmstudy.collection.simulate.firm import SimulatedFirm, check_size
from crmstudy.collection.simulate.parameters import (
    CALIBRATION_ENDS_ON,
    CAMPAIGN_STARTS_ON,
    SERVICE_CHANGES_ON,
    SURVEY_STARTS_ON,
    WINDOW_ENDS_ON,
    WINDOW_STARTS_ON,
    FirmParameters,
    firm_parameters,
)
from crmstudy.collection.simulate.service import CostDrivers, add_up_costs
from crmstudy.collection.simulate.truth import true_values
from crmstudy.files import write_json

Format = Literal["csv", "parquet"]
TRUTH = "truth.json"
#: Where the frames that no table may show are written.
HIDDEN = "truth"


class _Sink(Protocol):
    rows: int

    def add(self, table: pd.DataFrame) -> None: ...

    def close(self) -> None: ...


class _CsvSink:
    """Appends to one CSV file: UTF-8, ISO dates, missing values empty, lines end in LF."""

    def __init__(self, file: Path) -> None:
        self._stream = file.open("w", encoding="utf-8", newline="")
        self.rows = 0
        self._new = True

    def add(self, table: pd.DataFrame) -> None:
        plain = write_out(table)
        text = pd.DataFrame({column: _as_text(plain[column]) for column in plain})
        if "expert" in table:
            text["value"] = table["value"].map(_as_judgement)
        text.to_csv(self._stream, index=False, header=self._new, lineterminator="\n")
        self._new, self.rows = False, self.rows + len(table)

    def close(self) -> None:
        self._stream.close()


class _ParquetSink:
    """Appends to one Parquet file, a row group a block; texts that repeat stay codes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def add(self, table: pd.DataFrame) -> None:
        arrow = pa.table({name: _as_arrow(values) for name, values in table.items()})
        if self._writer is None:
            # without Arrow's own schema, readers see plain texts
            self._writer = pq.ParquetWriter(self._file, arrow.schema, store_schema=False)
        self._writer.write_table(arrow, row_group_size=max(len(table), 1))
        self.rows += len(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


_SINKS: dict[str, Any] = {"csv": _CsvSink, "parquet": _ParquetSink}


def _as_text(values: pd.Series) -> pd.Series:
    """Write a column as a person would: 2025-01-31, 7 and not 7.0."""
    if pd.api.types.is_datetime64_any_dtype(values):
        has_time = str(values.name).endswith("_at")
        return values.dt.strftime("%Y-%m-%d %H:%M" if has_time else "%Y-%m-%d")
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "yes", False: "no"})
    if pd.api.types.is_float_dtype(values):
        return values.map(lambda value: f"{value:.15g}" if pd.notna(value) else None)
    return values


def _as_judgement(value: float) -> str:
    """Write 1/3 and not 0.333."""
    return f"{value:.0f}" if value >= 1 else f"1/{1 / value:.0f}"


def _as_arrow(values: pd.Series) -> pa.Array:
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return pa.array(values, from_pandas=True)
    codes = values.cat.codes.to_numpy().astype("int32")
    names = pa.array(values.cat.categories, pa.string())
    # the same type in every block, however many names the block has
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), names)


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as CSV: UTF-8, ISO dates, missing values empty, lines end in LF."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        sink = _CsvSink(folder / f"{name}.csv")
        sink.add(table)
        sink.close()


def write_firm(
    folder: Path,
    *,
    seed: int,
    n_customers: int,
    file_format: Format = "parquet",
    **parameters: float,
) -> dict[str, int]:
    """Simulate a firm of any size and write its tables and its truth.

    The tables are those of :func:`simulate_firm`, row by row: ``FOLDER/<table>.parquet``.
    ``FOLDER/truth.json`` holds parameters and true values, ``FOLDER/truth/`` the frames
    ``people`` and ``links``, which no analysis may see.

    Parameters
    ----------
    folder : Path
        Made if it is not there; files of the same names are replaced.
    file_format : {"parquet", "csv"}
        CSV is about ten times slower.

    Returns
    -------
    dict of str to int
        Rows written, by table.

    Raises
    ------
    SettingsError
        If a parameter is unknown or breaks its rule.
    """
    check_size(seed, n_customers)
    firm = firm_parameters(**parameters)
    (folder / HIDDEN).mkdir(parents=True, exist_ok=True)
    drivers: list[CostDrivers] = []
    sinks: dict[str, _Sink] = {}
    with ExitStack() as stack:
        writer = stack.enter_context(ThreadPoolExecutor(1))
        pending: Future[None] | None = None
        for block in draw_blocks(seed, n_customers, firm):
            frames = {
                **block.tables,
                f"{HIDDEN}/people": block.people,
                f"{HIDDEN}/links": block.links,
            }
            for name in frames.keys() - sinks.keys():
                sinks[name] = _SINKS[file_format](folder / f"{name}.{file_format}")
                stack.callback(sinks[name].close)
            if pending:
                pending.result()  # one block waits to be written, no more
            pending = writer.submit(_add_all, sinks, frames)
            drivers.append(block.drivers)
        if pending:
            pending.result()
    costs = add_up_costs(reduce(add, drivers), firm)
    sink = _SINKS[file_format](folder / f"costs.{file_format}")
    sink.add(costs)
    sink.close()
    rows = {name: s.rows for name, s in sinks.items() if not name.startswith(f"{HIDDEN}/")}
    rows = dict(sorted((rows | {"costs": len(costs)}).items()))
    write_json(folder / TRUTH, _describe(seed, n_customers, firm, rows))
    return rows


def _add_all(sinks: Mapping[str, _Sink], frames: Mapping[str, pd.DataFrame]) -> None:
    for name, frame in frames.items():
        sinks[name].add(frame)


def write_truth(firm: SimulatedFirm, folder: Path) -> Path:
    """Write ``truth.json``: seed, calendar, parameters, true values, rows of each table."""
    rows = {name: len(table) for name, table in firm.tables.items()}
    file = folder / TRUTH
    write_json(file, _describe(firm.seed, firm.n_customers, firm.parameters, rows))
    return file


def _describe(
    seed: int, n_customers: int, firm: FirmParameters, rows: Mapping[str, int]
) -> dict[str, Any]:
    calendar = {
        "window_starts_on": WINDOW_STARTS_ON,
        "service_changes_on": SERVICE_CHANGES_ON,
        "calibration_ends_on": CALIBRATION_ENDS_ON,
        "survey_starts_on": SURVEY_STARTS_ON,
        "campaign_starts_on": CAMPAIGN_STARTS_ON,
        "window_ends_on": WINDOW_ENDS_ON,
    }
    return {
        "seed": seed,
        "n_customers": n_customers,
        "calendar": {name: str(day) for name, day in calendar.items()},
        "parameters": vars(firm),
        "truth": true_values(firm),
        "rows": dict(rows),
    }
