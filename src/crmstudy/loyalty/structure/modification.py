"""Where a model misfits: what freeing one fixed parameter would bring. Advice, never applied.

The modification index is the score test of one parameter that the model holds at zero:
by how much chi2 would fall, to first order, were it free. The expected parameter change
is the value it would take. A large sample makes a trifling misfit significant and a
small one hides a serious one, so each index is read together with the power that the
test has against a change worth speaking of (Saris, Satorra & van der Veld, 2009).

References
----------
Sörbom, D. (1989). Model modification. Psychometrika, 54(3), 371-384.
MacCallum, R. C., Roznowski, M., & Necowitz, L. B. (1992). Model modifications in
covariance structure analysis: The problem of capitalization on chance. Psychological
Bulletin, 111(3), 490-504.
Saris, W. E., Satorra, A., & van der Veld, W. M. (2009). Testing structural equation
models or detection of misspecifications? Structural Equation Modeling, 16(4), 561-582.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from itertools import combinations, permutations

import numpy as np
import pandas as pd
from scipy.special import chdtrc, chndtr, ndtri

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.fit import multiplier
from crmstudy.loyalty.estimation.result import SemResult, Solution
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, Parameter
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.statistics.multiplicity import adjust_p_values
from crmstudy.statistics.threads import hold_one_thread

#: Share of a candidate's information that is its own; below, it is not identified.
IDENTIFIED = 1e-7
#: Standardised changes worth speaking of: Saris, Satorra & van der Veld (2009).
WORTH = {
    "cross-loading": 0.4,
    "path": 0.1,
    "covariance of constructs": 0.1,
    "residual covariance": 0.1,
}
LEVEL, HIGH_POWER = 0.05, 0.75  # of the test of one index, by the same authors
MISFIT, TRIFLE, NONE, OPEN = "misfit", "too small to matter", "no misfit", "cannot be told"


@dataclass(frozen=True)
class Modifications:
    """What each single parameter would change, were it free.

    Attributes
    ----------
    model : StructuralModel
    candidates : mapping of Parameter to str
        What is fixed at 0 and could be freed, one at a time, and its kind: cross-loading,
        path, covariance of constructs (of their disturbances), residual covariance.
    n_unidentified : int
        Further ones left out, because the data could not determine them.
    index : array of shape (n_candidates,)
        Modification index: chi2 with 1 degree of freedom.
    change, standardised : arrays of shape (n_candidates,)
        Expected parameter change, in the items' units and standardised (covariances as
        correlations of the residuals concerned).
    power : array of shape (n_candidates,)
        Of the index against a standardised change of :data:`WORTH`.
    """

    model: StructuralModel
    candidates: Mapping[Parameter, str]
    n_unidentified: int
    index: Array
    change: Array
    standardised: Array
    power: Array

    def table(self, *, most: int | None = None) -> pd.DataFrame:
        """One row a candidate, the largest index first; ``most`` keeps the first rows.

        ``p Holm`` counts all candidates, those not shown too.
        """
        p_values = pd.Series(chdtrc(1, self.index))
        table = pd.DataFrame(
            {
                "freed": [self._spell(each) for each in self.candidates],
                "kind": list(self.candidates.values()),
                "modification index": self.index,
                "p value": p_values,
                "p Holm": adjust_p_values(p_values)["p_holm"],
                "expected change": self.change,
                "standardised change": self.standardised,
                "power": self.power,
                "reading": self._read(p_values.to_numpy()),
            }
        )
        order = np.argsort(-self.index, kind="stable")
        return table.iloc[order[:most]].reset_index(drop=True)

    def to_metrics(self) -> dict[str, float]:
        """How many were tried, how many stand out, and the largest index."""
        table = self.table()
        metrics: dict[str, float] = {
            "n_tried": len(table),
            "n_unidentified": self.n_unidentified,
            "n_significant": int((table["p Holm"] < LEVEL).sum()),
            "n_misfit": int((table["reading"] == MISFIT).sum()),
        }
        return metrics | ({"largest": float(self.index.max())} if len(table) else {})

    def _spell(self, parameter: Parameter) -> str:
        label = {each.name: each.label or each.name for each in self.model.constructs}
        left, op, right = parameter
        left, right = (right, left) if op == "~" else (left, right)
        return f"{label.get(left, left)} {'↔' if op == '~~' else '→'} {label.get(right, right)}"

    def _read(self, p_values: Array) -> list[str]:
        columns = (p_values, self.power, self.standardised, self.candidates.values())
        return [
            read_index(p, power=power, change=change, worth=WORTH[kind])
            for p, power, change, kind in zip(*columns, strict=True)
        ]


@passes_absence
def suggest_modifications(result: SemResult) -> Modifications | NotAvailable:
    """Compute the modification index of every parameter that a model fixes at zero.

    Left out is what would make the paths a cycle, join the residuals of two constructs of
    which one acts on the other, or not be identified.

    Parameters
    ----------
    result : SemResult
        An admissible model, estimated from complete answers.

    Returns
    -------
    Modifications or NotAvailable
        Not available when the model is inadmissible or was estimated from answers with
        gaps, where its misfit is not that of one covariance matrix.
    """
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    if result.missing == "fiml":
        return NotAvailable(
            "modification indices are computed for complete answers only (MISSING = listwise)"
        )
    candidates = list_candidates(result.model)
    n = multiplier(result.n_used, result.divisor)
    with hold_one_thread("blas"):
        slope, own, whole = _score(result.structure, tuple(candidates), found, result.sample)
    known = own > IDENTIFIED * whole
    kept = {
        parameter: kind
        for (parameter, kind), fine in zip(candidates.items(), known, strict=True)
        if fine
    }
    slope, own = slope[known], own[known]
    scale = _scale(result.structure, found, tuple(kept))
    worth = np.array([WORTH[kind] for kind in kept.values()]) / scale
    return Modifications(
        result.model,
        kept,
        n_unidentified=len(candidates) - len(kept),
        index=n / 2.0 * slope**2 / own,
        change=-slope / own,
        standardised=-slope / own * scale,
        power=power_against(worth, n / 2.0 * own),
    )


def list_candidates(model: StructuralModel) -> dict[Parameter, str]:
    """List the parameters fixed at 0 whose freeing keeps a model one of its kind."""
    several = [c for c in model.constructs if len(c.items) > 1]
    measured = [item for c in several for item in c.items]
    reached = {name: _reach(model, name) for name in model.construct_names}
    direct = {frozenset((path.source, path.target)) for path in model.paths}
    taken = direct | {frozenset(pair) for pair in model.free_covariances}
    names = model.construct_names
    loadings = [
        Parameter(name, "=~", item)
        for name in names
        for c in several
        for item in c.items
        if c.name != name
    ]
    paths = [
        Parameter(target, "~", source)
        for source, target in permutations(names, 2)
        if frozenset((source, target)) not in taken and source not in reached[target]
    ]
    return (
        dict.fromkeys(loadings, "cross-loading")
        | dict.fromkeys(paths, "path")
        | dict.fromkeys(_pair(names, taken), "covariance of constructs")
        | dict.fromkeys(_pair(measured, taken), "residual covariance")
    )


def _pair(names: Iterable[str], taken: Set[frozenset[str]]) -> list[Parameter]:
    pairs = combinations(names, 2)
    return [Parameter(a, "~~", b) for a, b in pairs if frozenset((a, b)) not in taken]


def power_against(worth: Array, information: Array) -> Array:
    """Return the power of 5% score tests against changes ``worth``, by their information."""
    critical = float(ndtri(1.0 - LEVEL / 2.0)) ** 2
    return 1.0 - chndtr(critical, 1.0, information * worth**2)


def read_index(p: float, *, power: float, change: float, worth: float) -> str:
    """Read an index with its power (Saris, Satorra & van der Veld, 2009, Table 2).

    Parameters
    ----------
    p : float
        Of the index, chi2 with 1 degree of freedom.
    power : float
        Against a change of ``worth``.
    change, worth : float
        Standardised: the one expected, and the least that would matter.
    """
    if power < HIGH_POWER:
        return MISFIT if p < LEVEL else OPEN
    if p >= LEVEL:
        return NONE
    return MISFIT if abs(change) >= worth else TRIFLE


def _reach(model: StructuralModel, start: str) -> set[str]:
    """Collect the constructs that one acts on, whatever the way."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        onward = {p.target for p in model.paths if p.source == waiting[-1]} - reached
        waiting = [*waiting[:-1], *sorted(onward)]
        reached |= onward
    return reached


