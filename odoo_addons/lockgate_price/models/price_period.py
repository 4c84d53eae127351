from datetime import datetime

import pytz

from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import ValidationError

FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


class PriceChange(models.Model):
    """From when to when, as the clocks of a place show it; stored in UTC, whoever looks."""

    _inherit = "lockgate.price.change"

    time_zone = fields.Selection(
        _tz_get,
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="The place whose clocks the local times below are read from.",
    )
    local_from = fields.Char(
        "From, Local Time",
        compute="_compute_local_period",
        inverse="_inverse_local_from",
        copy=False,
        help="As YYYY-MM-DD HH:MM in the time zone of this change. In the hour that clocks show twice, "
        "say which: 2026-10-25 02:30 CEST.",
    )
    local_to = fields.Char(
        "To, Local Time", compute="_compute_local_period", inverse="_inverse_local_to", copy=False
    )

    @api.depends("effective_from", "effective_to", "time_zone")
    def _compute_local_period(self):
        for change in self:
            change.local_from = change._local(change.effective_from)
            change.local_to = change._local(change.effective_to)

    def _inverse_local_from(self):
        for change in self:
            change.effective_from = change._moment(change.local_from)

    def _inverse_local_to(self):
        for change in self:
            change.effective_to = change._moment(change.local_to)

    def _zone(self):
        return pytz.timezone(self.time_zone or "UTC")

    def _local(self, moment):
        """A moment (naive UTC) as this change's clocks show it, with the zone's own short name."""
        if not moment:
            return False
        return pytz.utc.localize(moment).astimezone(self._zone()).strftime("%Y-%m-%d %H:%M:%S %Z")

    def _moment(self, text):
        """The moment (naive UTC) of a local time; ValidationError for one that clocks never show, or show
        twice without the zone's short name beside it."""
        if not text:
            return False
        local, name = self._parse(text.strip())
        zone = self._zone()
        moments = {zone.localize(local, is_dst=summer) for summer in (True, False)}
        # A time that the clocks skip comes back as another one.
        shown = [
            moment
            for moment in sorted(moments)
            if zone.normalize(moment).replace(tzinfo=None) == local and name in (None, moment.tzname())
        ]
        if len(shown) == 1:
            return shown[0].astimezone(pytz.utc).replace(tzinfo=None)
        values = {"text": text, "zone": self.time_zone, "names": ", ".join(m.tzname() for m in shown)}
        if shown:
            raise ValidationError(
                self.env._(
                    "%(text)s happens twice in %(zone)s, as clocks are set back: add one of %(names)s.",
                    **values,
                )
            )
        if name:
            raise ValidationError(self.env._("%(text)s does not happen in %(zone)s.", **values))
        raise ValidationError(
            self.env._(
                "%(text)s does not happen in %(zone)s, as clocks are set forward: choose an earlier or later "
                "time.",
                **values,
            )
        )

    def _parse(self, text):
        """(naive local time, the zone's short name or None)."""
        words = text.split()
        name = words.pop() if len(words) > 2 else None
        for form in FORMATS:
            try:
                return datetime.strptime(" ".join(words), form), name
            except ValueError:
                continue
        raise ValidationError(
            self.env._("%s is not a time: write it as 2026-03-29 08:00, or with the zone's short name.", text)
        )
