import hashlib
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .price_change_decision import APPROVER
from .price_guard import passage


class PriceRelease(models.Model):
    """A channel that gets a change later than the others: so many hours after it begins."""

    _name = "lockgate.price.release"
    _description = "Later Release on a Channel"
    _order = "change_id, delay, id"
    _check_company_auto = True

    change_id = fields.Many2one("lockgate.price.change", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="change_id.company_id", store=True, index=True)
    channel_id = fields.Many2one("lockgate.channel", required=True, ondelete="cascade", check_company=True)
    delay = fields.Float("Later By", required=True, help="Hours after the change begins.")
    starts_at = fields.Datetime("Begins", compute="_compute_starts_at")

    _channel_unique = models.Constraint(
        "UNIQUE (change_id, channel_id)", "A change names each channel that comes later once."
    )
    _delay_positive = models.Constraint(
        "CHECK (delay > 0 AND delay <= 8784)",
        "A channel comes later by more than nothing, and a year at most.",
    )

    @api.depends("change_id.effective_from", "channel_id", "delay")
    def _compute_starts_at(self):
        for release in self:
            start = release.change_id.effective_from
            release.starts_at = start and start + release._after()

    def _after(self):
        """How long after the change, to the second."""
        return timedelta(seconds=round(sum(self.mapped("delay")) * 3600))

    @api.model_create_multi
    def create(self, vals_list):
        if not all(
            vals.get("change_id") for vals in vals_list
        ):  # a default would pass the check of the change
            raise UserError(self.env._("A later release is added to a price change: open the change for it."))
        changes = self.env["lockgate.price.change"].browse(vals["change_id"] for vals in vals_list)
        changes._edit()
        releases = super().create(vals_list)
        self.env["lockgate.price.impact"]._refresh_soon(changes)
        return releases

    def write(self, vals):
        self.change_id._edit()
        if "change_id" in vals:
            self.env["lockgate.price.change"].browse(vals["change_id"])._edit()
        changes = self.change_id
        result = super().write(vals)
        self.env["lockgate.price.impact"]._refresh_soon(changes | self.change_id)
        return result

    def unlink(self):
        changes = self.change_id
        changes._edit()
        result = super().unlink()
        self.env["lockgate.price.impact"]._refresh_soon(changes)
        return result


class PriceChange(models.Model):
    """All together, or channel by channel: each channel's seals begin at its own moment."""

    _inherit = "lockgate.price.change"

    release_ids = fields.One2many("lockgate.price.release", "change_id", "Released Later", copy=True)
    can_stop = fields.Boolean(compute="_compute_can_stop")

    @api.depends("state", "release_ids", "seal_ids")
    def _compute_can_stop(self):
        for change in self:
            change.can_stop = bool(
                change.state == "approved" and change.release_ids and change._coming_seals()
            )

    def _starts(self, channel_id):
        """When the change begins on this channel."""
        release = self.release_ids.filtered(lambda release: release.channel_id.id == channel_id)
        return self.effective_from + release._after()

    def _digest(self, proposals):
        """What is approved says as well which channel comes how much later."""
        digest = super()._digest(proposals)
        if not self.release_ids:
            return digest
        later = sorted(
            (release.channel_id.id, release._after().total_seconds()) for release in self.release_ids
        )
        return hashlib.sha256(f"{digest}{later}".encode()).hexdigest()

    def _problems(self):
        problems = super()._problems()
        start = max(self.effective_from or fields.Datetime.now(), fields.Datetime.now())
        for release in self.release_ids:
            if release.channel_id not in self.book_ids.channel_id:
                problems.append(
                    self.env._(
                        "Channel %s is to come later, but no chosen price book is of it.",
                        release.channel_id.name,
                    )
                )
            elif self.effective_to and start + release._after() >= self.effective_to:
                problems.append(
                    self.env._(
                        "On channel %s the prices would begin after their end.", release.channel_id.name
                    )
                )
        return problems

    def _coming_seals(self):
        self.ensure_one()
        seals = self.seal_ids
        revoked = seals.revokes_id
        now = fields.Datetime.now()
        return seals.filtered(lambda seal: not seal.revokes_id and seal.date_from > now) - revoked

    def action_stop(self):
        """Revoke the prices of the channels on which the change has not begun; the others keep theirs."""
        self._require(APPROVER, self.env._("Only a price approver stops the release of a price change."))
        for change in self._for_person():
            change._transition({"approved"}, "approved")
            coming = change._coming_seals()
            if not coming:
                raise UserError(
                    self.env._("Price change %s has begun on all its channels: roll it back.", change.name)
                )
            revocation = change._decide("revoked")
            self.env["lockgate.price.seal"]._revoke(coming, revocation)
            kept = (change.seal_ids - change.seal_ids.revokes_id).filtered(lambda seal: not seal.revokes_id)
            with passage():
                change.line_ids.rule_ids.filtered(
                    lambda rule, kept=kept: rule.pricelist_id not in kept.book_id.pricelist_id
                ).unlink()
            self.env["lockgate.outbox"]._mark_listings("price", coming.listing_id.ids, "revoked")
            change.message_post(
                body=self.env._(
                    "Release stopped: %(count)s prices are revoked before they began, on %(channels)s.",
                    count=len(coming),
                    channels=", ".join(coming.channel_id.mapped("name")),
                )
            )


class ProductPricelistItem(models.Model):
    _inherit = "product.pricelist.item"

    @api.model
    def _write_for(self, change):
        """A pricelist whose channels all come later gets its rules for then."""
        super()._write_for(change)
        for pricelist, books in change.book_ids.grouped("pricelist_id").items():
            start = min(change._starts(channel.id) for channel in books.channel_id)
            if start > change.effective_from:
                rules = change.line_ids.rule_ids.filtered(
                    lambda rule, pricelist=pricelist: rule.pricelist_id == pricelist
                )
                with passage():
                    rules.write({"date_start": start})
