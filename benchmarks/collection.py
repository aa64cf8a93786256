"""A ledger from CSV through its contract into the database, then features: against pandas.

Both sides read the same file of a million purchase lines with every value as text, strip
it, type it as strictly (numbers without thousands separators, dates in ISO form and without a
time zone), check the same rules (rows of one length, nothing unreadable, nothing empty that
must not be, allowed words, currency), count what they leave out, store the table (crmstudy in
its database, pandas as Parquet), and compute the same features of each customer. Each side
runs in a process of its own, libraries imported before the clock starts; memory is the
process's highest resident set, libraries included. crmstudy types with two threads where there
are two processors, pandas with one: the processor time of both stands
beside. Agreement is the largest difference of a feature, relative to its size.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

LINES, CUSTOMERS, REPEATS = 1_000_000, 60_000, 3
TOLERANCE = 1e-9
FEATURES = [
    "n_purchases",
    "revenue",
    "mean_basket",
    "days_since_last_purchase",
    "tenure_days",
    "weekend_share",
]
NUMBERS = ["revenue", "quantity", "cost", "discount"]
STATUS = ["completed", "returned", "cancelled"]
NUMBER = r"[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?"
NO_LOCAL_TIME = r"[0-9]{4}|.*:[0-9]{2}.*(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
STUDY = "title: B\nseed: 1\ncurrency: EUR\ntables: {transactions: {file: lines.csv}}\n"


def write_lines(file: Path, n: int) -> None:
    """Write purchase lines as a shop system exports them; one in fifty is anonymous."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(20261123)
    buyers = np.char.mod("C%06d", rng.integers(0, CUSTOMERS, n // 3 + 1))
    buyers[rng.random(len(buyers)) < 0.02] = ""
    seconds = np.sort(rng.integers(0, 730 * 86_400, len(buyers)))
    basket = np.arange(n) // 3
    ordered = pd.Timestamp("2024-01-01") + pd.to_timedelta(seconds, unit="s")
    revenue = np.round(rng.gamma(2, 15, n) * np.where(rng.random(n) < 0.03, -1, 1), 2)
    pd.DataFrame(
        {
            "customer_id": buyers[basket],
            "ordered_at": ordered.strftime("%Y-%m-%d %H:%M:%S").to_numpy()[basket],
            "revenue": revenue,
            "basket_id": np.char.mod("B%d", basket),
            "product_id": np.char.mod("P%04d", rng.integers(0, 2_000, n)),
            "quantity": rng.integers(1, 6, n),
            "cost": np.round(rng.gamma(2, 9, n), 2),
            "discount": np.round(rng.random(n), 2),
            "channel": rng.choice(["shop", "web", "app"], n),
            "status": np.where(revenue < 0, "returned", "completed"),
            "currency": "EUR",
        }
    ).to_csv(file, index=False)


def ours(folder: Path) -> tuple:
    import ibis.backends.sql.compilers  # noqa: F401

    from crmstudy.collection.features.features import purchase_features
    from crmstudy.collection.warehouse import Warehouse, connect_for_loading, load_tables
    from crmstudy.settings import read_study

    start = perf_counter()
    study = read_study(str(folder))
    place = folder / "warehouse.duckdb"
    with connect_for_loading(str(place), folder) as connection:
        loaded, problems = load_tables(connection, study)
    assert not problems
    features = purchase_features(Warehouse(place), "bench")
    return perf_counter() - start, features, loaded[0].rows_read, dict(loaded[0].dropped)


def theirs(folder: Path) -> tuple:
    import numpy as np
    import pandas as pd
    import pyarrow.parquet  # noqa: F401

    start = perf_counter()
    raw = pd.read_csv(folder / "lines.csv", dtype="str", keep_default_na=False)
    # A row that is too short ends in NaN, an empty field in an empty text.
    assert not raw.isna().any(axis=None)
    typed = {}
    for name in raw.columns:
        text = raw[name].str.strip()
        text = text.mask(text.eq(""))
        values = text
        if name in NUMBERS:
            values = pd.to_numeric(text.where(text.str.fullmatch(NUMBER, na=False)))
            values = values.where(np.isfinite(values))
        elif name == "ordered_at":
            local = text.mask(text.str.fullmatch(NO_LOCAL_TIME, na=False))
            values = pd.to_datetime(local, format="ISO8601", errors="coerce")
        assert not (text.notna() & values.isna()).any()
        typed[name] = values
    frame = pd.DataFrame(typed)
    del raw, typed
    assert frame[["ordered_at", "revenue", "basket_id"]].notna().all(axis=None)
    assert (frame["status"].isin(STATUS) | frame["status"].isna()).all()
    assert (frame["currency"].isin(["EUR"]) | frame["currency"].isna()).all()
    empty = frame.isna().all(axis=1)
    nobody = frame["customer_id"].isna() & ~empty
    kept = frame[~(empty | nobody)]
    kept.to_parquet(folder / "store.parquet", index=False)
    features = describe(kept)
    dropped = {"no customer (anonymous sale)": int(nobody.sum())}
    return perf_counter() - start, features, len(frame), dropped


def describe(lines):  # type: ignore[no-untyped-def]
    """Compute the features of crmstudy.collection.features.expressions.describe_purchases."""
    import pandas as pd

    end = lines["ordered_at"].max().normalize()
    bought = lines[lines["revenue"] >= 0]
    day = bought["ordered_at"].dt.normalize()
    bought = bought.assign(day=day, weekend=bought["ordered_at"].dt.day_of_week >= 5)
    by = bought.groupby("customer_id")
    frame = pd.DataFrame({"n_purchases": by["basket_id"].nunique()})
    frame["revenue"] = lines.groupby("customer_id")["revenue"].sum()
    frame["mean_basket"] = frame["revenue"] / frame["n_purchases"]
    frame["days_since_last_purchase"] = (end - by["day"].max()).dt.days
    frame["tenure_days"] = (end - by["day"].min()).dt.days
    frame["weekend_share"] = by["weekend"].mean()
    return frame


def run_side(side: str, folder: Path) -> None:
    """Run one side and print its time, memory and counts; its features go to a file."""
    run = {"crmstudy": ours, "pandas": theirs}[side]
    began = process_time()
    seconds, features, read, dropped = run(folder)
    busy = process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    features[FEATURES].to_parquet(folder / f"{side}.parquet")
    found = {"seconds": seconds, "busy": busy, "MiB": memory, "read": read, "dropped": dropped}
    print(json.dumps(found))


def call(side: str, folder: Path) -> str:
    """Run a part in a process of its own.

    Linux counts what the parent held into the child's highest resident set, so this
    process stays small: even the file is written and compared elsewhere.
    """
    command = [sys.executable, __file__, side, str(folder)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def measure(side: str, folder: Path) -> dict:
    """Run one side in processes of its own; take the fastest and the leanest."""
    runs = []
    for _ in range(REPEATS):
        (folder / "warehouse.duckdb").unlink(missing_ok=True)
        runs.append(json.loads(call(side, folder)))
    best = {name: min(run[name] for run in runs) for name in ("seconds", "busy", "MiB")}
    # The processor time counts the import of the libraries, too.
    print(
        f"{side:<9} {best['seconds']:>8.2f} s {best['MiB']:>7.0f} MiB {best['busy']:>7.2f} s busy"
    )
    return {**runs[0], **best}


def compare(folder: Path) -> float:
    """Return the largest relative difference of a feature."""
    import pandas as pd

    a, b = (pd.read_parquet(folder / f"{side}.parquet") for side in ("crmstudy", "pandas"))
    assert a.index.tolist() == b.sort_index().index.tolist()
    a, b = a.astype(float), b.sort_index().astype(float)
    return float(((a - b).abs() / b.abs().clip(lower=1)).max(axis=None))


def main() -> int:
    if len(sys.argv) == 3:
        side, folder = sys.argv[1], Path(sys.argv[2])
        if side == "write":
            write_lines(folder / "lines.csv", LINES)
        elif side == "compare":
            print(compare(folder))
        else:
            run_side(side, folder)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "bench"
        folder.mkdir()
        os.environ["CRMSTUDY_WORK"] = os.environ["CRMSTUDY_REPORTS"] = name
        (folder / "study.yml").write_text(STUDY, encoding="utf-8")
        call("write", folder)
        print(f"{LINES:,} lines, {(folder / 'lines.csv').stat().st_size / 1e6:.0f} MB")
        us, them = measure("crmstudy", folder), measure("pandas", folder)
        agreement = float(call("compare", folder))
        same = all(us[count] == them[count] for count in ("read", "dropped"))
    faster, leaner = them["seconds"] / us["seconds"], them["MiB"] / us["MiB"]
    print(f"collection ratio {faster:.1f} memory {leaner:.1f} agreement {agreement:.1e}")
    return int(agreement > TOLERANCE or not same)


if __name__ == "__main__":
    raise SystemExit(main())
