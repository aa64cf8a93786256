"""Customer features: Ibis on DuckDB against hand-written DuckDB SQL, and against pandas.

All engines compute the same 33 features of the same synthetic firm, DuckDB with one thread, each
in a process of its own that reports its best processor time and its peak of memory. The last
line gives the time through Ibis divided by that of the hand-written SQL, the larger of the two
sizes (at most 1.5), the largest disagreement of the two (0), and the peak through Ibis (at most
1 GB); beyond these the exit status is 1. pandas computes 1 million lines that it holds in
memory already, for the record.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

# Heavy imports wait: a child's peak starts at what its parent held when it was born.
SIZES = {1_000_000: ("ibis", "sql", "pandas"), 10_000_000: ("ibis", "sql")}
ROUNDS = 3  # the engines take turns, so that what else the machine does hits all
REPEATS = {1_000_000: 3, 10_000_000: 1}  # in one process
LARGEST_RATIO, LARGEST_PEAK_MB = 1.5, 1024
UNTIL = "2025-12-31"

# Four lines a basket, some five baskets a customer; every fortieth line is a return. Money is in
# quarters, so that sums are exact in any order.
FIRM = """
CREATE SCHEMA firm;
CREATE TABLE firm.transactions AS
WITH baskets AS (SELECT i, hash(i) AS h FROM range({n} // 4) AS t(i)),
lines AS (SELECT i, h, hash(i * 4 + k) AS g FROM baskets, range(4) AS r(k))
SELECT 'c' || lpad((h % {customers} * (h % 997) // 997)::VARCHAR, 8, '0') AS customer_id,
       'b' || lpad(i::VARCHAR, 9, '0') AS basket_id,
       TIMESTAMP '2024-01-01' + INTERVAL (h // 7 % 63072000) SECOND AS ordered_at,
       'p' || lpad((g % 1000 * (g // 1000 % 50) // 10)::VARCHAR, 5, '0') AS product_id,
       (1 + g // 3 % 400) / 4.0 * if(g % 40 = 0, -1, 1) AS revenue,
       (g // 11 % 5) / 4.0 AS discount,
       (g // 13 % 3) / 4.0 AS coupon_discount,
       (1 + g // 17 % 200) / 4.0 * if(g % 40 = 0, -1, 1) AS cost,
       ((1 + g // 19 % 3) * if(g % 40 = 0, -1, 1))::DOUBLE AS quantity,
       ['shop', 'web', 'app'][1 + (h // 5 % 3)::INT] AS channel,
       if(g % 40 = 0, 'returned', 'completed') AS status
FROM lines;
CREATE TABLE firm.products AS
SELECT 'p' || lpad(i::VARCHAR, 5, '0') AS product_id, 'd' || (i % 20) AS department,
       'c' || (i % 300) AS category
FROM range(5000) AS t(i);
CREATE TABLE firm.customers AS
SELECT 'c' || lpad(i::VARCHAR, 8, '0') AS customer_id,
       TIMESTAMP '2023-06-01' + INTERVAL (i % 200) DAY AS registered_on
FROM range({customers}) AS t(i);
CREATE TABLE firm.contacts AS
SELECT i::VARCHAR AS contact_id,
       'c' || lpad((hash(i) % {customers})::VARCHAR, 8, '0') AS customer_id,
       TIMESTAMP '2024-01-01' + INTERVAL (hash(i) // 7 % 63000000) SECOND AS opened_at,
       opened_at + INTERVAL (hash(i) // 3 % 100000) SECOND AS first_response_at,
       opened_at + INTERVAL (hash(i) // 3 % 400000) SECOND AS resolved_at,
       hash(i) % 3 = 0 AS complaint
FROM range({n} // 30) AS t(i);
CREATE TABLE firm.web_events AS
SELECT 'v' || (hash(i) % {customers})::VARCHAR AS visitor_id,
       'c' || lpad((hash(i) % {customers})::VARCHAR, 8, '0') AS customer_id,
       TIMESTAMP '2024-01-01' + INTERVAL (hash(i) // 7 % 630720) SECOND AS occurred_at,
       (1 + hash(i) % 5)::DOUBLE AS rating
FROM range({n} // 10) AS t(i);
"""

BY_HAND = """
WITH lines AS (
    SELECT *, ordered_at::DATE AS day, revenue >= 0 AS bought FROM firm.transactions
    WHERE ordered_at < TIMESTAMP '2026-01-01'
), sums AS (
    SELECT customer_id,
           count(*) FILTER (bought) AS n_lines,
           sum(revenue) AS revenue,
           min(day) FILTER (bought) AS first_day,
           max(day) FILTER (bought) AS last_day,
           count(*) FILTER (bought AND isodow(day) >= 6) / n_lines AS weekend_share,
           count(*) FILTER (NOT bought OR status = 'returned') / count(*) AS return_share,
           coalesce(sum(abs(revenue)) FILTER (NOT bought OR status = 'returned'), 0)
               AS returned_revenue,
           count(*) FILTER (bought AND hour(ordered_at) >= 17)
               / nullif(count(*) FILTER (bought AND ordered_at <> day), 0) AS evening_share,
           sum(revenue - cost) AS margin,
           count(*) FILTER (bought AND discount > 0) / n_lines AS promoted_share,
           sum(coupon_discount) FILTER (bought)
               / nullif(sum(revenue + coupon_discount) FILTER (bought), 0) AS coupon_share,
           sum(discount) FILTER (bought)
               / nullif(sum(revenue + discount) FILTER (bought), 0) AS discount_share
    FROM lines GROUP BY customer_id HAVING n_lines > 0
), baskets AS (
    SELECT customer_id, count(*) AS n_purchases
    FROM (SELECT DISTINCT customer_id, basket_id FROM lines WHERE bought) GROUP BY customer_id
), gaps AS (
    SELECT customer_id, day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap
    FROM (SELECT DISTINCT customer_id, day FROM lines WHERE bought)
), rhythm AS (
    SELECT customer_id, count(*) AS n_purchase_days, count(gap) AS n,
           sum(gap)::DOUBLE AS s, sum(gap * gap)::DOUBLE AS q
    FROM gaps GROUP BY customer_id
), variety AS (
    SELECT customer_id, count(*) AS n_products
    FROM (SELECT DISTINCT customer_id, product_id FROM lines WHERE bought) GROUP BY customer_id
), departments AS (
    SELECT customer_id, count(*) AS n_departments
    FROM (SELECT DISTINCT customer_id, department FROM lines JOIN firm.products USING (product_id)
          WHERE bought)
    GROUP BY customer_id
), sold AS (
    SELECT customer_id, category, revenue, quantity
    FROM lines JOIN firm.products USING (product_id) WHERE bought AND quantity > 0
), means AS (
    SELECT category, sum(revenue) / sum(quantity) AS price FROM sold GROUP BY category
), prices AS (
    SELECT customer_id, sum(revenue) / nullif(sum(quantity * price), 0) AS price_index
    FROM sold JOIN means USING (category) GROUP BY customer_id
), used AS (
    SELECT customer_id, channel, count(*) AS n
    FROM (SELECT DISTINCT customer_id, channel, basket_id FROM lines WHERE bought) GROUP BY ALL
), channels AS (
    SELECT customer_id, count(*) AS n_channels, min_by(channel, (-n, channel)) AS main_channel,
           max(n) / sum(n) AS main_channel_share
    FROM used GROUP BY customer_id
), tickets AS (
    SELECT customer_id, count(*) AS n_tickets, count(*) FILTER (complaint) AS n_complaints,
           sum(date_diff('second', opened_at, first_response_at))
               FILTER (first_response_at < TIMESTAMP '2026-01-01')
               / count(*) FILTER (first_response_at < TIMESTAMP '2026-01-01') / 3600
               AS mean_response_hours,
           sum(date_diff('second', opened_at, resolved_at))
               FILTER (resolved_at < TIMESTAMP '2026-01-01')
               / count(*) FILTER (resolved_at < TIMESTAMP '2026-01-01') / 3600
               AS mean_resolution_hours
    FROM firm.contacts WHERE opened_at < TIMESTAMP '2026-01-01' GROUP BY customer_id
), pauses AS (
    SELECT customer_id, rating, date_diff('second', lag(occurred_at) OVER (
               PARTITION BY customer_id, visitor_id ORDER BY occurred_at), occurred_at) AS pause
    FROM firm.web_events WHERE occurred_at < TIMESTAMP '2026-01-01'
), web AS (
    SELECT customer_id, count(*) AS n_web_events,
           count(*) FILTER (pause IS NULL OR pause > 1800) AS n_web_sessions,
           avg(rating) AS mean_rating
    FROM pauses GROUP BY customer_id
)
SELECT customer_id, n_purchases, n_purchase_days, n_lines, revenue,
       revenue / n_purchases AS mean_basket,
       DATE '2025-12-31' - last_day AS days_since_last_purchase,
       DATE '2025-12-31' - first_day AS tenure_days,
       weekend_share, evening_share, date_trunc('month', first_day)::DATE AS first_purchase_month,
       s / nullif(n, 0) AS mean_days_between_purchases,
       sqrt((n * q - s * s) / nullif(n * (n - 1), 0)) AS sd_days_between_purchases,
       return_share, returned_revenue, margin, discount_share, promoted_share, coupon_share,
       coalesce(n_products, 0) AS n_products, coalesce(n_departments, 0) AS n_departments,
       price_index, coalesce(n_channels, 0) AS n_channels, main_channel, main_channel_share,
       coalesce(n_tickets, 0) AS n_tickets, coalesce(n_complaints, 0) AS n_complaints,
       mean_response_hours, mean_resolution_hours,
       coalesce(n_web_events, 0) AS n_web_events, coalesce(n_web_sessions, 0) AS n_web_sessions,
       mean_rating, date_trunc('month', registered_on)::DATE AS registration_month,
       DATE '2025-12-31' - registered_on::DATE AS days_since_registration
FROM sums
LEFT JOIN baskets USING (customer_id) LEFT JOIN rhythm USING (customer_id)
LEFT JOIN variety USING (customer_id) LEFT JOIN departments USING (customer_id)
LEFT JOIN prices USING (customer_id) LEFT JOIN channels USING (customer_id)
LEFT JOIN tickets USING (customer_id) LEFT JOIN web USING (customer_id)
LEFT JOIN firm.customers USING (customer_id)
ORDER BY customer_id
"""


def make_firm(place: Path, n: int) -> None:
    import duckdb

    with duckdb.connect(str(place), config={"threads": 1}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(FIRM.format(n=n, customers=n // 20))


def through_ibis(place: Path) -> Callable[[], Any]:
    from crmstudy.collection.features.features import customer_features
    from crmstudy.collection.warehouse import Warehouse

    return lambda: customer_features(Warehouse(place), "firm", until=UNTIL)


def by_hand(place: Path) -> Callable[[], Any]:
    from crmstudy.collection.warehouse import Warehouse

    return lambda: Warehouse(place).query(BY_HAND).set_index("customer_id")


def with_pandas(place: Path) -> Callable[[], Any]:
    from crmstudy.collection.warehouse import Warehouse

    names = ("transactions", "products", "customers", "contacts", "web_events")
    tables = {name: Warehouse(place).table("firm", name) for name in names}
    return lambda: compute_with_pandas(tables)


def compute_with_pandas(tables: dict[str, Any]) -> Any:
    """Compute the features as an analyst would who knows pandas well."""
    import numpy as np
    import pandas as pd

    end = pd.Timestamp(UNTIL)
    lines = tables["transactions"]
    bought = lines["revenue"] >= 0
    back = ~bought | (lines["status"] == "returned")
    day = lines["ordered_at"].dt.normalize()
    every = lines.assign(back=back, money_back=lines["revenue"].abs().where(back, 0))
    every["margin"] = every["revenue"] - every["cost"]
    all_lines = every.groupby("customer_id")
    own = lines[bought].assign(day=day[bought], weekend=day[bought].dt.day_of_week >= 5)
    groups = own.groupby("customer_id")
    frame = groups.agg(
        n_purchases=("basket_id", "nunique"),
        n_lines=("revenue", "size"),
        first=("day", "min"),
        last=("day", "max"),
        weekend_share=("weekend", "mean"),
        discount=("discount", "sum"),
        paid=("revenue", "sum"),
        coupons=("coupon_discount", "sum"),
        n_products=("product_id", "nunique"),
    )
    frame["revenue"] = all_lines["revenue"].sum()
    frame["mean_basket"] = frame["revenue"] / frame["n_purchases"]
    frame["return_share"] = all_lines["back"].mean()
    frame["returned_revenue"] = all_lines["money_back"].sum()
    whole = frame["paid"] + frame["discount"]
    frame["discount_share"] = frame["discount"] / whole.where(whole != 0)
    frame["margin"] = all_lines["margin"].sum()
    frame["promoted_share"] = (own["discount"] > 0).groupby(own["customer_id"]).mean()
    frame["coupon_share"] = frame["coupons"] / (frame["paid"] + frame["coupons"]).replace(0, np.nan)
    evening = (own["ordered_at"].dt.hour >= 17).where(own["ordered_at"] > own["day"])
    frame["evening_share"] = evening.astype("float64").groupby(own["customer_id"]).mean()
    sold = own[own["quantity"] > 0].assign(
        category=lambda x: x["product_id"].map(
            tables["products"].set_index("product_id")["category"]
        )
    )
    totals = sold.groupby("category")[["revenue", "quantity"]].sum()
    usual = sold["quantity"] * sold["category"].map(totals["revenue"] / totals["quantity"])
    paid_known = sold["revenue"].where(usual.notna()).groupby(sold["customer_id"]).sum()
    frame["price_index"] = paid_known / usual.groupby(sold["customer_id"]).sum().replace(0, np.nan)
    frame["days_since_last_purchase"] = (end - frame["last"]).dt.days
    frame["tenure_days"] = (end - frame["first"]).dt.days
    frame["first_purchase_month"] = frame["first"].dt.to_period("M").dt.to_timestamp()
    days = own[["customer_id", "day"]].drop_duplicates().sort_values(["customer_id", "day"])
    gaps = days.groupby("customer_id")["day"].diff().dt.days.groupby(days["customer_id"])
    frame["n_purchase_days"] = days.groupby("customer_id").size()
    frame["mean_days_between_purchases"] = gaps.mean()
    frame["sd_days_between_purchases"] = gaps.std()
    department = tables["products"].set_index("product_id")["department"]
    by_department = own.assign(department=own["product_id"].map(department))
    frame["n_departments"] = by_department.groupby("customer_id")["department"].nunique()
    baskets = own[["customer_id", "channel", "basket_id"]].drop_duplicates()
    used = baskets.groupby(["customer_id", "channel"]).size().rename("n").reset_index()
    used = used.sort_values(["customer_id", "n", "channel"], ascending=[True, False, True])
    frame["n_channels"] = used.groupby("customer_id").size()
    frame["main_channel"] = used.groupby("customer_id")["channel"].first()
    frame["main_channel_share"] = (
        used.groupby("customer_id")["n"].max() / used.groupby("customer_id")["n"].sum()
    )
    tickets = tables["contacts"]
    waits = {"mean_response_hours": "first_response_at", "mean_resolution_hours": "resolved_at"}
    for name, answered in waits.items():
        seconds = (tickets[answered] - tickets["opened_at"]).dt.total_seconds()
        known = seconds.where(tickets[answered] < end + pd.Timedelta("1D"))
        frame[name] = known.groupby(tickets["customer_id"]).mean() / 3600
    frame["n_tickets"] = tickets.groupby("customer_id").size()
    frame["n_complaints"] = tickets.groupby("customer_id")["complaint"].sum()
    events = tables["web_events"].sort_values(["customer_id", "visitor_id", "occurred_at"])
    pause = events.groupby(["customer_id", "visitor_id"])["occurred_at"].diff()
    opens = pause.isna() | (pause > pd.Timedelta("30min"))
    frame["n_web_events"] = events.groupby("customer_id").size()
    frame["n_web_sessions"] = opens.groupby(events["customer_id"]).sum()
    frame["mean_rating"] = events.groupby("customer_id")["rating"].mean()
    registered = tables["customers"].set_index("customer_id")["registered_on"]
    frame["registration_month"] = registered.dt.to_period("M").dt.to_timestamp()
    frame["days_since_registration"] = (end - registered).dt.days
    counts = [name for name in frame if name.startswith("n_")]
    frame = frame.drop(columns=["first", "last", "discount", "paid", "coupons"])
    return frame.fillna(dict.fromkeys(counts, 0)).replace({np.inf: np.nan}).sort_index()


ENGINES = {"ibis": through_ibis, "sql": by_hand, "pandas": with_pandas}


def measure(engine: str, place: Path, repeats: int) -> None:
    """Time one engine in this process, keep its answer, and print seconds and peak."""
    compute = ENGINES[engine](place)
    best = float("inf")
    for _ in range(repeats):
        began = process_time()
        answer = compute()
        best = min(best, process_time() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer.to_pickle(place.with_suffix(f".{engine}"))
    print(json.dumps({"seconds": best, "peak_mb": peak}))


def call(*arguments: object) -> str:
    """Run this file again, in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def disagreement(place: Path, engine: str) -> float:
    """Return the largest difference of any cell from Ibis's answer; infinite for other rows."""
    import numpy as np
    import pandas as pd

    ours, theirs = (pd.read_pickle(place.with_suffix(f".{name}")) for name in ("ibis", engine))
    if ours.index.tolist() != theirs.index.tolist() or set(ours) != set(theirs):
        return float("inf")
    largest = 0.0
    for name in ours:
        left, right = ours[name], theirs[name]
        if name.endswith("_month"):
            left, right = (pd.to_datetime(x).astype("datetime64[us]") for x in (left, right))
        if not left.isna().equals(right.isna()):
            return float("inf")
        left, right = left.dropna(), right.dropna()
        if pd.api.types.is_numeric_dtype(left):
            largest = max(largest, float(np.abs(left.to_numpy() - right.to_numpy(float)).max()))
        elif left.tolist() != right.tolist():
            return float("inf")
    return largest


def compare(folder: Path, n: int) -> tuple[float, float, float]:
    """Measure all engines at one size; return Ibis to SQL, their disagreement, Ibis's peak."""
    place = folder / f"{n}.duckdb"
    call("make", place, n)
    seconds = dict.fromkeys(SIZES[n], float("inf"))
    peaks = dict.fromkeys(SIZES[n], 0.0)
    for engine in SIZES[n] * ROUNDS:
        found = json.loads(call("measure", engine, place, REPEATS[n]))
        seconds[engine] = min(seconds[engine], found["seconds"])
        peaks[engine] = max(peaks[engine], found["peak_mb"])
    for engine in SIZES[n]:
        print(f"{n:>10,} {engine:<7} {seconds[engine]:>8.2f} {peaks[engine]:>8.0f}", flush=True)
    for engine in SIZES[n][1:]:
        ratio = seconds["ibis"] / seconds[engine]
        apart = float(call("disagreement", place, engine))
        print(f"features_{n} ibis/{engine} ratio {ratio:.2f} agreement {apart:.1e}", flush=True)
    apart = float(call("disagreement", place, "sql"))
    return seconds["ibis"] / seconds["sql"], apart, peaks["ibis"]


def main() -> int:
    print(f"{'lines':>10} {'engine':<7} {'seconds':>8} {'peak MB':>8}", flush=True)
    with tempfile.TemporaryDirectory(prefix="crmstudy-features-") as folder:
        results = [compare(Path(folder), n) for n in SIZES]
    ratio, apart, peak = (max(result[i] for result in results) for i in range(3))
    failures = []
    if apart > 0:
        failures.append("the engines disagree")
    if ratio > LARGEST_RATIO:
        failures.append(f"Ibis takes {ratio:.2f} times as long as SQL, more than {LARGEST_RATIO}")
    if peak > LARGEST_PEAK_MB:
        failures.append(f"features take {peak:.0f} MB, more than {LARGEST_PEAK_MB}")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"features ratio {ratio:.2f} agreement {apart:.1e} peak {peak:.0f} MB")
    return int(bool(failures))


def serve(task: str, *arguments: str) -> None:
    """Do in this process what a parent asked for."""
    if task == "make":
        make_firm(Path(arguments[0]), int(arguments[1]))
    elif task == "measure":
        measure(arguments[0], Path(arguments[1]), int(arguments[2]))
    else:
        print(disagreement(Path(arguments[0]), arguments[1]))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(*sys.argv[1:])
    else:
        raise SystemExit(main())
