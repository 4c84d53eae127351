from odoo.addons.lockgate.tests.common import TurnCase
from odoo.addons.lockgate.tests.session import interactive
from odoo.fields import Command
from odoo.tests import new_test_user

ANALYST = "lockgate_price.lockgate_price_group_analyst"
APPROVER = "lockgate_price.lockgate_price_group_approver"


def make_world(env, tag):
    """A channel with one book and three listed products priced 10, 20 and 30, and an analyst and an approver.

    `tag` keeps the names of two worlds apart. Returns them by name.
    """
    connector = env["lockgate.connector"].create({"code": f"fake_{tag}", "name": "Fake"})
    channel = env["lockgate.channel"].create(
        {"name": f"Shop {tag}", "code": f"shop_{tag}", "connector_id": connector.id}
    )
    pricelist = env["product.pricelist"].create(
        {"name": f"Public {tag}", "currency_id": env.company.currency_id.id}
    )
    products = env["product.product"].create(
        [
            {
                "name": f"Boat {n}",
                "default_code": f"{tag}-{n}",
                "list_price": 10.0 * n,
                "standard_price": 4.0 * n,
            }
            for n in (1, 2, 3)
        ]
    )
    listings = env["lockgate.listing"].create(
        [{"channel_id": channel.id, "product_id": product.id} for product in products]
    )
    book = env["lockgate.price.book"].create(
        {"name": "Default", "channel_id": channel.id, "pricelist_id": pricelist.id}
    )
    return {
        "connector": connector,
        "channel": channel,
        "pricelist": pricelist,
        "products": products,
        "listings": listings,
        "book": book,
        "analyst": new_test_user(env, f"analyst_{tag}", ANALYST),
        "approver": new_test_user(env, f"approver_{tag}", APPROVER),
    }


class PriceCase(TurnCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, value in make_world(cls.env, "test").items():
            setattr(cls, name, value)
        cls.product, cls.second, cls.third = cls.products
        cls.listing = cls.listings[0]
        cls.seals = cls.env["lockgate.price.seal"]
        cls.currency = cls.env.company.currency_id

    def setUp(self):
        super().setUp()
        # The approver sits at the web client; another one takes their place by `with interactive(user)`.
        self.enterContext(interactive(self.approver))

    def values(self, prices=None, **values):
        """Values of a change: {product: price} in the default book, unless told otherwise."""
        lines = prices if prices is not None else {self.product: 12.5}
        return {
            "book_ids": [Command.set(self.book.ids)],
            "line_ids": [
                Command.create({"product_id": product.id, "price": price}) for product, price in lines.items()
            ],
            **values,
        }

    def draft(self, prices=None, **values):
        return self.env["lockgate.price.change"].with_user(self.analyst).create(self.values(prices, **values))

    def requested(self, prices=None, **values):
        change = self.draft(prices, **values)
        change.action_request()
        return change

    def approved(self, prices=None, **values):
        change = self.requested(prices, **values)
        change.with_user(self.approver).action_approve()
        return change

    def baseline(self):
        self.book.with_user(self.analyst).action_draft_baseline()
        change = self.env["lockgate.price.change"].search([("book_ids", "in", self.book.ids)], limit=1)
        change.with_user(self.analyst).action_request()
        change.with_user(self.approver).action_approve()
        return change

    def execute(self, query, parameters=()):
        self.env.flush_all()
        self.env.cr.execute(query, parameters)
        self.env.invalidate_all()

    def marks(self):
        """{(listing id, reason)} of the price marks that this transaction leaves; takes them away."""
        self.env.cr.precommit.run()
        self.env.cr.execute("DELETE FROM lockgate_outbox WHERE aspect = 'price' RETURNING listing_id, reason")
        return set(self.env.cr.fetchall())
