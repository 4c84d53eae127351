"""Policies once more when a seal's time comes: what breaks one by then is held, and a person decides."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.lockgate.turn import prepared
from odoo.exceptions import UserError

from .price_ahead import LAST_LOOK
from .price_breach import MATCH, OUTSIDE, margin_of
from .price_seal import IN_FORCE
from .price_tax import tax_of
from .worst import worst_of

ANSWERS = [("passed", "Passed"), ("held", "Held"), ("released", "Released")]
# When a price may change, and whether back, was decided when it was approved; the rest may have moved.
DECIDED_BEFORE = ("lead_time", "frequency", "rollback")

# Seals whose time has come on the channel and that were not checked for it yet: once, and once more at last
# when the channel holds them ahead. What begins with its approval was checked there.
BEGUN = """
    SELECT seal.id
      FROM lockgate_price_seal seal
      JOIN lockgate_price_change change ON change.id = seal.change_id
     WHERE seal.listing_id = ANY(%(listings)s) AND seal.revokes_id IS NULL
       AND seal.date_from <= %(until)s AND seal.date_from > change.approved_at
       AND NOT EXISTS (SELECT FROM lockgate_price_check checked WHERE checked.seal_id = seal.id
                          AND (checked.answer <> 'passed' OR seal.date_from <= %(now)s
                               OR seal.date_from > %(moment)s
                               OR checked.date >= seal.date_from - (%(moment)s - %(now)s)))
       AND NOT EXISTS (SELECT FROM lockgate_price_seal revocation WHERE revocation.revokes_id = seal.id)
"""
# The sealed numbers, with today's cost and from the price that they replace.
BEFORE = IN_FORCE.replace("%(moment)s", "(begun.date_from - interval '1 second')")
NET = "nullif((worst.lowest - tax.on_net) / tax.per_net, 0)"
SEALED = f"""
    SELECT begun.id AS key, begun.change_id, begun.company_id, begun.channel_id, begun.book_id,
           begun.product_id, begun.listing_id, begun.currency_id, begun.amount AS new_price,
           begun.breaks, worst.lowest AS lowest_price, worst.fall AS fall_percent,
           worst.rise AS rise_percent, false AS automatic,
           {margin_of(NET, "begun", "unit.factor / own_unit.factor")} AS margin_percent,
           unit.factor / own_unit.factor AS ratio, begun.date_from AS begins, begun.date_to AS ends
      FROM lockgate_price_seal begun
      JOIN lockgate_listing listing ON listing.id = begun.listing_id
      JOIN lockgate_price_book book ON book.id = begun.book_id
      JOIN product_product own ON own.id = begun.product_id
      JOIN product_template own_template ON own_template.id = own.product_tmpl_id
      JOIN uom_uom unit ON unit.id = begun.uom_id
      JOIN uom_uom own_unit ON own_unit.id = own_template.uom_id
CROSS JOIN LATERAL {tax_of("begun.book_id", "own.product_tmpl_id")} tax
 LEFT JOIN LATERAL ({BEFORE}) before ON true
CROSS JOIN LATERAL {worst_of("begun.amount", "begun.breaks", "before.amount", "before.breaks")} worst
     WHERE begun.id = ANY(%(seals)s)
"""
# A breach that was there when it was approved was approved with it. A policy that lets through binds what
# it let through; an emergency is bound by what blocks and says nothing of time.
HOLDS = """
    CASE policy.effect
    WHEN 'block' THEN change.kind <> 'emergency' OR policy.kind <> 'freeze'
    WHEN 'ask' THEN change.kind <> 'emergency'
    ELSE approval.basis = 'policy' END
    AND NOT EXISTS (
        SELECT FROM lockgate_price_impact impact
          JOIN lockgate_price_impact_breach_rel breach ON breach.impact_id = impact.id
         WHERE impact.change_id = numbers.change_id AND impact.listing_id = numbers.listing_id
           AND impact.book_id = numbers.book_id AND breach.policy_id = policy.id)
"""
CHECK = f"""
    INSERT INTO lockgate_price_check (seal_id, change_id, channel_id, company_id, date, answer, policies)
    SELECT seal.id, seal.change_id, seal.channel_id, seal.company_id, %(now)s,
           CASE WHEN count(broken.id) > 0 THEN 'held' ELSE 'passed' END,
           coalesce(jsonb_agg(jsonb_build_object('policy', broken.id, 'name', broken.name))
                    FILTER (WHERE broken.id IS NOT NULL), '[]')
      FROM lockgate_price_seal seal
 LEFT JOIN (SELECT numbers.key, policy.id, policy.name
              FROM ({SEALED}) numbers {MATCH}
              JOIN lockgate_price_change change ON change.id = numbers.change_id
              JOIN lockgate_price_seal sealed ON sealed.id = numbers.key
              JOIN lockgate_price_approval approval ON approval.id = sealed.approval_id
             WHERE policy.kind <> ALL(%(decided)s) AND {OUTSIDE} AND {HOLDS}) broken ON broken.key = seal.id
     WHERE seal.id = ANY(%(seals)s)
  GROUP BY seal.id
  ORDER BY seal.id
 RETURNING answer
