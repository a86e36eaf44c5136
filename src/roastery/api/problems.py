"""Every error of every room as an HTTP status, a problem type, a title and a sentence for Slack."""

from dataclasses import dataclass
from typing import Any

from roastery.warehouse.errors import RoasteryError

MEDIA_TYPE = "application/problem+json"
MOST_ALLOWED_SHOWN = 100


@dataclass(frozen=True)
class Problem:
    """How one class of errors leaves the service. slack: an opening sentence; the error's own message follows it."""

    status: int
    type: str
    title: str
    slack: str


ASKER = "I could not read that as a question I can answer."
DATA = "The data does not allow an answer yet."
STORE = "I could not reach the data just now; nothing was changed."
MODEL = "My language model did not answer as it should."
CONNECTION = "A connected source did not answer as it should."

PROBLEMS: dict[str, Problem] = {
    # warehouse
    "RoasteryError": Problem(500, "error", "Something went wrong", "Something went wrong on my side."),
    "AskerError": Problem(400, "bad-request", "The question has to change", ASKER),
    "UnknownName": Problem(400, "unknown-name", "Unknown name", "I do not know one of those names."),
    "ImpossibleSplit": Problem(400, "impossible-split", "Impossible split", "That split is not possible."),
    "BadPeriod": Problem(400, "bad-period", "Bad period", "I cannot use that period."),
    "BadQuery": Problem(400, "bad-query", "Bad query", ASKER),
    "NotAllowed": Problem(403, "not-allowed", "Not allowed", "You may not see that here."),
    "HistoryIncomplete": Problem(
        400, "history-incomplete", "History is not complete", "The history does not reach back that far."
    ),
    "DataError": Problem(422, "data", "The data does not allow it", DATA),
    "NoData": Problem(422, "no-data", "No data yet", "There is no data yet that could answer."),
    "MissingRate": Problem(422, "missing-rate", "An exchange rate is missing", "An exchange rate is missing."),
    "BadRows": Problem(422, "bad-rows", "Rows break their contract", "Some rows are not of their form."),
    "StoreError": Problem(503, "unavailable", "The store is not available", STORE),
    "QueryTimeout": Problem(
        504, "query-timeout", "The query took too long", "That took too long. Ask for less at once."
    ),
    "BrokenFile": Problem(
        503, "broken-file", "Broken file", "The data of this organization cannot be read just now. The operator knows."
    ),
    "Busy": Problem(503, "busy", "Busy", "I am busy with something heavy. Ask again in a moment."),
    "BuildFailed": Problem(503, "build-failed", "The tables could not be built", STORE),
    "Unsound": Problem(500, "unsound-metrics", "The metric files are not sound", "My metric files need mending."),
    # connectors
    "ConnectorError": Problem(502, "connector", "A source did not answer as it should", CONNECTION),
    "RetryLater": Problem(503, "retry-later", "A source asks to wait", CONNECTION),
    "Throttled": Problem(503, "throttled", "A source limits how much may be asked", CONNECTION),
    "CutOff": Problem(503, "cut-off", "A source's answer was cut off", CONNECTION),
    "Credentials": Problem(409, "credentials", "A source no longer accepts its credentials", CONNECTION),
    "Reconnect": Problem(409, "reconnect", "A source has to be connected again", CONNECTION),
    "SkipResource": Problem(502, "skip-resource", "A source does not give this", CONNECTION),
    "SliceTooLarge": Problem(502, "slice-too-large", "A source refuses this much at once", CONNECTION),
    "AbortSync": Problem(502, "abort-sync", "A source refuses the request", CONNECTION),
    "NoField": Problem(502, "no-field", "A source lacks a field", CONNECTION),
    "NotReachable": Problem(
        400, "not-reachable", "An address may not be reached", "That address may not be reached from here."
    ),
    "BadConnection": Problem(400, "bad-connection", "A connection lacks something", "A source lacks a setting."),
    "WebhookRejected": Problem(401, "webhook-rejected", "A webhook could not be verified", "I cannot verify that."),
    # service
    "BadCredential": Problem(401, "bad-credential", "Who asks is not known", "I do not know this workspace."),
    "NotFound": Problem(404, "not-found", "Not found", "I cannot find that."),
    "Conflict": Problem(409, "conflict", "Conflict", "That was already used for something else."),
    "BadBody": Problem(400, "bad-body", "The body cannot be read", ASKER),
    "BodyTooLarge": Problem(413, "body-too-large", "The body is too large", "That is too much at once."),
    "UnsupportedType": Problem(415, "unsupported-type", "Unsupported content type", "I cannot read that kind of file."),
    "BadSettings": Problem(500, "bad-settings", "A setting cannot be used", "My settings need mending by my operator."),
    "NotSetUp": Problem(503, "not-set-up", "Not set up here", "My operator has not set that up."),
    "HomeTaken": Problem(503, "home-taken", "The home is taken", "Another process holds my data just now."),
    "SecretLost": Problem(
        500, "secret-lost", "A stored secret cannot be opened", "A source has to be connected again."
    ),
    "UnknownShape": Problem(502, "unknown-shape", "A source answered in an unknown form", CONNECTION),
    # agent
    "UnknownModel": Problem(500, "unknown-model", "Unknown language model", "My settings need mending by my operator."),
    "ModelFailure": Problem(503, "model-failure", "The language model gave nothing usable", MODEL),
    "ModelRefusedKey": Problem(503, "model-refused-key", "The language model refused the key", MODEL),
    "OutOfBudget": Problem(504, "out-of-budget", "The question's budget is used up", MODEL),
    # delivery
    "NotDelivered": Problem(502, "not-delivered", "A message did not get through", "A message did not get through."),
    "NotDeliverable": Problem(502, "not-deliverable", "A message cannot get through", "A message cannot be delivered."),
    # tools
    "UnknownTool": Problem(404, "unknown-tool", "Unknown tool", "I have no such tool."),
    "UnknownReceipt": Problem(404, "unknown-receipt", "Unknown receipt", "I cannot find that receipt."),
    "BadArguments": Problem(400, "bad-arguments", "Bad arguments", ASKER),
    "UnfitInput": Problem(400, "unfit-input", "Arguments do not fit each other", ASKER),
    "TooLittleData": Problem(422, "too-little-data", "Too little data", "There is too little data to tell."),
    "CannotTell": Problem(422, "cannot-tell", "The data does not settle it", "The data does not settle that."),
    "OutOfScope": Problem(403, "out-of-scope", "Out of scope", "You may not see that here."),
}


