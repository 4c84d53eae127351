from odoo import fields, models
from odoo.tools import SQL

CALENDAR = SQL(
    """
    SELECT change.id * 2 AS id,
           concat_ws(' · ', change.name, left(split_part(change.reason, E'\\n', 1), 60)) AS name,
           change.state, change.effective_from AS date_start,
           coalesce(change.effective_to, change.effective_from + interval '1 hour') AS date_stop,
           change.reason AS detail, change.id AS change_id, NULL::int AS policy_id, change.requester_id,
           change.company_id
      FROM lockgate_price_change change
     WHERE change.effective_from IS NOT NULL AND change.state IN ('draft', 'to_approve', 'approved')
 UNION ALL
    SELECT policy.id * 2 + 1, policy.name, 'freeze', policy.freeze_from, policy.freeze_to,
           concat_ws(', ', channel.name, book.name->>'en_US', category.complete_name), NULL, policy.id, NULL,
           policy.company_id
      FROM lockgate_price_policy policy
 LEFT JOIN lockgate_channel channel ON channel.id = policy.channel_id
 LEFT JOIN lockgate_price_book book ON book.id = policy.book_id
 LEFT JOIN product_category category ON category.id = policy.category_id
     WHERE policy.active AND policy.kind = 'freeze'
       AND policy.freeze_from IS NOT NULL AND policy.freeze_to IS NOT NULL
    """
)


class PriceCalendar(models.Model):
    """What is coming: price changes by the time they hold, and the windows in which prices are frozen."""

    _name = "lockgate.price.calendar"
    _description = "Calendar of Prices"
    _auto = False
    _order = "date_start, id"

    name = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("to_approve", "To Approve"),
            ("approved", "Approved"),
            ("freeze", "Freeze Window"),
        ],
        "What",
        readonly=True,
    )
    date_start = fields.Datetime("From", readonly=True)
    date_stop = fields.Datetime("To", readonly=True)
    detail = fields.Text("For", readonly=True)
    change_id = fields.Many2one("lockgate.price.change", readonly=True)
    policy_id = fields.Many2one("lockgate.price.policy", "Price Policy", readonly=True)
    requester_id = fields.Many2one("res.users", "Asked By", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)

    @property
    def _table_query(self):
        return CALENDAR
