from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class Channel(models.Model):
    _inherit = "lockgate.channel"

    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        relation="lockgate_channel_warehouse_rel",
        column1="channel_id",
        column2="warehouse_id",
        string="Warehouses",
        domain="[('company_id', '=', company_id)]",
        ondelete="restrict",
        tracking=True,
        help="The channel sells what lies in the stock locations of these warehouses and is promised to "
        "nobody. Without a warehouse the channel is told no stock at all.",
    )

    low_stock = fields.Integer(
        "Low Stock Below",
        required=True,
        default=0,
        tracking=True,
        help="A number that falls below this is sent at once, without waiting for others.",
    )

    defect_count = fields.Integer(
        "Found by the Sweep",
        compute="_compute_defect_count",
        help="Changes of stock in the last 7 days that no mark told of: something passed the hooks.",
    )

    def _compute_defect_count(self):
        week = fields.Datetime.now() - timedelta(days=7)
        counts = dict(
            self.env["lockgate.stock.ledger"]._read_group(
                [("channel_id", "in", self.ids), ("is_defect", "=", True), ("at", ">=", week)],
                ["channel_id"],
                ["__count"],
            )
        )
        for channel in self:
            channel.defect_count = counts.get(channel, 0)

    def action_open_defects(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("lockgate_stock.lockgate_stock_ledger_action")
        return action | {
            "domain": [("channel_id", "=", self.id)],
            "context": {"search_default_defects": 1},
        }

    @api.constrains("low_stock")
    def _check_low_stock(self):
        for channel in self:
            if channel.low_stock < 0:
                raise ValidationError(
                    self.env._(
                        "Channel %s: stock cannot be low below zero; set 0 to leave it out.", channel.name
                    )
                )

    @api.constrains("warehouse_ids", "company_id", "active")
    def _check_warehouses(self):
        for channel in self.sudo():
            for warehouse in channel.warehouse_ids:
                if warehouse.company_id != channel.company_id:
                    raise ValidationError(
                        self.env._(
                            "Channel %(channel)s belongs to %(company)s, but warehouse %(warehouse)s to "
                            "%(other_company)s: choose warehouses of %(company)s.",
                            channel=channel.name,
                            company=channel.company_id.name,
                            warehouse=warehouse.name,
                            other_company=warehouse.company_id.name,
                        )
                    )
        of_companies = [("company_id", "in", self.company_id.ids)]
        self.env["lockgate.exposure.policy"].sudo().search(of_companies)._check_shares()

    def write(self, vals):
        result = super().write(vals)
        if "warehouse_ids" in vals:
            self._mark_stock("warehouses changed")
        return result

    def _mark_stock(self, reason):
        """Mark the stock of everything that is listed on these channels."""
        self.env["lockgate.outbox"]._gather("channel", "stock", self.ids, reason)
