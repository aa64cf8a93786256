"""Calls of lifelines that say nothing to the reader but what concerns the data."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

#: What pandas says about calls inside lifelines 0.30, which is no concern of the reader.
HARMLESS = "Starting with pandas version 4.0 all arguments"


@contextmanager
def calling_lifelines() -> Iterator[None]:
    """Drop pandas' notes on lifelines' own calls; a failed convergence becomes an error."""
    from lifelines.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.filterwarnings("ignore", message=HARMLESS)
        yield
