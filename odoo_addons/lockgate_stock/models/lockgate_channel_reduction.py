from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Facts about a channel: its buttons and rules write them, and nothing else.
FACTS = {"reduced_since", "reduced_by_rule"}


class Channel(models.Model):
    """Reducing what a channel shows, by a person or by the rules for trouble: milder than freezing."""

    _inherit = "lockgate.channel"

    trouble_reaction = fields.Selection(
        [("freeze", "Freeze the channel"), ("reduce", "Reduce the stock that it shows")],
        string="By Rule",
        default="freeze",
        required=True,
        tracking=True,
    )
    reduced_to = fields.Integer(
        default=50,
        required=True,
        tracking=True,
        help="Percent of each number that the channel shows while it is reduced; 0: it shows none.",
    )
    reduced_since = fields.Datetime(readonly=True, copy=False)
    reduced_by_rule = fields.Char(readonly=True, copy=False)

    _reduced_to_sensible = models.Constraint(
        "CHECK (reduced_to BETWEEN 0 AND 99)",
        "A reduced channel shows from 0 to 99 percent of what it would show.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_facts(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_facts(vals)
        result = super().write(vals)
        if "reduced_to" in vals:
            self.filtered("reduced_since")._mark_stock("channel reduced")
        return result

    @api.model
    def _refuse_facts(self, vals):
        if FACTS & set(vals):
            raise ValidationError(
                self.env._("A channel is reduced and restored by its buttons Reduce and Restore.")
            )

    def action_reduce(self):
        """Show less of all stock from now on, as *Reduced To* says."""
        for channel in self._to_reduce():
            channel._reduce()
            channel.message_post(body=self.env._("Reduced: it shows %s %% of its stock.", channel.reduced_to))

    def action_restore(self):
        """Show all again; the newest numbers go out."""
        self._restore(self.env._("Restored: it shows all of its stock again."))

    def _react(self, reason):
        if self.trouble_reaction == "freeze":
            super()._react(reason)
            return
        for channel in self._to_reduce():
            channel._reduce(reason)
            channel._tell_owner(
                self.env._(
                    "Reduced by a rule to %(percent)s %% of its stock: %(reason)s",
                    percent=channel.reduced_to,
                    reason=reason,
                )
            )

    def _guard(self):
        super()._guard()
        if self._restore_due():
            self._restore(
                self.env._("Restored by a rule: no more trouble, %s minutes later.", self.resume_minutes)
            )

    def _restore_due(self):
        """Whether a rule reduced it long enough ago, and it is in trouble no more.

        Unlike one that is frozen it can be watched meanwhile. One that a person reduced is left to people.
        """
        pause = timedelta(minutes=self.resume_minutes)
        return (
            self.state == "running"
            and self.reduced_by_rule
            and pause
            and self.reduced_since <= self.env.cr.now() - pause
            and not self._trouble()
        )

    def _to_reduce(self):
        self._check_operated()
        return self.filtered(lambda channel: not channel.reduced_since)

    def _reduce(self, reason=False):
        self._keep({"reduced_since": self.env.cr.now(), "reduced_by_rule": reason})
        self._mark_stock("channel reduced")

    def _restore(self, note):
        self._check_operated()
        for channel in self.filtered("reduced_since"):
            channel._keep(dict.fromkeys(FACTS, False))
            channel._mark_stock("channel restored")
            channel.message_post(body=note)

    def _keep(self, facts):
        """The only way past `write` above."""
        super(Channel, self.sudo()).write(facts)
