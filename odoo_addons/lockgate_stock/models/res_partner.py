from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def unlink(self):
        """Mark what is these partners': PostgreSQL itself takes the owner away, then it is ours to sell."""
        quants, moves = self.env["stock.quant"].sudo(), self.env["stock.move"].sudo()
        quants.search([("owner_id", "in", self.ids)])._lockgate_mark("on hand")
        theirs = ["|", ("restrict_partner_id", "in", self.ids), ("picking_id.owner_id", "in", self.ids)]
        moves.search([("state", "not in", ("draft", "done", "cancel")), *theirs])._lockgate_mark()
        return super().unlink()
