from pathlib import Path

import numpy as np
import pandas as pd
import pytest

REFERENCE = Path(__file__).parents[1] / "reference" / "ahp"
RANKING = Path(__file__).parents[1] / "reference" / "ranking"


@pytest.fixture(scope="session")
def published() -> pd.DataFrame:
    """Published judgement matrices in long form, fractions as text."""
    return pd.read_csv(REFERENCE / "judgements.csv", dtype=str)


@pytest.fixture(scope="session")
def expected() -> pd.DataFrame:
    """Raw output of make.R."""
    return pd.read_csv(REFERENCE / "expected.csv", keep_default_na=False)


@pytest.fixture
def long():
    """Write an upper triangle by rows as a long table."""

    def write(names, upper, matrix="criteria", expert="E1") -> pd.DataFrame:
        pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
        return pd.DataFrame(
            {
                "expert": expert,
                "matrix": matrix,
                "row": [names[i] for i, _ in pairs],
                "column": [names[j] for _, j in pairs],
                "value": list(upper),
            }
        )

    return write


@pytest.fixture
def consistent():
    """Perfectly consistent judgements of given weights."""

    def build(weights: pd.Series) -> pd.DataFrame:
        values = weights.to_numpy()
        return pd.DataFrame(
            values[:, None] / values[None, :], index=weights.index, columns=weights.index
        )

    return build


@pytest.fixture
def noisy():
    """Draw m reciprocal matrices of n names around random weights."""

    def draw(m: int, n: int, noise: float, seed: int = 1) -> np.ndarray:
        rng = np.random.default_rng(seed)
        weights = rng.dirichlet(np.full(n, 3.0), size=m)
        logs = np.log(weights[:, :, None] / weights[:, None, :])
        logs += noise * rng.standard_normal((m, n, n))
        upper = np.triu(logs, 1)
        return np.exp(upper - upper.swapaxes(1, 2))

    return draw


@pytest.fixture
def measured():
    """Six units by five criteria, two of them costs, and the directions."""
    decisions = pd.read_csv(RANKING / "decisions.csv", index_col="unit")
    costs = {"cost": "smaller", "complaints": "smaller"}
    return decisions, dict.fromkeys(decisions.columns, "larger") | costs


@pytest.fixture
def by_r():
    """Look up what base R found for the measured units."""
    expected = pd.read_csv(RANKING / "expected.csv")

    def find(method, quantity):
        rows = (expected["method"] == method) & (expected["quantity"] == quantity)
        return expected.loc[rows, "value"].to_numpy()

    return find
