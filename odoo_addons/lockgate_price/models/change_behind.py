"""From what a channel shows or refuses to the price change behind it."""

from odoo import fields, models

# The changes by whose seals an exception's prices were sent; of a price that a policy held, its own.
CHANGES = r"""
    SELECT f.exception_id, array_agg(DISTINCT seal.change_id)
      FROM lockgate_exception_failure f
      LEFT JOIN lockgate_publication p ON p.id = f.publication_id
      JOIN lockgate_price_seal seal
        ON seal.id = coalesce((p.wanted->>'seal')::int, substring(f.subject FROM '^held (\d+)$')::int)
     WHERE f.exception_id = ANY(%s) AND f.aspect = 'price'
  GROUP BY f.exception_id
"""


class LockgateException(models.Model):
    _inherit = "lockgate.exception"

    price_change_count = fields.Integer("Price Changes", compute="_compute_price_change_count")

    def _compute_price_change_count(self):
        changes = self._price_changes()
        for exception in self:
            exception.price_change_count = len(changes.get(exception.id, ()))

    def _price_changes(self):
        """{exception id: ids of the changes behind it}."""
        self.env.flush_all()
        self.env.cr.execute(CHANGES, [self.ids])
        return dict(self.env.cr.fetchall())

    def action_open_price_changes(self):
        self.ensure_one()
        self.check_access("read")
        changes = self.env["lockgate.price.change"].browse(self._price_changes().get(self.id, ()))
        if len(changes) == 1:
            return changes._get_records_action()
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_price.lockgate_price_change_action")
        return action | {"domain": [("id", "in", changes.ids)], "context": {}}


class Publication(models.Model):
    _inherit = "lockgate.publication"

    price_change_id = fields.Many2one("lockgate.price.change", compute="_compute_price_change_id")

    def _compute_price_change_id(self):
        seals = {
            publication: self.env["lockgate.price.seal"].browse((publication.wanted or {}).get("seal"))
            for publication in self
        }
        for publication, seal in seals.items():
            publication.price_change_id = seal.change_id
