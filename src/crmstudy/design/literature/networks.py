"""Which keywords go together: a network of co-occurrence, its clusters, and where they lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from crmstudy.design.literature.clusters import cluster_by_modularity, modularity
from crmstudy.design.literature.counting import Keywords
from crmstudy.design.literature.drawing import lay_out_network
from crmstudy.errors import ModelError, SettingsError, passes_absence

#: A link must say more than chance (association), or more than a rare coincidence (Jaccard).
THRESHOLDS = {"association": 1.0, "jaccard": 0.1}


def association_strength(both: float, first: float, second: float, *, n: int) -> float:
    """Divide a co-occurrence by what independent terms would give.

    ``n * c_ij / (s_i * s_j)``: proportional to the association strength of van Eck and
    Waltman (2009), which leaves out the number of publications; 1 is chance.

    Parameters
    ----------
    both, first, second : float
        Publications with both terms, with the first, with the second.
    n : int
        Publications with any term.

    References
    ----------
    van Eck, N. J., & Waltman, L. (2009). How to normalize cooccurrence data? An analysis of
    some well-known similarity measures. Journal of the American Society for Information
    Science and Technology, 60(8), 1635-1651.
    """
    return n * both / (first * second)


def jaccard(both: float, first: float, second: float) -> float:
    """Divide publications with both terms by those with either."""
    return both / (first + second - both)


@dataclass(frozen=True)
class KeywordNetwork:
    """Terms that occur together, their links and clusters.

    Parameters
    ----------
    terms : DataFrame
        term, publications, links, cluster (1 the largest), x, y (from 0 to 1).
    links : DataFrame
        first, second, publications, strength.
    kind, similarity : str
        What the terms are, and how links are measured.
    threshold : float
        Strength a link exceeds (association) or reaches (Jaccard).
    least : int
        Publications a term of the network has at least.
    n_publications, n_isolated : int
        Publications with any term; frequent terms without a link, left out.
    modularity : float
        Of the clusters.
    """

    terms: pd.DataFrame
    links: pd.DataFrame
    kind: str
    similarity: str
    threshold: float
    least: int
    n_publications: int
    n_isolated: int
    modularity: float

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.terms["cluster"].nunique())

    def table(self) -> pd.DataFrame:
        """Give the terms of each cluster in a row: cluster, terms, size, most frequent."""
        rows = [
            {
                "cluster": number,
                "terms": len(rows),
                "its terms, most frequent first": ", ".join(rows["term"]),
            }
            for number, rows in self.terms.groupby("cluster")
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Give counts and modularity as plain numbers."""
        return {
            "network_terms": float(len(self.terms)),
            "network_links": float(len(self.links)),
            "network_clusters": float(self.n_clusters),
            "modularity": self.modularity,
        }


@passes_absence
def relate_keywords(
    keywords: Keywords,
    *,
    similarity: str = "association",
    least_count: int = 2,
    most_keywords: int = 30,
) -> KeywordNetwork:
    """Link the terms that stand together in publications, and cluster them.

    A term enters with ``least_count`` publications; where more than ``most_keywords`` have
    them, the limit is raised until no more than that many are left, so that no term enters
    before another with the same count. Terms without a link are left out and counted.

    Raises
    ------
    ModelError
        If fewer than two terms are linked.
    SettingsError
        If the similarity is not known.
    """
    if similarity not in THRESHOLDS:
        raise SettingsError(f"similarity must be association or jaccard; found {similarity!r}")
    counts, least = _frequent(keywords, least_count, most_keywords)
    links = _link(keywords, counts, similarity)
    named = sorted({*links["first"], *links["second"]})
    if len(named) < 2:
        raise ModelError(
            f"no two {keywords.kind} with {least} publications or more go together more often "
            "than the threshold asks"
        )
    weights = _weights(links, named)
    labels = cluster_by_modularity(weights)
    spots = lay_out_network(weights)
    terms = _describe(named, counts, weights, labels, spots)
    return KeywordNetwork(
        terms=terms,
        links=links,
        kind=keywords.kind,
        similarity=similarity,
        threshold=THRESHOLDS[similarity],
        least=least,
        n_publications=keywords.n_with,
        n_isolated=len(counts) - len(named),
        modularity=modularity(weights, labels),
    )


def _frequent(keywords: Keywords, least: int, most: int) -> tuple[dict[str, int], int]:
    counts = Counter(word for words in keywords.words for word in words)
    while sum(n >= least for n in counts.values()) > most:
        least += 1
    return {word: n for word, n in sorted(counts.items()) if n >= least}, least


def _link(keywords: Keywords, counts: dict[str, int], similarity: str) -> pd.DataFrame:
    pairs: Counter[tuple[str, str]] = Counter()
    for words in keywords.words:
        pairs.update(combinations(sorted(word for word in words if word in counts), 2))
    rows = []
    for (first, second), both in sorted(pairs.items()):
        sizes = counts[first], counts[second]
        if similarity == "jaccard":
            strength = jaccard(both, *sizes)
            strong = strength >= THRESHOLDS[similarity]
        else:
            strength = association_strength(both, *sizes, n=keywords.n_with)
            strong = strength > THRESHOLDS[similarity]
        if strong:
            rows.append((first, second, both, strength))
    return pd.DataFrame(rows, columns=["first", "second", "publications", "strength"])


def _weights(links: pd.DataFrame, names: list[str]) -> np.ndarray:
    place = {name: i for i, name in enumerate(names)}
    weights = np.zeros((len(names), len(names)))
    first, second = links["first"].map(place), links["second"].map(place)
    weights[first, second] = weights[second, first] = links["strength"]
    return weights


def _describe(
    names: list[str],
    counts: dict[str, int],
    weights: np.ndarray,
    labels: np.ndarray,
    spots: np.ndarray,
) -> pd.DataFrame:
    """Number the clusters from the one with most terms on, and order terms within."""
    frame = pd.DataFrame(
        {
            "term": names,
            "publications": [counts[name] for name in names],
            "links": (weights > 0).sum(axis=1),
            "cluster": labels,
            "x": spots[:, 0],
            "y": spots[:, 1],
        }
    )
    sizes = frame.groupby("cluster").agg(n=("term", "size"), first=("term", "min"))
    ranked = sizes.sort_values(["n", "first"], ascending=[False, True]).index
    number = {old: new for new, old in enumerate(ranked, start=1)}
    frame["cluster"] = frame["cluster"].map(number)
    ordered = frame.sort_values(["cluster", "publications", "term"], ascending=[True, False, True])
    return ordered.reset_index(drop=True)
