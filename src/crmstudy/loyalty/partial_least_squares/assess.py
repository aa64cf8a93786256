"""Reliability and distinctness of composites, beside the conventions.

Loadings of composites are larger than those of what the items have in common, and so are
the indices made from them; that they pass proves little (Rönkkö & Evermann 2013). The
heterotrait-monotrait ratio needs no weights and is the sharper test.

References
----------
Henseler, J., Ringle, C. M., & Sarstedt, M. (2015). A new criterion for assessing
discriminant validity in variance-based structural equation modeling. J. of the Academy of
Marketing Science, 43(1), 115-135.
Rönkkö, M., & Evermann, J. (2013). A critical examination of common beliefs about partial
least squares path modeling. Organizational Research Methods, 16(3), 425-448.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.measurement.coefficients import (
    average_variance_extracted,
    composite_reliability,
    standardised_alpha,
)
from crmstudy.loyalty.measurement.constructs import name_in_print
from crmstudy.loyalty.measurement.ratios import arithmetic_ratios
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.partial_least_squares.estimate import PlsResult


@passes_absence
def assess_pls(result: PlsResult) -> pd.DataFrame:
    """Assess each composite with several items.

    Returns
    -------
    DataFrame
        One row a construct: ``construct`` (label), ``items``, ``alpha`` (standardised),
        ``composite reliability``, ``average variance extracted``, ``largest HTMT`` (in size)
        and ``with`` (of which other construct; missing with nobody to compare).
    """
    labels = name_in_print(result.model.constructs)
    pairs = compare_composites(result)
    rows = []
    for k, each in enumerate(result.model.constructs):
        own = result.design.blocks[:, k].astype(bool)
        if own.sum() < 2:
            continue
        loadings = result.cross_loadings[own, k]
        largest, other = _find_nearest(pairs, each.name)
        rows.append(
            (
                labels[each.name],
                int(own.sum()),
                standardised_alpha(result.correlation[np.ix_(own, own)]),
                composite_reliability(loadings),
                average_variance_extracted(loadings),
                largest,
                labels.get(other, other),
            )
        )
    columns = ["construct", "items", "alpha", "composite reliability"]
    return pd.DataFrame(
        rows, columns=[*columns, "average variance extracted", "largest HTMT", "with"]
    )


def compare_composites(result: PlsResult) -> pd.DataFrame | NotAvailable:
    """HTMT of every pair of constructs with several items: ``first``, ``second``, ``htmt``."""
    several = [k for k, each in enumerate(result.model.constructs) if len(each.items) > 1]
    if len(several) < 2:
        return NotAvailable("HTMT needs two constructs with two items or more")
    members = result.design.blocks[:, several]
    own = members.any(axis=1)
    found: Array = arithmetic_ratios(result.correlation[np.ix_(own, own)], members[own])
    names = [result.model.construct_names[k] for k in several]
    first, second = np.triu_indices(len(names), k=1)
    return pd.DataFrame(
        {
            "first": [names[k] for k in first],
            "second": [names[k] for k in second],
            "htmt": found,
        }
    )


def _find_nearest(pairs: pd.DataFrame | NotAvailable, name: str) -> tuple[float | None, str]:
    if isinstance(pairs, NotAvailable):
        return None, "–"
    near = [
        (row["htmt"], row["second"] if row["first"] == name else row["first"])
        for row in pairs.to_dict("records")
        if name in (row["first"], row["second"]) and np.isfinite(row["htmt"])
    ]
    return max(near, key=lambda pair: abs(pair[0])) if near else (None, "–")