def _score(
    structure: CovarianceStructure,
    candidates: tuple[Parameter, ...],
    found: Solution,
    sample: Array,
) -> tuple[Array, Array, Array]:
    """Return slope of F, information of each candidate beside the model's, and all of it."""
    wide = _extend(structure, candidates)
    theta = np.concatenate([found.theta, np.zeros(len(candidates))])
    inverse = np.linalg.inv(found.implied)
    weighted = inverse @ wide.jacobian(theta)
    slope = np.einsum("kij,ji->k", weighted, np.eye(len(sample)) - inverse @ sample)
    flat = weighted.reshape(len(theta), -1)
    mirrored = weighted.transpose(0, 2, 1).reshape(len(theta), -1)
    free = len(found.theta)
    inner = flat[:free] @ mirrored[:free].T
    across = flat[free:] @ mirrored[:free].T
    whole = np.einsum("ki,ki->k", flat[free:], mirrored[free:])
    own = whole - np.einsum("kf,fk->k", across, np.linalg.solve(inner, across.T))
    return slope[free:], own, whole


def _extend(
    structure: CovarianceStructure, candidates: tuple[Parameter, ...]
) -> CovarianceStructure:
    """Give a structure further free cells, which stand behind its parameters."""
    places = {name: k for k, name in enumerate(structure.model.items)}
    places |= {name: k for k, name in enumerate(structure.model.construct_names)}
    start = len(structure.parameters)
    matrices = [_matrix(each, structure) for each in candidates]
    blocks = []
    for which, block in enumerate(structure.blocks):
        new = [k for k, matrix in enumerate(matrices) if matrix == which]
        cells = [_cell(candidates[k], places) for k in new]
        rows, columns = np.array(cells, dtype=np.intp).reshape(-1, 2).T
        blocks.append(
            replace(
                block,
                rows=np.concatenate([block.rows, rows]),
                columns=np.concatenate([block.columns, columns]),
                index=np.concatenate([block.index, start + np.array(new, dtype=np.intp)]),
            )
        )
    loadings, slopes, disturbances, errors = blocks
    return replace(
        structure,
        parameters=(*structure.parameters, *candidates),
        blocks=(loadings, slopes, disturbances, errors),
    )


