"""What the simulated customers write, in English and Chinese."""

from __future__ import annotations

# (complaint, topic) -> share among tickets of its kind, English texts, Chinese texts
TOPICS: dict[tuple[bool, str], tuple[float, tuple[str, ...], tuple[str, ...]]] = {
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
N_TEXTS = 3  # of each topic and language

# level of the rating (low, middle, high) -> English texts, Chinese texts
REVIEWS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        (
            "Poor quality for this price, I shall not order it again.",
            "Arrived late and the box was open. Disappointed.",
            "Bitter and stale, nothing like the description.",
        ),
        (
            "质量太差，不值这个价，不会再买了。",
            "到得很晚，盒子还是开的，失望。",
            "又苦又不新鲜，跟描述完全不一样。",
        ),
    ),
    (
        (
            "It is all right, but I have had better.",
            "Good taste, but delivery took too long.",
            "Average. The price is fair.",
        ),
        (
            "一般般，没有想象中好。",
            "味道不错，就是送货太慢。",
            "还可以，价格公道。",
        ),
    ),
    (
        (
            "Excellent, fresh and well packed. I shall buy it again.",
            "My favourite by far, and delivered the next day.",
            "Wonderful flavour, highly recommended.",
        ),
        (
            "非常好，新鲜，包装也好，会回购。",
            "最喜欢的一款，第二天就送到了。",
            "味道很棒，强烈推荐。",
        ),
    ),
)

# level of satisfaction (low, middle, high) -> English texts, Chinese texts
COMMENTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        (
            "You should answer e-mails faster, I waited for days.",
            "Prices went up and quality went down.",
            "Too many wrong deliveries.",
        ),
        ("希望客服回复快一点，我等了好几天。", "价格涨了，质量却下降了。", "送错货的次数太多了。"),
    ),
    (
        (
            "More choice of organic goods would be nice.",
            "Fine on the whole, the website could be clearer.",
            "I would like smaller packages.",
        ),
        ("希望多一些有机产品。", "总体还行，网站可以再清楚一些。", "希望有小包装。"),
    ),
    (
        (
            "Keep it up, I like shopping here.",
            "Friendly staff and very good advice.",
            "Always reliable and quick.",
        ),
        ("继续保持，很喜欢在这里购物。", "店员很热情，介绍得很专业。", "一直都很可靠，送货也快。"),
    ),
)

MENTIONS: tuple[str, ...] = (
    "Has anybody tried the new teas of this shop?",
    "Their espresso is the best in town.",
    "Still waiting for my parcel, does anyone else have this problem?",
    "这家店的红茶值得一试。",
    "他们家的巧克力最近是不是涨价了？",
    "客服态度很好，点赞。",
)
