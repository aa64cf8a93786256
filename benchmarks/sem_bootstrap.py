"""A bootstrap of a structural equation model against lavaan (R), sample for sample.

1,000 samples of a model of 7 constructs and 24 items, at 250, 1,000 and 5,000 respondents.
lavaan's ``bootstrapLavaan`` draws the rows and hands them over; ours estimates from the same
samples. Each runs in one process; the cost of starting R or Python, and the fit to all
respondents, are not counted. Argument: the numbers of respondents (default 250 1000 5000).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

REPEATS, DRAWS, SIZES = 5, 1000, (250, 1000, 5000)
WANTED = {250: 100, 1000: 100, 5000: 50}  # times faster than lavaan
ITEMS = {
    "image": 5,
    "expectation": 3,
    "quality": 7,
    "value": 2,
    "satisfaction": 3,
    "complaints": 1,
    "loyalty": 3,
}
PATHS = {
    ("image", "expectation"): 0.5,
    ("expectation", "quality"): 0.55,
    ("expectation", "value"): 0.1,
    ("quality", "value"): 0.5,
    ("image", "satisfaction"): 0.2,
    ("expectation", "satisfaction"): 0.1,
    ("quality", "satisfaction"): 0.4,
    ("value", "satisfaction"): 0.2,
    ("satisfaction", "complaints"): 0.5,
    ("image", "loyalty"): 0.2,
    ("satisfaction", "loyalty"): 0.45,
    ("complaints", "loyalty"): 0.1,
}
LOADINGS = (1.0, 0.9, 0.8, 1.1, 0.7, 0.95, 0.85)
R_SCRIPT = """
folder <- commandArgs(trailingOnly = TRUE)[1]
suppressPackageStartupMessages(library(lavaan))
answers <- read.csv(file.path(folder, "answers.csv"))
draws <- as.integer(commandArgs(trailingOnly = TRUE)[2])
fit <- sem(paste(readLines(file.path(folder, "model.txt")), collapse = "\\n"), answers)
set.seed(1)
seconds <- system.time(found <- bootstrapLavaan(fit, R = draws, keep.idx = TRUE))[["elapsed"]]
table <- parTable(fit)
table <- table[table$free > 0, ]
writeBin(as.integer(t(attr(found, "boot.idx")[[1]])) - 1L, file.path(folder, "rows.bin"))
write.csv(found, file.path(folder, "estimates.csv"), row.names = FALSE)
write.csv(table[c("lhs", "op", "rhs")], file.path(folder, "names.csv"), row.names = FALSE)
cat(seconds)
"""


def missing_peer() -> str:
    """Name what has to be installed before this can be measured; empty when all is there."""
    if shutil.which("Rscript") is None:
        return "Debian packages r-base-core and r-cran-lavaan"
    probe = ["Rscript", "-e", "quit(status = !requireNamespace('lavaan', quietly = TRUE))"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        return "Debian package r-cran-lavaan"
    return ""


def item_names(construct: str) -> list[str]:
    return [f"{construct}{k}" for k in range(1, ITEMS[construct] + 1)]


def draw_answers(n: int) -> pd.DataFrame:
    """Draw ten-point answers of a model like the European satisfaction index."""
    rng, felt, answers = np.random.default_rng(n), {}, {}
    for construct, size in ITEMS.items():
        causes = (b * felt[s] for (s, t), b in PATHS.items() if t == construct)
        felt[construct] = sum(causes) + rng.standard_normal(n) * (0.74 if felt else 1.0)
        for item, loading in zip(item_names(construct), LOADINGS, strict=False):
            noise = rng.standard_normal(n) * (0.55 if size > 1 else 0.0)
            score = 6.5 + 1.7 * (0.85 * loading * felt[construct] + noise)
            answers[item] = np.clip(np.rint(score), 1, 10)
    return pd.DataFrame(answers)


def write_lavaan() -> str:
    """Write the model in lavaan's syntax."""
    lines = [f"{name} =~ {' + '.join(item_names(name))}" for name in ITEMS]
    return "\n".join([*lines, *(f"{target} ~ {source}" for source, target in PATHS)])


def run_lavaan(folder: Path) -> float:
    """Bootstrap by lavaan; seconds."""
    (folder / "boot.R").write_text(R_SCRIPT)
    (folder / "model.txt").write_text(write_lavaan())
    command = ["Rscript", str(folder / "boot.R"), str(folder), str(DRAWS)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def run_ours(folder: Path) -> tuple[float, float, int]:
    """Bootstrap by our engine on lavaan's samples; seconds, agreement, samples compared."""
    from crmstudy.loyalty.estimation.estimate import fit_sem
    from crmstudy.loyalty.model.specify import Construct, StructuralModel
    from crmstudy.loyalty.model.specify import Path as Arrow
    from crmstudy.loyalty.resampling.draws import covary_rows
    from crmstudy.loyalty.resampling.engine import refit_samples

    survey = pd.read_csv(folder / "answers.csv").astype(float)
    model = StructuralModel(
        tuple(Construct(name, item_names(name)) for name in ITEMS),
        tuple(Arrow(*ends) for ends in PATHS),
    )
    fit = fit_sem(survey, model=model)
    if not fit.admissible:
        raise SystemExit("sem_bootstrap: the model is inadmissible")
    rows = np.fromfile(folder / "rows.bin", dtype=np.int32).reshape(-1, len(survey))
    rows, start = rows.astype(np.intp), fit.estimates.theta
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = refit_samples(fit.structure, covary_rows(fit.answers, rows), start=start)
        times.append(time.perf_counter() - began)
    names = pd.read_csv(folder / "names.csv").itertuples(index=False)
    places = [fit.structure.parameters.index(tuple(name)) for name in names]
    expected = pd.read_csv(folder / "estimates.csv").to_numpy()
    if len(expected) != len(rows):
        raise SystemExit("sem_bootstrap: lavaan left samples out, rows and estimates do not match")
    differ = np.abs(found.theta[:, places] - expected) / np.maximum(np.abs(expected), 1.0)
    return min(times), float(differ.max()), int(found.converged.sum())


def measure(n: int) -> tuple[float, float]:
    """Compare both at ``n`` respondents, each in a process of its own; ratio and agreement."""
    with tempfile.TemporaryDirectory(prefix="crmstudy-bench-") as name:
        folder = Path(name)
        draw_answers(n).to_csv(folder / "answers.csv", index=False)
        theirs = run_lavaan(folder)
        command = [sys.executable, __file__, "--ours", str(folder)]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    ours, agreement, compared = json.loads(said)
    print(
        f"n = {n:>5,}: lavaan {theirs:6.2f} s, crmstudy {ours:5.3f} s, {theirs / ours:4.0f} times "
        f"(wanted {WANTED.get(n, 50)}), {compared:,} samples agree to {agreement:.1e}"
    )
    return theirs / ours, agreement


def main() -> int:
    """Measure, print, and end with the line that names ratio and agreement."""
    if sys.argv[1:2] == ["--ours"]:
        print(json.dumps(run_ours(Path(sys.argv[2]))))
        return 0
    if missing := missing_peer():
        print(f"sem_bootstrap skipped: install {missing}")
        return 0
    print(f"{DRAWS:,} samples, {len(ITEMS)} constructs, {sum(ITEMS.values())} items")
    found = [measure(int(n)) for n in sys.argv[1:] or SIZES]
    ratio, agreement = min(r for r, _ in found), max(a for _, a in found)
    print(f"sem_bootstrap ratio {ratio:.1f} agreement {agreement:.1e}")
    return 0 if agreement < 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
