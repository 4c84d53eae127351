from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.base.models.res_users import check_identity
from odoo.exceptions import AccessError, UserError

from .person import require_person

EMERGENCY = "lockgate_price.lockgate_price_group_emergency"
ACTIVITY = "lockgate_price.mail_activity_type_price_review"
REVIEW_DAYS = 2
# Policies on when a price may change; what the price itself may be binds an emergency too.
TIMING = ("freeze", "lead_time", "frequency")


class PriceChange(models.Model):
    """An emergency: in force at once by one person's decision, reviewed by another one afterwards."""

    _inherit = "lockgate.price.change"

    kind = fields.Selection(selection_add=[("emergency", "Emergency")], ondelete={"emergency": "set default"})
    review_due_at = fields.Datetime("Review Due", readonly=True, copy=False)
    reviewed_at = fields.Datetime("Reviewed", readonly=True, copy=False)

    def action_put_in_force(self, reason=None):
        """Seal these drafts now, without approval, for a reason; an approver reviews them afterwards.

        Only for people who may, at the web client, who confirm who they are.
        """
        self._require_emergency()
        if not (reason or "").strip():
            return self._ask_reason("emergency")
        require_person(self)
        return self._put_in_force(reason)

    @check_identity
    def _put_in_force(self, reason):
        self._require_emergency()
        require_person(self)
        for change in self:
            change._clean()._put_one_in_force(reason)

    def _require_emergency(self):
        self._require(EMERGENCY, self.env._("Only people of “Emergency Price Changes” put prices in force."))
        self.check_access("read")

    def _put_one_in_force(self, reason):
        self._transition(
            {"draft", "to_approve"},
            "to_approve",
            kind="emergency",
            requester_id=self.env.uid,
            effective_from=False,
            requested_from=False,
        )
        self._hold_request()
        self._approve("emergency", self.env._("Emergency"), note=reason)
        due = fields.Datetime.now() + timedelta(days=REVIEW_DAYS)
        self._put(review_due_at=due)
        for user in self._reviewers():
            self.activity_schedule(
                ACTIVITY,
                date_deadline=due.date(),
                user_id=user.id,
                summary=self.env._("Review emergency price change %s", self.name),
                note=reason,
            )

    def _reviewers(self):
        return self.env["lockgate.price.tier"]._approvers(self.company_id) - self._barred()

    def _binds(self, policy):
        return super()._binds(policy) and not (self.kind == "emergency" and policy.kind in TIMING)

    def action_review(self, note=None):
        """Hold that an emergency was reviewed, and what was found."""
        for change in self._for_approver():
            if change.kind != "emergency" or change.state != "approved" or change.reviewed_at:
                raise UserError(
                    self.env._("Price change %s is no emergency that waits for its review.", change.name)
                )
            if self.env.user not in change._reviewers():
                raise AccessError(
                    self.env._(
                        "%(user)s put price change %(change)s in force or edited it: somebody else has to "
                        "review it.",
                        user=self.env.user.name,
                        change=change.name,
                    )
                )
        if not (note or "").strip():
            return self._ask_reason("reviewed")
        for change in self._for_person():
            change._raise_revision()
            change._decide("reviewed", note=note)
            change._put(reviewed_at=fields.Datetime.now())
            change.activity_unlink([ACTIVITY])
            change.message_post(body=note)
        return True

    @api.model
    def _cron_remind(self):
        super()._cron_remind()
        overdue = self.search([("reviewed_at", "=", False), ("review_due_at", "<", fields.Datetime.now())])
        for change in overdue:
            change.message_notify(
                partner_ids=change._reviewers().partner_id.ids,
                subject=self.env._("%s waits for its review", change.name),
                body=self.env._(
                    "Emergency price change %(change)s should have been reviewed by %(due)s.",
                    change=change.name,
                    due=change.review_due_at,
                ),
            )
