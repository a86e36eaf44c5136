"""What is asked of a number once it is there: "is that good?", "normal?"."""

from dataclasses import replace

from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

IT = r"(?:that|this|it|they|those|these)(?: (?:number|result|figure|value)s?)?"
HOW = (
    r"(?:good|bad|ok|okay|fine|normal|usual|typical|high|low|a lot|much|little|healthy|decent|alright|expected|strong"
    r"|weak|poor|any good|too (?:high|low|much|little)|good or bad|bad or good|up or down|better or worse)"
)
MUCH = r"(?:that is|thats|it is|its|this is) (?:quite |rather |pretty )?(?:a lot|high|low|little|much|bad|good)"
JUDGING = (
    rf"^(?:and |so |hmm? |ok |well |{MUCH} |[.,] )*(?:is|was|are|were) {IT} (?:really |actually |even )?{HOW}"
    rf"(?: for (?:us|a (?:week|month|day)))?[ ?!]*$|^(?:and |so |{MUCH} |[.,!] )*(?:normal|usual|typical)[ ?!]*$"
    rf"|^(?:and |so )*how (?:good|bad|normal|usual) is {IT}[ ?!]*$"
)
NO_TARGETS = "there are no targets or benchmarks here, so it is held against the period before"


def judged(question: Question, heard: Reading, before: Reading) -> Reading:
    """ "Is that good?": held against the period before, since nothing else here says what is good."""
    if heard.said or before.compare is not None or before.intent != "query" or not question.has(JUDGING):
        return heard
    question.carried.append(JUDGING)
    compared = replace(heard, intent="compare", compare="previous_period", said=frozenset({"compare"}))
    return compared.assuming(NO_TARGETS)
