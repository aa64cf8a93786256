"""Linear algebra by one thread: sums of several threads differ in the last digit."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, Literal


def hold_one_thread(
    user_api: Literal["blas", "openmp"] | None = None,
) -> AbstractContextManager[Any]:
    """Hold the numerical libraries loaded so far at one thread.

    Looking for them takes four milliseconds, which loops of small problems would pay again
    and again; so what was found is kept until another module is imported.

    Parameters
    ----------
    user_api : str, optional
        Hold only libraries of this kind; all of them as it is.
    """
    limiter: AbstractContextManager[Any] = _find_libraries(len(sys.modules)).limit(
        limits=1, user_api=user_api
    )
    return limiter


@lru_cache(maxsize=1)
def _find_libraries(n_modules: int) -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
