from odoo import models


class PosConfig(models.Model):
    _inherit = "pos.config"

    def write(self, vals):
        result = super().write(vals)
        if "picking_type_id" in vals:
            self._lockgate_mark()
        return result

    def _lockgate_mark(self):
        """Mark what open sessions of these sold: now it counts, or not any more, or elsewhere."""
        sessions = self.sudo().session_ids.filtered(lambda session: session.state != "closed")
        sessions.order_ids.lines._lockgate_mark()
