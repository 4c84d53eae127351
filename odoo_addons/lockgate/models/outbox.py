from functools import partial

from odoo import api, fields, models

from .. import wake
from ..turn.values import WEIGHTS, weightier

KEY = "lockgate.marks"


class Outbox(models.Model):
    """The outbox, append-only: "the stock or price of this may have changed, because …".

    Hooks only mark. Marks are gathered while a transaction runs and appended in one statement a flush,
    in that same transaction; the turn consumes them by deleting the rows it read. The ids stand without
    foreign keys: checking one would lock the listing's row in every stock move.

    A mark without a listing is scoped: it is for everything that is listed on its channel, and the turn
    expands it in slices. An archived channel is not marked; all of it is when it is put back.
    """

    _name = "lockgate.outbox"
    _description = "Mark"
    _log_access = False

    channel_id = fields.Integer(required=True, readonly=True)
    listing_id = fields.Integer(readonly=True, help="None: everything that is listed on the channel.")
    aspect = fields.Char(required=True, readonly=True)
    reason = fields.Char(required=True, readonly=True)
    marked_at = fields.Datetime(readonly=True)
    reached = fields.Integer(
        readonly=True, help="Of a scoped mark: the last listing that it was expanded to."
    )

    _channel_index = models.Index("(channel_id, id)")
    _scoped_index = models.Index("(channel_id) WHERE listing_id IS NULL")

    @api.model
    def _mark_products(self, aspect, product_ids, reason):
        """Mark every listing that stands on these products; those that none stands on leave nothing."""
        self._gather("product", aspect, product_ids, reason)

    @api.model
    def _mark_listings(self, aspect, listing_ids, reason):
        self._gather("listing", aspect, listing_ids, reason)

    @api.model
    def _mark_channels(self, channel_ids, reason):
        """Mark everything that is listed on these channels."""
        for aspect in self.env["lockgate.turn"]._wanted_makers():
            self._gather("channel", aspect, channel_ids, reason)

    @api.model
    def _gather(self, kind, aspect, ids, reason):
        if not ids:
            return
        precommit = self.env.cr.precommit
        if KEY not in precommit.data:
            precommit.data[KEY] = {}
            precommit.add(self._append)
        marks = precommit.data[KEY]
        for record_id in ids:
            key = kind, record_id, aspect
            marks[key] = weightier(marks.get(key), reason)

    @api.model
    def _append(self):
        # Taken out here: `Callbacks.run` clears its data only after every callback has run, and one of
        # them may mark again.
        marks = self.env.cr.precommit.data.pop(KEY, {})
        if not marks:
            return
        kinds, ids, aspects = zip(*marks, strict=True)
        self.env.cr.execute(
            """
            WITH mark AS (
                SELECT * FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[])
                    AS m(kind, record_id, aspect, reason)
            ), listed AS (
                SELECT l.id, l.channel_id, m.aspect, m.reason
                  FROM mark m JOIN lockgate_standing s ON s.product_id = m.record_id
                  JOIN lockgate_listing l ON l.id = s.listing_id
                 WHERE m.kind = 'product' AND l.active
             UNION ALL
                SELECT l.id, l.channel_id, m.aspect, m.reason
                  FROM mark m JOIN lockgate_listing l ON l.id = m.record_id
                 WHERE m.kind = 'listing'
             UNION ALL
                SELECT NULL, m.record_id, m.aspect, m.reason FROM mark m WHERE m.kind = 'channel'
            ), appended AS (
                INSERT INTO lockgate_outbox (channel_id, listing_id, aspect, reason, marked_at)
                SELECT c.id, l.id, l.aspect,
                       (array_agg(l.reason ORDER BY array_position(%s::text[], l.reason), l.reason))[1],
                       clock_timestamp() AT TIME ZONE 'UTC'
                  FROM listed l JOIN lockgate_channel c ON c.id = l.channel_id AND c.active
              GROUP BY c.id, l.id, l.aspect
             RETURNING channel_id
            )
            SELECT DISTINCT c.code FROM lockgate_channel c JOIN appended a ON a.channel_id = c.id
            """,
            [list(kinds), list(ids), list(aspects), list(marks.values()), list(WEIGHTS)],
        )
        codes = [code for (code,) in self.env.cr.fetchall()]
        if codes:
            database = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
            self.env.cr.postcommit.add(partial(wake.tell, database, codes))
