import hashlib
import json
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError

ACTIVITY = "lockgate_price.mail_activity_type_price_approval"
DAYS = 2


class PriceChange(models.Model):
    """The tiers that have to approve, in their order, and who is waited for.

    Which tiers those are is never stored: policies say it anew whenever somebody approves, and it stands
    in the hash, so that an approval is of the prices and of what the policies said of them.
    """

    _inherit = "lockgate.price.change"

    request_revision = fields.Integer(
        readonly=True, copy=False, help="Approvals of an earlier revision than this are void."
    )
    approver_ids = fields.Many2many(
        "res.users",
        "lockgate_price_change_approver_rel",
        "change_id",
        "user_id",
        string="Waiting For",
        readonly=True,
        copy=False,
        help="Any one of them may approve the next tier.",
    )
    due_at = fields.Datetime("Decision Due", readonly=True, copy=False)
    tier_text = fields.Text("Tiers", compute="_compute_tier_text")

    @api.depends("state", "approval_ids", "approver_ids")
    def _compute_tier_text(self):
        for change in self:
            asked = change.state == "to_approve"
            change.tier_text = "\n".join(change.sudo()._tier_lines()) if asked else False

    def _tier_lines(self):
        given = self._given()
        for number, (tier, identity) in enumerate(self._plan(), 1):
            name = self._tier_name(tier)
            if number <= len(given):
                yield self.env._(
                    "%(number)s. %(tier)s: approved by %(user)s",
                    number=number,
                    tier=name,
                    user=given[number - 1].user_id.name,
                )
            elif identity:
                yield self.env._(
                    "%(number)s. %(tier)s, who confirms their identity", number=number, tier=name
                )
            else:
                yield self.env._("%(number)s. %(tier)s", number=number, tier=name)

    def _tier_name(self, tier):
        return tier.name or self.env._("Any price approver")

    def _plan(self):
        """[(tier, whether its approver confirms who they are)], in order.

        The tiers of the policies that ask; without any one tier of any price approver (an empty record),
        and nobody at all where policies let every price through.
        """
        asking = [policy for policy in self._breaches() if policy.effect == "ask"]
        tiers = self.env["lockgate.price.tier"].union(*(policy.tier_ids for policy in asking)).sorted()
        if not tiers and self.env["lockgate.price.policy"]._all_let_through(self):
            return []
        confirm = any(policy.confirm_identity for policy in asking)
        return [(tier, confirm or number > 0) for number, tier in enumerate(tiers or [tiers])]

    def _given(self):
        """The approvals of what is asked for now, oldest first: none of an earlier revision counts."""
        return self.approval_ids.filtered(
            lambda approval: approval.decision == "approved" and approval.revision > self.request_revision
        ).sorted("id")

    def _open_tiers(self):
        return len(self._plan()) - len(self._given())

    def _needs_identity(self):
        if self.state != "to_approve" or self._open_tiers() <= 0:
            return False
        return self._plan()[len(self._given())][1]

    def _own_tier(self):
        """The name of the tier that is next, of which the user has to be one; AccessError when not."""
        given = self._given()
        if self.env.user in given.user_id:
            raise AccessError(
                self.env._(
                    "%(user)s approved an earlier tier of price change %(change)s: another person has to "
                    "approve this one.",
                    user=self.env.user.name,
                    change=self.name,
                )
            )
        tier = self._plan()[len(given)][0]
        if self.env.user not in tier._approvers(self.company_id):
            raise AccessError(
                self.env._(
                    "Price change %(change)s waits for tier “%(tier)s”, and %(user)s is not one of it.",
                    change=self.name,
                    tier=self._tier_name(tier),
                    user=self.env.user.name,
                )
            )
        return self._tier_name(tier)

    def _digest(self, proposals):
        """Also of the tiers that have to approve, and of every policy that prices are outside of."""
        content = {
            "change": super()._digest(proposals),
            "plan": [[tier.id, identity] for tier, identity in self._plan()],
            "policies": [policy._content() for policy in self._breaches()],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def _decide(self, decision, digest=None, note=None, **values):
        if decision == "approved":
            values["policies"] = [
                {"policy": policy.id, "name": policy.name, "effect": policy.effect, "prices": count}
                for policy, count in self._breaches().items()
            ]
        return super()._decide(decision, digest, note, **values)

    def _refuse_blocked(self):
        if blocked := self._blocked():
            raise UserError("\n".join([self.env._("Price change %s:", self.name), *blocked]))

    def _ask_tiers(self):
        """Wait for the people of the next tier, or approve by the policies that let all of it through."""
        plan, given = self._plan(), self._given()
        if not plan:
            policies = self.env["lockgate.price.policy"].search(
                [("effect", "=", "pass"), ("company_id", "=", self.company_id.id)]
            )
            self.with_user(SUPERUSER_ID)._approve("policy", ", ".join(policies.mapped("name")))
            return
        tier = plan[len(given)][0]
        approvers = tier._approvers(self.company_id) - self._barred() - given.user_id
        if tier and not approvers:
            raise UserError(
                self.env._(
                    "Nobody could approve price change %(change)s at tier “%(tier)s”: all of its people "
                    "asked for it, edited it, approved an earlier tier, are no price approvers or have no "
                    "access to company %(company)s. Let an administrator add people to the tier.",
                    change=self.name,
                    tier=tier.name,
                    company=self.company_id.name,
                )
            )
        self._stop_waiting()
        due = fields.Datetime.now() + timedelta(days=tier.days or DAYS)
        self._put(approver_ids=[fields.Command.set(approvers.ids)], due_at=due)
        for user in approvers:
            self.activity_schedule(
                ACTIVITY,
                date_deadline=due.date(),
                user_id=user.id,
                summary=self.env._(
                    "Approve %(change)s: %(tier)s", change=self.name, tier=self._tier_name(tier)
                ),
            )

    def _barred(self):
        """Who can never approve this change: who asked for it, made it or edited a part of it."""
        return self.requester_id | self.editor_ids | self.create_uid

    def _transition(self, sources, target, **values):
        super()._transition(sources, target, **values)
        if target != "to_approve":
            self._stop_waiting()

    def _stop_waiting(self):
        changes = self.sudo()
        changes._put(approver_ids=[fields.Command.clear()], due_at=False)
        changes.activity_unlink([ACTIVITY])

    @api.model
    def _cron_remind(self):
        """Tell approvers and requesters of decisions that are overdue."""
        overdue = self.search([("state", "=", "to_approve"), ("due_at", "<", fields.Datetime.now())])
        for change in overdue:
            change.message_notify(
                partner_ids=(change.approver_ids | change.requester_id).partner_id.ids,
                subject=self.env._("%s waits for approval", change.name),
                body=self.env._(
                    "Price change %(change)s should have been decided on by %(due)s.",
                    change=change.name,
                    due=change.due_at,
                ),
            )


class PriceSeal(models.Model):  # pylint: disable=consider-merging-classes-inherited
    _inherit = "lockgate.price.seal"

    def _seal(self, approval):
        """Only once every tier has approved, each by another person who had no part in the change."""
        change = approval.change_id
        given, plan = change._given(), change._plan()
        people = given.user_id
        if approval.basis == "tier" and (
            len(given) != len(plan) or len(people) != len(plan) or people & change._barred()
        ):
            raise AccessError(
                self.env._("Price change %s: not every tier of approvers has approved.", change.name)
            )
        if approval.basis == "policy" and plan:
            raise AccessError(self.env._("Price change %s: its policies do not let it through.", change.name))
        if not approval.basis:
            raise AccessError(
                self.env._("Price change %s: its approval does not say by what right.", change.name)
            )
        return super()._seal(approval)
