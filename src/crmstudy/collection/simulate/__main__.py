"""Write the example tables of ``data/template``.

``python -m crmstudy.collection.simulate FOLDER``
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from crmstudy.collection.simulate.firm import template_tables


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as CSV: UTF-8, ISO dates, missing values empty, lines end in LF."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        text = pd.DataFrame({column: _as_text(table[column]) for column in table})
        text.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


def _as_text(values: pd.Series) -> pd.Series:
    """Write a column as a person would: 2025-01-31, 7 and not 7.0, 1/3 and not 0.333."""
    if values.name == "value":
        return values.map(lambda value: f"{value:.0f}" if value >= 1 else f"1/{1 / value:.0f}")
    if pd.api.types.is_datetime64_any_dtype(values):
        whole_days = (values.dropna() == values.dropna().dt.normalize()).all()
        return values.dt.strftime("%Y-%m-%d" if whole_days else "%Y-%m-%d %H:%M")
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "yes", False: "no"})
    if pd.api.types.is_float_dtype(values):
        return values.map(lambda value: f"{value:.15g}" if pd.notna(value) else None)
    return values


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the example tables to the folder that is named; status 0."""
    parser = argparse.ArgumentParser(
        prog="python -m crmstudy.collection.simulate",
        description="Write the example tables of data/template, simulated, as CSV files.",
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    write_tables(template_tables(), parser.parse_args(arguments).folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
