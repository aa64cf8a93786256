"""k-prototypes by kmodes and latent classes by StepMix on one mixed table.

Both packages are peers here, nothing that the study needs. Run with them installed:
python make.py
"""

from importlib.metadata import version

import numpy as np
import pandas as pd
from kmodes.kmodes import KModes
from kmodes.kprototypes import KPrototypes
from stepmix import StepMix

CATEGORIES = ["a", "b", "c", "d"]
GAMMA = 0.7


def draw_table() -> pd.DataFrame:
    draw = np.random.default_rng(20260105)
    truth = draw.integers(3, size=240)
    likely = draw.integers(3, size=(3, 4))[truth]
    codes = np.where(draw.random((240, 4)) < 0.8, likely, draw.integers(3, size=(240, 4)))
    numbers = 3.0 * np.eye(3)[truth][:, :2] + draw.normal(size=(240, 2))
    table = pd.DataFrame(numbers.round(4), columns=["x", "y"])
    return table.join(pd.DataFrame(codes, columns=CATEGORIES))


def main() -> None:
    table = draw_table()
    rows = []
    prototypes = KPrototypes(3, gamma=GAMMA, n_init=50, random_state=1)
    labels = {
        "prototypes": prototypes.fit_predict(table.to_numpy(object), categorical=[2, 3, 4, 5])
    }
    rows.append(("prototypes", "cost", prototypes.cost_))
    modes = KModes(3, n_init=100, random_state=1)
    labels["modes"] = modes.fit_predict(table[CATEGORIES].astype(str))
    rows.append(("modes", "cost", modes.cost_))
    mixed = {
        "codes": {"model": "categorical", "n_columns": 4},
        "numbers": {"model": "gaussian_diag", "n_columns": 2},
    }
    settings = {"n_init": 50, "random_state": 1, "progress_bar": 0, "abs_tol": 1e-12}
    for name, measurement, columns in (
        ("classes", "categorical", CATEGORIES),
        ("mixed classes", mixed, [*CATEGORIES, "x", "y"]),
    ):
        data = table[columns]
        model = StepMix(3, measurement=measurement, max_iter=20_000, **settings).fit(data)
        labels[name] = model.predict(data)
        rows.append((name, "log_likelihood", model.score(data) * len(data)))
        rows.append((name, "bic", model.bic(data)))
        rows.append((name, "entropy", model.relative_entropy(data)))
    table.join(pd.DataFrame(labels)).to_csv("table.csv", index=False)
    expected = pd.DataFrame(rows, columns=["model", "quantity", "value"])
    expected.to_csv("expected.csv", index=False)
    print("kmodes", version("kmodes"), "stepmix", version("stepmix"))


if __name__ == "__main__":
    main()
