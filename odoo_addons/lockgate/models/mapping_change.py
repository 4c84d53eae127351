from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ..person import require_person
from .mapping_guard import passage

# The calls of the web client by which a person decides.
APPROVE = {("lockgate.mapping.change", "action_approve"): "id"}
REJECT = {("lockgate.mapping.change", "action_reject"): "id"}
STATES = [
    ("open", "To Approve"),
    ("approved", "Approved"),
    ("rejected", "Rejected"),
    ("replaced", "Replaced"),
]


class MappingChange(models.Model):
    """A change of a listing's mapping that another person has to approve before it takes effect.

    Never edited: a further change of the same listing replaces it by one that holds both, so what is
    approved is what was read. Whoever had a part in it may not approve it.
    """

    _name = "lockgate.mapping.change"
    _description = "Mapping Change"
    _inherit = ["lockgate.facts"]
    _order = "id desc"
    _rec_name = "listing_id"

    listing_id = fields.Many2one(
        "lockgate.listing", required=True, readonly=True, ondelete="cascade", index=True
    )
    channel_id = fields.Many2one(related="listing_id.channel_id", store=True, index=True)
    company_id = fields.Many2one(related="listing_id.company_id", store=True, index=True)
    before = fields.Json(required=True, readonly=True)
    after = fields.Json(required=True, readonly=True)
    summary = fields.Char("Change", compute="_compute_summary")
    user_ids = fields.Many2many(
        "res.users", relation="lockgate_mapping_change_user_rel", string="Proposed By", readonly=True
    )
    state = fields.Selection(STATES, default="open", required=True, readonly=True)
    decided_by_id = fields.Many2one("res.users", "Decided By", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    may_approve = fields.Boolean(compute="_compute_may_approve")

    _open_unique = models.UniqueIndex("(listing_id) WHERE state = 'open'")

    @api.depends("before", "after")
    def _compute_summary(self):
        for change in self:
            change.summary = change.listing_id._mapping_words(change.before, change.after)

    @api.depends_context("uid")
    @api.depends("user_ids", "state")
    def _compute_may_approve(self):
        operator = self.env.user.has_group("lockgate.lockgate_group_operator")
        for change in self:
            change.may_approve = operator and change.state == "open" and self.env.user not in change.user_ids

    @api.model
    def _propose(self, listing, changed):
        """Keep what `changed` of a listing for another person, together with what waits for one already."""
        waiting = listing.mapping_change_ids.filtered(lambda change: change.state == "open")
        after = {**(waiting.after or {}), **changed}
        if not changed or after == waiting.after:
            return
        waiting.state = "replaced"
        waiting.flush_recordset()
        change = self.create(
            {
                "listing_id": listing.id,
                "before": listing._mapping(),
                "after": after,
                "user_ids": [Command.set((waiting.user_ids | self.env.user).ids)],
            }
        )
        listing.message_post(body=self.env._("To be approved by another person: %s", change.summary))

    def action_approve(self):
        """Put these into force. Only a person at the web client who had no part in them may."""
        require_person(self, APPROVE)
        for change in self:
            change._check_approver()
            change._decide("approved")
            change._clean()._put_in_force()

    def action_reject(self):
        """Drop these; the mapping in force stays. Those who proposed them may take them back."""
        require_person(self, REJECT)
        self._check_operator()
        for change in self:
            change._decide("rejected")
            change.listing_id.message_post(body=self.env._("Not approved: %s", change.summary))

    def _check_operator(self):
        if not self.env.user.has_group("lockgate.lockgate_group_operator"):
            raise AccessError(self.env._("Changes of a mapping are decided by channel operators."))
        self.check_access("read")
        self.listing_id.check_access("write")

    def _check_approver(self):
        self._check_operator()
        if self.env.user in self.sudo().user_ids:
            raise AccessError(
                self.env._(
                    "%s: you had a part in this change, so another person has to approve it.",
                    self.listing_id.display_name,
                )
            )

    def _decide(self, state):
        """The only way it ends. Of a change that is replaced at this moment, only one transaction wins."""
        if self.state != "open":
            raise UserError(self.env._("%s: this change is not open any more.", self.listing_id.display_name))
        decision = {"state": state, "decided_by_id": self.env.uid, "decided_at": self.env.cr.now()}
        self.sudo().write(decision)
        self.sudo().flush_recordset()

    def _clean(self):
        """The change as no caller's context, language or companies can change it."""
        return self.with_env(self.env(su=True, context={}))

    def _put_in_force(self):
        listing = self.listing_id
        if self.before != listing._mapping():
            raise UserError(
                self.env._(
                    "%s has changed since this was proposed: reject it, and change the listing again.",
                    listing.display_name,
                )
            )
        with passage(listing):
            listing.write({**self.after, "awaits_first_approval": False})
        listing.message_post(body=self.env._("Approved: %s", self.summary))
