from odoo import api, models
from odoo.exceptions import AccessError

MANAGER = "lockgate.lockgate_group_manager"


class Governed(models.AbstractModel):
    """What channels are told by, and who must approve it: only Lockgate's administrators write it.

    Whatever access rules say: who manages those could give themselves any.
    """

    _name = "lockgate.governed"
    _description = "Written by Lockgate's Administrators"

    @api.model_create_multi
    def create(self, vals_list):
        self._require_manager()
        return super().create(vals_list)

    def write(self, vals):
        self._require_manager()
        return super().write(vals)

    def unlink(self):
        self._require_manager()
        return super().unlink()

    def _require_manager(self):
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("%s: only Lockgate's administrators change these.", self._description)
            )


class Channel(models.Model):
    _name = "lockgate.channel"
    _inherit = ["lockgate.channel", "lockgate.governed"]
