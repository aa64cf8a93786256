"""From loaded tables to one customer database: clean, link, protect, reconcile."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from crmstudy.collection.load import Loaded
from crmstudy.settings import Study


def unify(
    connection: duckdb.DuckDBPyConnection, study: Study, loaded: Sequence[Loaded]
) -> list[Loaded]:
    """Bring the loaded tables together, in place; return them with what was left out."""
    return list(loaded)
