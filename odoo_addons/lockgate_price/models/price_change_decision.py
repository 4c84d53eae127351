import hashlib
import json

from odoo import fields, models
from odoo.addons.base.models.res_users import check_identity
from odoo.exceptions import AccessError, UserError

from .person import require_person
from .proposals import propose

ANALYST = "lockgate_price.lockgate_price_group_analyst"
APPROVER = "lockgate_price.lockgate_price_group_approver"


class PriceChange(models.Model):
    """Decisions: ask, approve, reject, send back, cancel. Each raises the revision before it looks."""

    _inherit = "lockgate.price.change"

    def action_request(self):
        """Ask for approval of exactly what the change does now.

        A large change is checked, and its approvers asked, in the background: see `price_background`.
        """
        self._require(ANALYST, self.env._("Only a pricing analyst asks for the approval of a price change."))
        self.check_access("write")
        for change in self:
            clean = change._clean()
            large = clean._is_large()
            if large:
                clean._refuse_problems()
            change._transition(
                {"draft"}, "to_approve", requester_id=self.env.uid, requested_from=change.effective_from
            )
            if large:
                self.env["lockgate.price.job"]._queue(change, "request")
            else:
                clean._ask()

    def action_approve(self, revision=None):
        """Approve for one's tier; the last tier seals. Only for a person at the web client.

        `revision`: what the approver saw; a change that moved on since is refused. The form passes it in
        its button's context, where it can only make the check stricter. From the second tier on, and where
        a policy asks for it, core first makes the approver confirm who they are.
        """
        confirm = False
        for change in self._for_approver():
            change._refuse_own()
            confirm |= change._needs_identity()
        require_person(self)
        return self._approve_confirmed(revision) if confirm else self._approve_tier(revision)

    @check_identity
    def _approve_confirmed(self, revision=None):
        return self._approve_tier(revision)

    def _approve_tier(self, revision):
        seen = revision or self.env.context.get("lockgate_seen_revision")
        for change in self._for_person():
            if seen and len(self) == 1 and change.revision != seen:
                raise UserError(
                    self.env._("Price change %s was changed since you opened it: read it again.", change.name)
                )
            change._transition({"to_approve"}, "to_approve")
            change._refuse_own()
            change._refuse_under_way()
            large = change._is_large()
            if large:
                change._refuse_problems()
            else:
                change._check_as_asked()
            change._decide("approved", change.request_hash, basis="tier", tier=change._own_tier())
            if change._open_tiers():
                change._ask_tiers()
            elif large:
                self.env["lockgate.price.job"]._queue(change, "seal")
            else:
                change._seal_approved()

    def action_reject(self, reason=None):
        """Refuse the change for good; without a reason it asks for one."""
        return self._turn_down("rejected", "rejected", reason)

    def action_send_back(self, reason=None):
        """Back to its analyst for rework; without a reason it asks for one."""
        return self._turn_down("sent_back", "draft", reason)

    def action_cancel(self):
        """Give a change up. One that is approved can be given up, by an approver, until it begins."""
        approved = self.filtered(lambda change: change.state == "approved")
        if approved:
            self._require(
                APPROVER, self.env._("It is approved: only a price approver can cancel it, until it begins.")
            )
        for change in approved._for_person():
            change._cancel_approved()
        if others := self - approved:
            self._require(ANALYST, self.env._("Only a pricing analyst cancels a price change."))
            others.check_access("write")
            others._transition({"draft", "to_approve"}, "cancelled", request_hash=False)

    def action_back_to_draft(self):
        self._require(ANALYST, self.env._("Only a pricing analyst reworks a price change."))
        self.check_access("write")
        self._transition({"to_approve", "rejected", "cancelled"}, "draft", request_hash=False)
        if sealed := self.filtered("seal_count"):
            raise UserError(
                self.env._("Price change %s was approved before: copy it instead.", sealed[0].name)
            )

    def _require(self, group, message):
        if not self.env.user.has_group(group):
            raise AccessError(message)

    def _for_approver(self):
        """These changes, each in a context rebuilt from nothing, for a user who may decide on them."""
        if not self:
            return
        self._require(APPROVER, self.env._("Only a price approver decides on a price change."))
        self.check_access("read")
        for change in self:
            yield change._clean()

    def _for_person(self):
        """As `_for_approver`, for who is at the web client and decides now."""
        for change in self._for_approver():
            require_person(change)
            yield change

    def _clean(self):
        self.ensure_one()
        clean = self.with_env(self.env(su=True, context={"lang": self.env.user.lang}))
        return clean.with_company(clean.company_id)

    def _refuse_own(self):
        """Requester ≠ approver: nor may anybody approve what they wrote a part of."""
        if self.env.user in self._barred():
            raise AccessError(
                self.env._(
                    "%(user)s asked for or edited price change %(change)s: somebody else has to approve it.",
                    user=self.env.user.name,
                    change=self.name,
                )
            )

    def _ask(self):
        """Check what a change that was just asked for does, and wait for its approvers."""
        self._hold_request()
        self._ask_tiers()

    def _hold_request(self):
        """Check what the change does now, and hold it as what approval is asked for."""
        self.env["lockgate.price.impact"]._refresh(self)
        proposals = self._checked_proposals()
        self._refuse_blocked()
        self._put(request_hash=self._digest(proposals), request_revision=self.revision)

    def _check_as_asked(self):
        """UserError when what the change does now is not what was asked for."""
        proposals = self._checked_proposals()
        self.env["lockgate.price.impact"]._refresh(self)
        self._refuse_blocked()
        if self._digest(proposals) != self.request_hash:
            raise UserError(
                self.env._(
                    "What price change %s would do is no longer what was asked for: listings, units, books, "
                    "policies or what they say have changed since. Send it back, so that it is asked for as "
                    "it is now.",
                    self.name,
                )
            )

    def _approve(self, basis, tier, note=None):
        """Approve and seal without tiers of people. `basis` and `tier` say by what right."""
        self._transition({"to_approve"}, "to_approve")
        self._decide("approved", self.request_hash, note, basis=basis, tier=tier)
        self._seal_approved()

    def _seal_approved(self):
        """Seal what the last approval approved, from now on or from when it was asked for."""
        approval = self._given()[-1]
        now = fields.Datetime.now()
        self._transition(
            {"to_approve"}, "approved", approved_at=now, effective_from=max(self.requested_from or now, now)
        )
        seals = self.env["lockgate.price.seal"]._seal(approval)
        if self._writes_rules():
            self.env["product.pricelist.item"]._write_for(self)
        self.env["lockgate.outbox"]._mark_listings("price", seals.listing_id.ids, "sealed")
        self.message_post(
            body=self.env._(
                "Approved and sealed: %(count)s prices, from %(start)s UTC on.",
                count=len(seals),
                start=self.effective_from,
            )
        )

    def _writes_rules(self):
        """Whether Odoo's own prices have to follow; a baseline seals what they are already."""
        return self.kind != "baseline"

    def _decide(self, decision, digest=None, note=None, **values):
        """Append the evidence of a decision of the user's; `values` are more columns of it."""
        return self.env["lockgate.price.approval"]._append(
            [
                {
                    "change_id": self.id,
                    "company_id": self.company_id.id,
                    "user_id": self.env.uid,
                    "date": fields.Datetime.now().isoformat(),
                    "decision": decision,
                    "revision": self.revision,
                    "hash": digest,
                    "requester_id": self.requester_id.id or None,
                    "note": note,
                    **values,
                }
            ]
        )

    def _turn_down(self, decision, target, reason):
        self._require(APPROVER, self.env._("Only a price approver decides on a price change."))
        if not (reason or "").strip():
            return self._ask_reason(decision)
        for change in self._for_person():
            change._transition({"to_approve"}, target, request_hash=False)
            change._decide(decision, note=reason)
            change.message_post(body=reason)
        return True

    def _ask_reason(self, decision, **context):
        """Open the wizard that asks for the reason of `decision` and then takes it."""
        decisions = self.env["lockgate.price.decision"]._fields["decision"]._description_selection(self.env)
        return {
            "type": "ir.actions.act_window",
            "name": dict(decisions)[decision],
            "res_model": "lockgate.price.decision",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_change_ids": [fields.Command.set(self.ids)],
                "default_decision": decision,
                **context,
            },
        }

    def _cancel_approved(self):
        self._transition({"approved"}, "cancelled")
        if self.effective_from <= fields.Datetime.now():
            raise UserError(
                self.env._(
                    "Price change %s has begun: make a new change with the prices that should hold now.",
                    self.name,
                )
            )
        revocation = self._decide("revoked")
        seals = self.env["lockgate.price.seal"]._revoke(self.seal_ids, revocation)
        self.line_ids.rule_ids.unlink()
        self.env["lockgate.outbox"]._mark_listings("price", seals.listing_id.ids, "revoked")

    def _refuse_problems(self):
        if problems := self.sudo()._problems():
            raise UserError("\n".join([self.env._("Price change %s:", self.name), *problems]))

    def _checked_proposals(self):
        """What the change does to each listing and book; UserError says in words what stands against it."""
        self._refuse_problems()
        proposals = self._proposals()
        nothing = [proposal for proposal in proposals if proposal.lowest() <= 0]
        if nothing:
            listing = self.env["lockgate.listing"].sudo().browse(nothing[0].listing_id)
            raise UserError(
                self.env._(
                    "Price change %(change)s: the price of %(listing)s is nothing once it is rounded for one "
                    "%(unit)s.",
                    change=self.name,
                    listing=listing.display_name,
                    unit=nothing[0].unit,
                )
            )
        return proposals

    def _proposals(self):
        """What it does to each listing and book. What it computes from is looked up while it is a draft; from
        then on it is what its impact holds."""
        self.ensure_one()
        self.env.flush_all()
        return propose(self._clean(), self._begins(), live=self.state == "draft")

    def _digest(self, proposals):
        """SHA-256 of all that is approved, as canonical JSON: the same content gives the same hash."""
        content = {
            "change": self.id,
            "kind": self.kind,
            "company": self.company_id.id,
            "from": self.requested_from and self.requested_from.isoformat(),
            "to": self.effective_to and self.effective_to.isoformat(),
            "prices": [proposal.content() for proposal in proposals],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
