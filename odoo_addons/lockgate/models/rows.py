from odoo import api, models
from odoo.exceptions import AccessError


class Rows(models.AbstractModel):
    """Rows that Lockgate's own statements write: the ORM refuses everyone.

    No context key, access right, import or administrator's call can make, change or delete one.
    """

    _name = "lockgate.rows"
    _description = "Rows of Lockgate's Statements"

    # pylint: disable=method-required-super
    @api.model_create_multi
    def create(self, vals_list):
        raise self._written_by_statements()

    def write(self, vals):
        raise self._written_by_statements()

    def unlink(self):
        raise self._written_by_statements()

    def _written_by_statements(self):
        return AccessError(
            self.env._(
                "%s: Lockgate writes these rows, nobody makes, changes or deletes them.", self._description
            )
        )
