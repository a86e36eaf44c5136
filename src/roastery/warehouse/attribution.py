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

shapley                      equal parts over the distinct values of one dimension on the path, which is Shapley's value
                             where a set of channels is worth the conversions of paths made of it alone; made per
                             dimension (`distinct_by`), so it is not stored

A touch is eligible strictly before its conversion and inside its window, in hours: the asked one, else its campaign's,
else the organization's. Views have a window of their own; a view earns only where no click or visit is eligible
(last_non_direct: no click or visit other than direct).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.money import floor_and_rest, from_micros, micros, minor_unit_micros, topped_up

CLOSED_FORM = ("first_touch", "last_touch", "last_non_direct", "linear", "time_decay", "position_based", "w_shaped")
FITTED = ("markov", "shapley")
MODELS = CLOSED_FORM + FITTED
MAXIMUM_WINDOW_DAYS = 90
HALF_LIFE_DAYS = 7

# Which touch earns all: i is its place from the start, j from the end.
WINNERS = {"first_touch": "i = 1", "last_touch": "j = 1", "last_non_direct": "is_last_non_direct"}


@dataclass(frozen=True)
class Weights:
    """Settings of the rules: half-life of time decay in days, parts of first, last and each milestone (W-shaped).

    Errors: BadQuery when they cannot be parts of one conversion.
    """

    half_life_days: float = HALF_LIFE_DAYS
    first: float = 0.4
    last: float = 0.4
    milestone: float = 0.3

    def __post_init__(self) -> None:
        if not 0 < self.half_life_days <= 3650:
            raise BadQuery("The half-life of time decay is longer than zero days, and at most ten years.")
        parts = (self.first, self.last, self.milestone)
        if min(parts) < 0 or not 0 < self.first + self.last <= 1 or not 0 < self.milestone <= 1 / 3:
            raise BadQuery(
                "Position weights are parts of one conversion: first and last sum to more than 0 and at most 1, a "
                "milestone has more than 0 and at most a third."
            )

    @property
    def position_based(self) -> str:
        """What a touch of n earns by its place, in whole points."""
        first, last = _points(self.first), _points(self.last)
        middle = 10_000 - first - last
        return (
            f"CASE WHEN n = 2 THEN CASE WHEN i = 1 THEN {first} ELSE {last} END WHEN i = 1 THEN {first} * (n - 2) "
            f"WHEN j = 1 THEN {last} * (n - 2) ELSE {middle} END"
        )

    @property
    def points(self) -> dict[str, str]:
        """What a touch of n earns under each model, in whole points; its share is points / points of the path."""
        milestone = _points(self.milestone)
        decay = f"pow(2.0, -hours_before / {self.half_life_days * 24!r}) * 1e12"
        return {
            "linear": "1",
            "shapley": "1",
            "time_decay": f"greatest(1, CAST(round({decay}) AS HUGEINT))",
            "position_based": self.position_based,
            "w_shaped": f"""CASE WHEN at_lead IS NULL OR at_opportunity IS NULL THEN {self.position_based}
        WHEN n = on_milestones THEN milestones
        WHEN milestones > 0 THEN {milestone} * milestones * (n - on_milestones)
        ELSE {10_000 - 3 * milestone} END""",
        }


def _points(part: float) -> int:
    """A part in ten-thousandths, never so rounded that three milestones are more than all."""
    return min(round(part * 10_000), 10_000)


USUAL = Weights()


def credits_select(
    model: str | Sequence[str],
    window_days: int | None = None,
    view_window_days: int | None = None,
    *,
    sales: str = "curated.sales",
    paths: str = "curated.conversion_paths",
    weights: Weights = USUAL,
    distinct_by: str | None = None,
) -> str:
    """SQL whose rows are credits with the columns of `attribution_credits`, for one or several closed-form models.

    A window of None is each campaign's own, else the organization's; paths reach back 90 days and no further.
    distinct_by: a column of paths; the model is `shapley` over its values, each credited at its latest touch.
    Errors: BadQuery for a fitted model or a window beyond 90 days.
    """
    models = (model,) if isinstance(model, str) else tuple(model)
    for name in models:
        if name != "shapley" or distinct_by is None:
            _check_model(name)
    shared = [name for name in models if name in weights.points]
    ctes = [
        f"eligible AS MATERIALIZED ({_eligible(window_days, view_window_days, paths)})",
        f"placed AS MATERIALIZED ({_placed(distinct_by)})",
        f"won AS ({_won(models)})",
        f"uncredited AS MATERIALIZED ({_uncredited(sales)})",
    ]
    if shared:
        ctes += [
            f"pointed AS ({_pointed(shared, weights.points)})",
            f"floored AS ({_floored()})",
            f"split AS ({_split()})",
        ]
    credited = "won" if not shared else f"(FROM won UNION ALL BY NAME {_credited()})"
    # Model by model, so that who asks for one of them reads little of the others.
    rows = [_attributed_rows(credited), *map(_unattributed_rows, models)]
    return f"WITH {', '.join(ctes)}\n" + "\nUNION ALL\n".join(rows)


