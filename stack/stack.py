"""The whole private stack: PostgreSQL, Redis, Odoo, the real shop, the fake channel, and then the sidecar."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from stack.console import step
from stack.odoo import Odoo
from stack.servers import Servers
from stack.shop import Shop, need_node
from stack.sidecar import FakeChannel, Sidecar
from stack.templates import SHOP


class Stack(Servers):
    """A context with everything but the sidecar running: that needs a key, which is issued in Odoo.

    `shop=False` leaves the real shop out; `options` go into odoo.conf (`workers=4`).
    """

    odoo: Odoo
    shop: Shop
    fake: FakeChannel
    sidecar: Sidecar

    def __init__(self, name: str, *, shop: bool = True, **options: object) -> None:
        super().__init__(name)
        self._with_shop, self._options = shop, options

    def _start(self) -> None:
        if self._with_shop:
            need_node()  # said at once, and not after minutes of downloads
        super()._start()
        self.odoo = Odoo(
            self.databases, self.database("odoo"), self.folder, redis_url=self.redis.url, **self._options
        )
        self.fake = FakeChannel(self.folder)
        parts: list[Odoo | FakeChannel | Shop] = [self.odoo, self.fake]
        names = "Odoo"
        if self._with_shop:
            parts.append(self._make_shop())
            names = "Odoo and the shop"
        for part in parts:
            self._open.callback(part.stop)
        with step(f"starting {names}"), ThreadPoolExecutor() as pool:
            for started in [pool.submit(part.start) for part in parts]:
                started.result()

    def _make_shop(self) -> Shop:
        name = self.empty_name("shop")
        if self.databases.exists(SHOP):
            self.databases.create(name, SHOP)
        self.shop = Shop(self.folder, self.databases, name)
        return self.shop

    def start_sidecar(
        self,
        settings: Mapping[str, str],
        credentials: Mapping[str, Mapping[str, str]] | None = None,
        **addresses: str,
    ) -> Sidecar:
        """Start a pacer and a worker with the settings that Odoo's key wizard gave; they end with the stack.

        The addresses of this stack are added, but those that `addresses` name otherwise (`odoo_url`,
        `redis_url`). `credentials` are the channels' secrets by name; the shop's are
        there under the name `vendure`.
        """
        known = (
            {"vendure": {"username": self.shop.user, "password": self.shop.password}}
            if self._with_shop
            else {}
        )
        addresses = {"odoo_url": self.odoo.url, "redis_url": self.redis.url, **addresses}
        named = {f"LOCKGATE_{name.upper()}": address for name, address in addresses.items()}
        self.sidecar = Sidecar(self.folder, {**settings, **named}, {**known, **(credentials or {})})
        self._open.callback(self.sidecar.stop)
        with step("starting the sidecar"):
            self.sidecar.start()
        return self.sidecar
