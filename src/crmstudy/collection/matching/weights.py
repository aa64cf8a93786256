"""How much the agreement of two records says: Fellegi and Sunter's weights, by splink.

A comparison of two records ends in one level for each attribute (equal, near, ...). A level's
weight is ``log2(m / u)``: ``m`` is its probability when both records are one person, ``u``
when they are two. The weights of the attributes add up, as the attributes are taken as
independent given the truth.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from crmstudy.collection.matching.comparisons import COMPARISONS, name_side, number_level, silence

if TYPE_CHECKING:
    import duckdb


#: Pairs are looked at when they agree in all columns of one of these rules.
BLOCKS = (
    ("email",),
    ("phone",),
    ("name",),
    ("letters",),
    ("local",),
    ("ending",),
    ("postcode", "birth_year"),
    ("first_part", "postcode"),
    ("last_part", "postcode"),
    ("first_part", "birth_year"),
    ("last_part", "birth_year"),
)
#: Blocks in which most pairs are one person; EM learns from them what the others show.
TRAINING = (("email",), ("phone",), ("name",))

MOST_PAIRS, MOST_TRAINING_PAIRS, SAMPLED_PAIRS = 20_000_000, 5_000_000, 500_000
#: Fewer pairs in a block teach EM nothing, and ``m`` stays what was believed before.
FEWEST_TRAINING_PAIRS = 30
#: The belief in ``m`` counts as much as this many pairs of one person.
BELIEF = 20.0


@dataclass(frozen=True)
class Weights:
    """The model: what each level of each comparison weighs.

    Parameters
    ----------
    levels : DataFrame
        Columns comparison, level, m, u, weight (``log2(m / u)``), m from (``"EM"`` or
        ``"belief"``).
    pairs : float
        Pairs of one person that EM found in its blocks; 0 when ``m`` is all belief.
    """

    levels: pd.DataFrame
    pairs: float

    def comparisons(self) -> list[str]:
        """Name the attributes compared."""
        return list(dict.fromkeys(self.levels["comparison"]))

    def only(self, comparisons: list[str]) -> Weights:
        """Keep some of the attributes."""
        kept = self.levels["comparison"].isin(comparisons)
        return Weights(self.levels[kept].reset_index(drop=True), self.pairs)


def believe(comparisons: list[str], *, u: Mapping[str, list[float]]) -> Weights:
    """Make weights of given ``u`` and the ``m`` believed before the data."""
    rows = [
        (name, level.label, level.m, chance, 0.0, "belief")
        for name in comparisons
        for level, chance in zip(COMPARISONS[name], u[name], strict=True)
    ]
    columns = ["comparison", "level", "m", "u", "weight", "m from"]
    return Weights(_weigh_levels(pd.DataFrame(rows, columns=columns)), 0.0)


def estimate_u(
    connection: duckdb.DuckDBPyConnection, *, side: str, comparisons: list[str], seed: int
) -> Weights:
    """Estimate ``u`` from pairs of different customers, which are two persons.

    A sample of half a million pairs is compared, or all there are; half a pair is added to each
    level, so that what was never seen is rare and not impossible (Jeffreys), and a handful
    of customers proves little.

    Parameters
    ----------
    side : str
        Table of :func:`~crmstudy.collection.matching.comparisons.arrange`, whole.
    comparisons : list of str
        The attributes; each one's ``u`` depends on no other.
    seed : int
        Seed of the sample.
    """
    size = int(connection.execute(f"SELECT count(*) FROM {side}").fetchall()[0][0])
    if size < 2:
        flat = {n: [1 / len(COMPARISONS[n])] * len(COMPARISONS[n]) for n in comparisons}
        return believe(comparisons, u=flat)
    _draw_pairs(connection, size, seed=seed)
    u = {}
    for name in comparisons:
        counts = _count_levels(connection, side, name)
        u[name] = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts))).tolist()
    connection.execute("DROP TABLE drawn")
    return believe(comparisons, u=u)


def _draw_pairs(connection: duckdb.DuckDBPyConnection, size: int, *, seed: int) -> None:
    """Put pairs of different rows into the table ``drawn``: all, or a sample of them."""
    if size * (size - 1) // 2 <= SAMPLED_PAIRS:
        first, second = np.triu_indices(size, 1)
    else:
        draw = np.random.default_rng(seed)
        first = draw.integers(size, size=SAMPLED_PAIRS)
        second = (first + draw.integers(1, size, size=SAMPLED_PAIRS)) % size
    connection.register("arriving", pa.table({"a": first, "b": second}))
    connection.execute("CREATE TEMP TABLE drawn AS SELECT * FROM arriving")
    connection.unregister("arriving")


def _count_levels(connection: duckdb.DuckDBPyConnection, side: str, name: str) -> np.ndarray:
    """Count the drawn pairs at each level of a comparison; silent ones are left out."""
    sql = (
        f"SELECT {number_level(name)} AS level, count(*) FROM drawn "
        f"JOIN (SELECT unique_id AS a, {name_side(name, 'l')} FROM {side}) USING (a) "
        f"JOIN (SELECT unique_id AS b, {name_side(name, 'r')} FROM {side}) USING (b) GROUP BY 1"
    )
    counts = np.zeros(len(COMPARISONS[name]) + 1)
    for level, pairs in connection.execute(sql).fetchall():
        counts[level] = pairs
    return counts[:-1]


def estimate_m(
    connection: duckdb.DuckDBPyConnection,
    weights: Weights,
    *,
    sides: list[str],
    share: float,
    blocks: tuple[tuple[str, ...], ...] = TRAINING,
) -> Weights:
    """Estimate ``m`` by expectation maximisation in blocks of pairs that agree somewhere.

    Each block (equal e-mail, telephone, name) teaches the other attributes; the blocks
    are pooled by the pairs of one person found in them, and the belief counts as
    :data:`BELIEF` further pairs, so that few data change it little.

    Parameters
    ----------
    share : float
        Share of all pairs that are one person, as a start.
    blocks : tuple
        The blocks to learn from.
    """
    names = weights.comparisons()
    counts = {name: np.zeros(len(COMPARISONS[name])) for name in names}
    pairs = dict.fromkeys(names, 0.0)
    for block in blocks:
        size = count_pairs(connection, sides, block) if block[0] in names else 0
        if not FEWEST_TRAINING_PAIRS <= size <= MOST_TRAINING_PAIRS:
            continue
        linker = _linker(connection, sides, weights, blocks=[block], share=share)
        for name, shares, matched in _train(linker, block, size):
            counts[name] += matched * shares
            pairs[name] += matched
    levels = weights.levels.copy()
    for name in names:
        own = levels["comparison"].eq(name)
        believed = np.array([level.m for level in COMPARISONS[name]])
        levels.loc[own, "m"] = (counts[name] + BELIEF * believed) / (counts[name].sum() + BELIEF)
        levels.loc[own, "m from"] = "EM" if pairs[name] >= FEWEST_TRAINING_PAIRS else "belief"
    return Weights(_weigh_levels(levels), max(pairs.values(), default=0.0))


def _weigh_levels(levels: pd.DataFrame) -> pd.DataFrame:
    """Give each level its weight; a better agreement never weighs less than a worse one.

    Where it would, as in a level hardly ever seen, the neighbours count as one level.
    """
    ratios: list[float] = []
    for _, rows in levels.groupby("comparison", sort=False):
        pools: list[tuple[float, float, int]] = []
        for m, u in rows[["m", "u"]].to_numpy(dtype=float).tolist():
            pools.append((m, u, 1))
            while len(pools) > 1 and pools[-2][0] * pools[-1][1] < pools[-1][0] * pools[-2][1]:
                (m1, u1, n1), (m2, u2, n2) = pools[-2:]
                pools[-2:] = [(m1 + m2, u1 + u2, n1 + n2)]
        ratios += [m / u for m, u, n in pools for _ in range(n)]
    weight = np.log2(ratios)
    return levels.assign(m=levels["u"] * np.exp2(weight), weight=weight)


def _train(linker: Any, block: tuple[str, ...], size: int) -> Iterator[tuple[str, Any, float]]:
    """Run EM in one block; yield each comparison's shares and the pairs they stand for."""
    from splink import block_on

    try:
        with _unlogged():
            session = linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*block), estimate_without_term_frequencies=True
            )
    except ValueError as error:
        # In a block without one pair of a person m runs to nought, which splink refuses.
        if "below the minimum" not in str(error):
            raise
        return
    model = session.core_model_settings
    matched = float(model.probability_two_random_records_match) * size
    for comparison in model.comparisons:
        levels = comparison._comparison_levels_excluding_null
        found = [level.m_probability for level in levels]
        shares = np.array([one if isinstance(one, float) else 0.0 for one in found])
        if shares.sum() > 0:
            yield comparison.output_column_name, shares / shares.sum(), matched


