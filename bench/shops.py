"""Three shops that sell one product on what they were last told: the shipped fake channel.

A shop that `allocates` keeps what it sold apart, one that `replaces` counts its number down (`Shop.sell`).
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from lockgate.fake import FakeChannel
from lockgate.shop import Json, Shop

SHOPS = {"web": "allocates", "market": "replaces", "store": "replaces"}


class Sold(NamedTuple):
    """One unit sold at a moment. `unknown`: units sold before that the shop had not been told of."""

    at: float
    shop: str
    unknown: int
    age: float  # seconds since the oldest of them was sold


class SellingShops(Shop):
    """The inside of a fake channel that is three shops, each with a SKU of its own for what is sold."""

    def __init__(self) -> None:
        super().__init__()
        self.told_last: Counter[str] = Counter()

    def _show(self, entry: Json) -> None:
        super()._show(entry)
        self.told_last[entry["sku"]] = entry["value"]["quantity"]

    def tell(self, skus: Iterable[str], quantity: int) -> None:
        """Tell several shops a number in one request."""
        items = [{"sku": sku, "aspect": "stock", "quantity": quantity} for sku in skus]
        self.told("/stock", items, apply=True)

    def sell_one(self, shop: str, sku: str, offered: int, sales: list[Sold]) -> bool:
        """Sell one unit if the shop still offers one, and note it; `offered`: what all were told at first."""
        with self.lock:
            if not super().sell(sku, 1, allocates=SHOPS[shop] == "allocates"):
                return False
            now, unknown = time.monotonic(), sales[offered - self.told_last[sku] :]
            sales.append(Sold(now, shop, len(unknown), now - unknown[0].at if unknown else 0.0))
            return True


@contextmanager
def selling_shops() -> Iterator[tuple[SellingShops, str]]:
    """The shops and the address at which they listen."""
    server = FakeChannel("127.0.0.1", 0)
    server.shop = shops = SellingShops()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield shops, server.address
    finally:
        server.shutdown()
        server.server_close()
