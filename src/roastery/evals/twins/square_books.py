"""What a burger chain keeps in Square: orders of its locations, many paid in cash, with refunds, a menu and stock."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from roastery.evals.world.company import NOW

Row = dict[str, Any]
DAY = timedelta(days=1)
BACK_AT, GONE_AT = NOW + timedelta(hours=1), NOW + timedelta(hours=25)
FIRST = datetime(2024, 8, 1, 12, tzinfo=UTC)
PLACES = ("Boston Seaport", "Providence Downtown", "Hoboken", "Philadelphia Center City", "Baltimore Harbor",
          "Richmond Carytown", "Charlotte South End", "Atlanta Midtown", "Savannah River Street", "New Haven Green",
          "Hartford Trumbull", "Arlington Clarendon")  # fmt: skip
MENU = (("Smash Burger", "Burgers", 899, 310), ("Veggie Burger", "Burgers", 949, 350), ("Fries", "Sides", 399, 90),
        ("Vanilla Shake", "Shakes", 549, 140), ("Kids Meal", "Kids", 699, 260))  # fmt: skip


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def usd(amount: int) -> Row:
    return {"amount": amount, "currency": "USD"}


Sale = tuple[Decimal, Decimal, Decimal, str | None, str, str]


@dataclass
class Truth:
    """sales: order → (amount, refunded, fee, customer, location, channel) in dollars, for those that count."""

    sales: dict[str, Sale] = field(default_factory=dict)


class BurgerBooks:
    """Records by kind, as Square's interface has them, and what should come out."""

    def __init__(self, now: datetime, orders: int = 240, seed: int = 9) -> None:
        self.now, self.truth = now, Truth()
        self.cancelled: dict[str, Sale] = {}
        self.rows: dict[str, list[Row]] = {kind: [] for kind in ("locations", "catalog", "customers", "orders",
                                                                 "payments", "refunds", "counts")}  # fmt: skip
        self._draw = random.Random(seed)
        if not orders:
            return
        self._places()
        self._menu()
        for number in range(40):
            at = FIRST + timedelta(days=number)
            self.rows["customers"].append({
                "id": f"C{number}", "created_at": iso(at), "updated_at": iso(at), "given_name": "Pat",
                "family_name": f"Reed{number}", "email_address": f"pat{number}@mail.example", "version": 0,
                "phone_number": f"+1617555{number:04}", "address": {
                    "country": "US", "address_line_1": "1 Elm St"},
                "preferences": {"email_unsubscribed": number % 6 == 2}})  # fmt: skip
        for number in range(orders):
            self._order(number)
        self._go_on()

    @property
    def all(self) -> dict[str, Sale]:
        """Sales and those that were called off."""
        return {**self.truth.sales, **self.cancelled}

    def _go_on(self) -> None:
        """What happens after the company's history: an old order is given back, and an item leaves the menu."""
        if self.now > BACK_AT:
            order = self.rows["orders"][0]
            number, sale = int(order["id"][1:]), f"square:{order['id']}"
            amount, _, *rest = self.truth.sales[sale]
            self._refund(number, order["id"], f"P{number}", order["location_id"], BACK_AT - timedelta(days=1),
                         order["total_money"]["amount"], int(amount * 100))  # fmt: skip
            self.truth.sales[sale] = (amount, amount, *rest)  # type: ignore[assignment]
        for row in self.rows["catalog"] if self.now > GONE_AT else ():
            if row["id"] in ("I4", "V4"):
                row |= {"is_deleted": True, "updated_at": iso(GONE_AT)}

    def _places(self) -> None:
        for number, name in enumerate(PLACES):
            self.rows["locations"].append({
                "id": f"L{number:02}", "name": name, "timezone": "America/New_York", "status": "ACTIVE",
                "created_at": iso(FIRST - timedelta(hours=5)), "merchant_id": "M1", "country": "US",
                "currency": "USD", "type": "PHYSICAL", "phone_number": "+16175550000"})  # fmt: skip

    def _menu(self) -> None:
        at, put = iso(FIRST), self.rows["catalog"].append
        for category in dict.fromkeys(category for _, category, _, _ in MENU):
            put({"type": "CATEGORY", "id": f"G{category}", "updated_at": at, "version": 1, "is_deleted": False,
                 "category_data": {"name": category}})  # fmt: skip
        put({"type": "DISCOUNT", "id": "D1", "updated_at": at, "version": 1, "is_deleted": False,
             "discount_data": {"name": "BOGO Shake", "discount_type": "FIXED_AMOUNT"}})  # fmt: skip
        for number, (name, category, price, cost) in enumerate(MENU):
            put({"type": "ITEM", "id": f"I{number}", "updated_at": at, "version": 1, "is_deleted": False,
                 "item_data": {"name": name, "reporting_category": {"id": f"G{category}", "ordinal": 0}}})  # fmt: skip
            vendor = {"item_variation_vendor_info_data": {"price_money": usd(cost)}}
            put({"type": "ITEM_VARIATION", "id": f"V{number}", "updated_at": at, "version": 1, "is_deleted": False,
                 "item_variation_data": {"item_id": f"I{number}", "name": "Regular", "price_money": usd(price),
                                         "item_variation_vendor_infos": [vendor]}})  # fmt: skip
            for place in range(3):
                self.rows["counts"].append({
                    "catalog_object_id": f"V{number}", "catalog_object_type": "ITEM_VARIATION", "state": "IN_STOCK",
                    "location_id": f"L{place:02}", "quantity": f"{40 + number}.5",
                    "calculated_at": iso(self.now)})  # fmt: skip

    def _order(self, number: int) -> None:
        draw = self._draw
        at = FIRST + timedelta(minutes=draw.randrange(0, 820 * 24 * 60))
        if at + timedelta(minutes=9) > self.now:
            return
        place, is_cash = f"L{number % len(PLACES):02}", number % 3 != 0
        customer = f"C{number % 40}" if number % 4 == 0 else None
        item = number % len(MENU)
        quantity = 1 + number % 3
        gross = MENU[item][2] * quantity
        discount = 200 if number % 6 == 0 else 0
        tax = (gross - discount) * 7 // 100
        tip = 150 if not is_cash else 0
        card = 2500 if number % 40 == 7 else 0
        total = gross - discount + tax + tip + card
        state = "CANCELED" if number % 50 == 9 else "COMPLETED"
        lines = [self._line("1", item, quantity, gross, discount, tax)]
        if card:
            lines.append({"uid": "2", "name": "Gift card", "quantity": "1", "item_type": "GIFT_CARD",
                          "base_price_money": usd(card), "total_money": usd(card),
                          "total_tax_money": usd(0)})  # fmt: skip
        order, payment = f"O{number}", f"P{number}"
        fee = 0 if is_cash else total * 26 // 1000 + 10
        tender = {"id": payment, "type": "CASH" if is_cash else "CARD", "amount_money": usd(total),
                  **({"customer_id": customer} if customer else {})}  # fmt: skip
        is_online = number % 10 == 2
        self.rows["orders"].append({
            "id": order, "location_id": place, "created_at": iso(at), "updated_at": iso(at + timedelta(minutes=9)),
            "closed_at": iso(at + timedelta(minutes=9)), "state": state, "version": 3, "line_items": lines,
            "source": {"name": "Square Online" if is_online else "Square Point of Sale"},
            "total_money": usd(total), "total_tax_money": usd(tax), "total_tip_money": usd(tip),
            "total_discount_money": usd(discount), "total_service_charge_money": usd(0), "tenders": [tender],
            "net_amount_due_money": usd(0),
            **({"discounts": [{"uid": "d", "catalog_object_id": "D1", "name": "BOGO Shake",
                               "applied_money": usd(discount), "scope": "ORDER"}]} if discount else {})})  # fmt: skip
        if state == "CANCELED":
            self.cancelled[f"square:{order}"] = (
                Decimal(gross - discount) / 100, Decimal(0), Decimal(0),
                None if customer is None else f"square:{customer}", f"square:{place}",
                "online" if is_online else "pos")  # fmt: skip
            return
        self.rows["payments"].append({
            "id": payment, "created_at": iso(at), "updated_at": iso(at + timedelta(minutes=9)), "status": "COMPLETED",
            "amount_money": usd(total - tip), "tip_money": usd(tip), "total_money": usd(total), "order_id": order,
            "location_id": place, "source_type": "CASH" if is_cash else "CARD",
            "buyer_email_address": "buyer@mail.example",
            **({"customer_id": customer} if customer else {}),
            **({"processing_fee": [{"effective_at": iso(at), "type": "INITIAL", "amount_money": usd(fee)}]}
               if fee else {})})  # fmt: skip
        own = gross - discount
        returned = (
            self._refund(number, order, payment, place, at, total, own)
            if number % 15 == 4 and at + DAY <= self.now
            else 0
        )
        name = None if customer is None else f"square:{customer}"
        self.truth.sales[f"square:{order}"] = (
            Decimal(own) / 100, Decimal(returned) / 100, Decimal(fee) / 100, name, f"square:{place}",
            "online" if is_online else "pos")  # fmt: skip

    def _line(self, uid: str, item: int, quantity: int, gross: int, discount: int, tax: int) -> Row:
        return {
            "uid": uid, "name": MENU[item][0], "quantity": str(quantity), "item_type": "ITEM",
            "catalog_object_id": f"V{item}", "catalog_version": 1, "variation_name": "Regular",
            "base_price_money": usd(MENU[item][2]), "gross_sales_money": usd(gross), "total_tax_money": usd(tax),
            "total_discount_money": usd(discount), "total_money": usd(gross - discount + tax)}  # fmt: skip

    def _refund(self, number: int, order: str, payment: str, place: str, at: datetime, total: int, own: int) -> int:
        """A refund of everything, with its own order that holds what came back; what leaves revenue."""
        later = at + timedelta(days=1)
        self.rows["refunds"].append({
            "id": f"R{number}", "status": "COMPLETED", "location_id": place, "amount_money": usd(total),
            "payment_id": payment, "order_id": f"OR{number}", "reason": "Cold food", "created_at": iso(later),
            "updated_at": iso(later)})  # fmt: skip
        item, quantity = number % len(MENU), 1 + number % 3
        gross = MENU[item][2] * quantity
        discount = 200 if number % 6 == 0 else 0
        back = self._line("1", item, quantity, gross, discount, (gross - discount) * 7 // 100)
        back |= {"source_line_item_uid": "1", "gross_return_money": back.pop("gross_sales_money")}
        self.rows["orders"].append({
            "id": f"OR{number}", "location_id": place, "created_at": iso(later), "updated_at": iso(later),
            "closed_at": iso(later), "state": "COMPLETED", "version": 1, "source": {"name": "Square Point of Sale"},
            "returns": [{"source_order_id": order, "return_line_items": [back]}],
            "total_money": usd(0), "total_tax_money": usd(0), "total_tip_money": usd(0),
            "total_discount_money": usd(0)})  # fmt: skip
        return own
