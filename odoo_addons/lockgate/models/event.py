import json

import psycopg2
import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

KINDS = [("order", "Order"), ("movement", "Movement")]
# Why the stock of a listing is computed afresh.
REASONS = {"order": "sold on the channel", "movement": "moved outside"}


class Event(models.Model):
    """Something that happened outside, as the gateway's `ingest` told it. Append-only.

    It makes no order and moves no stock in Odoo: it is evidence, and a mark that has the stock of its listing
    computed afresh. Quantities are sellable units of the listing.
    """

    _name = "lockgate.event"
    _inherit = ["lockgate.rows"]
    _description = "Event"
    _log_access = False
    _order = "id desc"

    channel_id = fields.Many2one("lockgate.channel", required=True, readonly=True, ondelete="cascade")
    kind = fields.Selection(KINDS, required=True, readonly=True)
    external_id = fields.Char("External ID", required=True, readonly=True, help="The sender's own id.")
    sku = fields.Char("Channel SKU", required=True, readonly=True)
    listing_id = fields.Many2one(
        "lockgate.listing",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="As it was when the event was told.",
    )
    unmapped = fields.Boolean(
        compute="_compute_unmapped", search="_search_unmapped", help="The channel does not list its SKU."
    )
    quantity = fields.Integer(readonly=True, help="Sellable units; of a movement, below zero: out.")
    moment = fields.Datetime("Happened At", required=True, readonly=True)
    reference = fields.Char(readonly=True)
    told_at = fields.Datetime(required=True, readonly=True)

    # Beyond these a date is a mistake, and Python may not be able to read it back.
    _moment_sensible = models.Constraint(
        "CHECK (moment BETWEEN '2000-01-01' AND '2100-01-01')",
        "An event happened between the years 2000 and 2100.",
    )
    _told_once = models.UniqueIndex("(channel_id, kind, external_id)")
    _told_at_index = models.Index("(told_at)")

    @api.depends("kind", "external_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for event in self:
            event.display_name = f"{kinds[event.kind]} {event.reference or event.external_id}"

    @api.depends("listing_id", "sku", "channel_id")
    def _compute_unmapped(self):
        unmapped = self.search([("id", "in", self.ids), ("unmapped", "=", True)])
        for event in self:
            event.unmapped = event in unmapped

    @api.model
    def _search_unmapped(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return [("id", "in", UNMAPPED)]

    # Refused for everybody: only `_append` writes here.
    @api.model
    def _append(self, events):
        """Append the contract's events that are new; returns how many were, and how many have no listing.

        Raises UserError, with nothing appended, when one names a channel that does not exist.
        """
        codes = {event["channel"] for event in events}
        channels = self.env["lockgate.channel"].search([("code", "in", list(codes))])
        unknown = codes - set(channels.mapped("code"))
        if unknown:
            raise UserError(
                self.env._(
                    "No channel has the code %s: see Lockgate, Channels. None of the events was taken.",
                    ", ".join(sorted(unknown)),
                )
            )
        self.env.flush_all()
        try:
            self.env.cr.execute(APPEND, [json.dumps(events)], log_exceptions=False)
        except (psycopg2.DataError, psycopg2.errors.CheckViolation) as error:  # a zero byte, a year 0
            raise UserError(
                self.env._("An event cannot be kept, so none was taken: %s", str(error).splitlines()[0])
            ) from error
        appended = self.env.cr.fetchall()
        for kind, reason in REASONS.items():
            listings = [listing_id for each, listing_id in appended if each == kind and listing_id]
            self.env["lockgate.outbox"]._mark_listings("stock", listings, reason)
        return {
            "appended": len(appended),
            "known": len(events) - len(appended),
            "unmapped": sum(listing_id is None for _kind, listing_id in appended),
        }

    def action_list(self):
        """Open a new listing of the SKU, where a person chooses the product."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "lockgate.listing",
            "views": [[False, "form"]],
            "context": {"default_channel_id": self.channel_id.id, "default_sku": self.sku},
        }

    @api.autovacuum
    def _gc_events(self):
        """Keep events for as many days as `lockgate.event_days` says (365)."""
        days = int(self.env["ir.config_parameter"].sudo().get_param("lockgate.event_days", 365))
        self.env.cr.execute(
            "DELETE FROM lockgate_event WHERE told_at < now() AT TIME ZONE 'UTC' - make_interval(days => %s)",
            [days],
        )


UNMAPPED = SQL(
    """
    SELECT e.id FROM lockgate_event e
     WHERE e.listing_id IS NULL
       AND NOT EXISTS (SELECT FROM lockgate_listing l
                        WHERE l.channel_id = e.channel_id AND l.sku = e.sku AND l.active)
    """
)

APPEND = """
    INSERT INTO lockgate_event (
           channel_id, kind, external_id, sku, listing_id, quantity, moment, reference, told_at)
    SELECT c.id, e.kind, e.external_id, e.sku, l.id, e.quantity, e.moment AT TIME ZONE 'UTC', e.reference,
           now() AT TIME ZONE 'UTC'
      FROM jsonb_to_recordset(%s::jsonb) AS e(
           channel text, kind text, external_id text, sku text, quantity int, moment timestamptz,
           reference text)
      JOIN lockgate_channel c ON c.code = e.channel
 LEFT JOIN lockgate_listing l ON l.channel_id = c.id AND l.sku = e.sku AND l.active
        ON CONFLICT (channel_id, kind, external_id) DO NOTHING
 RETURNING kind, listing_id
"""