def competing_select(window_days: int | None, view_window_days: int | None, paths: str) -> str:
    """SQL: the touches of each path that can earn credit; views only where nothing else is eligible."""
    return f"""SELECT * FROM ({_eligible(window_days, view_window_days, paths)})
    QUALIFY is_view = bool_and(is_view) OVER (PARTITION BY sale_id)"""


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


def _eligible(window_days: int | None, view_window_days: int | None, paths: str) -> str:
    """Touches inside their window, numbered so that whole numbers stand for sale and order from here on."""
    window = _window(window_days, "campaign_window_days", "window")
    view_window = _window(view_window_days, "campaign_view_window_days", "view window")
    return f"""
    SELECT *, kind = 'view' AS is_view, row_number() OVER (ORDER BY sale_id, occurred_at, touchpoint_id) AS path_no
    FROM {paths}
    WHERE hours_before > 0
      AND hours_before <= 24 * CASE WHEN kind = 'view' THEN {view_window} ELSE {window} END"""


def _placed(distinct_by: str | None = None) -> str:
    """Each touch's place on its path. A path with a click or visit drops its views, but not for last_non_direct."""
    competing = _competing(distinct_by)
    if distinct_by:
        competing = f"""SELECT * FROM ({competing})
            QUALIFY row_number() OVER (PARTITION BY sale_no, competes, distinct_key ORDER BY path_no DESC) = 1"""
    return f"""
    SELECT *, n - i + 1 AS j, standing = max(standing) OVER (PARTITION BY sale_no) AS is_last_non_direct
    FROM (
        SELECT *, count(*) OVER (PARTITION BY sale_no, competes) AS n,
            row_number() OVER (PARTITION BY sale_no, competes ORDER BY path_no) AS i
        FROM ({competing}))"""


def _competing(distinct_by: str | None) -> str:
    key = f", {distinct_by} AS distinct_key" if distinct_by else ""
    return f"""
            SELECT path_no, sale_no, hours_before, occurred_at, lead_created_at, opportunity_created_at, minor,
                net_micros, gross_micros{", distinct_key" if distinct_by else ""},
                is_view = bool_and(is_view) OVER (PARTITION BY sale_no) AS competes,
                CASE WHEN is_view THEN 1 WHEN is_direct THEN 0 ELSE 2 END * 1000000000000 + path_no AS standing
            FROM (SELECT *, min(path_no) OVER (PARTITION BY sale_id) AS sale_no{key},
                    {minor_unit_micros("currency")} AS minor, {micros("net_amount")} AS net_micros,
                    {micros("amount")} AS gross_micros FROM eligible)"""


def _won(models: Sequence[str]) -> str:
    """Touches that earn a whole sale: under the winner's models, and alone on their path under the others."""
    amounts = "1::DECIMAL(18,9) AS weight, net_micros AS net, gross_micros AS gross"
    selects = [
        f"SELECT '{m}' AS model, path_no, {amounts} FROM placed WHERE "
        + (WINNERS[m] if m == "last_non_direct" else f"competes AND {WINNERS.get(m, 'n = 1')}")
        for m in models
    ]
    return "\n    UNION ALL\n    ".join(selects)


def _pointed(models: Sequence[str], points: dict[str, str]) -> str:
    columns = "path_no, sale_no, minor, net_micros, gross_micros"
    selects = [
        f"SELECT {number} AS model_no, '{m}' AS model, {columns}, CAST({points[m]} AS HUGEINT) AS points "
        f"FROM {_milestones() if m == 'w_shaped' else 'placed'} WHERE competes AND n > 1"
        for number, m in enumerate(models)
    ]
    return "\n    UNION ALL\n    ".join(selects)


