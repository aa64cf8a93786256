"""Four models by lifetimes 0.11.3: estimates on CDNOW and on simulated histories, predictions.

lifetimes is a peer here, nothing that the study needs. Run in an environment of its own:
python make.py
"""

import warnings
from importlib.metadata import distribution, version

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
from lifetimes.utils import summary_data_from_transaction_data

MODELS = {
    "BG/NBD": (BetaGeoFitter, ["r", "alpha", "a", "b"]),
    "MBG/NBD": (ModifiedBetaGeoFitter, ["r", "alpha", "a", "b"]),
    "Pareto/NBD": (ParetoNBDFitter, ["r", "alpha", "s", "beta"]),
}
# Histories to predict: x, t_x, T in weeks; the last ones are far from CDNOW's.
HISTORIES = [
    (0, 0, 0),
    (0, 0, 27),
    (0, 0, 38.857142857142854),
    (1, 0.42857142857142855, 30),
    (1, 27, 27),
    (2, 30.428571428571427, 38.857142857142854),
    (4, 12, 39),
    (7, 38, 38.857142857142854),
    (26, 30.857142857142858, 31),
    (29, 12, 38),
    (60, 150, 156),
    (150, 150, 156),
    (400, 150, 156),
    (400, 20, 520),
]
HORIZONS = [1, 39, 520]

# Parameters at which a published formula divides by zero or cancels, and histories to match.
EDGES = {
    "BG/NBD": [(0.5, 5, 1, 2.4), (0.5, 5, 0.4, 0.6), (0.25, 4.4, 0.001, 2), (20, 40, 0.8, 2.4)],
    "MBG/NBD": [(0.5, 5, 1, 2.4), (0.5, 5, 0.4, 0.6), (0.25, 4.4, 0.001, 2), (20, 40, 0.8, 2.4)],
    "Pareto/NBD": [
        (0.5, 5, 1, 12),
        (0.5, 20, 0.6, 0.02),
        (0.5, 0.02, 0.6, 20),
        (4, 3, 25, 300),
        (0.5, 10, 0.6, 10),
        (0.5, 10, 0.001, 12),
        (0.5, 1000, 0.6, 1),
    ],
}
EDGE_HISTORIES = [(0, 0, 39), (2, 30.4, 38.9), (60, 150, 156), (800, 39, 39.5), (30, 1, 150)]


def read_cdnow() -> pd.DataFrame:
    path = distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_sample.txt")
    columns = ["master_id", "customer_id", "date", "cds", "dollars"]
    log = pd.read_csv(str(path), sep=r"\s+", header=None, names=columns)
    log["date"] = pd.to_datetime(log["date"].astype(str), format="%Y%m%d")
    days = summary_data_from_transaction_data(
        log,
        "customer_id",
        "date",
        monetary_value_col="dollars",
        observation_period_end="1997-09-30",
    )
    weeks = days.assign(recency=days["recency"] / 7, T=days["T"] / 7)
    return weeks.rename(
        columns={"frequency": "x", "recency": "t_x", "monetary_value": "mean_spend"}
    )


def simulate_histories(n: int = 1000) -> pd.DataFrame:
    """Customers who leave as MBG/NBD says; times in weeks, rounded to days."""
    draw = np.random.default_rng(20261123)
    rate, dropout = draw.gamma(0.8, 1 / 6, n), draw.beta(0.9, 3.0, n)
    age = draw.integers(60, 540, n) / 7
    x, t_x = np.zeros(n), np.zeros(n)
    for i in range(n):
        now = 0.0
        while draw.random() >= dropout[i]:
            now += draw.exponential(1 / rate[i])
            if now > age[i]:
                break
            x[i] += 1
            t_x[i] = np.ceil(now * 7) / 7
    rate_of_spend = draw.gamma(3.7, 1 / 15.4, n)
    total = draw.gamma(6.2 * np.maximum(x, 1), 1 / rate_of_spend)
    mean = np.where(x > 0, total / np.maximum(x, 1), 0).round(2)
    return pd.DataFrame({"x": x, "t_x": t_x, "T": age, "mean_spend": mean})


