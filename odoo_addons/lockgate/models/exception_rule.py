from datetime import timedelta

from odoo import api, fields, models

from .exception_category import CATEGORIES, DUE_HOURS


class ExceptionRule(models.Model):
    """Who gets the exceptions of a category, on one channel or on all, and who does when they are overdue."""

    _name = "lockgate.exception.rule"
    _description = "Exception Routing"
    _order = "category, channel_id, id"

    category = fields.Selection(CATEGORIES, required=True)
    channel_id = fields.Many2one("lockgate.channel", ondelete="cascade", help="Empty: every channel.")
    owner_id = fields.Many2one(
        "res.users", help="Gets these exceptions. Empty: the channel's exception owner."
    )
    due_hours = fields.Float(help="Hours until one is due; 0 leaves it to the severity of the category.")
    escalate_to_id = fields.Many2one(
        "res.users", "Next Owner", help="Gets an exception that is overdue. Empty: its owner is reminded."
    )

    _category_unique = models.UniqueIndex(
        "(category, coalesce(channel_id, 0))",
        "There is a rule of this category for this channel already: change that one.",
    )
    _due_positive = models.Constraint("CHECK (due_hours >= 0)", "Hours until an exception is due: 0 or more.")

    @api.depends("category", "channel_id")
    def _compute_display_name(self):
        labels = dict(self._fields["category"]._description_selection(self.env))
        for rule in self:
            channel = rule.channel_id.name or self.env._("every channel")
            rule.display_name = f"{labels.get(rule.category)}: {channel}"

    @api.model
    def _for(self, channel, category):
        """The rule of a category on a channel: the channel's own before the one of every channel."""
        rules = self.search([("category", "=", category), ("channel_id", "in", [channel.id, False])])
        return rules.filtered("channel_id") or rules

    def _routing(self, channel, severity, since):
        """Owner and due time of a new exception; `self` may be no rule at all."""
        owner = self._who("owner_id", channel) or channel.owner_id
        return {"owner_id": owner.id, "deadline": self._due(severity, since)}

    def _due(self, severity, since):
        """Until when an exception is to be decided, counted from `since`; `self` may be no rule at all."""
        return since + timedelta(hours=self.due_hours or DUE_HOURS[severity])

    def _who(self, field, channel):
        """The user that a rule names, unless the channel's company is none of theirs."""
        return self[field].filtered(lambda user: user.active and channel.company_id in user.company_ids)
