"""How the simulated firm serves its customers, and what that costs: tickets and ledger."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray
from scipy.special import expit

from crmstudy.collection.simulate.draws import Booleans, Floats, Integers, moments, number_ids, pick
from crmstudy.collection.simulate.parameters import (
    CAMPAIGN_STARTS_ON,
    SERVICE_CHANGE_DAY,
    WINDOW_DAYS,
    WINDOW_ENDS_ON,
    WINDOW_STARTS_ON,
    FirmParameters,
)

_CHANNELS = ("phone", "e-mail", "chat")

# (complaint, topic) -> share among tickets of its kind, English texts, Chinese texts
_TOPICS: dict[tuple[bool, str], tuple[float, tuple[str, ...], tuple[str, ...]]] = {
    (False, "delivery"): (
        0.40,
        (
            "When will my parcel arrive? The tracking page has not changed since yesterday.",
            "Could you please send my next order to a different address?",
            "Thank you for the quick delivery. Can I choose the evening slot again?",
        ),
        (
            "请问我的包裹什么时候能到？物流信息从昨天起就没有更新。",
            "下一单能不能换一个收货地址？谢谢。",
            "这次送货很快，非常满意，下次还能选晚上的时段吗？",
        ),
    ),
    (False, "advice"): (
        0.35,
        (
            "Which green tea would you recommend for somebody who is new to it?",
            "How long do the beans stay fresh once the bag is open?",
            "I liked the curry very much. Do you have a milder one as well?",
        ),
        (
            "刚开始喝绿茶，请推荐一款口味清淡的。",
            "咖啡豆开袋以后可以保存多久？",
            "上次买的咖喱很好吃，有没有不太辣的？",
        ),
    ),
    (False, "account"): (
        0.25,
        (
            "How many points do I have, and until when can I use them?",
            "Please change the telephone number in my account.",
            "Can I have one invoice for all orders of last month?",
        ),
        (
            "请问我的积分有多少，什么时候到期？",
            "请帮我修改账户里的手机号码。",
            "上个月的订单可以合开一张发票吗？",
        ),
    ),
    (True, "delivery"): (
        0.45,
        (
            "My order is a week late and nobody can tell me where it is. Very disappointing.",
            "The parcel was left in the rain and everything inside is wet.",
            "You delivered the wrong items, and this is already the second time.",
        ),
        (
            "订单已经晚了一个星期，没有人能告诉我在哪里，太让人失望了。",
            "包裹被放在雨里，里面的东西全湿了，很生气。",
            "送来的商品不对，这已经是第二次了。",
        ),
    ),
    (True, "quality"): (
        0.35,
        (
            "The coffee tastes stale although the date on the bag is fine.",
            "The chocolate arrived broken and melted. I want my money back.",
            "This tea is much worse than the one I bought last year.",
        ),
        (
            "咖啡的味道不新鲜，可是包装上的日期没有问题。",
            "巧克力收到时又碎又化了，要求退款。",
            "这次的茶叶比去年买的差多了，很失望。",
        ),
    ),
    (True, "billing"): (
        0.20,
        (
            "I was charged twice for the same order. Please refund it at once.",
            "The discount promised in the app was not taken off my bill.",
            "I returned the goods three weeks ago and still have no refund.",
        ),
        (
            "同一个订单被扣了两次款，请马上退还。",
            "手机应用里说好的折扣没有从账单里减掉。",
            "三个星期前已经退货，到现在还没有收到退款。",
        ),
    ),
}
_N_TEXTS = 3  # of each topic and language


def draw_contacts(
    rng: np.random.Generator,
    purchases: pd.DataFrame,
    people: pd.DataFrame,
    firm: FirmParameters,
) -> pd.DataFrame:
    """Draw the service tickets that follow purchases.

    Response and resolution times are log-normal; what has not happened when the
    window ends is missing. Purchases added by the campaign open no tickets.

    Parameters
    ----------
    purchases : DataFrame
        ``owner, day`` as drawn by :func:`ledger.draw_purchases`.
    people : DataFrame
        ``customer_id`` and latent ``satisfaction``; the log odds of a complaint are
        linear in it.
    """
    asks = rng.random(len(purchases)) < firm.service_ticket_share
    owner = purchases["owner"].to_numpy()[asks]
    day = purchases["day"].to_numpy()[asks] + rng.integers(0, 11, owner.size)
    minute = rng.integers(8 * 60, 20 * 60, owner.size)
    response = _draw_minutes(rng, _median_response_hours(day, firm), firm)
    resolution = _draw_minutes(rng, np.full(day.size, firm.service_resolution_hours), firm)
    satisfaction = people["satisfaction"].to_numpy()[owner]
    log_odds = firm.service_complaint_intercept + firm.service_complaint_slope * satisfaction
    complaint = rng.random(owner.size) < expit(log_odds)
    in_chinese = (rng.random(len(people)) < firm.service_chinese_share)[owner]
    topic, text = _draw_topics(rng, complaint, in_chinese)
    drawn = pd.DataFrame(
        {
            "contact_id": "",
            "customer_id": pick(owner, people["customer_id"]),
            "opened_at": moments(day, minute),
            "first_response_at": moments(day, minute + response),
            "resolved_at": moments(day, minute + response + resolution),
            "channel": pick(rng.integers(0, len(_CHANNELS), owner.size), _CHANNELS),
            "topic": topic,
            "complaint": complaint,
            "text": text,
        }
    )
    return _close_window(drawn)


def _median_response_hours(day: Integers, firm: FirmParameters) -> Floats:
    changed = day >= SERVICE_CHANGE_DAY
    return np.where(changed, firm.service_response_hours_after, firm.service_response_hours_before)


def _draw_minutes(rng: np.random.Generator, median_hours: Floats, firm: FirmParameters) -> Integers:
    noise = firm.service_response_sigma * rng.standard_normal(median_hours.size)
    log_minutes = np.log(60 * median_hours) + noise
    # what takes longer than the window is missing in any case
    return np.rint(np.exp(np.clip(log_minutes, 0, np.log(WINDOW_DAYS * 1440)))).astype(int)


def _draw_topics(
    rng: np.random.Generator, complaint: Booleans, in_chinese: Booleans
) -> tuple[ExtensionArray, ExtensionArray]:
    """Draw topic and text of each ticket, given its kind and language."""
    keys = list(_TOPICS)
    share = np.array([_TOPICS[key][0] for key in keys])
    of_kind = np.array([key[0] for key in keys]) == complaint[:, None]
    cumulative = np.cumsum(np.where(of_kind, share, 0.0), axis=1)
    code = (rng.random(complaint.size)[:, None] >= cumulative).sum(axis=1)
    texts = [text for key in keys for language in _TOPICS[key][1:] for text in language]
    place = 2 * code + in_chinese
    text = pick(place * _N_TEXTS + rng.integers(0, _N_TEXTS, complaint.size), texts)
    return pick(code, [key[1] for key in keys]), text


def _close_window(contacts: pd.DataFrame) -> pd.DataFrame:
    """Keep the tickets opened inside the window, sorted and numbered, and hide the future."""
    end = moments(np.array(WINDOW_DAYS))
    kept = contacts[contacts["opened_at"] < end].sort_values(
        ["opened_at", "customer_id"], ignore_index=True
    )
    kept["contact_id"] = number_ids("T", len(kept), width=6)
    for column in ("first_response_at", "resolved_at"):
        kept[column] = kept[column].where(kept[column] < end)
    return kept


def add_up_costs(
    customers: pd.DataFrame, campaigns: pd.DataFrame, contacts: pd.DataFrame, firm: FirmParameters
) -> pd.DataFrame:
    """Add up the monthly ledger of costs from what happened; nothing in it is random.

    Returns
    -------
    DataFrame
        ``period`` (first day of the month), ``cost_type, amount``, four rows a month.
    """
    first_month = WINDOW_STARTS_ON.astype("datetime64[M]")
    last_month = WINDOW_ENDS_ON.astype("datetime64[M]")
    months = np.arange(first_month, last_month + 1)
    opened = contacts["opened_at"].to_numpy().astype("datetime64[M]")
    registered = customers["registered_on"].to_numpy().astype("datetime64[M]")
    tickets = (opened == months[:, None]).sum(axis=1)
    customers_so_far = (registered <= months[:, None]).sum(axis=1)
    campaign_month = months == CAMPAIGN_STARTS_ON.astype("datetime64[M]")
    amounts = {
        "service": tickets * firm.cost_service_per_ticket,
        "care": customers_so_far * firm.cost_care_per_customer,
        "platform": np.full(months.size, firm.cost_platform_per_month),
        "campaign": campaign_month * campaigns["treated"].sum() * firm.cost_campaign_per_customer,
    }
    ledger = pd.DataFrame({"period": months.astype("datetime64[us]"), **amounts})
    long = ledger.melt("period", var_name="cost_type", value_name="amount")
    long["amount"] = long["amount"].round(2)
    return long.sort_values("period", kind="stable", ignore_index=True)
