"""The subscriptions of a wellness company as Stripe holds them, with truth.

Drawn from a seed: plans, upgrades, churn, tax, fees, refunds, a lost dispute, yen, and invoices paid by bank transfer;
`Truth` says what should come out.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from roastery.evals.twins.stripe_records import Row, charge, person, refund

WELLNESS = "acct_wellness"
FIRST = datetime(2024, 8, 1, tzinfo=UTC)
PLANS = (("Essential", 2900, "month"), ("Plus", 5900, "month"), ("Family", 118800, "year"))
MONTH = 30 * 86400


@dataclass
class Truth:
    """What the wellness company's books say in major units. sales: id → (amount, refunded, fee, currency, renewal)."""

    sales: dict[str, tuple[Decimal, Decimal, Decimal, str, bool]] = field(default_factory=dict)
    mrr: dict[str, Decimal] = field(default_factory=dict)
    churned: dict[str, datetime] = field(default_factory=dict)
    moves: dict[str, list[Decimal]] = field(default_factory=dict)


class WellnessBooks:
    """Subscriptions with their invoices and charges, and single sales, up to `now`."""

    def __init__(self, now: datetime, people: int = 40, seed: int = 5) -> None:
        self._draw = random.Random(seed)
        self.now = int(now.timestamp())
        self.truth = Truth()
        self.books: dict[str, list[Row]] = {
            kind: [] for kind in ("products", "prices", "customers", "charges", "refunds", "disputes", "invoices",
                                  "subscriptions")
        }  # fmt: skip
        self._plans()
        for number in range(people):
            self._subscribe(number)
        self._single_sales()

    def _plans(self) -> None:
        made = int(FIRST.timestamp())
        for name, amount, interval in PLANS:
            self.books["products"].append({
                "id": f"prod_{name}", "object": "product", "name": name, "active": True, "created": made,
                "livemode": True, "metadata": {"category": "Plans"}})  # fmt: skip
            self.books["prices"].append({
                "id": f"price_{name}", "object": "price", "product": f"prod_{name}", "currency": "eur", "active": True,
                "created": made, "livemode": True, "type": "recurring", "unit_amount": amount, "nickname": None,
                "unit_amount_decimal": str(amount),
                "recurring": {"interval": interval, "interval_count": 1, "usage_type": "licensed"}})  # fmt: skip

    def _subscribe(self, number: int) -> None:
        draw = self._draw
        begun = int(FIRST.timestamp()) + draw.randrange(0, 640 * 86400)
        customer = f"cus_w{number}"
        self.books["customers"].append(
            person(f"w{number}", begun, f"Lena Maria Vogt{number}", f"lena{number}@mail.example", "DE")
        )
        plan, moved = draw.randrange(3), None
        months = draw.choice([3, 7, 12, 99])
        is_discounted = number % 8 == 0
        subscription, item, at, month = f"sub_{number}", f"si_{number}", begun, 0
        while at < self.now and month < months:
            _, amount, interval = PLANS[plan]
            length = MONTH if interval == "month" else 365 * 86400
            if month == 4 and plan == 0:
                plan, moved = 1, (Decimal(PLANS[1][1] - PLANS[0][1]) / 100)
                _, amount, interval = PLANS[plan]
            self._invoice(number, month, at, length, plan, amount, customer, is_discounted)
            at, month = at + length, month + 1 if interval == "month" else month + 12
        ended = at if month >= months and at < self.now else None
        per_month = Decimal(PLANS[plan][1]) / (1 if PLANS[plan][2] == "month" else 12)
        if is_discounted:
            per_month, moved = per_month / 2, moved / 2 if moved else None
        name = f"stripe:{subscription}"
        self.truth.mrr[name] = Decimal(int(per_month)) / 100
        if moved:
            self.truth.moves[name] = [moved]
        if ended:
            self.truth.churned[name] = datetime.fromtimestamp(ended, UTC)
        self._subscription(subscription, item, customer, plan, begun, ended, at, is_discounted)

    def _subscription(
        self, name: str, item: str, customer: str, plan: int, begun: int, ended: int | None, end: int, off: bool
    ) -> None:
        price = self.books["prices"][plan]
        coupon = {"id": "HALF", "object": "coupon", "percent_off": 50.0, "amount_off": None, "duration": "forever"}
        discount = {"id": f"di_{name}", "object": "discount", "end": None, "source": {"type": "coupon",
                    "coupon": coupon}}  # fmt: skip
        self.books["subscriptions"].append({
            "id": name, "object": "subscription", "customer": customer, "created": begun, "start_date": begun,
            "currency": "eur", "status": "canceled" if ended else "active", "livemode": True, "metadata": {},
            "cancel_at": None, "canceled_at": ended, "ended_at": ended, "trial_end": None, "trial_start": None,
            "cancellation_details": {"comment": None, "feedback": "too_expensive" if ended else None, "reason": None},
            "discounts": [discount] if off else [],
            "items": {"object": "list", "has_more": False, "data": [{
                "id": item, "object": "subscription_item", "quantity": 1, "subscription": name, "price": price,
                "current_period_start": begun, "current_period_end": end, "created": begun, "metadata": {},
                "discounts": []}]}})  # fmt: skip

    def _invoice(
        self, number: int, month: int, at: int, length: int, plan: int, amount: int, customer: str, off: bool
    ) -> None:
        name = f"w{number}x{month}"
        discount = amount // 2 if off else 0
        tax = (amount - discount) * 19 // 100
        total = amount - discount + tax
        fails = number % 10 == 3 and month == 2
        by_transfer = number % 7 == 6
        paid = charge(name, total, at + 60, customer, currency="eur", fee=total * 2 // 100 + 25)
        if not by_transfer:
            self.books["charges"].append(paid)
        if fails:
            self.books["charges"].append(
                {**charge(f"{name}f", total, at + 30, customer, currency="eur"), "payment_intent": f"pi_{name}",
                 "status": "failed", "paid": False, "captured": False, "amount_captured": 0,
                 "balance_transaction": None, "failure_code": "card_declined"})  # fmt: skip
        back = Decimal(0)
        if number % 9 == 4 and month == 1 and not by_transfer:
            back = Decimal(total)
            paid |= {"amount_refunded": total, "refunded": True}
            self.books["refunds"].append(refund(name, paid, total, at + 86400, "requested_by_customer"))
        payment = {"id": f"inpay_{name}", "object": "invoice_payment", "amount_paid": total, "amount_requested": total,
                   "invoice": f"in_{name}", "is_default": True, "status": "paid", "currency": "eur", "created": at,
                   "payment": {"type": "payment_intent", "payment_intent": f"pi_{name}"}}  # fmt: skip
        self.books["invoices"].append({
            "id": f"in_{name}", "object": "invoice", "customer": customer, "created": at, "currency": "eur",
            "status": "paid", "livemode": True, "metadata": {}, "collection_method": "charge_automatically",
            "billing_reason": "subscription_create" if month == 0 else "subscription_cycle", "subtotal": amount,
            "parent": {"type": "subscription_details", "subscription_details": {"subscription": f"sub_{number}"}},
            "total": total, "total_taxes": [{"amount": tax}], "amount_shipping": 0, "shipping_cost": None,
            "total_discount_amounts": [{"amount": discount}] if discount else [], "attempted": True,
            "attempt_count": 2 if fails else 1,
            "status_transitions": {"paid_at": at + 60, "finalized_at": at},
            "payments": {"object": "list", "has_more": False, "data": [] if by_transfer else [payment]},
            "lines": {"object": "list", "has_more": False, "data": [{
                "id": f"il_{name}", "object": "line_item", "amount": amount, "currency": "eur", "quantity": 1,
                "period": {"start": at, "end": at + length},
                "discount_amounts": [{"amount": discount}] if discount else [],
                "pricing": {"type": "price_details", "price_details": {
                    "price": f"price_{PLANS[plan][0]}", "product": f"prod_{PLANS[plan][0]}"}},
                "parent": {"type": "subscription_item_details", "subscription_item_details": {
                    "subscription": f"sub_{number}", "subscription_item": f"si_{number}"}}}]}})  # fmt: skip
        sale = f"stripe:in_{name}" if by_transfer else f"stripe:pi_{name}"
        net = Decimal(amount - discount) / 100
        fee = Decimal(0) if by_transfer else Decimal(total * 2 // 100 + 25) / 100
        returned = (back - Decimal(int(back) * tax // total)) / 100
        self.truth.sales[sale] = (net, returned, fee, "EUR", month > 0)

    def _single_sales(self) -> None:
        at = int(FIRST.timestamp()) + 5000
        yen = charge("jpy", 5000, at, "cus_w0", currency="jpy", fee=180)
        lost = charge("lost", 7500, at + 10, "cus_w1", currency="eur", fee=200, disputed=True)
        held = charge("held", 1000, at + 20, "cus_w1", currency="eur", captured=False, amount_captured=0)
        dinar = charge("kwd", 12345, at + 30, None, currency="kwd", fee=0)
        tried = charge("test", 900, at + 40, None, currency="eur", livemode=False)
        self.books["charges"] += [yen, lost, held, dinar, tried]
        self.books["disputes"].append({
            "id": "dp_1", "object": "dispute", "amount": 7500, "charge": "ch_lost", "payment_intent": "pi_lost",
            "created": at + 86400, "currency": "eur", "reason": "fraudulent", "status": "lost", "livemode": True,
            "metadata": {}, "balance_transactions": []})  # fmt: skip
        zero = Decimal(0)
        self.truth.sales["stripe:pi_jpy"] = (Decimal(5000), zero, Decimal(180), "JPY", False)
        self.truth.sales["stripe:pi_lost"] = (Decimal(75), Decimal(75), Decimal(2), "EUR", False)
        self.truth.sales["stripe:pi_kwd"] = (Decimal("12.345"), zero, zero, "KWD", False)
