"""What is compared of two persons: the levels of agreement, as conditions in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from crmstudy.collection.matching.normalise import ATTRIBUTES

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Level:
    """One outcome of a comparison, with ``m`` as believed before the data are seen."""

    label: str
    condition: str
    m: float


#: The levels of each attribute, the first that holds counts. The values of ``m`` are
#: for a customer file of medium care: about one entry in five of e-mail and telephone
#: is another one by now, one name in ten is misspelt.
COMPARISONS: dict[str, tuple[Level, ...]] = {
    "name": (
        Level("equal", "name_l = name_r AND len(parts_l) > 1", 0.80),
        Level(
            "near",
            "near_name(name_l, name_r, parts_l, parts_r, letters_l, letters_r, han_l OR han_r)",
            0.12,
        ),
        Level("one part equal", "share_part(parts_l, parts_r)", 0.05),
        Level("other", "ELSE", 0.03),
    ),
    "email": (
        Level("equal", "email_l = email_r", 0.75),
        Level("near", "local_l = local_r OR near_text(local_l, local_r)", 0.05),
        Level("other", "ELSE", 0.20),
    ),
    "phone": (
        Level("equal", "phone_l = phone_r", 0.75),
        Level("near", "ending_l = ending_r OR near_text(phone_l, phone_r)", 0.05),
        Level("other", "ELSE", 0.20),
    ),
    "postcode": (
        Level("equal", "postcode_l = postcode_r", 0.80),
        Level("near", "area_l = area_r OR near_text(postcode_l, postcode_r)", 0.08),
        Level("other", "ELSE", 0.12),
    ),
    "birth_year": (
        Level("equal", "birth_year_l = birth_year_r", 0.92),
        Level("near", "abs(birth_year_l - birth_year_r) = 1", 0.04),
        Level("other", "ELSE", 0.04),
    ),
}

#: A name in Chinese characters and one in letters say nothing about each other.
SILENT = {"name": "name_l IS NULL OR name_r IS NULL OR han_l <> han_r"}

#: One slip of the keyboard; the rest of a name must be alike by Jaro and Winkler's measure
#: (.88 lets one wrong letter of five pass), an initial stands for what it begins, and two
#: equal parts outweigh a third. In Chinese characters one character is a different name.
#: CASE keeps the slow measures from pairs that a fast one rules out.
_MACROS = """
CREATE MACRO near_text(a, b) AS
    CASE WHEN strlen(a) = strlen(b) AND hamming(a, b) > 2 THEN false
    WHEN jaro_winkler_similarity(a, b) >= 0.85 THEN damerau_levenshtein(a, b) = 1
    ELSE false END;
CREATE MACRO share_part(a, b) AS
    CASE WHEN a[1] = b[1] OR a[-1] = b[-1] OR a[1] = b[-1] OR a[-1] = b[1] THEN true
    WHEN len(a) < 3 AND len(b) < 3 THEN false ELSE list_has_any(a, b) END;
CREATE MACRO rest(a, b) AS array_to_string(list_filter(a, lambda x: NOT list_contains(b, x)), ' ');
CREATE MACRO alike(a, b) AS
    a <> '' AND b <> '' AND (jaro_winkler_similarity(a, b) >= 0.88
                             OR starts_with(a, b) OR starts_with(b, a));
CREATE MACRO near_name(a_name, b_name, a, b, a_letters, b_letters, han) AS
    CASE WHEN a_letters = b_letters THEN len(a) > 1 OR len(b) > 1
    WHEN share_part(a, b) THEN len(list_intersect(a, b)) > 1
                                 OR (NOT han AND alike(rest(a, b), rest(b, a)))
    WHEN han OR len(a) = 1 OR len(b) = 1 THEN false
    ELSE jaro_winkler_similarity(a_name, b_name) >= 0.95 END;
