from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.listing_rule_run import SLICE

# Products and listings that the dialog names.
SHOWN = 80


class ListingRulePreview(models.TransientModel):
    """What a run of a rule would do now, and the button that runs it."""

    _name = "lockgate.listing.rule.preview"
    _description = "Preview of a Listing Rule"
    _inherit = ["lockgate.own"]

    rule_id = fields.Many2one("lockgate.listing.rule", required=True, readonly=True)
    add_count = fields.Integer("Would Be Listed", compute="_compute_preview")
    add_ids = fields.Many2many("product.product", compute="_compute_preview", string="Would Be Listed First")
    stuck_count = fields.Integer("Cannot Be Listed", compute="_compute_preview")
    stuck_words = fields.Text("Why Not", compute="_compute_preview")
    back_count = fields.Integer("Would Be Put Back", compute="_compute_preview")
    end_count = fields.Integer("Would Be Archived", compute="_compute_preview")
    end_ids = fields.Many2many(
        "lockgate.listing", compute="_compute_preview", string="Would Be Archived First"
    )

    @api.depends("rule_id")
    def _compute_preview(self):
        for preview in self:
            preview.rule_id.check_access("read")
            rule = preview.rule_id._clean()
            products = rule._unlisted()
            stuck = rule._stuck(products)
            add = products.browse(set(products.ids) - {each.product_id for each in stuck})
            end = rule._to_end()
            preview.add_count, preview.add_ids = len(add), add.sorted("id")[:SHOWN].ids
            preview.stuck_count = len(stuck)
            preview.stuck_words = "\n".join(each.words for each in stuck[:SHOWN])
            preview.back_count = len(rule._ended())
            preview.end_count, preview.end_ids = len(end), end[:SHOWN].ids

    def action_run(self):
        """Run the rule now where one slice is enough, else in the background."""
        self.ensure_one()
        rule = self.rule_id
        rule.check_access("write")
        if not rule.active:
            raise UserError(self.env._("Rule %s is archived: put it back first.", rule.name))
        if rule._clean()._unlisted(limit=SLICE + 1)[SLICE:]:
            rule._wake()
            message = self.env._("It is more than %s products: they are listed in the background.", SLICE)
        else:
            before = rule.listing_count
            rule._run_slice(0)
            rule.invalidate_recordset()
            message = self.env._(
                "Done: the rule has %(after)s listings, before it had %(before)s.",
                after=rule.listing_count,
                before=before,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "next": {"type": "ir.actions.act_window_close"}},
        }