def _matrix(parameter: Parameter, structure: CovarianceStructure) -> int:
    if parameter.op == "~~":
        return 2 if parameter.left in structure.model.construct_names else 3
    return {"=~": 0, "~": 1}[parameter.op]


def _cell(parameter: Parameter, places: Mapping[str, int]) -> tuple[int, int]:
    left, op, right = parameter
    return (places[right], places[left]) if op == "=~" else (places[left], places[right])


def _scale(
    structure: CovarianceStructure, found: Solution, candidates: tuple[Parameter, ...]
) -> Array:
    """Return what turns changes into standardised ones."""
    _, _, disturbances, errors = structure.matrices(found.theta)
    names = (*structure.model.construct_names, *structure.model.items)
    latent = structure.latent_covariance(found.theta)
    whole = np.sqrt([*np.diag(latent), *np.diag(found.implied)])
    rest = np.sqrt([*np.diag(disturbances), *np.diag(errors)])
    sd = dict(zip(names, whole, strict=True))
    residual = dict(zip(names, rest, strict=True))
    scale = {
        "=~": lambda left, right: sd[left] / sd[right],
        "~": lambda left, right: sd[right] / sd[left],
        "~~": lambda left, right: 1.0 / (residual[left] * residual[right]),
    }
    return np.array([scale[each.op](each.left, each.right) for each in candidates])