def score_pairs(
    connection: duckdb.DuckDBPyConnection,
    weights: Weights,
    *,
    sides: list[str],
    floor: float | None = 0.0,
) -> tuple[pd.DataFrame, list[str]]:
    """Weigh the pairs that agree in one of the blocks.

    Pairs whose weight is below ``floor`` are left out: below nought they are less likely
    one person than any two.

    Returns
    -------
    DataFrame
        Columns left, right (``row`` of each side), weight (sum of the levels' weights),
        and one column an attribute with the label of its level (``missing`` where there is
        nothing to compare); in the order of the content.
    list of str
        Blocks that were left out because they hold too many pairs.
    """
    blocks: list[tuple[str, ...]] = []
    skipped = []
    for block in BLOCKS:
        size = count_pairs(connection, sides, block)
        if size > MOST_PAIRS:
            skipped.append(" and ".join(block))
        elif size:
            blocks.append(block)
    names = weights.comparisons()
    if not blocks or not names:
        return pd.DataFrame({c: [] for c in ("left", "right", "weight", *names)}), skipped
    linker = _linker(connection, sides, weights, blocks=blocks, share=0.5)
    with _unlogged():
        scored = linker.inference.predict(threshold_match_weight=floor, warning_mode="never")
    parts = ", ".join(f'gamma_{name} AS "{name}"' for name in names)
    arrow = connection.sql(
        f'SELECT l.row AS "left", r.row AS "right", match_weight AS weight, {parts} '
        f"FROM {scored.physical_name} s JOIN {sides[0]} l ON s.unique_id_l = l.unique_id "
        f"JOIN {sides[-1]} r ON s.unique_id_r = r.unique_id "
        "ORDER BY s.unique_id_l, s.unique_id_r"
    ).to_arrow_table()
    pairs = arrow.to_pandas()
    for name in names:
        labels = ["missing", *(level.label for level in reversed(COMPARISONS[name]))]
        pairs[name] = np.array(labels, dtype=object)[pairs[name].to_numpy(dtype=int) + 1]
    return pairs, skipped


