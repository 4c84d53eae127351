import hashlib

from odoo import api, fields, models

from .begins import after, begins, release_on

# Changes that price the same listing in the same book at the same time: asked for; approved and to begin no
# sooner than this one, which would cover it unseen; or drafts, which are only told of. The impact of both
# says what they touch, and each begins where its channel's turn comes.
MEETINGS = f"""
    SELECT other.id, count(*)
      FROM lockgate_price_change mine
      JOIN lockgate_price_impact here ON here.change_id = mine.id
      JOIN lockgate_price_impact there ON there.listing_id = here.listing_id
                                      AND there.book_id = here.book_id AND there.change_id <> mine.id
      JOIN lockgate_price_change other ON other.id = there.change_id
{release_on("here.channel_id", "mine", "my_release")}
{release_on("there.channel_id", "other", "their_release")}
CROSS JOIN LATERAL (
           SELECT {begins("mine", "my_release")} AS mine,
                  CASE other.state WHEN 'approved' THEN other.effective_from + {after("their_release")}
                                   ELSE {begins("other", "their_release")} END AS other) begins
     WHERE mine.id = %(change)s
       AND (other.state IN ('draft', 'to_approve')
            OR other.state = 'approved' AND begins.other > %(now)s AND begins.other >= begins.mine)
       AND (mine.effective_to IS NULL OR mine.effective_to > begins.other)
       AND (other.effective_to IS NULL OR other.effective_to > begins.mine)
  GROUP BY other.id ORDER BY other.id
"""


class PriceChange(models.Model):
    """Changes that meet: what is sealed later stands above, so people say beforehand which one that is."""

    _inherit = "lockgate.price.change"

    above_ids = fields.Many2many(
        "lockgate.price.change",
        "lockgate_price_change_above_rel",
        "change_id",
        "other_id",
        string="Set Above",
        check_company=True,
        copy=False,
        help="Where this change meets one of these, its prices hold.",
    )
    meeting_ids = fields.Many2many("lockgate.price.change", string="Meets", compute="_compute_meetings")
    meeting_text = fields.Text(compute="_compute_meetings")

    @api.depends("impact_ids", "state", "effective_from", "effective_to", "above_ids")
    def _compute_meetings(self):
        for change in self:
            undecided = change.state in ("draft", "to_approve")
            meetings = change._origin._meetings() if undecided else {}
            change.meeting_ids = self.browse([other.id for other in meetings])
            change.meeting_text = "\n".join(
                self.env._(
                    "%(other)s (%(state)s) prices %(count)s of these listings at the same time: %(order)s.",
                    other=other.name,
                    state=other._state_name(),
                    count=count,
                    order=change._order_beside(other),
                )
                for other, count in meetings.items()
            )

    def _meetings(self):
        """{change that this one meets: number of listings and books where it does}."""
        self.env.flush_all()
        if not self:
            return {}
        self.env.cr.execute(MEETINGS, {"change": self.id, "now": fields.Datetime.now()})
        counts = dict(self.env.cr.fetchall())
        others = self.search([("id", "in", list(counts))], order="id")
        return {other: counts[other.id] for other in others}

    def _order_beside(self, other):
        if other in self.above_ids:
            return self.env._("this one is set above it")
        if self._origin in other.above_ids:
            return self.env._("it is set above this one")
        return self.env._("neither is set above the other")

    def _problems(self):
        return super()._problems() + [
            problem
            for other in self._meetings()
            if other.state != "draft" and (problem := self._meeting_problem(other))
        ]

    def _meeting_problem(self, other):
        above, beneath = other in self.above_ids, self in other.above_ids
        names = {"change": self.name, "other": other.name}
        if above and beneath:
            return self.env._(
                "%(change)s and %(other)s are each set above the other: take one back.", **names
            )
        if not (above or beneath):
            return self.env._(
                "It meets %(other)s, which prices the same listings at the same time: set one of them above "
                "the other.",
                **names,
            )
        if beneath and other.state == "approved":
            return self.env._(
                "%(other)s is set above it and is sealed already; what is sealed later stands above. Revoke "
                "%(other)s first, or set %(change)s above it.",
                **names,
            )
        if above and other.state == "to_approve" and self.request_hash:  # now it is decided on
            return self.env._("It is set above %(other)s: decide on %(other)s first.", **names)
        return None

    def _digest(self, proposals):
        digest = super()._digest(proposals)
        if not self.above_ids:
            return digest
        above = ",".join(map(str, sorted(self.above_ids.ids)))
        return hashlib.sha256(f"{digest}\n{above}".encode()).hexdigest()
