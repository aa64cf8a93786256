"""Products of items: how a latent product of two constructs is measured.

Items are centred, multiplied, and the products centred again. Which item of one construct
meets which of the other:

* with a single item on one side, it meets every item of the other;
* with equal numbers, first meets first, second meets second, and so on (matched pairs:
  every item is used once; Marsh, Wen & Hau, 2004);
* with unequal numbers, the most reliable items of the longer construct are matched with
  those of the shorter, by their order of reliability, and the rest stays out of the products,
  not out of the construct (Wu, Wen, Marsh & Hau, 2013).

References
----------
Lin, G.-C., Wen, Z., Marsh, H. W., & Lin, H.-S. (2010). Structural equation models of latent
interactions: Clarification of orthogonalizing and double-mean-centering strategies.
Structural Equation Modeling, 17(3), 374-391.
Marsh, H. W., Wen, Z., & Hau, K.-T. (2004). Structural equation models of latent interactions:
Evaluation of alternative estimation strategies and indicator construction. Psychological
Methods, 9(3), 275-300.
Wu, Y., Wen, Z., Marsh, H. W., & Hau, K.-T. (2013). A comparison of strategies for forming
product indicators for unequal numbers of items in structural equation models of latent
interactions. Structural Equation Modeling, 20(4), 551-567.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple

import pandas as pd

Pair = tuple[str, str]


class Term(NamedTuple):
    """A latent product: the constructs multiplied, and the pairs of items that measure it.

    ``first`` and ``second`` are the same construct in a square.
    """

    name: str
    first: str
    second: str
    pairs: tuple[Pair, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the products of items."""
        return tuple(name_product(pair) for pair in self.pairs)


def name_product(pair: Pair) -> str:
    """Name the product of two items."""
    return f"{pair[0]}_by_{pair[1]}"


def match_items(
    first: Sequence[str], second: Sequence[str], *, reliability: Mapping[str, float]
) -> tuple[Pair, ...]:
    """Match the items of two constructs by the rule of this module.

    Parameters
    ----------
    first, second : sequence of str
        Items of each construct, in its order.
    reliability : mapping
        Each item's share of variance that its construct explains; needed only where the
        numbers differ. Equal reliabilities keep the order of the items.
    """
    if min(len(first), len(second)) == 1:
        return cross_items(first, second)
    if len(first) == len(second):
        return tuple(zip(first, second, strict=True))

    def ranked(items: Sequence[str]) -> list[str]:
        return sorted(items, key=lambda item: -reliability[item])

    return tuple(zip(ranked(first), ranked(second), strict=False))


def cross_items(first: Sequence[str], second: Sequence[str]) -> tuple[Pair, ...]:
    """Let every item of one construct meet every item of the other (all pairs)."""
    return tuple(product(first, second))


def multiply_items(answers: pd.DataFrame, *, pairs: Collection[Pair]) -> pd.DataFrame:
    """Multiply centred items and centre the products: double mean-centring.

    Parameters
    ----------
    answers : DataFrame
        Complete answers; the means taken out are those of these rows.
    pairs : collection of pairs of str

    Returns
    -------
    DataFrame
        One column a pair, named by :func:`name_product`.
    """
    centred = answers - answers.mean()
    raw = pd.DataFrame({name_product(pair): centred[pair[0]] * centred[pair[1]] for pair in pairs})
    return raw - raw.mean()


def pair_residuals(
    terms: Sequence[Term], *, error_free: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """List the products whose residuals covary: those that share an item with an error.

    The residual of ``x z`` holds the error of ``x`` times ``z``, so two products with the
    same ``x`` share it. The only item of a construct is taken to have no error, and a
    latent product with one pair of items has no residual.
    """
    pairs = [pair for term in terms if len(term.pairs) > 1 for pair in term.pairs]
    return tuple(
        (name_product(one), name_product(other))
        for one, other in combinations(pairs, 2)
        if (set(one) & set(other)) - set(error_free)
    )
