"""The runner's overhead against papermill called once for each chapter, one after the other.

Both execute the same nine notebooks: the chapters' own import cells, and a cell that
computes a number. What is left is the cost of running a chapter beyond its work.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 3
WORK = """
import json, os, pathlib
target = pathlib.Path(os.environ.get("CRMSTUDY_OUTPUT", "plain"))
(target / "results").mkdir(parents=True, exist_ok=True)
name = CHAPTER
numbers = {f"{name}.a.b.c": {"value": sum(map(ord, name)), "unit": "", "n": 1, "tolerance": 0}}
(target / "results" / f"{name}.json").write_text(json.dumps(numbers))
print(numbers)
"""


def write_project(folder: Path) -> list[Path]:
    """Make a project whose chapters import what the real ones import and do nothing else."""
    (folder / "notebooks").mkdir()
    (folder / "data" / "bench").mkdir(parents=True)
    (folder / "data" / "bench" / "survey.csv").write_text("respondent_id\n1\n")
    settings = "title: B\nseed: 1\ntables: {survey: {file: survey.csv}}\n"
    (folder / "data" / "bench" / "study.yml").write_text(settings)
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        book = json.loads(file.read_text(encoding="utf-8"))
        title, imports = book["cells"][0], book["cells"][1]
        name = "bench_" + book["metadata"]["crmstudy"]["chapter"]
        parameters = {
            **imports,
            "id": "p",
            "metadata": {"tags": ["parameters"]},
            "source": f'CHAPTER: str = "{name}"  # name',
        }
        book["cells"] = [title, imports, parameters, {**imports, "id": "w", "source": WORK}]
        needs = ["bench_" + need for need in book["metadata"]["crmstudy"]["needs"]]
        book["metadata"]["crmstudy"] = {"chapter": name, "needs": needs, "tables": ["survey"]}
        (folder / "notebooks" / file.name).write_text(json.dumps(book))
    return sorted((folder / "notebooks").glob("*.ipynb"))


def run_plain(folder: Path, notebooks: list[Path]) -> float:
    """Run papermill's own command once a notebook, in sequence."""
    out = folder / "plain-out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    environment = {**os.environ, "CRMSTUDY_OUTPUT": str(out)}
    began = time.perf_counter()
    for file in notebooks:
        command = [sys.executable, "-m", "papermill", str(file), str(out / file.name)]
        command += ["--no-progress-bar", "-k", "python3", "--log-level", "ERROR"]
        subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def run_ours(folder: Path) -> float:
    """Run the study's command on a project that has never run."""
    shutil.rmtree(folder / ".crmstudy", ignore_errors=True)
    shutil.rmtree(folder / "reports", ignore_errors=True)
    environment = {**os.environ, "CRMSTUDY_ROOT": str(folder)}
    command = [sys.executable, "-m", "crmstudy.cli", "run", "bench", "--jobs", "2"]
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, capture_output=True, cwd=folder)
    return time.perf_counter() - began


def rerun_ours(folder: Path) -> float:
    """Run the command again: everything is fresh."""
    environment = {**os.environ, "CRMSTUDY_ROOT": str(folder)}
    command = [sys.executable, "-m", "crmstudy.cli", "run", "bench"]
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, capture_output=True, cwd=folder)
    return time.perf_counter() - began


def outputs_agree(folder: Path, notebooks: list[Path]) -> bool:
    """Whether both leave the same outputs in every notebook."""

    def printed(file: Path) -> list[object]:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        return [cell.get("outputs") for cell in cells if cell["cell_type"] == "code"][-1:]

    plain, ours = folder / "plain-out", folder / "reports" / "bench"
    return all(printed(plain / f.name) == printed(ours / f.name) for f in notebooks)


def main() -> int:
    """Measure, print, and end with the line that names ratio and agreement."""
    with tempfile.TemporaryDirectory(prefix="crmstudy-bench-") as place:
        folder = Path(place)
        notebooks = write_project(folder)
        ours, plain, fresh = [], [], []
        for _ in range(REPEATS):
            ours.append(run_ours(folder))
            fresh.append(rerun_ours(folder))
            plain.append(run_plain(folder, notebooks))
        agree = outputs_agree(folder, notebooks)
    print(f"{len(notebooks)} chapters that only import, best of {REPEATS}")
    print(f"papermill, one after the other  {min(plain):6.2f} s")
    print(f"crmstudy run, two at once       {min(ours):6.2f} s")
    print(f"crmstudy run, nothing to do     {min(fresh):6.2f} s")
    print(f"runner ratio {min(plain) / min(ours):.1f} agreement {0 if agree else 1}")
    return 0 if agree else 1


if __name__ == "__main__":
    raise SystemExit(main())