def problem_of(error: BaseException) -> Problem:
    """The problem of an error's class, else of the nearest class above it that has one."""
    for kind in type(error).__mro__:
        if kind.__name__ in PROBLEMS:
            return PROBLEMS[kind.__name__]
    return Problem(500, "internal", "Internal error", "Something went wrong on my side.")


def problem_document(error: BaseException) -> dict[str, Any]:
    """RFC 9457 document. What is not one of our errors says nothing of its inside."""
    problem = problem_of(error)
    detail = error.message if isinstance(error, RoasteryError) else "The service met an error of its own. It is logged."
    document: dict[str, Any] = {**as_document(problem.status, problem.type, problem.title, detail)}
    if isinstance(error, RoasteryError):
        if error.allowed:
            document["allowed"] = list(error.allowed[:MOST_ALLOWED_SHOWN])
        if error.did_you_mean:
            document["did_you_mean"] = error.did_you_mean
    return document


def as_document(status: int, slug: str, title: str, detail: str) -> dict[str, Any]:
    return {"type": f"urn:roastery:problem:{slug}", "title": title, "status": status, "detail": detail}


def slack_sentence(error: BaseException) -> str:
    """What a person in Slack reads: the class's opening and the error's own sentence."""
    problem = problem_of(error)
    return f"{problem.slack} {error.message}" if isinstance(error, RoasteryError) else problem.slack
