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
    memory,
    organizations,
    people,
    privacy,
    queries,
    receipts,
    recommendations,
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
        recommendations,
        slack_workspaces,
        people,
        identities,
        privacy,
        memory,
    )
)
