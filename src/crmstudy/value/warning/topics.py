"""What features are about, in words: those that say nearly the same stand together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """Features about one thing.

    Parameters
    ----------
    name : str
        What they are about.
    lead : str
        The feature that tells most directly.
    more, less : str
        Said of a customer of whom it is higher, or lower, than usual.
    others : tuple of str
        The other features.
    """

    name: str
    lead: str
    more: str
    less: str
    others: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """All its features, the leading one first."""
        return (self.lead, *self.others)


TOPICS = (
    Topic(
        "recency",
        "days_since_last_purchase",
        "longer since the last purchase",
        "bought lately",
        ("silence_ratio",),
    ),
    Topic(
        "frequency",
        "n_purchases",
        "buys often",
        "buys seldom",
        ("n_purchase_days", "recent_purchases", "earlier_purchases"),
    ),
    Topic(
        "rhythm",
        "mean_days_between_purchases",
        "long time between purchases",
        "short time between purchases",
        ("sd_days_between_purchases",),
    ),
    Topic(
        "money",
        "revenue",
        "spends much",
        "spends little",
        ("margin", "mean_basket", "recent_revenue", "earlier_revenue"),
    ),
    Topic(
        "change",
        "purchase_trend",
        "purchases rising",
        "purchases falling",
        ("spend_trend",),
    ),
    Topic("tenure", "tenure_days", "long known", "new", ("days_since_registration",)),
    Topic(
        "assortment",
        "n_products",
        "buys a wide range",
        "buys a narrow range",
        ("n_departments", "n_lines"),
    ),
    Topic(
        "discounts",
        "discount_share",
        "buys much at a discount",
        "buys little at a discount",
        ("promoted_share", "coupon_share"),
    ),
    Topic("price level", "price_index", "buys dearer goods", "buys cheaper goods"),
    Topic("returns", "return_share", "returns much", "returns little", ("returned_revenue",)),
    Topic(
        "time of purchase",
        "weekend_share",
        "buys more at weekends",
        "buys less at weekends",
        ("evening_share",),
    ),
    Topic(
        "channels",
        "n_channels",
        "uses many channels",
        "uses few channels",
        ("main_channel", "main_channel_share"),
    ),
    Topic(
        "service",
        "n_tickets",
        "asked for service more often",
        "asked for service less often",
        ("n_complaints", "mean_response_hours", "mean_resolution_hours"),
    ),
    Topic(
        "website",
        "n_web_events",
        "more active on the website",
        "less active on the website",
        ("n_web_sessions", "mean_rating"),
    ),
)

_FOUND = {feature: topic for topic in TOPICS for feature in topic.features}


def find_topic(feature: str) -> str:
    """Name the topic of a feature; one that no topic has is its own."""
    return _FOUND[feature].name if feature in _FOUND else feature.replace("_", " ")


def find_lead(topic: str) -> Topic | None:
    """Return a topic by its name."""
    return next((one for one in TOPICS if one.name == topic), None)
