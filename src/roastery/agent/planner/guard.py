"""Questions that are refused before anything is looked up: personal data, attacks on the rules, other organizations."""

import re

from roastery.agent.planner.patterns import is_said
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.tokens import tokenize

ABLE = (
    "I can answer questions about spend, revenue, orders, ROAS, CAC and the other metrics of your marketing data, "
    "by platform, channel, campaign and time."
)
ABLE_TO_ACT = "I can set up alerts and scheduled reports, with your approval."
PERSONAL = (
    "I do not show personal data such as names, e-mail addresses or phone numbers of customers. "
    "I can answer about customers in groups, for example new customers by channel last month."
)
RULES = f"I cannot set aside the rules I work under or show how I am set up. {ABLE}"
OTHERS = f"I can only see your own organization's data. {ABLE}"
SECRETS = f"I have no access to passwords, keys or code, and I do not run statements given to me. {ABLE}"

_REFUSED = (
    ("set_rules_aside", RULES),
    ("other_organizations", OTHERS),
    ("secrets", SECRETS),
    ("personal", PERSONAL),
)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\+?\d[\d ()-]{8,}\d(?![\d-])")


def no_data_on(what: str) -> Reading:
    return Reading("refuse", message=f"There is no data here on {what}. {ABLE}")


def refusal(question: str) -> Reading | None:
    """A refusal with its sentence, or None for a question that may be read."""
    if "@" in question and _ADDRESS.search(question):
        return Reading("refuse", message=PERSONAL)
    line = " ".join(t.word for t in tokenize(question) if t.word not in ",.?!:;()-")
    for name, message in _REFUSED:
        if is_said(name, line):
            return Reading("refuse", message=message)
    return None
