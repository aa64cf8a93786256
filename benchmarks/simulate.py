"""The simulated firm: 10,000, 100,000 and 1,000,000 customers, against loops over customers.

Two comparisons. The purchase model alone (BG/NBD) against lifetimes 0.11.3's generator, which
loops over customers, and against the shortest loop that draws the same purchases and spends. All
seventeen tables and the truth, written as Parquet, each size in a process of its own, whose peak
memory is reported; there is no peer that draws as much.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from crmstudy.collection.simulate import FirmParameters, write_firm
from crmstudy.collection.simulate.ledger import draw_purchases
from crmstudy.collection.simulate.parameters import JOINING_DAYS, WINDOW_DAYS
from crmstudy.collection.simulate.people import draw_dropout, draw_people

SIZES = (10_000, 100_000, 1_000_000)
PEER_SIZE = 100_000
Purchase = tuple[int, int, float]


def loop_over_customers(n_customers: int, *, seed: int, firm: FirmParameters) -> int:
    """Draw customer, day and spend of every purchase, one customer after the other."""
    rng = np.random.default_rng(seed)
    purchases: list[Purchase] = []
    for customer in range(n_customers):
        if rng.random() < firm.prospect_share:
            continue
        rate = rng.gamma(firm.bg_nbd_r, 1 / firm.bg_nbd_alpha) / 7
        dropout = rng.beta(firm.bg_nbd_a, firm.bg_nbd_b)
        mean_spend = firm.gamma_gamma_p / rng.gamma(firm.gamma_gamma_q, 1 / firm.gamma_gamma_v)
        day = int(rng.integers(0, JOINING_DAYS))
        clock = day + 0.5
        while day < WINDOW_DAYS:
            spend = rng.gamma(firm.gamma_gamma_p, mean_spend / firm.gamma_gamma_p)
            purchases.append((customer, day, spend))
            clock = max(clock + rng.exponential(1 / max(rate, 1e-12)), day + 1)
            if len(purchases) > 1 and purchases[-2][0] == customer and rng.random() < dropout:
                break
            day = int(min(clock, WINDOW_DAYS))
    return len(purchases)


def draw_ours(n_customers: int, *, seed: int, firm: FirmParameters) -> int:
    """Draw the purchases and spends alone, as the firm does; return how many there are."""
    rng = np.random.default_rng(seed)
    people = draw_people(rng, 1, n_customers, firm)
    people["dropout_probability"] = draw_dropout(rng, rng.standard_normal(n_customers), firm)
    return len(draw_purchases(rng, people, firm)[0])


def time_of(work: Callable[[], int]) -> tuple[float, int]:
    """Time a piece of work; return the seconds and how many purchases it gave."""
    start = perf_counter()
    count = work()
    return perf_counter() - start, count


def draw_with_lifetimes(n_customers: int, firm: FirmParameters) -> int:
    """Draw as many customers with lifetimes, observed for as long as ours on average."""
    from lifetimes.generate_data import beta_geometric_nbd_model  # type: ignore[import-untyped]

    weeks = (WINDOW_DAYS - JOINING_DAYS / 2) / 7
    parameters = (firm.bg_nbd_r, firm.bg_nbd_alpha, firm.bg_nbd_a, firm.bg_nbd_b)
    drawn = beta_geometric_nbd_model(weeks, *parameters, size=n_customers)
    return int(drawn["frequency"].sum()) + n_customers


def measure_writing(n_customers: int) -> tuple[float, float, int]:
    """Write a firm in a process of its own: seconds, peak memory in MB, rows."""
    done = subprocess.run(
        [sys.executable, __file__, str(n_customers)], capture_output=True, check=True, text=True
    )
    seconds, megabytes, rows = done.stdout.split()
    return float(seconds), float(megabytes), int(rows)


def write_once(n_customers: int) -> None:
    """Write a firm and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        rows = write_firm(Path(folder), seed=1, n_customers=n_customers)
        seconds = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, peak, sum(rows.values()))


def main() -> None:
    """Print one line a size, and the comparison."""
    firm = FirmParameters(person_test_share=0.0, person_duplicate_share=0.0, prospect_share=0.0)
    work: dict[str, Callable[[], int]] = {
        "crmstudy": lambda: draw_ours(PEER_SIZE, seed=1, firm=firm),
        "loop": lambda: loop_over_customers(PEER_SIZE, seed=1, firm=firm),
        "lifetimes": lambda: draw_with_lifetimes(PEER_SIZE, firm),
    }
    print(f"purchases of {PEER_SIZE:,} customers")
    for name, draw in work.items():
        seconds, count = time_of(draw)
        print(f"  {name:9} {seconds:7.3f} s, {count:,} purchases")
    print("all tables, written as Parquet")
    for size in SIZES:
        seconds, megabytes, rows = measure_writing(size)
        print(f"  {size:>9,} customers {seconds:6.2f} s, {megabytes:4.0f} MB, {rows:>10,} rows")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write_once(int(sys.argv[1]))
    else:
        main()