def fit_purchases(name: str, data: pd.DataFrame):
    fitter, parameters = MODELS[name]
    settings = {"tol": 1e-12, "maxiter": 20_000} if name == "Pareto/NBD" else {"tol": 1e-8}
    model = fitter().fit(data["x"], data["t_x"], data["T"], **settings)
    return model, {key: model.params_[key] for key in parameters}


def log_likelihood(model, name: str, values: list[float], data: pd.DataFrame) -> float:
    """lifetimes' own likelihood in weeks; it keeps only a mean, in a time unit of its own."""
    weights = np.ones(len(data))
    x, t_x, T = data["x"].to_numpy(), data["t_x"].to_numpy(), data["T"].to_numpy()
    if name == "Pareto/NBD":
        return -model._negative_log_likelihood(values, x, t_x, T, weights, 0)
    return -len(data) * model._negative_log_likelihood(np.log(values), x, t_x, T, weights, 0)


def predict_edges() -> pd.DataFrame:
    """Probability alive, and purchases of the next 39 weeks, at parameters set by hand."""
    frames = []
    x, t_x, T = np.array(EDGE_HISTORIES, dtype=float).T
    for name, sets in EDGES.items():
        fitter, parameters = MODELS[name]
        for values in sets:
            model = fitter()
            model.params_ = pd.Series(dict(zip(parameters, values, strict=True)))
            frame = pd.DataFrame({"model": name, "x": x, "t_x": t_x, "T": T})
            frame[["p1", "p2", "p3", "p4"]] = values
            frame["alive"] = model.conditional_probability_alive(x, t_x, T)
            ahead = model.conditional_expected_number_of_purchases_up_to_time(39, x, t_x, T)
            frames.append(frame.assign(next_39=ahead))
    return pd.concat(frames)


def main() -> None:
    warnings.simplefilter("ignore")  # its own overflow warnings, which the numbers show
    sets = {"cdnow": read_cdnow(), "simulated": simulate_histories()}
    sets["simulated"].to_csv("histories.csv", index=False)
    rows, predictions = [], []
    x, t_x, T = np.array(HISTORIES, dtype=float).T
    for label, data in sets.items():
        for name in MODELS:
            model, values = fit_purchases(name, data)
            rows += [(label, name, key, value) for key, value in values.items()]
            value = log_likelihood(model, name, list(values.values()), data)
            rows.append((label, name, "log_likelihood", value))
            frame = pd.DataFrame({"data": label, "model": name, "x": x, "t_x": t_x, "T": T})
            frame["alive"] = model.conditional_probability_alive(x, t_x, T)
            for horizon in HORIZONS:
                frame[f"next_{horizon}"] = (
                    model.conditional_expected_number_of_purchases_up_to_time(horizon, x, t_x, T)
                )
            predictions.append(frame)
        back = data[(data["x"] > 0) & (data["mean_spend"] > 0)]
        spend = GammaGammaFitter().fit(back["x"], back["mean_spend"], tol=1e-8)
        rows += [(label, "Gamma-Gamma", key, spend.params_[key]) for key in ("p", "q", "v")]
        value = -len(back) * spend._negative_log_likelihood_
        rows.append((label, "Gamma-Gamma", "log_likelihood", value))
        spent = spend.conditional_expected_average_profit(
            pd.Series([0.0, 1, 3, 29]), pd.Series([0.0, 12.5, 80, 35])
        )
        rows += [(label, "Gamma-Gamma", f"spend_{i}", value) for i, value in enumerate(spent)]
    columns = ["data", "model", "quantity", "value"]
    pd.DataFrame(rows, columns=columns).to_csv("expected.csv", index=False)
    pd.concat(predictions).to_csv("predictions.csv", index=False)
    predict_edges().to_csv("edges.csv", index=False, na_rep="nan")
    for package in ("lifetimes", "numpy", "pandas", "scipy", "autograd"):
        print(package, version(package))


if __name__ == "__main__":
    main()
