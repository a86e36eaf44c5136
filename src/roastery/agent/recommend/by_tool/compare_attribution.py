"""Lower what does not earn its spend under any model, by more than chance."""

from collections.abc import Iterator

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice
from roastery.agent.recommend.advice import Advice

MOST_TOLD = 2


def advise(voice: Voice, finding: Finding) -> Iterator[Advice]:
    pays = finding.result.data.get("break_even")
    for one in pays["below"][:MOST_TOLD] if pays else ():
        yield Advice(
            "break_even",
            str(one["key"]),
            f"Lower the spend of [[{one['label']}]], or what its sales cost: its ROAS lies below break-even.",
            f"ROAS of [[{one['label']}]]: [[{one['roas']}]], by chance up to [[{one['high']}]]; break-even ROAS is "
            f"[[{pays['roas']}]].",
            (one["roas"], one["high"], pays["roas"], pays["known"], one["spend"]),
            "medium",
        )
