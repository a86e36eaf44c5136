"""Questions that are not about numbers of a period: definitions, data health, lists of names, and what needs other tools."""

import re
from dataclasses import replace

from roastery.agent.planner.guard import ABLE
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Intent, Reading

_PLEASE = (
    r"(?:please|can|could|would|you|go ahead and|now|then|just|and|also|i want you to|i would like you to|so|ok|hey)"
)

HEALTH = (
    r"(?:how )?(?:fresh(?:ness)?|up to date|stale|outdated|out of date|current)(?: is| are)?(?: \w+)* (?:data|numbers|figures|it|information)?"
    r"|(?:is|are) (?:the |our |my |all |this )*(?:data|numbers|sources?|connections?|figures|integrations?|syncs?|connectors?|pipelines?|feeds?)\b.*"
    r"|(?:data|sync) (?:health|quality|freshness|status|completeness|issues?|problems?|gaps?|lag|delay)"
    r"|(?:when|how recently) (?:was|were|did|is|has) .*(?:data|sync(?:ed|s)?|updat(?:ed|e|es)|refresh(?:ed|es)?|load(?:ed|s)?|import(?:ed|s)?|pull(?:ed|s)?).*"
    r"|last (?:sync(?:ed)?|update[d]?|refresh(?:ed)?|import(?:ed)?|data)(?: (?:time|date))?|(?:can|should) (?:i|we) trust (?:the |our |these |this )*(?:data|numbers|figures)"
    r"|(?:what|which|any) (?:data|days|sources?) (?:is|are|do we) (?:missing|incomplete|late|stale|broken|have|connected)"
    r"|which (?:data )?sources|what (?:data )?sources|(?:until|through|up to) (?:when|what (?:date|day)) .*data.*|how (?:old|recent|complete|good|reliable|healthy) (?:is|are) (?:the |our |this |my )*(?:data|numbers|figures)"
    r"|(?:any |are there |is there )*(?:gaps?|holes|problems?|issues?|errors?) (?:in|with) (?:the |our |this |my )*(?:data|tracking|numbers|figures).*"
    r"|how (?:reliable|trustworthy|accurate|correct|complete|clean) (?:is|are) .*|(?:is|are) .* (?:reliable|trustworthy|accurate|up to date|complete)"
    r"|missing (?:data|days)|unmapped (?:clicks|touches|campaigns|traffic)|health of (?:the |our |my )*(?:data|sources|connections)"
)
WHY = r"(?:why|what (?:caused|drove|explains|is driving|was driving|is behind|was behind|moved)|what is (?:causing|driving|behind)|how come|reasons?(?: for| why| behind)?|root cause|explain (?:the |why )?(?:drop|fall|rise|change|increase|decrease|decline|spike|dip|jump))"
LATER: tuple[tuple[Intent, str, str, str], ...] = (
    ("forecast", "forecast_metric", r"(?:forecast(?:s|ed|ing)?|predict(?:s|ed|ion|ions)?|project(?:ed|ion|ions)?|will (?:we|our|the|it|M\d+|be)|next (?:week|month|quarter|year|N\d+ (?:days|weeks|months)))", "forecasts"),
    ("anomalies", "detect_anomalies", r"(?:anomal(?:y|ies)|outliers?|unusual|abnormal|weird|strange|suspicious|out of the ordinary|unexpected)", "looking for anomalies"),
    ("journeys", "customer_journeys", r"(?:customer )?(?:journeys?|paths? to (?:purchase|conversion)|conversion paths?|touch(?:point)? (?:sequence|path)s?|how many touch(?:es|points))", "customer journeys"),
    ("budget", "recommend_budget", r"(?:(?:how|where|what) should (?:i|we) (?:spend|allocate|put|shift|move|invest|do)|realloc\w+|optimal (?:budget|spend|allocation)|budget (?:recommend\w*|allocation|plan|shift)|(?:increase|cut|shift|move|reduce) (?:the |our |my )?(?:budget|spend|M\d+|A\d+) (?:to|from|on|for)|what should (?:i|we) (?:cut|scale|stop|pause))", "budget recommendations"),
    ("reconcile", "reconcile_sources", r"(?:reconcil\w+|discrepanc\w+|why (?:do|does) (?:the )?(?:numbers|figures|V\d+) (?:not |differ|disagree)|mismatch(?:es)?|do(?:es)? not match|double count\w*)", "reconciling sources"),
    ("act", "create_alert", r"(?:alert|notify|warn|ping|tell) me (?:when|if|as soon as|once|whenever)|(?:create|set up|add|make) (?:an? |the )?(?:alert|alarm|notification|monitor|warning)|let me know (?:when|if|as soon as|once|whenever)", "creating alerts"),
    ("act", "create_schedule", r"(?:send|email|mail|post|deliver) (?:me |us |it |this |the |a |that )*(?:\w+ ){0,3}?(?:every|each|weekly|daily|monthly|G\d+)|schedule (?:a |the |this |me )*(?:report|digest|\w+)|(?:create|set up) (?:a |the )?schedule", "creating schedules"),
    ("act", "", r"(?:pause|stop|launch|start|turn off|turn on|switch off|disable|enable|delete|remove|edit|update|duplicate|publish|raise|lower) (?:the |our |my |all |this |that )*(?:bids?|budgets?|campaigns?|ads?|ad sets?|D\d+|V\d+)(?: .*)?|(?:increase|decrease|set|change|double|halve|cut|raise|reduce|lower) (?:the |our |my )?(?:daily |lifetime |monthly |weekly )?(?:bids?|budgets?)(?: .*)?|(?:connect|disconnect|sync|import|upload) (?:the |our |my )?(?:V\d+|account|source|data|file|shopify|meta|google)", "changing anything in your accounts"),
)  # fmt: skip


