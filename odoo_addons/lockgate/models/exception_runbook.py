from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# What to do, in a few words; the page of the same name has the rest. `make runbooks` writes it.
FIRST_STEPS = {
    "mapping": _lt(
        "Fix Mapping: give the listing, or its price book, the name by which the channel knows it."
    ),
    "unknown_product": _lt("Put the product on sale at the channel, or Fix Mapping when its SKU is another."),
    "price_refused": _lt(
        "Read the channel's answer. Approve a price that it takes, or change its own limits."
    ),
    "stock_refused": _lt("Read the channel's answer. Mend the product at the channel, then Retry."),
    "credentials": _lt("Renew the credential where the sidecar keeps it, then Retry. No restart is needed."),
    "permission": _lt("Give the credential's role at the channel the right that is named, then Retry."),
    "settings": _lt("Open Channel and correct the setting that is named, then Retry."),
    "rate_limit": _lt(
        "Nothing is lost. See what else uses the same credential, or ask for a larger allowance."
    ),
    "channel_down": _lt("Nothing is lost. See whether the channel runs; it is tried again by itself."),
    "bad_answer": _lt("See whether the address leads to the channel, and whether its version changed."),
    "out_of_policy": _lt("Open the price change: correct the price, or have the breach approved."),
    "ungoverned_price": _lt("Draft a price change for these products: without a seal nothing is sent."),
    "drift": _lt(
        "Find who else changes the channel, or use the channel's value; Retry sends ours again. "
        "Where Odoo's price is another than the approved one, decide in Prices, Drift."
    ),
    "conflict": _lt(
        "Read the message. Retry once nobody else changes the product at the channel; of two products "
        "with one SKU, give one another."
    ),
    "internal": _lt(
        "Read the message: mend the product's data, see whether pacer, workers and Redis run, or hand the "
        "worker's log to an engineer."
    ),
}


class ExceptionRunbook(models.Model):
    _inherit = "lockgate.exception"

    runbook = fields.Html("What to Do", compute="_compute_runbook")

    @api.depends("category")
    def _compute_runbook(self):
        for exception in self:
            steps = self.env._(FIRST_STEPS[exception.category])
            exception.runbook = Markup(
                "<p>{}</p><p><a href='/lockgate/static/runbooks/{}.html' target='_blank'>{}</a></p>"
            ).format(steps, exception.category, self.env._("Open the whole runbook"))
