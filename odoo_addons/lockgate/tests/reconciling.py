from datetime import timedelta

from .common import LockgateCase, result


class ReconciliationCase(LockgateCase):
    """Three listings whose stock is settled: 10, 11 and 12."""

    def setUp(self):
        super().setUp()
        for number, listing in enumerate(self.listings):
            self.want(10 + number, listing)
        self.report(self.turn())
        self.pass_time(2)
        self.read_back(self.turn())
        self.pass_time(60)

    def read_back(self, leased, shown=None, **values):
        """Report each read-back: the channel shows `shown` by SKU, and else what is wanted."""
        reports = []
        for lease in leased["leases"]:
            self.assertEqual(lease["purpose"], "read")
            quantity = (shown or {}).get(lease["value"]["sku"], lease["value"]["quantity"])
            reading = {"aspect": "stock", "quantity": quantity}
            reports.append(result(leased, lease, "read", reading=reading))
        return self.turn(*reports, **values)

    def reconcile(self, user=None):
        action = self.channel.with_user(user or self.user_operator).action_reconcile()
        self.env.flush_all()
        return self.env["lockgate.reconciliation"].browse(action["res_id"])

    def created(self, hours):
        """The channel was made so long ago."""
        moment = self.env.cr.now() - timedelta(hours=hours)
        self.env.cr.execute(
            "UPDATE lockgate_channel SET create_date = %s WHERE id = %s", [moment, self.channel.id]
        )
        self.env.invalidate_all()

    def catch_up(self):
        self.env["lockgate.reconciliation"]._catch_up(self.channel)
        self.env.flush_all()
        self.env.invalidate_all()

    def counts(self, reconciliation):
        self.env.invalidate_all()
        return {name: reconciliation[name] for name in ("finished", "total", "agreed", "differed", "unread")}
