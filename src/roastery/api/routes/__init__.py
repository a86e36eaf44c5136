"""Routes, one file a resource."""

from roastery.api.routes import (
    alerts,
    answers,
    approvals,
    ask,
    catalogue,
    connections,
    definitions,
    events,
    health,
    identities,
    imports,
    keys,
    organizations,
    people,
    queries,
    receipts,
    reports,
    slack_workspaces,
    verified_answers,
)

ROUTERS = tuple(
    module.router
    for module in (
        health,
        organizations,
        keys,
        connections,
        imports,
        events,
        catalogue,
        definitions,
        queries,
        reports,
        ask,
        answers,
        receipts,
        verified_answers,
        alerts,
        approvals,
        slack_workspaces,
        people,
        identities,
    )
)