def count_pairs(
    connection: duckdb.DuckDBPyConnection, sides: list[str], block: tuple[str, ...]
) -> int:
    """Count the pairs that agree in all columns of a block."""
    keys = ", ".join(block)
    groups = [
        f"(SELECT {keys}, count(*) AS n FROM {side} WHERE {' IS NOT NULL AND '.join(block)} "
        f"IS NOT NULL GROUP BY {keys})"
        for side in sides
    ]
    if len(sides) == 1:
        sql = f"SELECT sum(n * (n - 1) // 2) FROM {groups[0]}"
    else:
        sql = f"SELECT sum(a.n * b.n) FROM {groups[0]} a JOIN {groups[1]} b USING ({keys})"
    return int(connection.execute(sql).fetchall()[0][0] or 0)


def _linker(
    connection: duckdb.DuckDBPyConnection,
    sides: list[str],
    weights: Weights,
    *,
    blocks: list[tuple[str, ...]],
    share: float = 1e-4,
) -> Any:
    """Set up splink on tables that are in the connection already."""
    from splink import DuckDBAPI, Linker, block_on

    levels = weights.levels.set_index("comparison")
    database = DuckDBAPI(connection)
    tables = [database.register(side, table_name=f"of_{side}") for side in sides]
    settings = {
        "link_type": "link_only" if len(sides) == 2 else "dedupe_only",
        "comparisons": [_describe(name, levels.loc[[name]]) for name in weights.comparisons()],
        "blocking_rules_to_generate_predictions": [block_on(*block) for block in blocks],
        "probability_two_random_records_match": share,
        "em_convergence": 1e-4,
        "max_iterations": 100,
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": False,
        "linker_uid": "crmstudy",
    }
    with _unlogged():
        return Linker(tables, settings, log_level=None, validate_settings=False)


def _describe(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Write a comparison as splink reads it."""
    levels: list[dict[str, Any]] = [
        {"sql_condition": silence(name), "label_for_charts": "missing", "is_null_level": True}
    ]
    for level, (m, u) in zip(COMPARISONS[name], rows[["m", "u"]].to_numpy(), strict=True):
        known = {"m_probability": float(m), "u_probability": float(u)}
        levels.append({"sql_condition": level.condition, "label_for_charts": level.label, **known})
    return {"output_column_name": name, "comparison_levels": levels}


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep splink's progress off the screen; the caller's logging is as before afterwards."""
    logger = logging.getLogger("splink")
    before, handler = logger.propagate, logging.NullHandler()
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
