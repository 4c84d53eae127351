from odoo import api, fields, models
from odoo.exceptions import UserError


class ExceptionDecision(models.TransientModel):
    """Asks why exceptions are ignored, or until when they are put aside."""

    _name = "lockgate.exception.decision"
    _description = "Ignore or Skip Exceptions"
    _inherit = ["lockgate.own"]

    exception_ids = fields.Many2many("lockgate.exception", required=True)
    exception_count = fields.Integer(compute="_compute_exception_count")
    kind = fields.Selection([("ignore", "Ignore"), ("skip", "Skip")], required=True, default="ignore")
    reason = fields.Char(required=True)
    until = fields.Datetime()

    @api.depends("exception_ids")
    def _compute_exception_count(self):
        for decision in self:
            decision.exception_count = len(decision.exception_ids)

    def action_apply(self):
        """Raises AccessError for who may not decide about one of them, UserError without a reason or time."""
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why: who looks at this later will ask."))
        if self.kind == "ignore":
            self.exception_ids._ignore(self.reason)
        elif not self.until or self.until <= fields.Datetime.now():
            raise UserError(self.env._("Skip until a moment that is still to come."))
        else:
            self.exception_ids._skip(self.until, self.reason)
        return {"type": "ir.actions.act_window_close"}
