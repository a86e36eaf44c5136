"""Ad rows worked over: what platforms make of their last days later, and the keywords behind the search rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.ads import MEAN_BASKET
from roastery.evals.world.columns import MONEY, money, split_cents
from roastery.evals.world.seasons import Ints

KEYWORDS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "Brand exact": (("larkspur coffee", "EXACT", 10), ("larkspur roastery", "EXACT", 9)),
    "Brand phrase": (("larkspur beans", "PHRASE", 8),),
    "Whole bean": (("whole bean coffee", "PHRASE", 7), ("fresh roasted coffee beans", "BROAD", 6)),
    "Espresso": (("espresso beans", "PHRASE", 7), ("best espresso coffee", "BROAD", 5)),
    "Grinders": (("burr grinder", "PHRASE", 6), ("coffee grinder", "BROAD", 4)),
    "Kettles": (("gooseneck kettle", "EXACT", 7),),
    "Competitors": (("bean subscription", "BROAD", 3),),
    "Gift sets": (("coffee gift set", "PHRASE", 8), ("coffee gifts", "BROAD", 6)),
}
"""Ad group → (text, match type, quality score), the first one taking most of the clicks."""


def whole(column: pa.ChunkedArray) -> Ints:
    """A DECIMAL(…,2) column in hundredths."""
    return np.asarray(pc.cast(pc.multiply(column.cast(MONEY), pa.scalar(100)), pa.int64()))


def restate(ad_days: pa.Table, since: pa.Scalar, seed: int) -> pa.Table:
    """The same rows after platforms went over their days from `since` on: late sales claimed, invalid clicks repaid."""
    rng = np.random.default_rng(seed)
    size = ad_days.num_rows
    late = np.asarray(pc.greater_equal(ad_days["report_date"], since)) & (np.asarray(ad_days["impressions"]) > 0)
    clicked = whole(ad_days["clicked"])
    more = np.where(late, rng.poisson(0.08 + clicked / 100 * 0.15), 0)
    spend = whole(ad_days["spend"])
    changed = {
        "spend": spend - np.where(late, spend * rng.integers(0, 3, size) // 100, 0),
        "clicked": clicked + more * 100,
        "clicked_value": whole(ad_days["clicked_value"]) + more * MEAN_BASKET,
        "reported_conversions": whole(ad_days["reported_conversions"]) + more * 100,
        "reported_conversion_value": whole(ad_days["reported_conversion_value"]) + more * MEAN_BASKET,
    }
    for name, values in changed.items():
        ad_days = ad_days.set_column(ad_days.schema.get_field_index(name), name, money(values))
    return ad_days


def keyword_days(ad_days: pa.Table) -> pa.Table:
    """Rows in the columns of `keyword_performance`: the search rows of each ad group, split over its keywords."""
    names = ("report_date", "platform", "account_id", "campaign_id", "ad_group_id", "campaign_name", "ad_group_name",
             "currency", "time_zone")  # fmt: skip
    is_search = pc.and_(pc.equal(ad_days["platform"], "google_ads"), pc.not_equal(ad_days["ad_id"], ""))
    by_group = (
        ad_days.filter(is_search)
        .group_by(list(names), use_threads=False)
        .aggregate([("spend", "sum"), ("impressions", "sum"), ("clicks", "sum")])
    )
    parts = [_split(by_group.filter(pc.equal(by_group["ad_group_name"], g)), g, w) for g, w in KEYWORDS.items()]
    return pa.concat_tables(parts).sort_by([("report_date", "ascending"), ("keyword_id", "ascending")])


def _split(groups: pa.Table, group: str, words: tuple[tuple[str, str, int], ...]) -> pa.Table:
    weights = np.broadcast_to(np.linspace(2.0, 1.0, len(words)), (groups.num_rows, len(words)))
    shares = {
        "spend": split_cents(whole(groups["spend_sum"]), weights),
        "impressions": split_cents(np.asarray(groups["impressions_sum"]), weights),
        "clicks": split_cents(np.asarray(groups["clicks_sum"]), weights),
    }
    tables = []
    for number, (text, match_type, score) in enumerate(words):
        kept = groups.drop_columns(["spend_sum", "impressions_sum", "clicks_sum"])
        identity = pc.binary_join_element_wise(kept["ad_group_id"], pa.scalar(f"7{number}"), "")
        columns = {
            "keyword_id": identity,
            "keyword_text": pa.repeat(text, kept.num_rows),
            "match_type": pa.repeat(match_type, kept.num_rows),
            "quality_score": pa.repeat(score, kept.num_rows),
            "spend": money(np.ascontiguousarray(shares["spend"][:, number])),
            "impressions": pa.array(np.ascontiguousarray(shares["impressions"][:, number])),
            "clicks": pa.array(np.ascontiguousarray(shares["clicks"][:, number])),
        }
        for name, values in columns.items():
            kept = kept.append_column(name, values)
        tables.append(kept)
    return pa.concat_tables(tables)
