"""From facts to exceptions, in sets: what fails joins the exception of its cause, what mends leaves it."""

import json
import logging
from collections import Counter, defaultdict
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..turn import prepared
from .exception import UNRESOLVED
from .exception_category import SEVERITY, category_of
from .exception_fingerprint import fingerprint
from .exception_statements import (
    COMPUTED,
    COUNTED,
    JOINED,
    KNOWN,
    MOVED,
    NEWS,
    OVER,
    SEEN_AGAIN,
    SETTLED,
    TAKEN,
)
from .one_by_one import one_by_one

_logger = logging.getLogger(__name__)

# Failures that one transaction takes; the next takes the rest.
SLICE = 10_000
# Exceptions of one category on one channel that are open at once; what would be one more joins a common one.
MOST_CAUSES = 20


class Seen(NamedTuple):
    """A failure as it was seen: what is known of one subject at `failed_at` (naive UTC)."""

    channel_id: int
    category: str
    fingerprint: str
    subject: str
    publication_id: int | None
    listing_id: int
    aspect: str
    failed_at: object
    message: str | None
    value: str | None = None
    answer: str | None = None
    request_id: str | None = None

    @property
    def cause(self):
        return self.channel_id, self.fingerprint


class ExceptionRecord(models.Model):
    _inherit = "lockgate.exception"

    @api.model
    def _catch_up(self, channels):
        """Bring exceptions to what publications say now: new ones, seen again, resolved by themselves.

        Derived from stored facts, so a call that was lost or lost a conflict is made good by the next.
        A handful of statements, however many listings fail. Tells whether there is more to take.
        """
        self.env.flush_all()
        news = self._news(channels)
        self._record(news)
        self._resolve(channels)
        return len(news) >= SLICE

    @api.model
    def _news(self, channels):
        """What fails on these channels, as publications say, and is not recorded yet: a list of Seen."""
        prepared.execute(self.env.cr, NEWS, {"channels": channels.ids, "slice": SLICE})
        value_text = self.env["lockgate.publication"]._value_text
        seen = []
        for fact in self.env.cr.dictfetchall():
            category = category_of(fact["outcome"], fact["cause"], fact["aspect"], fact["reading"])
            names = (fact["sku"], fact["reference"], fact["value"] and fact["value"]["sku"])
            seen.append(
                Seen(
                    fact["channel_id"],
                    category,
                    fingerprint(category, fact["message"], names),
                    f"publication {fact['publication_id']}",
                    fact["publication_id"],
                    fact["listing_id"],
                    fact["aspect"],
                    fact["failed_at"],
                    fact["message"],
                    value_text(fact["value"]) or None,
                    fact["answer"],
                    fact["request_id"],
                )
            )
        return seen

    @api.model
    def _report(self, category, listings, aspect, message):
        """Record that listings fail in a way that no attempt tells of; `message` is for a person.

        It is over when `_end_subjects` says so, or a person ignores it. Each listing fails once at a time by
        category and aspect. Sudo.
        """
        now = fields.Datetime.now()
        self._record(
            [
                Seen(
                    listing.channel_id.id,
                    category,
                    fingerprint(category, message, (listing.sku, listing.reference)),
                    f"{category} {aspect} {listing.id}",
                    None,
                    listing.id,
                    aspect,
                    now,
                    message,
                )
                for listing in listings
            ]
        )

    @api.model
    def _unknown(self, subjects):
        """Those of these subjects that neither fail yet nor were ignored, in a set: what is to be recorded of
        facts that stand, each time that they are looked at."""
        self.env.flush_all()
        self.env.cr.execute(KNOWN, [list(subjects)])
        return set(subjects) - {subject for (subject,) in self.env.cr.fetchall()}

    @api.model
    def _settle(self, subjects, channels):
        """What fails of these subjects, of these channels, is over."""
        self._end_subjects(subjects)
        self._resolve(channels)

    @api.model
    def _end_subjects(self, subjects):
        """End the failures of these subjects; their exceptions are brought up to date by `_resolve`."""
        self.env.cr.execute(SETTLED, [subjects])
        self.browse({row[0] for row in self.env.cr.fetchall()})._count_again()

    @api.model
    def _record_internal(self, mark, error):
        """A listing whose value cannot be computed: why, in words for people or, of a defect, an engineer."""
        listing = self.env["lockgate.listing"].browse(mark.listing_id).exists()
        if not listing:
            _logger.warning("A mark of deleted listing %s was set aside: %s", mark.listing_id, error)
            return
        words = {"aspect": mark.aspect, "listing": listing.display_name}
        if isinstance(error, UserError):
            message = self.env._(
                "The %(aspect)s of %(listing)s could not be computed. %(error)s Then press Retry.",
                **words,
                error=error,
            )
        else:
            message = self.env._(
                "The %(aspect)s of %(listing)s could not be computed: %(error)s. "
                "Mend the product's data, then press Retry.",
                **words,
                error=f"{type(error).__name__}: {error}",
            )
        self._report("internal", listing, mark.aspect, message)
        self.env["lockgate.exception.computed"]._forget(mark.aspect, listing.ids)

    @api.model
    def _record(self, seen):
        """Let each failure join the unresolved exception of its cause, or open it.

        Two transactions that record the same cause or subject at once: one of them fails and runs again.
        """
        if not seen:
            return
        self.env.flush_all()
        seen = self._bounded(seen)
        first = {}
        for each in sorted(seen, key=lambda each: each.failed_at):
            first.setdefault(each.cause, each)
        exceptions = self._unresolved_by_cause(list(first))
        missing = [each for cause, each in first.items() if cause not in exceptions]
        exceptions |= {(one.channel_id.id, one.fingerprint): one for one in self._open(missing)}
        rows = json.dumps(
            [{**each._asdict(), "exception_id": exceptions[each.cause].id} for each in seen], default=str
        )
        self.env.flush_all()
        self.env.cr.execute(MOVED, {"rows": rows})
        left = [row[0] for row in self.env.cr.fetchall()]
        self.env.cr.execute(JOINED, {"rows": rows})
        touched = self.browse({one.id for one in exceptions.values()} | set(left))
        self.env.cr.execute(SEEN_AGAIN, {"rows": rows})
        touched._count_again()
        touched.filtered(lambda exception: exception.state == "retrying").write({"state": "open"})

    @api.model
    def _bounded(self, seen):
        """The same failures, with all causes of a category beyond the first many as one."""
        open_now = Counter()
        known = set(self._unresolved_by_cause(list({each.cause for each in seen})))
        for channel, category, count in self._read_group(
            [("channel_id", "in", list({each.channel_id for each in seen})), ("state", "in", UNRESOLVED)],
            ["channel_id", "category"],
            ["__count"],
        ):
            open_now[channel.id, category] = count
        bounded = []
        for each in seen:
            if each.cause not in known:
                if open_now[each.channel_id, each.category] >= MOST_CAUSES:
                    each = each._replace(fingerprint=f"{each.category}:many")
                else:
                    open_now[each.channel_id, each.category] += 1
                    known.add(each.cause)
            bounded.append(each)
        return bounded

    @api.model
    def _unresolved_by_cause(self, causes):
        found = self.search(
            [
                ("channel_id", "in", list({channel_id for channel_id, _key in causes})),
                ("fingerprint", "in", [key for _channel_id, key in causes]),
                ("state", "in", UNRESOLVED),
            ]
        )
        return {(one.channel_id.id, one.fingerprint): one for one in found}

    @api.model
    def _open(self, causes):
        """New exceptions of these causes (each a Seen), with owner and due time as the rules say."""
        labels = dict(self._fields["category"]._description_selection(self.env))
        rules, values = self.env["lockgate.exception.rule"], []
        for each in causes:
            channel, severity = self.env["lockgate.channel"].browse(each.channel_id), SEVERITY[each.category]
            since = each.failed_at.replace(microsecond=0)
            values.append(
                {
                    "name": f"{channel.name}: {labels[each.category]}",
                    "channel_id": each.channel_id,
                    "category": each.category,
                    "severity": severity,
                    "fingerprint": each.fingerprint,
                    "message": each.message,
                    "first_at": since,
                    "last_at": since,
                    "count": 1,
                    **rules._for(channel, each.category)._routing(channel, severity, since),
                }
            )
        opened = self.create(values)
        opened._give_to_owner()
        return opened

    def _count_again(self):
        self.env.cr.execute(COUNTED, [self.ids])
        self.invalidate_recordset(flush=False)
        self.env["lockgate.exception.failure"].invalidate_model(flush=False)

    @api.model
    def _resolve(self, channels):
        """End the failures whose value was taken or is wanted no more, then the exceptions left with none."""
        self.env.flush_all()
        mended = []
        for statement in (TAKEN, COMPUTED):
            prepared.execute(self.env.cr, statement, {"channels": channels.ids})
            mended += [row[0] for row in self.env.cr.fetchall()]
        if mended:
            self.browse(set(mended))._count_again()
        prepared.execute(self.env.cr, OVER, {"channels": channels.ids, "states": list(UNRESOLVED)})
        texts = defaultdict(dict)
        for exception_id, ending, listings, taken in self.env.cr.fetchall():
            texts[exception_id][ending] = (listings, self.env["lockgate.publication"]._value_text(taken))
        if notes := {
            exception_id: self.browse(exception_id)._ending_note(endings)
            for exception_id, endings in texts.items()
        }:
            self.browse(notes)._end("resolved", {}, notes)

    def _ending_note(self, endings):
        """Why this exception is over, from {how its failures ended: (how many, a value that was taken)}."""
        if "other_cause" in endings:
            return self.env._("Resolved by itself: its listings fail for another reason now.")
        count, taken = endings.get("taken", (0, None))
        if count == 1 and taken:
            return self.env._("Resolved by itself: the channel took %s.", taken)
        if count:
            return self.env._("Resolved by itself: the channel took all %s values.", count)
        if "computed" in endings:
            return self.env._("Resolved by itself: the value could be computed.")
        if "withdrawn" in endings:
            return self.env._("Resolved by itself: there is nothing to send any more.")
        return self.env._("Resolved by itself: the channel works again.")

    @api.model
    def _cron_catch_up(self):
        """Make good what an exchange could not write."""
        one_by_one(self.env["lockgate.channel"].search([]), self._catch_up_wholly, "Catching up")

    @api.model
    def _catch_up_wholly(self, channel):
        while self._catch_up(channel):
            self.env["ir.cron"]._commit_progress()
