"""Whether common factors can be trusted: what they explain, what they leave, who is determined."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.statistics.correlations import Matrix
from crmstudy.statistics.extraction import degrees_of_freedom, discrepancy
from crmstudy.statistics.rotation import explained_variance

SALIENT = 0.4  # loading that counts as belonging to a factor
RESIDUAL_LIMIT = 0.08
DETERMINACY_LIMIT = 0.8


def explain_variance(
    pattern: Matrix, between: Matrix, psi: Matrix, factors: list[str]
) -> pd.DataFrame:
    """Say what each factor explains and how well the variables determine it."""
    squares = explained_variance(pattern, between)
    structure = pattern @ between
    implied = structure @ pattern.T + np.diag(psi)
    determinacy = np.diag(structure.T @ np.linalg.solve(implied, structure))
    columns = {
        "ss_loadings": squares,
        "share_of_variance": squares / len(pattern),
        "cumulative_share": np.cumsum(squares) / len(pattern),
        "share_of_explained": squares / squares.sum(),
        "determinacy": determinacy,
        "n_salient": (np.abs(pattern) >= SALIENT).sum(axis=0),
    }
    return pd.DataFrame(columns, index=pd.Index(factors, name="factor"))


def measure_residual(matrix: Matrix, raw: Matrix) -> float:
    """Take the root mean square of the correlations that the factors leave."""
    below = np.tril_indices(len(matrix), k=-1)
    return float(np.sqrt(((matrix - raw @ raw.T)[below] ** 2).mean()))


def measure_fit(matrix: Matrix, raw: Matrix, psi: Matrix, *, n: int) -> Hypothesis | None:
    """Test by the likelihood ratio whether so many factors suffice; none without freedom."""
    from scipy.stats import chi2

    p, m = raw.shape
    df = degrees_of_freedom(p, m)
    if df == 0:
        return None
    statistic = (n - 1 - (2 * p + 5) / 6 - 2 * m / 3) * discrepancy(matrix, raw, psi)
    return Hypothesis(
        null=f"{m} common factors explain all correlations",
        statistic=statistic,
        p_value=float(chi2.sf(statistic, df)),
        distribution=f"chi2({df})",
    )


def check_factors(
    explained: pd.DataFrame, residual: float, heywood: tuple[str, ...]
) -> tuple[Check, ...]:
    """Check what is explained, what is left, and whether every factor is determined."""
    return (
        Check(
            name="no variable is explained wholly (Heywood cases)",
            passed=not heywood,
            statistic=float(len(heywood)),
            threshold="= 0",
            source="Harman & Jones (1966)",
            consequence="too many factors, or others nearly determine the variable"
            + (f" ({', '.join(heywood).replace('_', ' ')})" if heywood else ""),
        ),
        Check(
            name="the factors leave small correlations (root mean square residual)",
            passed=residual <= RESIDUAL_LIMIT,
            statistic=residual,
            threshold=f"<= {RESIDUAL_LIMIT}",
            source="Hu & Bentler (1999)",
            consequence="more factors are needed to describe the correlations",
        ),
        Check(
            name="every factor has salient loadings (fewest)",
            passed=bool(explained["n_salient"].min() >= 2),
            statistic=float(explained["n_salient"].min()),
            threshold=">= 2",
            source="rule of this study",
            consequence="the smallest factor is one variable under another name",
        ),
        Check(
            name="the variables determine every factor (lowest squared correlation)",
            passed=bool(explained["determinacy"].min() >= DETERMINACY_LIMIT),
            statistic=float(explained["determinacy"].min()),
            threshold=f">= {DETERMINACY_LIMIT}",
            source="after Grice (2001)",
            consequence="scores of that factor are uncertain: do not read small differences",
        ),
    )
