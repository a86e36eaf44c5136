# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Credits for every closed-form model, as SQL over conversion_paths and sales; each sale is split to the cent (law 7).

Definitions (facts: Shao & Li 2011 and the platforms' help pages; worked examples in tests/cases/attribution.yml):
first_touch, last_touch      all to the first, the last eligible touch
last_non_direct              all to the last touch that is not direct; a path of direct visits only keeps direct
linear                       equal parts
time_decay                   halves for every 7 days before the conversion
position_based               40 % first, 40 % last, 20 % shared between; two touches 50/50
w_shaped                     30 % first, 30 % at lead creation, 30 % at opportunity creation, 10 % the rest;
                             position_based where a milestone or a touch before it is missing

A touch is eligible strictly before its conversion and inside its window, in hours: the asked one, else its campaign's,
else the organization's. Views have a window of their own; a view earns only where no click or visit is eligible
(last_non_direct: no click or visit other than direct).
"""

from collections.abc import Sequence

from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.money import floor_and_rest, from_micros, micros, minor_unit_micros, topped_up

CLOSED_FORM = ("first_touch", "last_touch", "last_non_direct", "linear", "time_decay", "position_based", "w_shaped")
FITTED = ("markov", "shapley")
MODELS = CLOSED_FORM + FITTED
MAXIMUM_WINDOW_DAYS = 90
HALF_LIFE_DAYS = 7

# What a touch earns, in whole points; its share is points / points of the path.
# n touches, the i-th from the start (i) and from the end (j); view paths and other paths never mix here.
POSITION_BASED = """CASE WHEN n = 1 THEN 100 WHEN n = 2 THEN 50
    WHEN i = 1 OR j = 1 THEN 40 * (n - 2) ELSE 20 END"""
POINTS = {
    "first_touch": "CASE WHEN i = 1 THEN 1 ELSE 0 END",
    "last_touch": "CASE WHEN j = 1 THEN 1 ELSE 0 END",
    "last_non_direct": "CASE WHEN non_direct_rank = 1 THEN 1 ELSE 0 END",
    "linear": "1",
    "time_decay": f"greatest(1, CAST(round(pow(2.0, -hours_before / {HALF_LIFE_DAYS * 24}.0) * 1e12) AS HUGEINT))",
    "position_based": POSITION_BASED,
    "w_shaped": f"""CASE WHEN NOT has_milestones THEN {POSITION_BASED}
        WHEN n = on_milestones THEN milestones WHEN milestones > 0 THEN 30 * milestones * (n - on_milestones)
        ELSE 10 END""",
}

SAME_PATH = "PARTITION BY sale_id ORDER BY occurred_at, touchpoint_id"


def credits_select(
    model: str | Sequence[str],
    window_days: int | None = None,
    view_window_days: int | None = None,
    *,
    sales: str = "curated.sales",
    paths: str = "curated.conversion_paths",
) -> str:
    """SQL whose rows are credits with the columns of `attribution_credits`, for one or several closed-form models.

    A window of None is each campaign's own, else the organization's; paths reach back 90 days and no further.
    Errors: BadQuery for a fitted model or a window beyond 90 days.
    """
    models = (model,) if isinstance(model, str) else tuple(model)
    for name in models:
        _check_model(name)
    eligible = _eligible(window_days, view_window_days)
    pointed = "\n    UNION ALL\n".join(_pointed(name) for name in models)
    minor = minor_unit_micros("p.currency")
    net_floor, net_rest = floor_and_rest("abs(net_micros) // minor", "points", "all_points")
    gross_floor, gross_rest = floor_and_rest("abs(gross_micros) // minor", "points", "all_points")
    weight_floor, weight_rest = floor_and_rest("1000000000", "points", "all_points")
    by = "model, sale_id"
    order = "path_order"
    return f"""WITH eligible AS ({eligible}),
ranked AS MATERIALIZED ({_ranked()}),
pointed AS ({pointed}),
priced AS (
    SELECT p.*, sum(p.points) OVER (PARTITION BY p.model, p.sale_id) AS all_points, {minor} AS minor,
           {micros("p.net_amount")} AS net_micros, {micros("p.amount")} AS gross_micros
    FROM pointed p WHERE p.points > 0),
floored AS (
    SELECT *, {net_floor} AS net_floor, {net_rest} AS net_rest, {gross_floor} AS gross_floor,
           {gross_rest} AS gross_rest, {weight_floor} AS weight_floor, {weight_rest} AS weight_rest
    FROM priced),
split AS (
    SELECT *,
        {topped_up("abs(net_micros) // minor", "net_floor", "net_rest", by, order)} AS net_units,
        {topped_up("abs(gross_micros) // minor", "gross_floor", "gross_rest", by, order)} AS gross_units,
        {topped_up("1000000000", "weight_floor", "weight_rest", by, order)} AS weight_units,
        row_number() OVER (PARTITION BY {by} ORDER BY points DESC, {order}) = 1 AS takes_fractions
    FROM floored),
credited AS (
    SELECT model, sale_id, touchpoint_id,
        CAST(CAST(weight_units AS DECIMAL(18,0)) * 0.000000001::DECIMAL(10,9) AS DECIMAL(18,9)) AS weight,
        {_with_fractions("net")} AS credited_net, {_with_fractions("gross")} AS credited_gross
    FROM split)
{_attributed_rows(paths)}
UNION ALL
{_unattributed_rows(models, sales)}""".replace("{paths}", paths)


def _check_model(name: str) -> None:
    if name in FITTED:
        raise BadQuery(f"'{name}' is fitted on all paths of a period; run_attribution does that.", allowed=CLOSED_FORM)
    if name not in CLOSED_FORM:
        raise UnknownName("attribution model", name, MODELS)


def _window(asked: int | None, own: str, what: str) -> str:
    if asked is None:
        return own
    if not 0 <= asked <= MAXIMUM_WINDOW_DAYS:
        raise BadQuery(f"An attribution {what} lies between 0 and {MAXIMUM_WINDOW_DAYS} days; {asked} does not.")
    return str(asked)


def _eligible(window_days: int | None, view_window_days: int | None) -> str:
    window = _window(window_days, "campaign_window_days", "window")
    view_window = _window(view_window_days, "campaign_view_window_days", "view window")
    return f"""
    SELECT *, kind = 'view' AS is_view FROM {{paths}}
    WHERE hours_before > 0
      AND hours_before <= 24 * CASE WHEN kind = 'view' THEN {view_window} ELSE {window} END"""


def _ranked() -> str:
    """Places on the path. A path with a click or visit drops its views; last_non_direct ranks for itself."""
    return f"""
    SELECT e.*,
        count(*) OVER (PARTITION BY sale_id, competes) AS n,
        row_number() OVER (PARTITION BY sale_id, competes ORDER BY occurred_at, touchpoint_id) AS i,
        row_number() OVER (PARTITION BY sale_id, competes ORDER BY occurred_at DESC, touchpoint_id DESC) AS j,
        row_number() OVER (PARTITION BY sale_id ORDER BY CASE WHEN is_direct AND NOT is_view THEN 2 WHEN is_view THEN 1
            ELSE 0 END, occurred_at DESC, touchpoint_id DESC) AS non_direct_rank,
        row_number() OVER ({SAME_PATH}) AS path_order
    FROM (SELECT *, is_view = bool_and(is_view) OVER (PARTITION BY sale_id) AS competes FROM eligible) e"""


def _pointed(model: str) -> str:
    columns = "sale_id, touchpoint_id, path_order, net_amount, amount, currency"
    if model == "last_non_direct":
        return f"    SELECT '{model}' AS model, {columns}, CAST({POINTS[model]} AS HUGEINT) AS points FROM ranked"
    source = "ranked"
    if model == "w_shaped":
        source = f"({_milestones()})"
    return (
        f"    SELECT '{model}' AS model, {columns}, CAST({POINTS[model]} AS HUGEINT) AS points "
        f"FROM {source} WHERE competes"
    )


def _milestones() -> str:
    """Which of first, lead creation and opportunity creation fall on a touch: the last one at or before each."""
    return """
        SELECT *, count(*) FILTER (milestones > 0) OVER (PARTITION BY sale_id, competes) AS on_milestones FROM (
            SELECT *,
                coalesce(at_lead AND at_opportunity, false) AS has_milestones,
                (i = 1)::INTEGER + (i = at_lead_place)::INTEGER + (i = at_opportunity_place)::INTEGER AS milestones
            FROM (
                SELECT *, at_lead_place IS NOT NULL AS at_lead, at_opportunity_place IS NOT NULL AS at_opportunity
                FROM (
                    SELECT *,
                        max(i) FILTER (occurred_at <= lead_created_at) OVER w AS at_lead_place,
                        max(i) FILTER (occurred_at <= opportunity_created_at) OVER w AS at_opportunity_place
                    FROM ranked WINDOW w AS (PARTITION BY sale_id, competes))))"""


def _with_fractions(kind: str) -> str:
    """Units back to money with the amount's sign; what is smaller than a minor unit goes to the largest credit."""
    whole = f"{kind}_units * minor + CASE WHEN takes_fractions THEN abs({kind}_micros) % minor ELSE 0 END"
    return from_micros(f"sign({kind}_micros) * ({whole})")


def _attributed_rows(paths: str) -> str:
    return f"""SELECT c.model, c.sale_id, p.sale_date, p.touch_date, c.touchpoint_id, p.channel, p.platform,
    p.campaign_id, p.ad_id, p.asset_id, p.is_paid, p.is_direct, c.weight, c.credited_net, c.credited_gross,
    CASE WHEN p.is_order THEN c.weight ELSE 0::DECIMAL(18,9) END AS order_weight,
    CASE WHEN p.is_first_sale THEN c.weight ELSE 0::DECIMAL(18,9) END AS new_customer_weight,
    p.currency, NULL::VARCHAR AS reason
FROM credited c JOIN {paths} p ON p.sale_id = c.sale_id AND p.touchpoint_id = c.touchpoint_id"""


def _unattributed_rows(models: Sequence[str], sales: str) -> str:
    listed = ", ".join(f"('{m}')" for m in models)
    nothing = "'unattributed'"
    return f"""SELECT m.model, s.sale_id, s.sale_date, s.sale_date, NULL, {nothing}, {nothing}, {nothing},
    NULL, NULL, false, false, 1::DECIMAL(18,9), s.net_amount, s.amount,
    CASE WHEN s.is_order THEN 1 ELSE 0 END::DECIMAL(18,9), CASE WHEN s.is_first_sale THEN 1 ELSE 0 END::DECIMAL(18,9),
    s.currency,
    CASE WHEN s.is_renewal THEN 'recurring' WHEN s.customer_id IS NULL THEN 'no_customer' ELSE 'no_touch' END
FROM {sales} s CROSS JOIN (VALUES {listed}) m(model)
WHERE NOT EXISTS (FROM eligible e WHERE e.sale_id = s.sale_id)"""
