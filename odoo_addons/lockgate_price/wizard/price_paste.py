import re

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

NAMED = 10
NUMBER = re.compile(r"([-+]?\d+(?:[.,]\d+)?)\s*(%?)")


class PricePaste(models.TransientModel):
    """Rows pasted from a spreadsheet: an internal reference or barcode, and a price or a percentage."""

    _name = "lockgate.price.paste"
    _description = "Paste Prices"

    change_id = fields.Many2one("lockgate.price.change", required=True)
    rows = fields.Text(required=True, help="One product a row: its reference or barcode, then its new price.")

    def action_add(self):
        """Add a line for each row, or none: UserError then names every row that cannot be taken."""
        self.ensure_one()
        rows = [
            (number, re.split(r"\t|;|\s{2,}", row.strip()))
            for number, row in enumerate(self.rows.splitlines(), 1)
            if row.strip()
        ]
        found = self._find_products({cells[0].strip() for _number, cells in rows})
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
                else self.env._("no product has the reference or barcode %s", reference)
            )
        number = NUMBER.fullmatch(price)
        if not number:
            return None, self.env._("%s is not a price", price)
        amount = float(number[1].replace(",", "."))
        if number[2]:
            return {"product_id": products.id, "base": "in_force", "percent": amount}, None
        return {"product_id": products.id, "price": amount}, None

    def _find_products(self, references):
        """{reference or barcode: products} of the change's company."""
        products = self.env["product.product"].search_fetch(
            [
                "|",
                ("default_code", "in", list(references)),
                ("barcode", "in", list(references)),
                ("company_id", "in", [False, self.change_id.company_id.id]),
            ],
            ["default_code", "barcode"],
        )
        found = {}
        for product in products:
            for name in {product.default_code, product.barcode} & references:
                found[name] = found.get(name, products.browse()) | product
        return found
