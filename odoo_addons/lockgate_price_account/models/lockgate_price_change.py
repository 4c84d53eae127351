import hashlib

from odoo import models


class PriceChange(models.Model):
    _inherit = "lockgate.price.change"

    def _digest(self, proposals):
        """What is approved says as well under which fiscal position each book's prices are."""
        digest = super()._digest(proposals)
        positions = [
            (book.id, book.fiscal_position_id.id)
            for book in self.book_ids.sorted("id")
            if book.fiscal_position_id
        ]
        if not positions:
            return digest
        return hashlib.sha256(f"{digest}{positions}".encode()).hexdigest()
