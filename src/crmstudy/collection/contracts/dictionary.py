"""The data dictionary, generated from the contracts: as a CSV and as pages in two languages.

``python -m crmstudy.collection.contracts.dictionary`` writes them into the project; a test holds
them to the contracts, byte by byte.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pandas as pd

from crmstudy.collection.contracts import chinese
from crmstudy.collection.contracts.dictionary_text import TEXTS
from crmstudy.collection.contracts.examples import example_of
from crmstudy.collection.contracts.tables import CONTRACTS, Column, Contract
from crmstudy.collection.quality.plan import CHANNELS
from crmstudy.files import write_atomically
from crmstudy.paths import project_root

Language = Literal["en", "zh"]

#: A study needs one of these tables; every other one is optional.
NEEDED = ("transactions", "survey", "judgements")
CSV_FILE = "data/template/dictionary.csv"
PAGES: dict[Language, str] = {"en": "docs/data-dictionary.md", "zh": "docs/data-dictionary.zh.md"}


def build_dictionary() -> pd.DataFrame:
    """List every column of every canonical table.

    Returns
    -------
    DataFrame
        One row a column of a contract: columns table, row_is, channel, table_needed
        (``one of ...`` or ``optional``), column, meaning, kind, required, may_be_empty,
        key, unit, allowed, privacy, example. All values are text.
    """
    rows = []
    for contract in CONTRACTS.values():
        for name, column in contract.columns.items():
            rows.append(
                {
                    "table": contract.name,
                    "row_is": contract.meaning,
                    "channel": CHANNELS[contract.channel],
                    "table_needed": _need(contract),
                    "column": name,
                    "meaning": column.meaning,
                    "kind": column.kind,
                    "required": _say(column.required),
                    "may_be_empty": _say(column.nullable),
                    "key": _say(name in contract.key),
                    "unit": column.unit,
                    "allowed": list_allowed(column),
                    "privacy": column.privacy,
                    "example": example_of(contract.name, name),
                }
            )
    return pd.DataFrame(rows).astype("str")


def _need(contract: Contract) -> str:
    return f"one of {', '.join(NEEDED)}" if contract.name in NEEDED else "optional"


def _say(true: bool) -> str:
    return "yes" if true else "no"


def list_allowed(column: Column, *, language: Language = "en") -> str:
    """Say which values a column may hold; empty where its kind says it all."""
    if column.allowed:
        return ", ".join(column.allowed)
    low, high = column.minimum, column.maximum
    if low is not None and high is not None:
        return f"{low:g}–{high:g}"
    words = {"en": ("at least", "at most"), "zh": ("不小于", "不大于")}[language]
    if low is not None:
        return f"{words[0]} {low:g}"
    return f"{words[1]} {high:g}" if high is not None else ""


def write_csv() -> bytes:
    """Write the dictionary as CSV, with the mark by which Excel knows UTF-8."""
    frame = build_dictionary()
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(frame.itertuples(index=False))
    return sink.getvalue().encode("utf-8-sig")


def write_page(language: Language) -> str:
    """Write the dictionary as a Markdown page that explains how to fill in the files."""
    text = TEXTS[language]
    parts = [text["opening"], _overview(language), text["files"]]
    parts += [_describe(contract, language) for contract in CONTRACTS.values()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _words(english: str, language: Language) -> str:
    return english if language == "en" else chinese.WORDS[english]


def _row_meaning(contract: Contract, language: Language) -> str:
    return contract.meaning if language == "en" else chinese.TABLES[contract.name]


def _meaning(column: Column, language: Language) -> str:
    return column.meaning if language == "en" else chinese.MEANINGS[column.meaning]


def _overview(language: Language) -> str:
    text = TEXTS[language]
    rows = [
        [
            f"[{contract.name}](#{contract.name})",
            _row_meaning(contract, language),
            _words(CHANNELS[contract.channel], language),
            text["needed"] if contract.name in NEEDED else text["optional"],
        ]
        for contract in CONTRACTS.values()
    ]
    return f"{text['tables']}\n\n{_tabulate(text['overview_head'].split('|'), rows)}"


def _describe(contract: Contract, language: Language) -> str:
    text = TEXTS[language]
    facts = [
        (text["row"], _row_meaning(contract, language)),
        (text["key"], ", ".join(f"`{name}`" for name in contract.key) or text["no_key"]),
        (text["channel"], _words(CHANNELS[contract.channel], language)),
        (text["need"], text["needed"] if contract.name in NEEDED else text["optional"]),
        (text["frequency"], _words(contract.frequency, language)),
        (text["basis"], _words(contract.legal_basis, language)),
    ]
    if contract.order:
        pairs = "; ".join(f"`{first}` ≤ `{second}`" for first, second in contract.order)
        facts.append((text["order"], pairs))
    listed = "\n".join(f"- {name}{text['colon']}{value}" for name, value in facts)
    rows = [
        [
            f"`{name}`",
            _meaning(column, language),
            _words(column.kind, language),
            _words(_say(column.required), language),
            _words(_say(column.nullable), language),
            _words(column.unit, language),
            list_allowed(column, language=language),
            _words(column.privacy, language),
            f"`{example_of(contract.name, name)}`",
        ]
        for name, column in contract.columns.items()
    ]
    table = _tabulate(text["column_head"].split("|"), rows)
    note = f"\n\n{text[contract.name]}" if contract.name in text else ""
    return f"### {contract.name}\n\n{listed}\n\n{table}{note}"


def _tabulate(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def contents() -> dict[str, bytes]:
    """Give the files of the dictionary: path in the project, and bytes."""
    pages = {path: write_page(language).encode() for language, path in PAGES.items()}
    return {CSV_FILE: write_csv(), **pages}


def write_dictionary(root: Path | None = None) -> list[Path]:
    """Write the dictionary's files into the project, or another folder.

    Returns
    -------
    list of Path
        The files written.
    """
    root = root or project_root()
    written = []
    for path, content in contents().items():
        write_atomically(root / path, content)
        written.append(root / path)
    return written


if __name__ == "__main__":
    write_dictionary()
