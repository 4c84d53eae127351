from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

STATES = [
    ("draft", "Draft"),
    ("to_approve", "To Approve"),
    ("approved", "Approved"),
    ("rejected", "Rejected"),
    ("cancelled", "Cancelled"),
]
# All that people may set; everything else is set by decisions alone.
EDITABLE = {
    "company_id", "currency_id", "book_ids", "effective_from", "effective_to", "reason", "line_ids",
    "time_zone", "local_from", "local_to", "release_ids",
    "above_ids", "channel_ids",
}  # fmt: skip
SHOWN_IN_IMPACT = {"company_id", "currency_id", "book_ids", "effective_from", "effective_to"}


class PriceChange(models.Model):
    """The governed document: new prices of products in price books, for [from, to).

    People write its content while it is a draft; its state moves by `_transition` alone. Both first raise
    `revision`, one row: of two transactions that edit, approve or cancel at once, PostgreSQL lets one win.
    """

    _name = "lockgate.price.change"
    _description = "Price Change"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True
    # An approver cannot write a change, and still has to be able to comment on it.
    _mail_post_access = "read"

    name = fields.Char(required=True, readonly=True, copy=False, default=lambda self: self.env._("New"))
    kind = fields.Selection(
        [("regular", "Regular"), ("baseline", "Baseline")],
        required=True,
        readonly=True,
        copy=False,
        default="regular",
        help="A baseline seals the prices that Odoo gives, so it writes no pricelist rule.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    book_ids = fields.Many2many(
        "lockgate.price.book",
        "lockgate_price_change_book_rel",
        "change_id",
        "book_id",
        string="Price Books",
        check_company=True,
        context={"active_test": False},  # an archived book has to be seen to be refused
    )
    line_ids = fields.One2many("lockgate.price.change.line", "change_id", "New Prices", copy=True)
    effective_from = fields.Datetime(
        copy=False, tracking=True, help="Empty: as soon as the change is approved."
    )
    effective_to = fields.Datetime(
        copy=False,
        tracking=True,
        help="The first moment at which these prices no longer hold. Empty: they hold until another change.",
    )
    reason = fields.Text(tracking=True)
    state = fields.Selection(
        STATES,
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        tracking=True,
        group_expand=True,
    )
    state_since = fields.Datetime("Since", readonly=True, copy=False, help="When it came to its state.")
    revision = fields.Integer(
        readonly=True, copy=False, default=0, help="Grows with every edit and every decision."
    )
    requester_id = fields.Many2one(
        "res.users", readonly=True, copy=False, default=lambda self: self.env.user, index=True
    )
    editor_ids = fields.Many2many(
        "res.users",
        "lockgate_price_change_editor_rel",
        "change_id",
        "user_id",
        string="Edited By",
        readonly=True,
        copy=False,
        help="None of them can approve this change.",
    )
    request_hash = fields.Char(
        readonly=True, copy=False, help="What was asked for: an approval of anything else is refused."
    )
    requested_from = fields.Datetime(
        readonly=True, copy=False, help="From when on, as it was asked for: what is approved says this."
    )
    approved_at = fields.Datetime(readonly=True, copy=False)
    impact_ids = fields.One2many("lockgate.price.impact", "change_id", readonly=True)
    approval_ids = fields.One2many("lockgate.price.approval", "change_id", readonly=True, copy=False)
    seal_ids = fields.One2many("lockgate.price.seal", "change_id", readonly=True, copy=False)
    progress_ids = fields.One2many("lockgate.price.change.progress", "change_id", readonly=True)
    impact_count = fields.Integer("Listings Touched", compute="_compute_counts")
    seal_count = fields.Integer("Seals", compute="_compute_counts")
    problems = fields.Text(compute="_compute_problems")

    _period = models.Constraint(
        "CHECK (effective_to IS NULL OR effective_from IS NULL OR effective_to > effective_from)",
        "The prices would end before they start: set Effective To after Effective From.",
    )

    @api.depends("book_ids")
    def _compute_currency_id(self):
        for change in self:
            change.currency_id = (
                change.book_ids[:1].currency_id or change.currency_id or change.company_id.currency_id
            )

    @api.depends("impact_ids", "seal_ids")
    def _compute_counts(self):
        impacts = dict(
            self.env["lockgate.price.impact"]._read_group(
                [("change_id", "in", self.ids)], ["change_id"], ["__count"]
            )
        )
        seals = dict(
            self.env["lockgate.price.seal"]._read_group(
                [("change_id", "in", self.ids)], ["change_id"], ["__count"]
            )
        )
        for change in self:
            change.impact_count = impacts.get(change, 0)
            change.seal_count = seals.get(change, 0)

    @api.depends("state", "book_ids", "line_ids", "impact_ids", "effective_to", "currency_id")
    def _compute_problems(self):
        for change in self:
            drafted = change._origin if change.state == "draft" else self.browse()
            change.problems = "\n".join(drafted._problems()) if drafted else False

    @api.constrains("book_ids", "currency_id")
    def _check_currency(self):
        for change in self:
            if problem := change._currency_problem():
                raise ValidationError(problem)

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        for vals in vals_list:
            self._refuse_other_fields(vals)
        return self._create_draft(vals_list, "regular")

    def write(self, vals):
        self._refuse_other_fields(vals)
        self._edit()
        result = super().write(vals)
        if SHOWN_IN_IMPACT & set(vals):
            self.env["lockgate.price.impact"]._refresh_soon(self)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        for change in self:
            if change.state not in ("draft", "cancelled") or change.sudo().approval_ids:
                raise UserError(
                    self.env._(
                        "Price change %s has been decided on: its history is kept, it cannot be deleted.",
                        change.name,
                    )
                )

    @api.model
    def _prepare_draft(self, books, reason):
        """What a draft that Lockgate writes says of these books, which share company and currency."""
        return {
            "company_id": books[:1].company_id.id,
            "currency_id": books[:1].currency_id.id,
            "book_ids": [fields.Command.set(books.ids)],
            "reason": reason,
        }

    def _create_draft(self, vals_list, kind):
        """New drafts. What people may not set is said outright here, so no default can fill it."""
        sequence = self.env["ir.sequence"].sudo()
        empty = {
            name: False
            for name, field in self._fields.items()
            if field.store and field.readonly and not (field.compute or field.related)
            if field.type != "one2many" and name not in models.MAGIC_COLUMNS
        }
        changes = super().create(  # pylint: disable=super-method-mismatch
            [
                {
                    **empty,
                    **vals,
                    "name": sequence.next_by_code("lockgate.price.change"),
                    "kind": kind,
                    "state": "draft",
                    "revision": 0,
                    "requester_id": self.env.uid,
                    "editor_ids": [fields.Command.set([self.env.uid])],
                }
                for vals in vals_list
            ]
        )
        self.env["lockgate.price.impact"]._refresh_soon(changes)
        return changes

    def _refuse_other_fields(self, vals):
        if refused := set(vals) - EDITABLE:
            raise UserError(
                self.env._(
                    "These fields of a price change are set by its buttons alone, not by writing them: %s.",
                    ", ".join(sorted(refused)),
                )
            )

    def _edit(self):
        """Before every edit: raise the revision, refuse all but drafts, hold who edits."""
        self.check_access("write")
        self._raise_revision()
        for change in self:
            if change.state != "draft":
                raise UserError(
                    self.env._(
                        "Price change %(change)s is %(state)s: only a draft can be edited. "
                        "Take it back to draft first.",
                        change=change.name,
                        state=change._state_name(),
                    )
                )
        new = self.sudo().filtered(lambda change: self.env.user not in change.editor_ids)
        new._put(editor_ids=[fields.Command.link(self.env.uid)])

    def _raise_revision(self):
        """Take the row before anything else is read: who comes second fails here, and starts over."""
        self.flush_recordset()
        self.env.cr.execute(
            "UPDATE lockgate_price_change SET revision = revision + 1 WHERE id = ANY(%s)", [self.ids]
        )
        self.invalidate_recordset()

    def _transition(self, sources, target, **values):
        """The only way to another state. Raises UserError unless every change is in one of `sources`."""
        self._raise_revision()
        for change in self:
            if change.state not in sources:
                raise UserError(
                    self.env._(
                        "Price change %(change)s is %(state)s, so this can no longer be done: "
                        "somebody may have been faster. Reload it to see.",
                        change=change.name,
                        state=change._state_name(),
                    )
                )
        self._put(state=target, state_since=fields.Datetime.now(), **values)

    def _put(self, **values):  # pylint: disable=missing-return
        """Write what people may not. Private, and no context key leads here."""
        if self:
            super(PriceChange, self.sudo()).write(values)  # pylint: disable=super-method-mismatch

    def _state_name(self):
        return dict(self._fields["state"]._description_selection(self.env))[self.state]

    def action_open_impact(self):
        return self._open("lockgate_price.lockgate_price_impact_action")

    def action_open_seals(self):
        return self._open("lockgate_price.lockgate_price_seal_action")

    def _open(self, action):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(action) | {
            "domain": [("change_id", "=", self.id)],
            "context": {},
        }
