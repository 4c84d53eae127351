from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

SAME = ("categ_id", "tag_id", "percent", "rounding", "surcharge", "overrides")


class PriceBulk(models.TransientModel):
    """“All of category X, -10 %”: drafts a price change of one line, for books or for whole channels."""

    _name = "lockgate.price.bulk"
    _description = "Change Many Prices"
    _inherit = ["lockgate.own"]

    applies_to = fields.Selection(
        [("category", "A category"), ("tag", "A tag"), ("book", "Everything")],
        "Change",
        required=True,
        default="category",
    )
    categ_id = fields.Many2one("product.category", "Category")
    tag_id = fields.Many2one("product.tag", "Tag")
    percent = fields.Float("Percent", help="-10 is ten percent less.")
    rounding = fields.Float("Round To")
    surcharge = fields.Float("Extra", help="Added after rounding; round to 1 and add -0.01 to end in .99.")
    overrides = fields.Boolean(
        "Override More Specific Rules", help="Also reprice products that a rule of their own prices now."
    )
    book_ids = fields.Many2many("lockgate.price.book", string="Price Books")
    channel_ids = fields.Many2many("lockgate.channel", string="All Books of Channels")
    effective_from = fields.Datetime()
    effective_to = fields.Datetime()
    reason = fields.Text()

    def action_draft(self):
        """Draft the change and open it. Raises UserError when no book, or nothing to change, is chosen."""
        self.ensure_one()
        books = self.book_ids | self.channel_ids.book_ids
        if not books:
            raise UserError(self.env._("Choose price books, or channels that have some."))
        if not (self.percent or self.rounding or self.surcharge):
            raise UserError(self.env._("Say how prices change: a percentage, an extra or a rounding."))
        line = {name: self[name].id if name.endswith("_id") else self[name] for name in SAME}
        change = self.env["lockgate.price.change"].create(
            {
                "company_id": books[0].company_id.id,
                "book_ids": [Command.set(books.ids)],
                "effective_from": self.effective_from,
                "effective_to": self.effective_to,
                "reason": self.reason,
                "line_ids": [Command.create({"applies_to": self.applies_to, "base": "in_force", **line})],
            }
        )
        return change.get_formview_action()

    @api.onchange("applies_to")
    def _onchange_applies_to(self):
        if self.applies_to != "category":
            self.categ_id = False
        if self.applies_to != "tag":
            self.tag_id = False
