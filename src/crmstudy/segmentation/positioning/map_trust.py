"""How far a perceptual map can be trusted: points, difference and axes under resampling."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.segmentation.positioning.correspondence import Correspondence, decompose
from crmstudy.segmentation.positioning.ratios import Floats, Integers

#: Customers in each random relabelling of the test; more cost time and change nothing.
TEST_SAMPLE = 20_000
N_RELABELLINGS = 199
#: Tucker's congruence: fair similarity (Lorenzo-Seva & ten Berge 2006).
CONGRUENCE_LIMIT = 0.85
QUALITY_LIMIT = 0.5
ALPHA = 0.05


def project_draws(
    analysis: Correspondence, table: pd.DataFrame, draws: Floats
) -> tuple[Floats, Floats]:
    """Lay the profiles of each bootstrap sample onto the axes of the map.

    Parameters
    ----------
    table : DataFrame
        The table analysed, departments by segments.
    draws : array of shape (n_draws, n_segments, n_departments)
        The same table from each sample.

    Returns
    -------
    array of shape (n_draws, n_rows, n_shown), array of shape (n_draws, n_columns, n_shown)
        Principal coordinates; missing for a point that a sample missed.
    """
    drawn = take_active(analysis, table, draws)
    shown = slice(0, min(analysis.n_dimensions, 2))
    by_row = analysis.rows.standard.to_numpy()[:, shown]
    by_column = analysis.columns.standard.to_numpy()[:, shown]
    return _profiles(drawn.transpose(0, 2, 1)) @ by_column, _profiles(drawn) @ by_row


def take_active(analysis: Correspondence, table: pd.DataFrame, draws: Floats) -> Floats:
    """Keep the cells of the rows and columns that were analysed; none below zero."""
    rows = table.index.get_indexer(analysis.rows.mass.index)
    columns = table.columns.get_indexer(analysis.columns.mass.index)
    return draws.clip(min=0.0)[:, columns][:, :, rows]


def _profiles(drawn: Floats) -> Floats:
    """Divide by the row totals; a point that a sample missed has no profile."""
    total = drawn.sum(axis=2, keepdims=True)
    return np.divide(drawn, total, out=np.full_like(drawn, np.nan), where=total > 0)


def measure_spread(cloud: Floats) -> dict[str, Floats]:
    """Variances and covariance of each point's draws; 0 on a dimension that is not there."""
    centred = cloud - np.nanmean(cloud, axis=0)
    products = np.nanmean(centred[..., :, None] * centred[..., None, :], axis=0)
    nothing = np.zeros(len(products))
    flat = products.shape[-1] == 1
    return {
        "variance_x": products[:, 0, 0],
        "variance_y": nothing if flat else products[:, 1, 1],
        "covariance": nothing if flat else products[:, 0, 1],
    }


def _inertia(tables: Floats) -> Floats:
    """Total inertia of tables of shape (n, n_segments, n_levels)."""
    tables = tables.clip(min=0.0)
    shares = tables / tables.sum(axis=(1, 2), keepdims=True)
    expected = shares.sum(axis=2, keepdims=True) * shares.sum(axis=1, keepdims=True)
    away = np.divide(
        (shares - expected) ** 2, expected, out=np.zeros_like(shares), where=expected > 0
    )
    return np.asarray(away.sum(axis=(1, 2)))


def relabel_customers(values: Floats, codes: Integers, n_segments: int, *, seed: int) -> Hypothesis:
    """Compare the total inertia with that after customers swap segments at random."""
    order = np.lexsort((*values.T[::-1], codes))
    values, codes = values[order], codes[order]
    rng = np.random.default_rng(seed)
    if len(values) > TEST_SAMPLE:
        taken = np.sort(rng.choice(len(values), size=TEST_SAMPLE, replace=False))
        values, codes = values[taken], codes[taken]
    tables = np.zeros((N_RELABELLINGS + 1, n_segments, values.shape[1]))
    for draw in range(N_RELABELLINGS + 1):
        mixed = codes if draw == 0 else rng.permutation(codes)
        for column in range(values.shape[1]):
            tables[draw, :, column] = np.bincount(
                mixed, weights=values[:, column], minlength=n_segments
            )
    inertia = _inertia(tables)
    reached = int((inertia[1:] >= inertia[0] * (1 - 1e-9)).sum())
    return Hypothesis(
        null="what customers buy has nothing to do with their segment",
        statistic=float(inertia[0]),
        p_value=(1 + reached) / (1 + N_RELABELLINGS),
        distribution=f"{N_RELABELLINGS} random relabellings of {len(values):,} customers",
    )


def compare_planes(analysis: Correspondence, table: pd.DataFrame, draws: Floats) -> Floats:
    """Analyse each bootstrap sample anew and compare its plane with the one shown.

    Both planes are spanned by the departments' coordinates, weighted by their masses; the
    likeness is the smaller cosine of the principal angles between them.
    """
    shown = min(analysis.n_dimensions, 2)
    mass = np.sqrt(analysis.rows.mass.to_numpy())[:, None]
    plane = analysis.rows.standard.to_numpy()[:, :shown] * mass
    found = []
    for drawn in take_active(analysis, table, draws):
        there, held = drawn.sum(axis=1) > 0, drawn.sum(axis=0) > 0
        part = drawn[there][:, held].T
        standard, values, _ = decompose(part / part.sum())
        if len(values) < shown:
            found.append(0.0)
            continue
        other = np.zeros_like(plane)
        other[held] = standard[:, :shown] * np.sqrt(part.sum(axis=1) / part.sum())[:, None]
        found.append(float(np.linalg.svd(plane.T @ other, compute_uv=False)[-1].clip(max=1.0)))
    return np.array(found)


def check_map(
    analysis: Correspondence, points: pd.DataFrame, difference: Hypothesis, congruence: Floats
) -> tuple[Check, ...]:
    """Judge whether there is anything to draw, and how much of it the map shows."""
    poorest = float(points.loc[points["kind"] == "segment", "quality"].min())
    shown = float(analysis.axes()["share"].iloc[:2].sum())
    return (
        _check_chance(difference),
        _require(
            "the map is found again in bootstrap samples (median congruence of the plane)",
            float(np.median(congruence)),
            CONGRUENCE_LIMIT,
            "Lorenzo-Seva & ten Berge (2006): fair similarity",
            "the axes turn from sample to sample: read distances, give axes no names",
        ),
        _require(
            "the map shows most of the differences (share of inertia)",
            shown,
            QUALITY_LIMIT,
            "rule of this study",
            "further dimensions matter: the map leaves out much of what sets them apart",
        ),
        _require(
            "every segment is shown well (smallest quality)",
            poorest,
            QUALITY_LIMIT,
            "rule of this study",
            "a segment near the centre may lie far off the map: see its quality",
        ),
    )


def _require(name: str, statistic: float, limit: float, source: str, consequence: str) -> Check:
    return Check(name, statistic >= limit, statistic, f">= {limit}", source, consequence)


def _check_chance(difference: Hypothesis) -> Check:
    return Check(
        name="the segments buy different things (p-value of the permutation test)",
        passed=difference.p_value <= ALPHA,
        statistic=difference.p_value,
        threshold=f"<= {ALPHA}",
        source="random relabelling of customers",
        consequence="the map draws chance: do not read it",
    )
