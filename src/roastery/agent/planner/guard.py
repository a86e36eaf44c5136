"""Questions that are refused before anything is looked up: personal data, attacks on the rules, other organizations."""

import re

from roastery.agent.planner.reading import Reading
from roastery.agent.planner.tokens import tokenize

ABLE = (
    "I can answer questions about spend, revenue, orders, ROAS, CAC and the other metrics of your marketing data, "
    "by platform, channel, campaign and time."
)
PERSONAL = (
    "I do not show personal data such as names, e-mail addresses or phone numbers of customers. "
    "I can answer about customers in groups, for example new customers by channel last month."
)
RULES = f"I cannot set aside the rules I work under or show how I am set up. {ABLE}"
OTHERS = f"I can only see your own organization's data. {ABLE}"
SECRETS = f"I have no access to passwords, keys or code, and I do not run statements given to me. {ABLE}"

_PERSON = r"(?:customers?|users?|people|persons?|clients?|patients?|buyers?|shoppers?|subscribers?|leads?|contacts?|members?|individuals?)"
_RULES: tuple[tuple[str, str], ...] = (
    (
        RULES,
        r"(?:ignore|disregard|forget|override|bypass|skip|drop|break|violate|circumvent|set aside|stop following|do not follow|never mind)"
        r" (?:all |any |every |each )?(?:of )?(?:the |your |my |our |these |those |this |previous |prior |above |earlier |existing |current |system )*"
        r"(?:rules?|instructions?|prompts?|guidelines?|restrictions?|constraints?|laws|policies|policy|programming|safeguards?|safety|guardrails?|directions)",
    ),
    (RULES, r"(?:system|hidden|initial|secret|developer) (?:prompt|message|instructions?)|your (?:system )?(?:prompt|instructions)"),
    (RULES, r"jailbreak|jail break|dan mode|developer mode|god mode|do anything now|unrestricted mode"),
    (RULES, r"(?:pretend|act as if|roleplay|role play|imagine|behave as if) (?:that )?(?:you|to be|i am)|you are now|from now on you|act as (?:a |an |my )"),
    (RULES, r"(?:make up|invent|fabricate|fake|hallucinate|just guess|guess) (?:a |an |the |some |any |me |us )*(?:numbers?|figures?|data|results?|answers?|metrics?|roas|revenue|spend|it)"),
    (RULES, r"(?:(?:say|claim|write|pretend|state)|(?:tell|answer|report to|convince) (?:everyone|them|my boss|the boss|people|the board|the client)) (?:that )?(?:roas|revenue|spend|cac|sales|our roas|the roas) (?:is|was|are|were|doubled|tripled|fell|rose)"),
    (
        OTHERS,
        r"(?:other|another|different|all|every|each|competitors?|someone elses?|rival) (?:organi[sz]ations?|compan(?:y|ies)|tenants?|clients? accounts?|customers? accounts?|orgs?|workspaces?)|(?:org|organi[sz]ation|tenant)(?: id)? (?:org|[a-z]*\d)\w*|organi[sz]ation_?id",
    ),
    (SECRETS, r"api keys?|passwords?|secret keys?|access tokens?|bot tokens?|credentials?|private keys?|connection strings?|env(?:ironment)? variables?"),
    (SECRETS, r"(?:drop|truncate|alter|delete from|insert into|update) (?:the )?(?:tables?|databases?|schema|from|into)|select (?:\* )?.{0,60} from \w+|union select|run (?:this |the |some )?sql|execute (?:this |the |some )?(?:sql|code|command|script)|os system|rm rf"),
    (PERSONAL, rf"(?:e ?mails?|email addresses|mail addresses|phones?|phone numbers?|telephone numbers?|mobile numbers?|home addresses|postal addresses|street addresses|addresses|birthdays?|birth dates?|dates? of birth|passport|ssn|social security|ip addresses|credit cards?|card numbers?|full names?|first names?|last names?|surnames?) (?:and \w+ )?(?:of|for|from|belonging to) (?:all |any |the |my |our |each |every |those |these |top |best |N?\d* )*(?:\w+ )?{_PERSON}"),
    (PERSONAL, rf"(?:{_PERSON}) (?:e ?mail|email|mail|phone|telephone|mobile|home|postal|street|personal|contact) ?(?:addresses|address|numbers?|details?|data|information|list|info|ids?)"),
    (PERSONAL, rf"(?:{_PERSON}) (?:names?|full names?|first names?|last names?|surnames?|emails?|phones?|addresses|birthdays?|identit(?:y|ies))"),
    (PERSONAL, rf"(?:names?|identit(?:y|ies)|contact details?|personal (?:data|details?|information)|contact information) (?:of|for) (?:all |any |the |my |our |each |every |those |these |new |best |top |\d+ )*{_PERSON}"),
    (PERSONAL, r"(?:list|show|give|send|export|print|dump) (?:me |us )?(?:all |every |each |the |our |my |individual |a list of |\d+ |top \d+ |best )*(?:individual )?(?:customers|people|patients|buyers|shoppers|contacts|subscribers|individuals) (?:who|that|with|by name|individually|and their|in our)"),
    (PERSONAL, r"who (?:is|are|was|were) (?:the |our |my )?(?:top |best |biggest |most \w+ |\d+ |new |newest |latest )*(?:customers?|clients?|buyers?|patients?|shoppers?|people|persons?|spenders?|subscribers?|users?)"),
    (PERSONAL, r"who (?:bought|purchased|ordered|spent|clicked|unsubscribed|cancell?ed|churned|refunded|returned|signed up|placed|opened)|which (?:customer|person|patient|individual|user|client) (?:bought|spent|ordered|has|had|is|was|placed|made)"),
    (PERSONAL, r"(?:how much|what|when) (?:did|has|does) (?:customer|person|patient|user) (?:\d+|[a-z]+ [a-z]+) (?:spend|spent|buy|bought|order|ordered)|(?:customer|user|patient) (?:id )?(?:number |no |c|cus)_?\d+"),
)  # fmt: skip
_COMPILED = tuple((message, re.compile(rf"(?<![^ ])(?:{pattern})(?![^ ])")) for message, pattern in _RULES)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\+?\d[\d ()-]{8,}\d(?![\d-])")


def refusal(question: str) -> Reading | None:
    """A refusal with its sentence, or None for a question that may be read."""
    if "@" in question and _ADDRESS.search(question):
        return Reading("refuse", message=PERSONAL)
    line = " ".join(t.word for t in tokenize(question) if t.word not in ",.?!:;()-")
    for message, pattern in _COMPILED:
        if pattern.search(line):
            return Reading("refuse", message=message)
    return None
