"""What the bootstrap says beside theory, and what its rules do to its limits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.resampling.bootstrap import Bootstrap

_FEWEST = 100  # samples left, below which limits without the inadmissible say little


@passes_absence
def compare_bootstrap(bootstrap: Bootstrap, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
    """Set standard errors of theory beside the bootstrap's, path by path.

    Returns
    -------
    DataFrame
        ``from``, ``to`` (labels), ``standardised path``, ``se by theory`` (expected
        information, delta method), ``se by bootstrap``, ``percentile lower``,
        ``percentile upper``, ``BCa lower``, ``BCa upper``.
    """
    found, theory = bootstrap.paths(level=level, standardised=True), bootstrap.result.paths()
    if isinstance(theory, NotAvailable) or found.empty:
        return NotAvailable(f"model {bootstrap.result.model.name!r} has no paths")
    return pd.DataFrame(
        {
            **_name_ends(bootstrap, found),
            "standardised path": found["estimate"],
            "se by theory": theory["standardised se"],
            "se by bootstrap": found["bootstrap se"],
            **{
                f"{kind} {end}": found[f"{kind} {end}"]
                for kind in ("percentile", "BCa")
                for end in ("lower", "upper")
            },
        }
    )


@passes_absence
def compare_rules(bootstrap: Bootstrap, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
    """Set limits from all samples beside limits without the inadmissible ones.

    Returns
    -------
    DataFrame or NotAvailable
        ``from``, ``to``, BCa limits of the standardised path from all samples (``lower``,
        ``upper``) and without the inadmissible (``lower without``, ``upper without``),
        and ``moved``: the larger move of the two, in bootstrap standard errors. Not
        available where no sample is inadmissible, or too few others are left.
    """
    without = bootstrap.exclude_inadmissible()
    if without.n_kept == bootstrap.n_kept:
        return NotAvailable("no bootstrap sample is inadmissible")
    if without.n_kept < _FEWEST:
        return NotAvailable(
            f"only {without.n_kept} of {bootstrap.n_kept:,} bootstrap samples are admissible"
        )
    found, less = (each.paths(level=level, standardised=True) for each in (bootstrap, without))
    if found.empty:
        return NotAvailable(f"model {bootstrap.result.model.name!r} has no paths")
    moves = [np.abs(less[f"BCa {end}"] - found[f"BCa {end}"]) for end in ("lower", "upper")]
    return pd.DataFrame(
        {
            **_name_ends(bootstrap, found),
            "lower": found["BCa lower"],
            "upper": found["BCa upper"],
            "lower without": less["BCa lower"],
            "upper without": less["BCa upper"],
            "moved": np.maximum(*moves) / found["bootstrap se"],
        }
    )


def _name_ends(bootstrap: Bootstrap, paths: pd.DataFrame) -> dict[str, pd.Series]:
    """Label the two ends of each path."""
    label = {each.name: each.label or each.name for each in bootstrap.result.model.constructs}
    return {"from": paths["source"].map(label), "to": paths["target"].map(label)}
