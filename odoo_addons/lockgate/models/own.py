from odoo import models
from odoo.exceptions import AccessError


class Own(models.AbstractModel):
    """A wizard is who opened it's alone: Odoo lets everybody with its access right fill in anybody's."""

    _name = "lockgate.own"
    _description = "Wizard of One Person"

    def _check_access(self, operation):
        others = self.sudo().filtered(lambda wizard: wizard.id and wizard.create_uid != self.env.user)
        if others and not self.env.su:
            return others, lambda: AccessError(
                self.env._("%s: only who opened it goes on with it.", self._description)
            )
        return super()._check_access(operation)

    def fetch(self, field_names=None):
        """Its buttons read it before they do anything."""
        self.check_access("read")
        return super().fetch(field_names)
