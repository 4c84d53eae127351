from contextlib import contextmanager
from contextvars import ContextVar

from odoo import api, fields, models
from odoo.exceptions import AccessError

# What is approved where a company wants it: which product the channel sells under which name, in which unit.
GUARDED = ("product_id", "sku", "reference", "uom_id", "active")
# The listings whose approved change is being written. It lives in Python alone: no context key, RPC
# argument, import or server action can set it.
_passing = ContextVar("lockgate_mapping_passing", default=frozenset())


@contextmanager
def passage(listings):
    """Let the mapping of these listings be written: for what was approved, and nothing else."""
    token = _passing.set(frozenset(listings.ids))
    try:
        yield
    finally:
        _passing.reset(token)


class ResCompany(models.Model):
    _inherit = "res.company"

    lockgate_mapping_approval = fields.Boolean(
        "Approve Mappings",
        groups="lockgate.lockgate_group_manager",
        tracking=True,
        help="A new listing, and a change of SKU, reference, unit or product of one, takes effect when "
        "another channel operator approved it. To archive a listing needs nobody.",
    )


class Listing(models.Model):
    """Where the company wants it, a mapping changes when another person approved it, whoever writes.

    There is no exception for the superuser: what rules and modules write is approved too.
    """

    _inherit = "lockgate.listing"

    mapping_change_ids = fields.One2many("lockgate.mapping.change", "listing_id", readonly=True)
    proposed = fields.Char("To Be Approved", compute="_compute_proposed")
    awaits_first_approval = fields.Boolean(
        readonly=True, copy=False, help="Never in force yet, so the channel is told nothing of it."
    )

    @api.depends("mapping_change_ids.state")
    def _compute_proposed(self):
        for listing in self:
            listing.proposed = "".join(
                change.summary for change in listing.mapping_change_ids if change.state == "open"
            )

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_flag(vals_list)
        listings = super().create(vals_list)
        for listing in listings:
            if listing.active and listing._needs_approval():
                with passage(listing):
                    listing.write({"active": False, "awaits_first_approval": True})
                listing._propose({"active": True})
        return listings

    def write(self, vals):
        guarded = self.filtered(lambda listing: listing.id not in _passing.get())
        if guarded:
            guarded._refuse_flag([vals])
        changing = {name for name in GUARDED if name in vals and (name != "active" or vals["active"])}
        guarded = guarded.filtered(lambda listing: changing and listing._needs_approval())
        if not guarded:
            return super().write(vals)
        free = {name: value for name, value in vals.items() if name not in changing}
        super(Listing, self - guarded).write(vals)
        super(Listing, guarded).write(free)
        for listing in guarded:
            listing._propose({name: vals[name] for name in changing})
        return True

    def _refuse_flag(self, vals_list):
        if any("awaits_first_approval" in vals for vals in vals_list):
            raise AccessError(self.env._("A listing is approved with its change, never by hand."))

    def _needs_approval(self):
        """Whether the listing's company says so."""
        return self.channel_id.sudo().company_id.lockgate_mapping_approval

    def _propose(self, values):
        """Propose those of these values that differ from the mapping in force."""
        now, listing = self._mapping(), self.with_env(self.env(su=True, context={}))
        changed = {}
        for name, value in values.items():
            field = self._fields[name]
            value = field.convert_to_write(
                field.convert_to_record(field.convert_to_cache(value, self), self), self
            )
            if (value or False) != now[name]:
                changed[name] = value or False
        listing.env["lockgate.mapping.change"]._propose(listing, changed)

    def _mapping(self):
        """The mapping in force: {field: text, id or boolean}, empty as False."""
        self.ensure_one()
        values = {name: self[name] for name in GUARDED}
        return {
            name: (value.id if isinstance(value, models.BaseModel) else value) or False
            for name, value in values.items()
        }

    def _mapping_words(self, before, after):
        """'Channel SKU: A → B; Sold In: Units → Dozens'; of one that begins to sell, all that it will be."""
        begins = after.get("active")
        words = [self.env._("Begins to sell")] if begins else []
        for name in GUARDED[:-1] if begins else after:
            field = self._fields[name]
            texts = [self._value_words(field, each[name]) for each in (before, {**before, **after})]
            words.append(f"{field._description_string(self.env)}: {' → '.join(dict.fromkeys(texts))}")
        return "; ".join(words)

    def _value_words(self, field, value):
        if field.comodel_name and value:
            return self.env[field.comodel_name].sudo().browse(value).exists().display_name or "…"
        return value or self.env._("none")
