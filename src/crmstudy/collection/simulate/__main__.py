"""Write a simulated firm, or the example tables of ``data/template``.

``python -m crmstudy.collection.simulate FOLDER``
``python -m crmstudy.collection.simulate FOLDER --customers 10000 --seed 1 --format parquet``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from crmstudy.collection.simulate.firm import template_tables
from crmstudy.collection.simulate.write import write_firm, write_tables
from crmstudy.errors import CrmStudyError, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables to the folder that is named; status 0."""
    asked = _parser().parse_args(arguments)
    if asked.customers is None:
        write_tables(template_tables(), asked.folder)
        return 0
    try:
        parameters = dict(_read_parameter(text) for text in asked.set)
        write_firm(
            asked.folder,
            seed=asked.seed,
            n_customers=asked.customers,
            file_format=asked.format,
            **parameters,
        )
    except CrmStudyError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m crmstudy.collection.simulate",
        description="Write the tables of a simulated firm and the truth behind them; without "
        "--customers the example tables of data/template, as CSV files.",
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--customers", type=int, help="number of customers")
    parser.add_argument("--seed", type=int, default=1, help="0 or more (default 1)")
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the firm that differs from its default; may be repeated",
    )
    return parser


def _read_parameter(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise SettingsError(f"--set {text}: write NAME=NUMBER, as campaign_purchases=0.5") from None


if __name__ == "__main__":
    raise SystemExit(main())