def intent(question: Question, reading: Reading, lexicon: Lexicon, tools: frozenset[str]) -> Reading:
    """The same reading, turned into another intent where the words ask for one."""
    if later := _later(question, reading, tools):
        return later
    if refused := _not_computed(question):
        return refused
    if re.fullmatch(GREETING, question.plain.strip(" !.?,")) and not reading.metrics:
        return Reading("clarify", message=f"Hello. {ABLE} What would you like to know?")
    if _asks_health(question, reading):
        return Reading("health")
    if _asks_definition(question, reading):
        return Reading("describe", metrics=reading.metrics)
    if listed := _asks_list(question, reading):
        return listed
    if question.has(WHY) and reading.metrics:
        return _why(reading, lexicon, tools)
    return reading


GREETING = (
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening)|thanks|thank you|who are you|what are you|cheers)(?: .{0,20})?"
)
NOT_COMPUTED = r"(?:median|percentile|quartile|standard deviation|std dev|variance|p\d\d|correlation|correlate[sd]?|regression|elasticity|incremental(?:ity)?|significan(?:t|ce))"


def _not_computed(question: Question) -> Reading | None:
    found = next(question.find(NOT_COMPUTED, question.plain), None)
    if found is None:
        return None
    return Reading("refuse", message=f"I cannot compute “{found[0]}” yet, only sums, counts and ratios of sums. {ABLE}")


def _later(question: Question, reading: Reading, tools: frozenset[str]) -> Reading | None:
    for name, tool, pattern, what in LATER:
        lines = [line for line in (question.line, question.plain) if any(True for _ in question.find(pattern, line))]
        if not lines:
            continue
        if name == "act" and not tool and not any(re.match(rf"(?:{_PLEASE} )*(?:{pattern})", line) for line in lines):
            continue
        if tool in tools:
            # The tool is there; the arguments for it come with the tool's own reading.
            return replace(reading, intent=name)
        return Reading("refuse", message=f"I cannot help with {what} yet. {ABLE}")
    return None


def _asks_health(question: Question, reading: Reading) -> bool:
    if reading.metrics:
        return question.has(
            r"how (?:fresh|recent|up to date|complete) (?:is|are) .*|when was .* last (?:updated|synced|refreshed)|.* up to date"
        )
    return any(True for _ in question.find(HEALTH, question.plain))


def _asks_definition(question: Question, reading: Reading) -> bool:
    narrowed = reading.said & {"period", "filters", "dimensions", "grain", "compare", "limit"}
    if question.has(
        r"how (?:do|does|did|is|are|was|were|would|should) (?:you|it|we|i|this|that|the|your|roastery)?(?: \w+){0,3}?(?: ?[MA]\d+)?"
        r" ?(?:comput\w*|calculat\w*|defin\w*|measur\w*|work(?:ed|s)? out|worked|determin\w*|derived?|counted|attribut\w*)(?: .*)?"
    ) and not question.has(r"how (?:did|do|is|are) (?:our |the )?[MVDA]\d+ (?:do|doing|perform\w*|look\w*)"):
        return bool(reading.metrics)
    if question.has(r"how (?:is|are|was|were|do|does|did) (?:\S+ ){0,6}?(?:comput|calculat|defin|determin|deriv)\w*"):
        return bool(reading.metrics)
    if question.has(
        r"(?:what|which|how) (?:dimensions?|ways|breakdowns?|splits?|can) .*(?:split|break|slice|group|broken|cut).*"
    ):
        return True
    if question.has(r"(?:metrics?|dimensions?|kpis?) (?:list|overview|catalog(?:ue)?|available)"):
        return not reading.metrics
    if question.has(
        r"(?:definitions?|formulas?|meaning|calculation|methodology) (?:of|for|behind|used for) .*|[MA]\d+ (?:definition|formula|meaning|methodology|calculation)|(?:what does|what do) .* (?:mean|stand for|measure|include|count)(?: .*)?|define .*|what (?:do you|is) mean(?:t)? by .*|what counts as .*|(?:difference|differ) between (?:the )?[MA]\d+ and (?:the )?[MA]\d+|how (?:is|does|do) [MA]\d+ differ from [MA]\d+|what goes into .*|explain (?:what |how )?(?:the |is )?[MA]\d+(?: .*)?"
    ):
        return bool(reading.metrics) and not narrowed - {"compare"}
    if question.has(
        r"(?:what|which|list|show|tell) (?:me |are |all )*(?:the |your |our |available )*(?:metrics|dimensions|kpis|measures|questions)(?: .*)?|what (?:can|could|do) (?:you|i|we) (?:do|answer|ask|know|tell|help|measure|track)(?: .*)?|help"
    ):
        return not reading.metrics and not narrowed - {"dimensions"}
    bare = question.has(r"what (?:is|are) (?:an? |the )?[MA]\d+ ?\??") and not question.has(
        r"(?:our|my|we|us|your|total|current|overall)"
    )
    return bare and bool(reading.metrics) and not narrowed


