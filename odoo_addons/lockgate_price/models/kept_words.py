"""What was said and attached while a price change was decided on stays as it was."""

from odoo import api, models
from odoo.exceptions import AccessError

CHANGE = "lockgate.price.change"
# What of a message says who said what, when and about what; stars, reactions and mail states are not it.
SAID = {
    "attachment_ids", "author_id", "body", "date", "email_from", "message_type", "model", "res_id",
    "subject", "subtype_id", "tracking_value_ids",
}  # fmt: skip


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        own = self.env.user.partner_id
        for vals in vals_list:
            forged = vals.get("author_id", own.id) != own.id or vals.get("email_from") not in (
                None,
                False,
                own.email_formatted,
            )
            if forged and vals.get("model") == CHANGE and not self.env.su:
                raise AccessError(self.env._("On a price change everybody writes in their own name."))
        return super().create(vals_list)

    def write(self, vals):
        if SAID & set(vals):
            self._refuse_on_price_changes()
        return super().write(vals)

    def unlink(self):
        self._refuse_on_price_changes()
        return super().unlink()

    def _refuse_on_price_changes(self):
        """Messages are corrected by new ones. Odoo itself (su) keeps its own books on them."""
        if not self.env.su and CHANGE in self.sudo().mapped("model"):
            raise self._kept()

    def _kept(self):
        return AccessError(
            self.env._("What was said on a price change is not edited: write another message.")
        )


class PriceChange(models.Model):
    _inherit = CHANGE

    def _message_update_content(self, message, /, **values):
        """What the chatter edits in everybody's name, with the superuser's rights."""
        raise message._kept()


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def write(self, vals):
        if not self.env.su:
            self._refuse_on_decided_changes()
        return super().write(vals)

    def unlink(self):
        if not self.env.su:
            self._refuse_on_decided_changes()
        return super().unlink()

    def _delete_and_notify(self, message=None):
        """What the chatter deletes in everybody's name, with the superuser's rights."""
        self._refuse_on_decided_changes()
        return super()._delete_and_notify(message)

    def _refuse_on_decided_changes(self):
        """Files of a change can be replaced while it is a draft; after that they are what was decided on."""
        ids = self.sudo().filtered(lambda file: file.res_model == CHANGE and file.res_id).mapped("res_id")
        changes = self.env[CHANGE].sudo().browse(ids).exists()
        if decided := changes.filtered(lambda change: change.state != "draft")[:1]:
            raise AccessError(
                self.env._(
                    "Price change %s is no longer a draft: its files stay as they are. Add another file.",
                    decided.name,
                )
            )
