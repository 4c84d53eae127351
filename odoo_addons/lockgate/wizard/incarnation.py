from odoo import models
from odoo.exceptions import AccessError


class Incarnation(models.TransientModel):
    """Starts a new incarnation of a database that was restored from a backup.

    The sidecar of the old incarnation is refused from then on, and every channel is frozen: what the
    channels show may be newer than what this database remembers.
    """

    _name = "lockgate.incarnation"
    _description = "Start a New Incarnation"
    _inherit = ["lockgate.own"]

    def action_start(self):
        if not self.env.user.has_group("lockgate.lockgate_group_manager"):
            raise AccessError(self.env._("Only a Lockgate administrator may start a new incarnation."))
        _database, incarnation = self.env["lockgate.gateway"]._identity()
        self.env["ir.config_parameter"].sudo().set_param("lockgate.incarnation", incarnation + 1)
        channels = self.env["lockgate.channel"].sudo().search([("state", "!=", "draft")])
        channels.filtered(lambda channel: channel.state == "running").action_freeze()
        channels.write({"frozen_by_rule": False})  # no rule may resume it
        return {"type": "ir.actions.act_window_close"}
