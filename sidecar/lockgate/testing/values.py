"""Values as Odoo sends them and events as it takes them, for tests."""

from __future__ import annotations

from typing import Any

from lockgate.contract import OrderEvent, PriceValue, StockValue


def price(sku: str, amount: str = "10.00", **parts: Any) -> PriceValue:
    return PriceValue.model_validate(
        {
            "aspect": "price",
            "sku": sku,
            "reference": None,
            "book": None,
            "amount": amount,
            "currency": "EUR",
            "tax_included": True,
            "unit": "Units",
            "breaks": (),
            "compare_at": None,
            "seal": 1,
            "starts": "2026-01-01T00:00:00+00:00",
            "ends": None,
            **parts,
        }
    )


def stock(sku: str, quantity: int = 5) -> StockValue:
    return StockValue(aspect="stock", sku=sku, reference=None, quantity=quantity)


def order(channel: str, external_id: str, sku: str, quantity: int = 1) -> OrderEvent:
    return OrderEvent.model_validate(
        {
            "kind": "order",
            "channel": channel,
            "external_id": external_id,
            "sku": sku,
            "quantity": quantity,
            "moment": "2026-06-01T12:00:00+00:00",
            "reference": None,
        }
    )
