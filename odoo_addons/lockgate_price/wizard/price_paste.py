import re

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..models.references import find_products

NAMED = 10
NUMBER = re.compile(r"([-+]?\d+(?:[.,]\d+)?)\s*(%?)")


class PricePaste(models.TransientModel):
    """Rows pasted from a spreadsheet: an internal reference, barcode or SKU, and a price or a percentage."""

    _name = "lockgate.price.paste"
    _description = "Paste Prices"
    _inherit = ["lockgate.own"]

    change_id = fields.Many2one("lockgate.price.change", required=True)
    rows = fields.Text(
        required=True, help="One product a row: its reference, barcode or SKU, then its new price."
    )

    def action_add(self):
        """Add a line for each row, or none: UserError then names every row that cannot be taken."""
        self.ensure_one()
        rows = [
            (number, re.split(r"\t|;|\s{2,}", row.strip()))
            for number, row in enumerate(self.rows.splitlines(), 1)
            if row.strip()
        ]
        found = find_products(
            self.env, self.change_id.company_id, {cells[0].strip() for _number, cells in rows}
        )
        lines, problems, seen = [], [], {}
        for number, cells in rows:
            line, problem = self._read_row(cells, found)
            if not problem and line["product_id"] in seen:
                problem = self.env._("the same product as row %s", seen[line["product_id"]])
            if problem:
                problems.append(self.env._("Row %(number)s: %(problem)s", number=number, problem=problem))
                continue
            seen[line["product_id"]] = number
            lines.append(Command.create(line))
        if problems:
            more = len(problems) - NAMED
            rest = [self.env._("… and %s more rows.", more)] if more > 0 else []
            raise UserError("\n".join([self.env._("Nothing was added."), *problems[:NAMED], *rest]))
        self.change_id.write({"line_ids": lines})
        return {"type": "ir.actions.act_window_close"}

    def _read_row(self, cells, found):
        """(values of a line, None), or (None, what is wrong with the row)."""
        if len(cells) != 2:
            return None, self.env._("a reference and a price are needed, with a tab between them")
        reference, price = (cell.strip() for cell in cells)
        products = found.get(reference, self.env["product.product"])
        if len(products) != 1:
            return None, (
                self.env._("%s names several products", reference)
                if products
                else self.env._("no product has the reference, barcode or SKU %s", reference)
            )
        number = NUMBER.fullmatch(price)
        if not number:
            return None, self.env._("%s is not a price", price)
        amount = float(number[1].replace(",", "."))
        if number[2]:
            return {"product_id": products.id, "base": "in_force", "percent": amount}, None
        return {"product_id": products.id, "price": amount}, None
