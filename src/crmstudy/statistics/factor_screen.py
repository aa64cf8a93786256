"""May factors be looked for? Sampling adequacy, sphericity, and how many there may be.

References
----------
Kaiser, H. F. (1974). An index of factorial simplicity. Psychometrika, 39(1), 31-36.
Bartlett, M. S. (1950). Tests of significance in factor analysis. British J. Psychology,
Statistical Section, 3(2), 77-85.
Gorsuch, R. L. (1983). Factor Analysis (2nd ed.). Lawrence Erlbaum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, passes_absence
from crmstudy.statistics.correlations import (
    Correlations,
    Matrix,
    correlate,
    squared_multiple_correlations,
)
from crmstudy.statistics.extraction import count_identified
from crmstudy.statistics.parallel import ParallelAnalysis, analyse_parallel

KMO_LIMIT = 0.6
ALPHA = 0.05
ROWS_PER_VARIABLE = 5


@dataclass(frozen=True)
class FactorScreen:
    """Whether the variables share enough to look for common factors, and how many.

    Parameters
    ----------
    correlations : Correlations
        What was kept, what was left out and why.
    variables : DataFrame
        Indexed by variable: ``msa`` (its measure of sampling adequacy), ``smc`` (squared
        multiple correlation with all others).
    kmo : float
        Overall measure of sampling adequacy.
    sphericity : Hypothesis
        Bartlett's test.
    parallel : ParallelAnalysis
        Eigenvalues against random ones.
    checks : tuple of Check
        Whether factor analysis suits these data.
    """

    correlations: Correlations
    variables: pd.DataFrame
    kmo: float
    sphericity: Hypothesis
    parallel: ParallelAnalysis
    checks: tuple[Check, ...]

    @property
    def n(self) -> int:
        """Complete rows."""
        return self.correlations.n

    @property
    def n_factors(self) -> int:
        """Factors by parallel analysis of components, as many as the variables can identify."""
        return min(self.parallel.n_components, count_identified(len(self.variables)))

    @property
    def left_out(self) -> pd.DataFrame:
        """Variables left out, with the reason."""
        return self.correlations.left_out

    def table(self) -> pd.DataFrame:
        """Arrange the adequacy of each variable."""
        names = {"msa": "sampling adequacy", "smc": "variance shared with the others"}
        return self.variables.rename(columns=names).rename_axis("variable").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Give adequacy, sphericity and both numbers of factors."""
        return {
            "n": self.n,
            "n_left_out": self.correlations.n_left_out,
            "n_variables": len(self.variables),
            "n_variables_left_out": len(self.left_out),
            "kmo": self.kmo,
            "sphericity_chi2": self.sphericity.statistic,
            "sphericity_p_value": self.sphericity.p_value,
            "parallel_components": self.parallel.n_components,
            "parallel_common_factors": self.parallel.n_factors,
        }


@passes_absence
def screen_factors(
    frame: pd.DataFrame, *, seed: int, n_draws: int = 1_000, percentile: float = 95.0
) -> FactorScreen:
    """Ask whether common factors are worth looking for, and how many there may be.

    Parameters
    ----------
    frame : DataFrame
        Numbers, one row a case (customer or respondent), a column a variable. Rows with
        a gap are left out; variables that are constant, mostly unknown, or determined by
        others are left out and listed (see :func:`~.correlations.correlate`).
    seed : int
        Seed of the random eigenvalues.
    n_draws, percentile
        See :func:`~.parallel.analyse_parallel`.

    Raises
    ------
    DataError
        If a column is not numeric or infinite, or a name stands twice.
    ModelError
        If fewer than three usable variables remain, or not more rows than variables.
    """
    correlations = correlate(frame)
    n, p = correlations.n, len(correlations.variables)
    if p < 3 or n <= p + 1:
        raise ModelError(
            "factor analysis needs three variables or more and more complete rows than "
            f"variables; variables: {p}{_say_left_out(correlations)}, complete rows: {n:,}"
        )
    matrix = correlations.matrix.to_numpy()
    overall, each = measure_adequacy(matrix)
    names = correlations.matrix.columns
    variables = pd.DataFrame(
        {"msa": each, "smc": squared_multiple_correlations(matrix)}, index=names
    )
    sphericity = check_sphericity(matrix, n=n)
    return FactorScreen(
        correlations=correlations,
        variables=variables,
        kmo=overall,
        sphericity=sphericity,
        parallel=analyse_parallel(matrix, n=n, seed=seed, n_draws=n_draws, percentile=percentile),
        checks=_check_screen(overall, sphericity, n / p),
    )


def measure_adequacy(matrix: Matrix) -> tuple[float, Matrix]:
    """Kaiser, Meyer and Olkin's sampling adequacy: of all, and of each variable.

    Squared correlations over themselves plus squared partial correlations; near 1 where
    what two variables share, others share too.
    """
    inverse = np.linalg.inv(matrix)
    root = np.sqrt(np.diag(inverse))
    apart = ~np.eye(len(matrix), dtype=bool)
    partial = (inverse / np.outer(root, root)) ** 2 * apart
    simple = matrix**2 * apart
    each = simple.sum(axis=0) / (simple.sum(axis=0) + partial.sum(axis=0))
    return float(simple.sum() / (simple.sum() + partial.sum())), each


def check_sphericity(matrix: Matrix, *, n: int) -> Hypothesis:
    """Bartlett's (1950) test that the variables are unrelated."""
    from scipy.stats import chi2

    p = len(matrix)
    df = p * (p - 1) // 2
    statistic = -(n - 1 - (2 * p + 5) / 6) * float(np.linalg.slogdet(matrix)[1])
    return Hypothesis(
        null="the variables are unrelated in the population",
        statistic=statistic,
        # Below the least number a computer holds, but never 0.
        p_value=max(float(chi2.sf(statistic, df)), np.finfo(float).tiny),
        distribution=f"chi2({df})",
    )


def _say_left_out(correlations: Correlations) -> str:
    left = correlations.left_out
    said = [
        f"{row['variable']}: {row['reason']}"
        + (f" ({row['determined_by']})" if row["determined_by"] else "")
        for _, row in left.iterrows()
    ]
    return f" (left out: {'; '.join(said)})" if said else ""


def _check_screen(kmo: float, sphericity: Hypothesis, ratio: float) -> tuple[Check, ...]:
    return (
        Check(
            name="what pairs of variables share, others share too (KMO)",
            passed=kmo >= KMO_LIMIT,
            statistic=kmo,
            threshold=f">= {KMO_LIMIT}",
            source="Kaiser (1974): below .6 miserable",
            consequence="the variables share pairs rather than factors: use them as they are",
        ),
        Check(
            name="the variables are related (Bartlett's sphericity, p-value)",
            passed=sphericity.p_value <= ALPHA,
            statistic=sphericity.p_value,
            threshold=f"<= {ALPHA}",
            source="Bartlett (1950)",
            consequence="there is nothing for a factor to explain",
        ),
        Check(
            name="complete rows for each variable",
            passed=ratio >= ROWS_PER_VARIABLE,
            statistic=ratio,
            threshold=f">= {ROWS_PER_VARIABLE}",
            source="Gorsuch (1983)",
            consequence="loadings vary much from sample to sample",
        ),
    )
