from odoo import api, fields, models
from odoo.exceptions import UserError


class ExceptionDecision(models.TransientModel):
    """Asks why exceptions are ignored, until when they are put aside, or to whom they are given."""

    _name = "lockgate.exception.decision"
    _description = "Ignore, Skip or Assign Exceptions"
    _inherit = ["lockgate.own"]

    exception_ids = fields.Many2many("lockgate.exception", required=True)
    exception_count = fields.Integer(compute="_compute_exception_count")
    kind = fields.Selection(
        [("ignore", "Ignore"), ("skip", "Skip"), ("assign", "Assign")], required=True, default="ignore"
    )
    reason = fields.Char()
    until = fields.Datetime()
    owner_id = fields.Many2one("res.users", "New Owner", domain=[("share", "=", False)])

    @api.depends("exception_ids")
    def _compute_exception_count(self):
        for decision in self:
            decision.exception_count = len(decision.exception_ids)

    def action_apply(self):
        """Raises AccessError for who may not decide about one of them, UserError where a term is missing."""
        self.ensure_one()
        shown = self.exception_ids._decide_all(self.kind, **self._terms())
        return shown or {"type": "ir.actions.act_window_close"}

    def _terms(self):
        if self.kind == "assign":
            if not self.owner_id:
                raise UserError(self.env._("Choose who gets these exceptions."))
            return {"owner_id": self.owner_id.id}
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why: who looks at this later will ask."))
        if self.kind == "ignore":
            return {"reason": self.reason}
        if not self.until or self.until <= fields.Datetime.now():
            raise UserError(self.env._("Skip until a moment that is still to come."))
        return {"until": self.until, "reason": self.reason}
