"""Give a sure winner more room; renew what wears out."""

from collections.abc import Iterator

from roastery.agent.answer import Measure
from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice
from roastery.agent.recommend.advice import Advice

HORIZON_DAYS = 28


def advise(voice: Voice, finding: Finding) -> Iterator[Advice]:
    data, facts = finding.result.data, voice.evidence.facts
    rate = data["rate"].replace("_", " ")
    lines = {line["label"]: line for line in data["lines"] if line["label"]}
    winner = data.get("winner")
    if winner and winner["is_sure"] and winner["label"] in lines:
        line = lines[winner["label"]]
        yield Advice(
            "asset_winner",
            str(line["key"]),
            f"Give [[{winner['label']}]] more of the impressions.",
            f"[[{winner['label']}]] keeps its {rate} of [[{line['rate']}]], range [[{line['rate_low']}]] to "
            f"[[{line['rate_high']}]].",
            (line["rate"], line["rate_low"], line["rate_high"], winner["best"]),
            "high",
            _measure(data["by"], line["key"]),
        )
    for label in data["tired"]:
        line = lines.get(label)
        if line is None or "fatigue" not in line or not (facts[line["fatigue_high"]].value or 0) < 0:
            continue
        yield Advice(
            "asset_tired",
            str(line["key"]),
            f"Renew or rest [[{label}]]: it wears out.",
            f"A fresh creative starts without what age is expected to do to the click rate of [[{label}]]: "
            f"[[{line['fatigue']}]], range [[{line['fatigue_low']}]] to [[{line['fatigue_high']}]].",
            (line["fatigue"], line["fatigue_low"], line["fatigue_high"]),
            "medium",
            _measure(data["by"], line["key"]),
        )


def _measure(by: str, key: str) -> Measure | None:
    """Its clicks; nothing where assets are grouped by what no filter knows."""
    if by not in ("asset", "asset_type"):
        return None
    filters = ({"dimension": by, "op": "in", "values": [key]},)
    return Measure(metric="asset_clicks", filters=filters, horizon_days=HORIZON_DAYS)
