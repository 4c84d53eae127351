from odoo import fields, models


class PriceSeal(models.Model):
    _inherit = "lockgate.price.seal"

    fiscal_position_id = fields.Many2one("account.fiscal.position", readonly=True, ondelete="restrict")

    def _append(self, rows):
        """Each seal records its book's fiscal position; a revocation that of the seal it revokes."""
        books = self.env["lockgate.price.book"].browse({row["book_id"] for row in rows})
        positions = {book.id: book.fiscal_position_id.id or None for book in books}
        return super()._append([{"fiscal_position_id": positions[row["book_id"]], **row} for row in rows])