"""


class PriceCheck(models.Model):
    """What the policies said of a seal when its time came, and who released it if they held it.

    Written by the turn of the seal's channel and by releases, in plain inserts: two channels' turns never
    meet here. A release is an approval's row too, which is chained and names the seals; the check of the
    ledger finds a release that none names.
    """

    _name = "lockgate.price.check"
    _description = "Policy Check of a Seal"
    _inherit = ["lockgate.price.append.only"]
    _log_access = False
    _order = "id desc"

    seal_id = fields.Many2one("lockgate.price.seal", required=True, readonly=True, ondelete="restrict")
    change_id = fields.Many2one(
        "lockgate.price.change", required=True, readonly=True, ondelete="restrict", index=True
    )
    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict")
    listing_id = fields.Many2one(related="seal_id.listing_id")
    date = fields.Datetime(required=True, readonly=True)
    answer = fields.Selection(ANSWERS, required=True, readonly=True)
    policies = fields.Json(readonly=True)
    policy_names = fields.Char("Outside of", compute="_compute_policy_names")
    approval_id = fields.Many2one("lockgate.price.approval", readonly=True, ondelete="restrict")

    _seal_index = models.Index("(seal_id)")
    _decided_unique = models.UniqueIndex("(seal_id, answer) WHERE answer <> 'passed'")

    @api.depends("policies")
    def _compute_policy_names(self):
        for check in self:
            check.policy_names = ", ".join(policy["name"] for policy in check.policies or [])

    @api.model
    def _check_begun(self, channel, listings, now):
        """Check the seals of `listings` whose time has come on `channel` at `now` (naive UTC).

        Called by the turn of `channel`, before it makes wanted values: a seal whose time came later than
        its approval is never sent unchecked. The channel keeps its earlier price instead of a held one; one
        that it holds ahead is looked at again shortly before it begins, and taken back when it is held.
        """
        cr = self.env.cr
        last_look = LAST_LOOK if channel.holds_dated_prices else timedelta()
        prepared.execute(
            cr,
            BEGUN,
            {
                "listings": listings.ids,
                "now": now,
                "moment": now + last_look,
                "until": now + channel._ahead(),
            },
        )
        if seal_ids := [number for (number,) in cr.fetchall()]:
            self._check(channel, seal_ids, now)

    @api.model
    def _check(self, channel, seal_ids, now):
        """Hold or pass each of these seals of `channel`, on the sealed numbers and today's cost and rates."""
        company = channel.sudo().company_id
        seals = self.env["lockgate.price.seal"].sudo().browse(seal_ids)
        products = seals.product_id.with_company(company)
        self.env.cr.execute(
            CHECK,
            {
                "seals": seal_ids,
                "now": now,
                "decided": list(DECIDED_BEFORE),
                **self.env["lockgate.price.policy"]._today(
                    company, seals.book_id, products, seals.currency_id
                ),
            },
        )
        if ("held",) in self.env.cr.fetchall():
            self.env.ref(
                "lockgate.ir_cron_exception_catch_up"
            ).sudo()._trigger()  # which records the exceptions


class PriceChange(models.Model):  # pylint: disable=consider-merging-classes-inherited
    _inherit = "lockgate.price.change"

    check_ids = fields.One2many(
        "lockgate.price.check", "change_id", "Policy Checks", readonly=True, copy=False
    )
    held_count = fields.Integer("Held Prices", compute="_compute_held_count", search="_search_held_count")

    @api.depends("check_ids")
    def _compute_held_count(self):
        held = self._held()
        for change in self:
            change.held_count = len(held.get(change._origin.id, ()))

    def _search_held_count(self, operator, value):
        if operator not in (">", "!=") or value:
            return NotImplemented
        return [("id", "in", list(self.browse()._held()))]

    def _held(self):
        """{change id: seal ids that are held and not released}, of these changes; of all when empty."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT change_id, array_agg(seal_id) FROM lockgate_price_check held
             WHERE answer = 'held' AND (%(all)s OR change_id = ANY(%(ids)s))
               AND NOT EXISTS (SELECT FROM lockgate_price_check released
                                WHERE released.seal_id = held.seal_id AND released.answer = 'released')
             GROUP BY change_id
            """,
            {"all": not self, "ids": self._origin.ids},
        )
        return dict(self.env.cr.fetchall())

    def action_release(self, reason=None):
        """Let the held prices of these changes through after all, for a reason. A person's decision."""
        for change in self._for_approver():
            if not change.held_count:
                raise UserError(self.env._("Price change %s has no held prices.", change.name))
            change._refuse_own()
        if not (reason or "").strip():
            return self._ask_reason("released")
        for change in self._for_person():
            change._release(reason)
        return True

    def _release(self, reason):
        self._raise_revision()
        seals = self.env["lockgate.price.seal"].browse(self._held()[self.id])
        approval = self._decide("released", note=reason, released=seals.ids)
        self.env.cr.execute(
            """
            INSERT INTO lockgate_price_check
                   (seal_id, change_id, channel_id, company_id, date, answer, policies, approval_id)
            SELECT id, change_id, channel_id, company_id, %s, 'released', '[]', %s
              FROM lockgate_price_seal WHERE id = ANY(%s)
            """,
            [fields.Datetime.now(), approval.id, seals.ids],
        )
        self.env.invalidate_all()
        self.env["lockgate.outbox"]._mark_listings("price", seals.listing_id.ids, "released")
        self.message_post(body=reason)