def _asks_list(question: Question, reading: Reading) -> Reading | None:
    """ "Which campaigns do we have?" lists names; it asks for no number."""
    if reading.metrics or not (question.of_kind("D") or question.unknown):
        return None
    finding = r"(?:please |can you |could you )*(?:find|search(?: for)?|look up|look for|is there|are there|do we (?:run|have|sell|offer)|have we got)"
    if (v := next(iter(question.of_kind("V")), None)) and "period" not in reading.said:
        if question.has(
            rf"^{finding} (?:the |a |an |any |our |all )*(?:D\d+ )?(?:called |named |like |containing )?{v.name}(?: D\d+)? ?\??$"
        ):
            return Reading("values", dimensions=(v.of.first.name,), search=question.words(v))
    dims = [s.of.first.name for s in question.of_kind("D")]
    named = question.has(
        r"(?:called|named|like|containing|contain|contains|with|matching|starting)"
    ) or question.of_kind("V")
    if (
        question.unknown
        and not named
        and not any(question.tokens[i].capital or question.tokens[i].quoted for i in question.unknown)
    ):
        return None
    listing = question.has(
        r"(?:which|what|list|show|name|give)(?: me| us| all| of| the| our| every| are| each)* D\d+(?: (?:do|are|did|have|can|exist|were|is|that|we|there|available|running|active|names?|called|named|containing|with|in|our|the|data|account|you|i|know|about|see|has|of|which|contain|contains|list|use|sell|run|matching|like|starting)| [VX]\d+| \w+)* ?\??"
        r"|(?:is|are) there (?:a |an |any )*D\d+.*|do we have (?:a |an |any )*D\d+.*|(?:find|search|look up|search for|look for) (?:me |the |a |all |any )*D\d+.*|names of (?:all |our |the )*D\d+|list of (?:all |our |the )*D\d+|all (?:of )?(?:our |the )?D\d+|D\d+ (?:list|names)|how many D\d+ (?:do|are|have|exist).*"
    )
    ranked = question.has(
        r"(?:best|worst|top|bottom|highest|lowest|most|least|perform\w*|doing|did|compare\w*|did best|convert\w*|driv\w*|work\w*|profitable|efficient)"
    )
    if not dims or not listing or ranked or "period" in reading.said:
        return None
    return Reading("values", dimensions=(dims[0],), search=_search_text(question))


def _search_text(question: Question) -> str:
    for symbol in question.of_kind("V"):
        return question.words(symbol)
    quoted = [t.text for t in question.tokens if t.quoted]
    if quoted:
        return " ".join(quoted)
    named = [question.tokens[i].text for i in question.unknown]
    return " ".join(named)


def _why(reading: Reading, lexicon: Lexicon, tools: frozenset[str]) -> Reading:
    """Why needs explain_change; until that is there, where it moved is shown and said to be no cause."""
    if "explain_change" in tools:
        return replace(reading, intent="explain", compare=reading.compare or "previous_period")
    metric = lexicon.vocabulary.metrics.get(reading.metrics[0])
    dims = (
        reading.dimensions
        or tuple(
            d for d in ("channel", "platform", "customer_type", "sales_channel") if metric and metric.splits_by(d)
        )[:1]
    )
    found = replace(
        reading,
        intent="compare",
        dimensions=dims,
        compare=reading.compare or "previous_period",
        order_by=None,
        limit=None,
    )
    return found.assuming("this shows where it changed, which is not yet why")
