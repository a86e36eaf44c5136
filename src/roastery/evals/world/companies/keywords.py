"""Keywords: the search rows of `ad_performance` by keyword, which are part of them and never added to them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import MONEY, money, picked, split_cents
from roastery.evals.world.companies.tables import dataset
from roastery.evals.world.seasons import Ints

MATCHES = (("EXACT", 9), ("PHRASE", 7), ("BROAD", 4))
"""Match types of each ad group's keywords with their quality score, the first taking most."""
WORDS = ("{}", "{} near me", "best {}")


def keyword_performance(ad_performance: pa.Table) -> pa.Table:
    """Rows of `keyword_performance` of the google_ads rows that stand at ad grain."""
    keys = ["report_date", "platform", "account_id", "campaign_id", "ad_group_id", "campaign_name", "ad_group_name",
            "currency", "time_zone"]  # fmt: skip
    search = pc.and_(
        pc.equal(ad_performance["platform"], "google_ads"), pc.not_equal(ad_performance["ad_group_id"], "")
    )
    sums = ("spend", "impressions", "clicks")
    groups = ad_performance.filter(search).group_by(keys, use_threads=False).aggregate([(s, "sum") for s in sums])
    groups = groups.sort_by([("report_date", "ascending"), ("ad_group_id", "ascending")]).combine_chunks()
    weight = np.tile([0.55, 0.30, 0.15], (groups.num_rows, 1))
    cents = np.asarray(pc.cast(pc.multiply(groups["spend_sum"].cast(MONEY), pa.scalar(100)), pa.int64()))
    row, place = np.nonzero(np.ones_like(weight))
    take = pa.array(row)
    text = groups["ad_group_name"].combine_chunks().take(take)
    patterns = [w.split("{}") for w in WORDS]
    before, after = (picked([p[side] for p in patterns], place) for side in (0, 1))
    words = pc.binary_join_element_wise(before, pc.utf8_lower(text), after, "")
    ids = pc.binary_join_element_wise(
        groups["ad_group_id"].combine_chunks().take(take), pa.array(place).cast(pa.string()), "~"
    )
    return dataset(
        "keyword_performance",
        {
            **{name: groups[name].combine_chunks().take(take) for name in keys},
            "keyword_id": ids,
            "keyword_text": words,
            "match_type": picked([m for m, _ in MATCHES], place),
            "quality_score": picked([float(q) for _, q in MATCHES], place),
            "impressions": pa.array(_split(groups["impressions_sum"], weight).ravel()),
            "clicks": pa.array(_split(groups["clicks_sum"], weight).ravel()),
            "spend": money(split_cents(cents, weight).ravel()),
        },
    )


def _split(column: pa.ChunkedArray, weight: np.ndarray) -> Ints:
    return split_cents(np.asarray(column).astype(np.int64), weight)
