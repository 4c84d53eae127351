from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .common import LockgateCase, make_channel


@tagged("-at_install", "post_install")
class TestImpact(LockgateCase):
    """What an exception may cost, by what was sold of its products; nothing where Sales is not installed."""

    def impact(self):
        self.run_cron("_update_impact")
        return self.exceptions().revenue_at_risk

    def sell(self, listing, quantity, days_ago=1):
        if "sale.order" not in self.env:
            return
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "A customer"}).id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": listing.product_id.id,
                            "product_uom_qty": quantity,
                            "price_unit": 10.0,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        order.date_order = fields.Datetime.subtract(fields.Datetime.now(), days=days_ago)
        self.env.flush_all()

    def test_the_sales_of_30_days_of_what_fails_are_at_risk(self):
        self.sell(self.listings[0], 3)
        self.sell(self.listings[1], 5, days_ago=40)
        self.sell(self.listings[2], 7)
        self.block_all(self.listings[:2])
        self.catch_up()
        self.assertEqual(self.impact(), 30.0 if "sale.order" in self.env else 0.0)

    def test_it_follows_what_still_fails(self):
        self.sell(self.listings[0], 3)
        self.block_all(self.listings[:1])
        self.catch_up()
        self.impact()
        self.block_all(self.listings[1:])
        self.sell(self.listings[1], 2)
        self.catch_up()
        self.assertEqual(self.impact(), 50.0 if "sale.order" in self.env else 0.0)

    def test_of_a_channel_that_is_down_all_that_it_sells_is_at_risk(self):
        self.sell(self.listings[0], 3)
        self.sell(self.listings[2], 7)
        self.sell(make_channel(self.env, "pier").listing_ids, 9)
        self.want(7)
        self.env["lockgate.outage"]._note(
            self.channel, [{"outcome": "down", "cause": "channel_down", "message": "It cannot be reached."}]
        )
        self.pass_time(901)
        self.catch_up()
        self.assertEqual(self.impact(), 100.0 if "sale.order" in self.env else 0.0)
        self.assertEqual(self.exceptions().impact_of, self.exceptions()._impact_of())
        self.exceptions().last_at += timedelta(minutes=1)
        self.assertEqual(self.exceptions().impact_of, self.exceptions()._impact_of(), "asked once a day")

    def test_of_a_refused_credential_all_that_the_channel_lists_is_at_risk(self):
        self.sell(self.listings[0], 3)
        self.sell(self.listings[1], 2)
        self.block_all(self.listings[:1], outcome="attention", cause="credentials", retry_after=60.0)
        self.catch_up()
        self.assertEqual(self.impact(), 50.0 if "sale.order" in self.env else 0.0)

    def test_where_sales_is_not_installed_nothing_is_said(self):
        self.block(7)
        exception = self.catch_up()
        installed = self.env.registry.models
        self.patch(
            self.env.registry,
            "models",
            {name: installed[name] for name in installed if name != "sale.report"},
        )
        self.assertEqual(exception._revenue(), 0.0)
