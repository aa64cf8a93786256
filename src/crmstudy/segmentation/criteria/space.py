"""One block of criteria made comparable: what every method clusters, every measure uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import DataError, ModelError, passes_absence
from crmstudy.segmentation.criteria.indicators import learn_indicators
from crmstudy.segmentation.criteria.recipe import (
    Recipe,
    describe_steps,
    find_skewed_shares,
    forget_customers,
    root_shares,
    transform_parts,
    weigh_parts,
)
from crmstudy.segmentation.criteria.transform import (
    Log,
    Standardise,
    keep_complete,
    transform_features,
)

FEWEST = 3  # complete customers; fewer have no spread to speak of
DOMINATED = 0.25  # share of a variable's spread that one customer may hold


@dataclass(frozen=True)
class Space:
    """Customers as points, and the variables behind them.

    Parameters
    ----------
    name : str
        The block of criteria.
    points : array of shape (n_customers, n_dimensions)
        Coordinates in which distances are taken: the numbers in ``numeric``, and one
        indicator for each level of ``categories``, scaled so that the indicators of one
        variable have variance 1 together, as a standardised number has.
    numeric : DataFrame of shape (n_customers, n_numbers)
        Transformed numbers; may have no column.
    categories : DataFrame of shape (n_customers, n_categories)
        Levels as text; may have no column. An unknown level is ``"unknown"``.
    steps : DataFrame
        What was done to each variable, one row a variable.
    n_left_out : int
        Customers left out for a missing number.
    recipe : Recipe, optional
        How other customers are brought into the same space.
    unseen : DataFrame
        Levels that nobody had when the space was made: ``variable``, ``level``,
        ``n_customers``.
    """

    name: str
    points: npt.NDArray[np.float64]
    numeric: pd.DataFrame
    categories: pd.DataFrame
    steps: pd.DataFrame
    n_left_out: int
    recipe: Recipe | None = None
    unseen: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def customers(self) -> pd.Index:
        """Identifiers of the customers, in the order of the points."""
        return self.numeric.index

    def take(self, rows: npt.NDArray[np.intp]) -> Space:
        """Give the customers at these positions, repeated where a position is."""
        return replace(
            self,
            points=self.points[rows],
            numeric=self.numeric.iloc[rows],
            categories=self.categories.iloc[rows],
        )

    def place(self, frame: pd.DataFrame) -> Space:
        """Bring other customers, or another period, into this space by the very same steps.

        A level that nobody had when the space was made stands at the middle of its
        variable, so that it says nothing; it is counted in ``unseen``. A variable that was
        not missing for anyone then and is now counts as such a level, too.

        Parameters
        ----------
        frame : DataFrame indexed by customer
            The variables that the space was made of, in their own units.

        Returns
        -------
        Space
            In the order of the frame, without the customers who lack a number.

        Raises
        ------
        DataError
            If a variable is absent, a number is none or infinite, or a customer stands
            twice.
        ModelError
            If the space was not made by :func:`build_space`.
        """
        if self.recipe is None:
            raise ModelError(f"the space {self.name!r} keeps no steps for other customers")
        names = self.recipe.indicators.names
        _check_columns(frame, [*self.recipe.columns, *names], self.name)
        complete, n_left_out = keep_complete(frame, self.recipe.columns)
        numeric = self.recipe.apply(complete)
        categories = read_levels(frame.loc[complete.index, names])
        return replace(
            self,
            points=np.hstack([numeric.to_numpy(), self.recipe.indicators.apply(categories)]),
            numeric=numeric,
            categories=categories,
            n_left_out=n_left_out,
            unseen=self.recipe.indicators.find_unseen(categories),
        )

    def table(self) -> pd.DataFrame:
        """State what was done to each variable."""
        named = {
            "n_levels": "levels",
            "n_unknown": "customers unknown",
            "n_winsorised": "customers winsorised",
            "skewness_before": "skewness before",
            "skewness_after": "skewness after",
            "largest_share": "largest customer's share of the spread",
        }
        shown = self.steps[["kind", "reshaped", *named]].rename(columns=named)
        whole = {"levels": "Int64", "customers winsorised": "Int64"}
        return shown.astype(whole).rename_axis("variable").reset_index()

    def check(self) -> Check:
        """Say whether a single customer makes up much of the spread of a variable."""
        share = self.steps["largest_share"].dropna()
        worst = float(share.max()) if len(share) else 0.0
        where = str(share.idxmax()).replace("_", " ") if len(share) else "this block"
        return Check(
            name=f"no single customer dominates a variable ({self.name})",
            passed=worst <= DOMINATED,
            statistic=worst,
            threshold=f"<= {DOMINATED}",
            source="share of the sum of squares; this study's rule",
            consequence=(
                f"distances in {where} are mostly those to one customer: look at the record, "
                "or winsorise"
            ),
        )

    def to_metrics(self) -> dict[str, float]:
        """Count customers, variables and dimensions."""
        return {
            "n_customers": len(self.customers),
            "n_left_out": self.n_left_out,
            "n_numbers": self.numeric.shape[1],
            "n_categories": self.categories.shape[1],
            "n_dimensions": self.points.shape[1],
            "largest_share_of_one_customer": self.check().statistic,
        }


@passes_absence
def build_space(
    frame: pd.DataFrame,
    *,
    name: str,
    parts: Sequence[str] = (),
    shares: Sequence[str] = (),
    log: bool | Log = "skewed",
    standardise: Standardise = "zscore",
    winsorise: float = 0.0,
) -> Space:
    """Make one block of criteria comparable.

    Numbers are winsorised, logged and standardised by
    :func:`~crmstudy.segmentation.criteria.transform.transform_features`. A category becomes one
    indicator a level, each centred and all divided by the root of their total variance
    ``1 - sum p^2``: it weighs as much as one standardised number, however many levels it
    has, and a rare level does not weigh more than a common one, as with chi-square
    distances it would.

    Parts of a whole are shares that sum to 1, as of money by department. Most customers
    buy nothing in some department, and a logarithm of a share of 0 does not exist: the
    log-ratios of Aitchison would rest on the small number put in its place. Leaving out
    one part would make distances depend on which. So the root of each share is taken:
    the distance of two customers is then that of Hellinger, which zeros do not disturb.
    All parts are multiplied by one number, so that on average they have the variance of a
    standardised number; each by its own would make much of the departments where few buy.

    Parameters
    ----------
    frame : DataFrame indexed by customer
        Numbers, and categories as text. Customers with a missing number are left out and
        counted; a missing category is the level ``unknown``.
    name : str
        The block of criteria.
    parts : sequence of str
        Columns that are shares of one whole.
    shares : sequence of str
        Columns that are shares of wholes of their own, as of lines bought on promotion. A
        logarithm of ``1 + x`` does nothing to a small share; of a skewed one the root is
        taken first, unless ``log`` is none.
    log, standardise, winsorise
        See :func:`~crmstudy.segmentation.criteria.transform.transform_features`; shares are
        neither logged nor standardised one by one.

    Returns
    -------
    Space
        Customers sorted by their variables, so that their order and names do not matter;
        those who are equal in all keep their order, which then cannot matter.

    Raises
    ------
    SettingsError
        If ``log``, ``winsorise`` or ``standardise`` is out of range.
    DataError
        If a part is absent or negative, a number is infinite, or a customer stands twice.
    ModelError
        If there is no variable, fewer than three customers are complete, or a variable is
        equal for all of them.

    References
    ----------
    Legendre, P., & Gallagher, E. D. (2001). Ecologically meaningful transformations for
    ordination of species data. Oecologia, 129(2), 271-280.
    Aitchison, J. (1982). The statistical analysis of compositional data. Journal of the
    Royal Statistical Society B, 44(2), 139-177.
    """
    if frame.shape[1] == 0:
        raise ModelError(f"the block {name!r} has no variable")
    _check_columns(frame, parts, name)
    columns = [str(column) for column in frame]
    names = [column for column in columns if not pd.api.types.is_numeric_dtype(frame[column])]
    numbers = [column for column in columns if column not in {*names, *parts}]
    complete, n_left_out = keep_complete(frame, [*numbers, *parts])
    if len(complete) < FEWEST:
        raise ModelError(
            f"the block {name!r} needs {FEWEST} customers with all numbers known; "
            f"of {len(frame)} there are {len(complete)}"
        )
    categories = read_levels(frame.loc[complete.index, names])
    order = _sort_by_content(complete, categories)
    complete, categories = complete.iloc[order], categories.iloc[order]
    rooted = find_skewed_shares(complete[[one for one in numbers if one in shares]], log=log)
    recipe = Recipe(
        numbers=forget_customers(
            transform_features(
                root_shares(complete[numbers], rooted),
                log=log,
                standardise=standardise,
                winsorise=winsorise,
            )
        )
        if numbers
        else None,
        parts=transform_parts(complete[list(parts)]) if parts else None,
        weight=weigh_parts(complete[list(parts)]),
        indicators=learn_indicators(categories),
        rooted=rooted,
    )
    numeric = recipe.apply(complete)
    return Space(
        name=name,
        points=np.hstack([numeric.to_numpy(), recipe.indicators.apply(categories)]),
        numeric=numeric,
        categories=categories,
        steps=describe_steps(recipe, complete, numeric, categories),
        n_left_out=n_left_out,
        recipe=recipe,
        unseen=recipe.indicators.find_unseen(categories),
    )


def read_levels(frame: pd.DataFrame) -> pd.DataFrame:
    """Read categories as text; a missing one is ``unknown``."""
    return frame.astype("str").fillna("unknown")


def _sort_by_content(numbers: pd.DataFrame, categories: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Sort by the numbers, then the levels; who is equal in all stays in order."""
    keys = [numbers[name].to_numpy() for name in numbers]
    keys += [pd.factorize(categories[name], sort=True)[0] for name in categories]
    return np.lexsort(keys[::-1])


def _check_columns(frame: pd.DataFrame, names: Sequence[str], space: str) -> None:
    lacking = [str(name) for name in names if name not in frame]
    if lacking:
        raise DataError(f"the block {space!r} lacks the column {', '.join(lacking)}")
    if frame.index.has_duplicates:
        twice = frame.index[frame.index.duplicated()][0]
        raise DataError(f"the block {space!r} holds customer {twice!r} twice")
