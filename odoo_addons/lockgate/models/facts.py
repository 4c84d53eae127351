from odoo import api, models
from odoo.exceptions import AccessError


class Facts(models.AbstractModel):
    """What Lockgate's own code writes and nobody else, whatever access rules an administrator grants."""

    _name = "lockgate.facts"
    _description = "Written by Lockgate Alone"

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_people()
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_people()
        return super().write(vals)

    def unlink(self):
        self._refuse_people()
        return super().unlink()

    def _refuse_people(self):
        if not self.env.su:
            raise AccessError(self.env._("%s: written by Lockgate alone, never by hand.", self._description))


class Connector(models.Model):
    _name = "lockgate.connector"
    _inherit = ["lockgate.connector", "lockgate.facts"]


class Outbox(models.Model):
    _name = "lockgate.outbox"
    _inherit = ["lockgate.outbox", "lockgate.facts"]


class Turn(models.Model):
    _name = "lockgate.turn"
    _inherit = ["lockgate.turn", "lockgate.facts"]
