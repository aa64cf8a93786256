"""Buckley's weights by another engine: fuzzy_ahp of pyDecision 5.1.8 (GPL; used here only).

Run in this folder, with the wheel that `pip download --no-deps pyDecision==5.1.8` fetches:
    python make_pydecision.py pydecision-5.1.8-py3-none-any.whl
Writes expected_pydecision.csv. The module is taken out of the wheel alone, because the package
imports many others.
"""

import csv
import sys
import types
import zipfile

E, M, S = (1 / 2, 1, 2), (2, 3, 4), (4, 5, 6)


def back(number):
    return tuple(1 / end for end in reversed(number))


ONE = (1, 1, 1)
CASES = {
    # The example in pyDecision's own notebook.
    "pydecision": [
        [ONE, (4, 5, 6), (3, 4, 5), (6, 7, 8)],
        [back((4, 5, 6)), ONE, (1 / 3, 1 / 2, 1), (2, 3, 4)],
        [back((3, 4, 5)), (1, 2, 3), ONE, (2, 3, 4)],
        [back((6, 7, 8)), back((2, 3, 4)), back((2, 3, 4)), ONE],
    ],
    # A scale with ends that are not symmetric.
    "uneven": [
        [ONE, (3 / 2, 2, 5 / 2), (2 / 3, 1, 3 / 2)],
        [back((3 / 2, 2, 5 / 2)), ONE, (3 / 2, 2, 5 / 2)],
        [back((2 / 3, 1, 3 / 2)), back((3 / 2, 2, 5 / 2)), ONE],
    ],
    "equal": [[ONE, E, M], [back(E), ONE, S], [back(M), back(S), ONE]],
}

with zipfile.ZipFile(sys.argv[1]) as wheel:
    source = wheel.read("pyDecision/algorithm/fuzzy_ahp.py").decode()
engine = types.ModuleType("fuzzy_ahp")
exec(compile(source, "fuzzy_ahp.py", "exec"), engine.__dict__)

with open("expected_pydecision.csv", "w", newline="") as file:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["case", "name", "quantity", "value"])
    for case, matrix in CASES.items():
        fuzzy, _, weights, *_ = engine.fuzzy_ahp_method(matrix)
        for at, (ends, weight) in enumerate(zip(fuzzy, weights, strict=True)):
            numbers = zip(("lower", "middle", "upper", "weight"), (*ends, weight), strict=True)
            for quantity, value in numbers:
                rows.writerow([case, f"g{at + 1}", quantity, f"{float(value):.17g}"])
