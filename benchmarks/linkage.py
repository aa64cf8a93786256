"""Linking records to customers of which the truth is known: what is found, how right, how fast.

Invented customers, Western and Chinese, and records of them with slips of the keyboard,
changed addresses, gaps, households and twins (the generator of tests/collection/test_linkage.py);
two thirds of the records are customers. Compared are

* exact keys alone, as crmstudy uses them (each must be one customer's, nothing may speak
  against it);
* a naive join on any equal e-mail, telephone, or name and postcode, the first customer taken;
* crmstudy: exact keys, then Fellegi and Sunter's model by splink;
* the Python package recordlinkage, where it is installed (its last version, 0.16, asks for
  pandas below 3, so it is not in this environment).

Arguments: numbers of customers (records are as many); by default 1,000 and 10,000.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from crmstudy.collection.matching.exact_keys import match_keys
from crmstudy.collection.matching.linkage import link_records
from crmstudy.collection.matching.normalise import normalise_persons
from crmstudy.settings import Linkage

TESTS = Path(__file__).resolve().parents[1] / "tests" / "collection" / "test_linkage.py"
NAIVE = (["email"], ["phone"], ["name", "postcode"])


def load_generator() -> Any:
    spec = importlib.util.spec_from_file_location("generator", TESTS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def link_exactly(records: pd.DataFrame, customers: pd.DataFrame) -> pd.Series:
    found, _ = match_keys(normalise_persons(records), normalise_persons(customers))
    ids = customers["customer_id"].to_numpy()[found["customer"]]
    return pd.Series(ids, index=records["record_id"].to_numpy()[found["row"]])


def link_naively(records: pd.DataFrame, customers: pd.DataFrame) -> pd.Series:
    ours = normalise_persons(records).assign(record_id=records["record_id"])
    theirs = normalise_persons(customers).assign(customer_id=customers["customer_id"])
    parts = []
    for key in NAIVE:
        left, right = ours.dropna(subset=key), theirs.dropna(subset=key)
        joined = left[["record_id", *key]].merge(right[["customer_id", *key]], on=key)
        parts.append(joined[["record_id", "customer_id"]])
    found = pd.concat(parts).drop_duplicates("record_id")
    return found.set_index("record_id")["customer_id"]


def report(name: str, links: pd.Series, truth: pd.Series, seconds: float) -> None:
    right = int((links == truth.reindex(links.index)).sum())
    precision, recall = right / max(len(links), 1), right / int(truth.notna().sum())
    print(f"  {name:<22} {precision:9.4f} {recall:9.4f} {seconds:8.2f} s")


def main() -> int:
    generator = load_generator()
    for n in [int(one) for one in sys.argv[1:]] or [1_000, 10_000]:
        customers, records, truth = generator.draw_files(n, seed=20261123)
        print(f"{len(customers):,} customers, {len(records):,} records")
        print(f"  {'':<22} {'precision':>9} {'recall':>9} {'time':>10}")
        for name, link in (("naive join", link_naively), ("exact keys", link_exactly)):
            start = perf_counter()
            links = link(records, customers)
            report(name, links, truth, perf_counter() - start)
        start = perf_counter()
        found = link_records(records, customers, key="record_id", settings=Linkage())
        seconds = perf_counter() - start
        table = found.links.set_index("record_id")
        report("crmstudy", table["customer_id"], truth, seconds)
        probable = table[table["method"] == "probabilistic"]
        wrong = (probable["customer_id"] != truth.reindex(probable.index)).sum()
        print(
            f"  probabilistic: {len(probable)} links, {found.expected_false:.1f} expected to be "
            f"false, {wrong} are; {found.review['record_id'].nunique()} records for review"
        )
    if find_spec("recordlinkage") is None:
        print("recordlinkage skipped: not installed (0.16 asks for pandas below 3)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
