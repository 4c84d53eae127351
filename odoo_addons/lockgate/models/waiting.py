"""Why a value waits, in words: read from publications, turns, marks and attempts when somebody looks."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_datetime, format_time

# What stands in front of each publication. The outbox is read once, whatever its size.
FACTS = """
    SELECT p.id, c.state AS channel_state, c.active AS channel_active, t.resume_at,
           (p.listing_id, p.aspect) IN (
               SELECT listing_id, aspect FROM lockgate_outbox WHERE listing_id IS NOT NULL
           ) OR EXISTS (
               SELECT FROM lockgate_outbox o
                WHERE o.channel_id = p.channel_id AND o.listing_id IS NULL AND o.aspect = p.aspect
                  AND p.listing_id > coalesce(o.reached, 0)) AS marked,
           last.outcome = 'retry' AND last.cause = 'rate_limit' AS limited
      FROM lockgate_publication p
      JOIN lockgate_channel c ON c.id = p.channel_id
      JOIN lockgate_turn t ON t.channel_id = p.channel_id
      LEFT JOIN LATERAL (
           SELECT outcome, cause FROM lockgate_attempt
            WHERE publication_id = p.id AND outcome IS NOT NULL ORDER BY id + 0 DESC LIMIT 1
      ) last ON p.state IN ('due', 'unknown')
     WHERE p.id = ANY(%s)
"""


class Publication(models.Model):
    _inherit = "lockgate.publication"

    waiting = fields.Char("Waits Because", compute="_compute_waiting", help="Empty: the channel is told.")

    @api.depends("state", "due_at")
    def _compute_waiting(self):
        self.env.flush_all()
        self.env.cr.execute(FACTS, [self.ids])
        facts = {row["id"]: row for row in self.env.cr.dictfetchall()}
        for publication in self:
            publication.waiting = publication.id in facts and publication._waits(facts[publication.id])

    def _waits(self, facts):
        """Why this publication's value is not verified on the channel yet, or False: what comes first."""
        now = self.env.cr.now()
        if self.state == "blocked":
            return self.env._("Waits for a person: %s", self.message or "")
        if self.state == "settled" or self.wanted is None:
            return facts["marked"] and self.env._("A change was marked; its value is computed next.")
        if self.state == "leased":
            return self.env._("A worker sends it; its answer is due by %s.", self._clock(self.lease_until))
        if not facts["channel_active"]:
            return self.env._("The channel is archived.")
        if facts["channel_state"] != "running":
            return {
                "draft": self.env._("The channel has not been started."),
                "frozen": self.env._("The channel is frozen: it goes out when the channel is resumed."),
            }[facts["channel_state"]]
        if facts["resume_at"] and facts["resume_at"] > now:
            return self.env._(
                "Nothing goes through to the channel: it is left alone until %s.",
                self._clock(facts["resume_at"]),
            )
        return self._waits_for_time(facts, now)

    def _waits_for_time(self, facts, now):
        """As `_waits`, of a running channel that can be reached."""
        later = self.due_at and self.due_at > now
        clock = self._clock(self.due_at)
        if self.state == "verify":
            return self.env._("Taken by the channel; it is read back at %s.", clock)
        if self.state == "unknown":
            return self.env._("Sent without an answer: at %s it is looked for on the channel.", clock)
        if later and facts["limited"]:
            return self.env._("The channel's limit is used up: sent again at %s.", clock)
        if later and self.tries:
            return self.env._(
                "Sent again at %(clock)s, try %(number)s: %(message)s",
                clock=clock,
                number=self.tries + 1,
                message=self.message or "",
            )
        if later:
            return self.env._(
                "Waits until %(clock)s in the window of routine changes (%(window)s).",
                clock=clock,
                window=self._span(self.channel_id.routine_window),
            )
        return self.env._("Goes out next, as %s.", self._class_words())

    def _class_words(self):
        return dict(self._fields["work_class"]._description_selection(self.env))[self.work_class].lower()

    def _clock(self, moment):
        """A moment for the reader: the time alone where it is near."""
        if not moment:
            return ""
        if abs(moment - self.env.cr.now()) < timedelta(hours=12):
            return format_time(self.env, moment, tz=self.env.user.tz or "UTC", time_format="medium")
        return format_datetime(self.env, moment, tz=self.env.user.tz or "UTC", dt_format="short")

    def _span(self, seconds):
        if seconds % 60:
            return self.env._("%s seconds", seconds)
        return self.env._("%s minutes", seconds // 60)


class Listing(models.Model):
    _inherit = "lockgate.listing"

    waiting = fields.Char("Waits Because", compute="_compute_waiting", help="Empty: the channel is told.")
    is_waiting = fields.Boolean(
        compute="_compute_waiting",
        search="_search_is_waiting",
        help="Something of it is not on the channel yet.",
    )

    @api.depends("publication_ids.state")
    def _compute_waiting(self):
        aspects = dict(self.env["lockgate.publication"]._fields["aspect"]._description_selection(self.env))
        marked = self._marked_ids()
        for listing in self:
            waiting = {
                publication.waiting: aspects[publication.aspect]
                for publication in listing.publication_ids
                if publication.waiting
            }
            words = [f"{aspect}: {why}" for why, aspect in waiting.items()]
            if not listing.publication_ids and listing.id in marked:
                words = [self.env._("It was marked; its values are computed next.")]
            listing.waiting = " ".join(words)
            listing.is_waiting = bool(words)

    def _marked_ids(self):
        self.env.cr.execute(
            """
            SELECT listing_id FROM lockgate_outbox WHERE listing_id = ANY(%(ids)s)
             UNION
            SELECT l.id FROM lockgate_listing l JOIN lockgate_outbox o ON o.channel_id = l.channel_id
             WHERE o.listing_id IS NULL AND l.id = ANY(%(ids)s) AND l.id > coalesce(o.reached, 0)
            """,
            {"ids": self.ids},
        )
        return {listing_id for (listing_id,) in self.env.cr.fetchall()}

    @api.model
    def _search_is_waiting(self, operator, value):
        """What is not settled; a mark that no turn has taken yet is not looked for."""
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return [("publication_ids", "any", [("state", "!=", "settled")])]