def _milestones() -> str:
    """Which of first, lead creation and opportunity creation fall on a touch: the last one at or before each."""
    return """(
        SELECT *, count(*) FILTER (milestones > 0) OVER (PARTITION BY sale_no, competes) AS on_milestones FROM (
            SELECT *, (i = 1)::INTEGER + (i = at_lead)::INTEGER + (i = at_opportunity)::INTEGER AS milestones
            FROM (
                SELECT *, max(i) FILTER (occurred_at <= lead_created_at) OVER path AS at_lead,
                    max(i) FILTER (occurred_at <= opportunity_created_at) OVER path AS at_opportunity
                FROM placed WINDOW path AS (PARTITION BY sale_no, competes))))"""


QUANTITIES = {"net": "abs(net_micros) // minor", "gross": "abs(gross_micros) // minor", "weight": "1000000000"}
"""What is split, as whole numbers: minor units of money, billionths of a sale."""


def _floored() -> str:
    parts = {name: floor_and_rest(total, "points", "all_points") for name, total in QUANTITIES.items()}
    columns = ", ".join(f"{floor} AS {name}_floor, {rest} AS {name}_rest" for name, (floor, rest) in parts.items())
    return f"""
    SELECT *, {columns}
    FROM (SELECT *, sum(points) OVER (PARTITION BY model_no, sale_no) AS all_points FROM pointed)"""


def _split() -> str:
    by, order = "model_no, sale_no", "path_no"
    columns = [
        f"{topped_up(total, f'{name}_floor', f'{name}_rest', by, order)} AS {name}_units"
        for name, total in QUANTITIES.items()
    ]
    return f"""
    SELECT *, {", ".join(columns)},
        row_number() OVER (PARTITION BY {by} ORDER BY points DESC, {order}) = 1 AS takes_fractions
    FROM floored"""


def _credited() -> str:
    """Units back to money with the amount's sign; what is smaller than a minor unit goes to the largest credit."""

    def whole(kind: str) -> str:
        fractions = f"CASE WHEN takes_fractions THEN abs({kind}_micros) % minor ELSE 0 END"
        return f"sign({kind}_micros) * ({kind}_units * minor + {fractions}) AS {kind}"

    weight = "CAST(CAST(weight_units AS DECIMAL(18,0)) * 0.000000001::DECIMAL(10,9) AS DECIMAL(18,9)) AS weight"
    return f"SELECT model, path_no, {weight}, {whole('net')}, {whole('gross')} FROM split"


def _attributed_rows(credited: str) -> str:
    return f"""SELECT c.model, p.sale_id, p.sale_date, p.touch_date, p.touchpoint_id, p.channel, p.platform,
    p.campaign_id, p.ad_id, p.asset_id, p.is_paid, p.is_direct, c.weight,
    {from_micros("c.net")} AS credited_net, {from_micros("c.gross")} AS credited_gross,
    CASE WHEN p.is_order THEN c.weight ELSE 0::DECIMAL(18,9) END AS order_weight,
    CASE WHEN p.is_first_sale THEN c.weight ELSE 0::DECIMAL(18,9) END AS new_customer_weight,
    p.currency, NULL::VARCHAR AS reason
FROM {credited} c JOIN eligible p ON p.path_no = c.path_no"""


def _uncredited(sales: str) -> str:
    return f"""
    SELECT s.sale_id, s.sale_date, s.net_amount, s.amount, s.currency,
        CASE WHEN s.is_order THEN 1 ELSE 0 END::DECIMAL(18,9) AS order_weight,
        CASE WHEN s.is_first_sale THEN 1 ELSE 0 END::DECIMAL(18,9) AS new_customer_weight,
        CASE WHEN s.is_renewal THEN 'recurring' WHEN s.customer_id IS NULL THEN 'no_customer' ELSE 'no_touch' END
            AS reason
    FROM {sales} s WHERE NOT EXISTS (FROM eligible e WHERE e.sale_id = s.sale_id)"""


def _unattributed_rows(model: str) -> str:
    nothing = "'unattributed'"
    return f"""SELECT '{model}', sale_id, sale_date, sale_date, NULL, {nothing}, {nothing}, {nothing}, NULL, NULL,
    false, false, 1::DECIMAL(18,9), net_amount, amount, order_weight, new_customer_weight, currency, reason
FROM uncredited"""