"""


def arrange(persons: pd.DataFrame) -> pd.DataFrame:
    """Put normalised persons in the order of what they say, with the columns compared.

    The order, and the number that stands for a row from here on, do not depend on the
    order of the input or on its identifiers.

    Returns
    -------
    DataFrame
        Columns unique_id (0, 1, ...), row (position in ``persons``), the attributes, and
        what comparisons and blocks are made of.
    """
    frame = persons.reset_index(drop=True).rename_axis("row").reset_index()
    frame = frame.sort_values([*persons.columns, "row"], ignore_index=True, na_position="last")
    name, email, phone = frame["name"], frame["email"], frame["phone"]
    spelled = [str(one).split() if pd.notna(one) else [] for one in name]
    local = email.str.split("@").str[0]
    return frame.assign(
        unique_id=np.arange(len(frame)),
        parts=pd.Series(spelled, dtype=object),
        letters=["".join(sorted("".join(parts))) for parts in spelled],
        first_part=["".join(parts[:1]) for parts in spelled],
        last_part=["".join(parts[-1:]) for parts in spelled],
        han=name.str.contains(r"[\u3400-\u9fff]", regex=True).astype("boolean"),
        local=local.where(local.str.len() > 4),
        ending=phone.str[-8:].where(phone.str.len() > 7),
        area=frame["postcode"].str[:3],
    )


def compare_names(ours: pd.Series, theirs: pd.Series) -> pd.Series:
    """Say at which level pairs of names agree; ``missing`` where they cannot be compared.

    Returns
    -------
    Series of str
        Labels of :data:`COMPARISONS`, in the order of the pairs.
    """
    empty = pd.Series(pd.NA, index=range(len(ours)), dtype="string")
    sides = []
    for names in (ours, theirs):
        frame = pd.DataFrame(dict.fromkeys(ATTRIBUTES, empty))
        frame["name"] = names.reset_index(drop=True)
        sides.append(arrange(frame))
    with open_pairs(*sides) as connection:
        found = connection.sql(
            f"SELECT {number_level('name')} AS level FROM "
            f"(SELECT {name_side('name', 'l')}, row AS place FROM left_side) "
            f"JOIN (SELECT {name_side('name', 'r')}, row AS place FROM right_side) USING (place) "
            "ORDER BY place"
        ).to_arrow_table()
    labels = [*(level.label for level in COMPARISONS["name"]), "missing"]
    return found.to_pandas()["level"].map(dict(enumerate(labels)))


def number_level(name: str) -> str:
    """Write the SQL that numbers the level of a pair, the last one where it is silent."""
    levels = COMPARISONS[name]
    whens = " ".join(f"WHEN {one.condition} THEN {n}" for n, one in enumerate(levels[:-1]))
    return f"CASE WHEN {silence(name)} THEN {len(levels)} {whens} ELSE {len(levels) - 1} END"


def silence(name: str) -> str:
    """Write the SQL that says where a pair cannot be compared."""
    return SILENT.get(name, f"{name}_l IS NULL OR {name}_r IS NULL")


def name_side(name: str, side: str) -> str:
    """List the columns that a comparison needs of one side, by their names in conditions."""
    words = " ".join([silence(name), *(level.condition for level in COMPARISONS[name])])
    columns = sorted(set(re.findall(rf"\b(\w+)_{side}\b", words)))
    return ", ".join(f"{column} AS {column}_{side}" for column in columns)


@contextmanager
def open_pairs(
    left: pd.DataFrame, right: pd.DataFrame | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory with the arranged persons and what compares them.

    One thread computes, so that the estimates are equal to the last bit on every run.
    """
    from crmstudy.collection.warehouse import connect_quietly

    with connect_quietly(Path(":memory:"), config={"threads": 1}) as connection:
        connection.execute(_MACROS)
        for name, frame in (("left_side", left), ("right_side", right)):
            if frame is not None:
                connection.register("arriving", _as_arrow(frame))
                connection.execute(
                    f"CREATE TABLE {name} AS SELECT * REPLACE (nullif(letters, '') AS letters, "
                    "nullif(first_part, '') AS first_part, nullif(last_part, '') AS last_part) "
                    "FROM arriving ORDER BY unique_id"
                )
                connection.unregister("arriving")
        yield connection


def _as_arrow(frame: pd.DataFrame) -> pa.Table:
    text = {"parts": pa.list_(pa.string()), "han": pa.bool_()}
    whole = {"unique_id": pa.int64(), "row": pa.int64(), "birth_year": pa.int64()}
    kinds = [(name, (text | whole).get(name, pa.string())) for name in frame.columns]
    return pa.Table.from_pandas(frame, schema=pa.schema(kinds), preserve_index=False)
