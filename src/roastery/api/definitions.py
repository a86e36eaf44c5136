"""What an organization defines for itself: metrics and channel rules; each change is kept in the audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import TypeAdapter, ValidationError

from roastery.api.errors import BadBody
from roastery.api.store.audit import note
from roastery.api.store.organizations import Organizations
from roastery.tools.base import Actor
from roastery.tools.frames import canonical_row
from roastery.warehouse.channel_preview import preview
from roastery.warehouse.channel_rules import CONDITIONS, OwnRule, checked
from roastery.warehouse.channels import RULES
from roastery.warehouse.declared import read_yaml
from roastery.warehouse.errors import BadQuery, NoData, NotAllowed, UnknownName
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic import own
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec

if TYPE_CHECKING:
    from roastery.api.app import Roastery

AUDITED_DAYS = 28


def read_definitions(text: str) -> Any:
    """YAML (or JSON) as parsed. Errors: BadBody with the place of the fault."""
    try:
        return read_yaml(text)
    except yaml.YAMLError as error:
        raise BadBody(f"This is not YAML: {str(error).splitlines()[0]}.") from error


def add_metrics(roastery: "Roastery", organization: Organization, actor: Actor, written: Any) -> list[dict[str, Any]]:
    """Add metrics, or define own ones anew; gives all own metrics. Errors: BadQuery with every fault."""
    changed = organization.with_settings(metrics=own.with_added(organization.metrics, written))
    _refuse_what_cannot_run(roastery, changed, list(written))
    versions = {metric.name: metric.version for metric in changed.metrics if metric.name in written}
    _keep(roastery, changed, actor, "metric.define", metrics=dict(written), versions=versions)
    return own.readable(changed.metrics)


def remove_metric(roastery: "Roastery", organization: Organization, actor: Actor, name: str) -> None:
    """Errors: UnknownName; BadQuery when another metric is computed from it."""
    changed = organization.with_settings(metrics=own.without(organization.metrics, name))
    _keep(roastery, changed, actor, "metric.remove", metrics={name: None})


def _refuse_what_cannot_run(roastery: "Roastery", changed: Organization, names: Sequence[str]) -> None:
    """Ask each metric once over a day, so that what only the engine can see (text that is summed) is told now."""
    day = roastery.clock_of(changed).today(changed.time_zone)
    layer = roastery.layer(changed)
    for name in names:
        period = PeriodSpec(start=day - timedelta(days=1), end=day)
        try:
            layer.ask(MetricQuery(metrics=(name,), period=period))
        except NoData:
            continue
        except BadQuery as error:
            if layer.semantics.sums_across_platforms(name) == "refuse":
                continue
            raise BadQuery(f"'{name}' cannot be computed: {error.message}") from error


def rules_json(organization: Organization) -> dict[str, Any]:
    """The rules in force, first to last, and what comes after them."""
    return {
        "version": organization.channel_rules_version,
        "rules": [_rule_json(rule) for rule in organization.channel_rules],
        "defaults": [{"channel": rule.channel, "about": rule.about} for rule in RULES],
    }


def _rule_json(rule: OwnRule) -> dict[str, Any]:
    document = {name: list(getattr(rule, name)) for name in CONDITIONS if getattr(rule, name)}
    return {"channel": rule.channel, **document, **({"about": rule.about} if rule.about else {})}


def read_rules(written: Any) -> tuple[OwnRule, ...]:
    """Rules out of JSON or YAML: a list, each a channel with conditions. Errors: BadBody, BadQuery, UnknownName."""
    if isinstance(written, Mapping) and "rules" in written:
        written = written["rules"]
    if not isinstance(written, list):
        raise BadBody("Channel rules are a list, each with a channel and conditions such as medium: [audio*].")
    rules = []
    for number, document in enumerate(written, 1):
        if not isinstance(document, Mapping):
            raise BadBody(f"Rule {number} is not a mapping of a channel and its conditions.")
        for name in document:
            if name not in ("channel", "about", *CONDITIONS):
                raise UnknownName("field of a channel rule", str(name), ("channel", "about", *CONDITIONS))
        whole = {n: [v] if isinstance(v, str) and n in CONDITIONS else v for n, v in document.items()}
        try:
            rules.append(_RULE.validate_python(whole))
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in fault["loc"])
            raise BadBody(f"Rule {number}, {where}: {fault['msg']}.") from None
    return checked(rules)


_RULE = TypeAdapter(OwnRule)


def preview_rules(roastery: "Roastery", organization: Organization, rules: Sequence[OwnRule]) -> dict[str, Any]:
    """What the rules would change in all numbers of the past."""
    roastery.freshen(organization)
    found = preview(roastery.warehouse(organization), rules)
    return {
        "currency": found.currency,
        "channels": [
            {"channel": c.channel, "before": canonical_row(asdict(c.before)), "after": canonical_row(asdict(c.after))}
            for c in found.channels
        ],
        "moved": [{"from": before, "to": after, "touches": touches} for before, after, touches in found.moved],
    }


def apply_rules(
    roastery: "Roastery", organization: Organization, actor: Actor, rules: Sequence[OwnRule], version: int | None = None
) -> dict[str, Any]:
    """Put rules in force; the tables follow before the next answer. version: of the rules that these were made from.

    Errors: BadBody when others have changed the rules since.
    """
    if version is not None and version != organization.channel_rules_version:
        raise BadBody(
            f"The channel rules are at version {organization.channel_rules_version} by now, not {version}: read them "
            "again, and preview yours."
        )
    following = organization.channel_rules_version + 1
    changed = organization.with_settings(channel_rules=tuple(rules), channel_rules_version=following)
    written = [_rule_json(rule) for rule in rules]
    _keep(roastery, changed, actor, "channel_rules.change", version=following, rules=written)
    roastery.builds.request(changed)
    return rules_json(changed)


def _keep(roastery: "Roastery", changed: Organization, actor: Actor, action: str, **detail: Any) -> None:
    with roastery.database.session() as session:
        Organizations(session).update(changed)
        note(session, changed.id, actor.id, action, changed.id, roastery.wall.now(), **detail)


def tracking_audit(
    roastery: "Roastery", organization: Organization, actor: Actor, start: date | None = None, end: date | None = None
) -> dict[str, Any]:
    """The tracking audit of some days, the last 28 whole ones when none are said. Errors: NotAllowed, BadBody."""
    from roastery.warehouse.tracking import COVERAGE_AIM, audit

    if actor.row_scope:
        raise NotAllowed("You see some rows only, and the tracking audit looks at all of them.")
    roastery.freshen(organization)
    end = end or roastery.clock_of(organization).today(organization.time_zone)
    start = start or end - timedelta(days=AUDITED_DAYS)
    if start >= end:
        raise BadBody(f"The audit's days begin on {start} and end before {end}: give an end after the start.")
    found = audit(roastery.warehouse(organization), start, end)
    return {
        "period": {"start": start.isoformat(), "end": end.isoformat()},
        "currency": found.currency,
        "coverage": None if found.coverage is None else str(found.coverage),
        "coverage_aim": str(COVERAGE_AIM),
        "is_covered": found.is_covered,
        "revenue": str(found.revenue),
        "attributed_revenue": str(found.attributed),
        "findings": [canonical_row(asdict(finding)) for finding in found.findings],
    }
