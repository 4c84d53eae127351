from odoo import api, fields, models

from .one_by_one import one_by_one


class ExceptionEscalation(models.Model):
    """What is overdue is mailed to its owner and goes to the next one; what was skipped comes back."""

    _inherit = "lockgate.exception"

    escalated_at = fields.Datetime(
        readonly=True, help="When it was told and handed on because it was overdue."
    )

    @api.model
    def _cron_escalate(self):
        now = fields.Datetime.now()
        skipped = self.search([("state", "=", "skipped"), ("skip_until", "<=", now)])
        one_by_one(skipped, lambda one: one._wake(), "Waking what was skipped")
        overdue = self.search([("state", "in", ("open", "retrying")), ("deadline", "<", now)])
        # Once for each due time: who sets a later one is reminded again when that has passed.
        overdue = overdue.filtered(lambda one: (one.escalated_at or one.first_at) < one.deadline)
        one_by_one(overdue, lambda one: one._escalate(now), "Escalating")

    def _wake(self):
        self._due_anew()
        self.write({"state": "open", "skip_until": False})
        self._give_to_owner()

    def _due_anew(self):
        """Nobody was to decide about these until now: they are due from now on, never sooner than before."""
        for exception in self:
            rule = self.env["lockgate.exception.rule"]._for(exception.channel_id, exception.category)
            due = rule._due(exception.severity, fields.Datetime.now())
            exception.deadline = max(exception.deadline or due, due)

    def _escalate(self, now):
        rule = self.env["lockgate.exception.rule"]._for(self.channel_id, self.category)
        before, after = self.owner_id, rule._who("escalate_to_id", self.channel_id) or self.owner_id
        self.write({"escalated_at": now, **({"owner_id": after.id} if after != before else {})})
        if after == before:
            self._give_to_owner()
        self.message_post(
            subject=self.env._("Overdue: %s", self.display_name),
            body=self.env._("Overdue: %(what)s. %(why)s", what=self.display_name, why=self.message or ""),
            partner_ids=(before | after).partner_id.ids,
            subtype_xmlid="mail.mt_comment",
        )
