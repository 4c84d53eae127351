"""A channel of Lockgate in an arena: what is listed on it, what changes, and when it is done."""

import time

from bench.arena import Arena
from bench.copies import copy_row
from stack.inside import ADMIN, SUPERUSER


class Channel:
    """One channel with its own warehouse and price book, and `size` listings; with prices if `priced`."""

    def __init__(
        self, arena: Arena, code: str, connector: str, size: int, *, priced: bool = True, **values: object
    ) -> None:
        self.arena, self.code, self.size = arena, code, size
        with arena.transaction(ADMIN) as env:
            self._make(env, connector, values)
        with arena.transaction(ADMIN) as env:
            env["lockgate.channel"].browse(self.id).action_start()
        if priced:
            self.new_prices(base="fixed", price=100.0)
            self.wait_confirmed()
        self.settle()

    def _make(self, env, connector: str, values: dict[str, object]) -> None:
        company = env.company.id
        warehouse = env["stock.warehouse"].create(
            {"name": self.code, "code": self.code, "company_id": company}
        )
        self.location = warehouse.lot_stock_id.id
        channel = env["lockgate.channel"].create(
            {
                "name": self.code,
                "code": self.code,
                "connector_id": env["lockgate.connector"].search([("code", "=", connector)]).id,
                "settings": {"url": self.arena.stack.fake.url},
                "warehouse_ids": [(6, 0, [warehouse.id])],
                **values,
            }
        )
        self.id = channel.id
        pricelist = env["product.pricelist"].create({"name": self.code, "company_id": company})
        book = {"name": self.code, "channel_id": self.id, "pricelist_id": pricelist.id}
        self.book = env["lockgate.price.book"].create(book).id
        self.skus = [f"{self.code}-{number:06}" for number in range(self.size)]
        goods = {"name": self.code, "default_code": self.skus[0], "is_storable": True, "list_price": 10}
        product = env["product.product"].create(goods)
        listing = env["lockgate.listing"].create({"channel_id": self.id, "product_id": product.id})
        env.flush_all()
        copies = self.size - 1
        templates = copy_row(env, product.product_tmpl_id, copies)
        products = copy_row(env, product, copies, product_tmpl_id=templates, default_code=self.skus[1:])
        listings = copy_row(env, listing, copies, product_id=products, sku=self.skus[1:])
        env.invalidate_all()
        env["lockgate.listing"].browse(listings)._stand()
        self.products = [product.id, *products]
        env.cr.execute("ANALYZE product_template, product_product, lockgate_listing, lockgate_standing")

    def new_prices(self, **line: object) -> float:
        """A new approved price for every listing, by one line of a change; returns when it was committed."""
        arena = self.arena
        # an approval needs a person at the web client
        from odoo.addons.lockgate.tests.session import interactive

        with arena.transaction(ADMIN) as env:
            analyst, approver = (
                env.ref(f"lockgate_price.user_{role}").id for role in ("analyst", "approver")
            )
        with arena.transaction(analyst) as env:
            lines = [(0, 0, {"applies_to": "book", "overrides": True, **line})]
            change = env["lockgate.price.change"].create(
                {"reason": "bench", "book_ids": [(6, 0, [self.book])], "line_ids": lines}
            )
            self.change = change.id
            work_behind(env)
        with arena.transaction(analyst) as env:
            env["lockgate.price.change"].browse(self.change).action_request()
            work_behind(env)
        with arena.transaction(approver) as env:
            with interactive(env.user):
                env["lockgate.price.change"].browse(self.change).action_approve()
            work_behind(env)
            env.cr.flush()
            return time.monotonic()

    def raise_prices(self) -> float:
        """By one percent: what falls would be critical work."""
        return self.new_prices(base="in_force", percent=1.0)

    def wait_confirmed(self) -> float:
        """Wait until Odoo has every price of the last change confirmed; returns when it was seen."""
        (first,) = self.arena.ask(
            "SELECT min(id) FROM lockgate_price_seal WHERE change_id = %s", [self.change]
        )
        # asked so that the first that is not confirmed is the answer: it should cost PostgreSQL little
        self.arena.wait(
            f"confirming {self.size} prices",
            """SELECT NOT EXISTS (
                   SELECT FROM lockgate_listing l
                LEFT JOIN lockgate_publication p ON p.listing_id = l.id AND p.aspect = 'price'
                    WHERE l.channel_id = %s AND coalesce((p.confirmed->>'seal')::int, 0) < %s)""",
            [self.id, first],
            pause=max(0.02, self.size / 200_000),
        )
        return time.monotonic()

    def new_quantity(self, number: int, quantity: int) -> float:
        """Put so many more of one product into the warehouse; returns when it was committed."""
        with self.arena.transaction(SUPERUSER) as env:
            product = env["product.product"].browse(self.products[number])
            location = env["stock.location"].browse(self.location)
            env["stock.quant"]._update_available_quantity(product, location, quantity)
            env.cr.flush()
            return time.monotonic()

    def stock_up(self, numbers: range, quantity: int) -> None:
        """Put so many of each of these products into the warehouse, in one transaction."""
        with self.arena.transaction(SUPERUSER) as env:
            location = env["stock.location"].browse(self.location)
            for product in env["product.product"].browse([self.products[number] for number in numbers]):
                env["stock.quant"]._update_available_quantity(product, location, quantity)
        self.settle()

    def set(self, **values: object) -> None:
        """Change settings of the channel, and wait until it is at rest again."""
        with self.arena.transaction(ADMIN) as env:
            env["lockgate.channel"].browse(self.id).write(values)
        self.settle()

    def settle(self, number: int | None = None) -> None:
        """Wait until nothing of the channel, or of one of its listings, is due, in flight or unverified."""
        self.arena.wait(
            f"coming to rest of {self.code}",
            """SELECT NOT EXISTS (SELECT FROM lockgate_outbox WHERE channel_id = %(channel)s) AND NOT EXISTS (
                   SELECT FROM lockgate_publication p JOIN lockgate_listing l ON l.id = p.listing_id
                    WHERE p.channel_id = %(channel)s AND p.state <> 'settled'
                      AND (%(sku)s IS NULL OR l.sku = %(sku)s))""",
            {"channel": self.id, "sku": None if number is None else self.skus[number]},
            pause=0.02 if number is not None else 0.2,
        )


def work_behind(env) -> None:
    """Do at once what a large price change leaves to the background, in the same transaction."""
    jobs = env(user=SUPERUSER)["lockgate.price.job"]
    while job := jobs.search([])._first():
        jobs._step(job)
