import requests

from odoo import fields, models
from odoo.addons.queue_job.exception import FailedJobError

# Kept open by each process of Odoo, so that a job does not pay for a new connection.
CHANNEL = requests.Session()
VALUES = {"stock": "quantity", "price": "price"}


class PeerListing(models.Model):
    """A binding as connectors on queue_job have it: the value to send stands on it, ready to be read."""

    _name = "bench.peer.listing"
    _description = "Listing of the Peer"

    sku = fields.Char(required=True)
    quantity = fields.Integer()
    price = fields.Float(digits=(16, 2))
    confirmed_quantity = fields.Integer()
    confirmed_price = fields.Float(digits=(16, 2))

    def export(self, aspect):
        """The job: read the values, tell the channel in one call, write back what it took."""
        items = [{"key": each.id, "sku": each.sku, "aspect": aspect, **each._value(aspect)} for each in self]
        url = self.env["ir.config_parameter"].sudo().get_param("bench_peer.channel")
        path = "/prices" if aspect == "price" else "/stock"
        answer = CHANNEL.post(url + path, json={"items": items}, timeout=10)
        answer.raise_for_status()
        refused = [each["sku"] for each in answer.json()["items"] if not each["applied"]]
        if refused:
            raise FailedJobError(f"The channel refused {', '.join(refused)}.")
        name = VALUES[aspect]
        for each in self:
            each[f"confirmed_{name}"] = each[name]

    def _value(self, aspect):
        if aspect == "stock":
            return {"quantity": self.quantity}
        return {"amount": f"{self.price:.2f}", "currency": "USD", "book": None}
