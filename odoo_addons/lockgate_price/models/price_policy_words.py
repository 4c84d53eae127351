from odoo import api, fields, models
from odoo.tools import format_amount, format_datetime


class PricePolicy(models.Model):
    _inherit = "lockgate.price.policy"

    limit_text = fields.Char("Limit", compute="_compute_limit_text", help="The band, in words.")

    @api.depends("kind", "percent", "amount", "endings", "freeze_from", "freeze_to", "days", "times")
    def _compute_limit_text(self):
        for policy in self:
            policy.limit_text = policy._limit_words()

    def _limit_words(self):
        match self.kind:
            case "margin" | "rise" | "fall" | "drift":
                return f"{self.percent * 100:g} %"
            case "minimum":
                return format_amount(self.env, self.amount, self.company_currency_id)
            case "ending":
                return self.endings
            case "freeze":
                ends = (self.freeze_from, self.freeze_to)
                begins, ends = (format_datetime(self.env, end, dt_format="short") for end in ends)
                return self.env._("%(begins)s to %(ends)s", begins=begins, ends=ends)
            case "lead_time" | "currency":
                return self.env._("%s days", self.days)
            case "frequency":
                return self.env._("%s a week", self.times)
        return False
