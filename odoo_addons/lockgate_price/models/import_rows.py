"""Odoo's import of lines from a file: every bad row is named, and left out where the user says so."""

from odoo import models
from odoo.addons.base_import.models.base_import import ImportValidationError

LINE = "lockgate.price.change.line"


class Import(models.TransientModel):
    _inherit = "base_import.import"

    def execute_import(self, fields, columns, options, dryrun=False):
        """The option `take_good_rows` leaves out bad rows of lines; without it one bad row and none is taken.

        Which rows that will be is said by a test run; afterwards by a message on the price change, as the web
        client takes whatever it is told then for a failure.
        """
        if self.res_model != LINE or not options.get("take_good_rows"):
            return super().execute_import(fields, columns, options, dryrun)
        importing = self.with_context(lockgate_take_good_rows=True)
        result = super(Import, importing).execute_import(fields, columns, options, dryrun)
        if result.get("ids") and result["messages"]:
            what = self.env._("The rows below are left out; the others are taken.")
            result["messages"] = [{"type": "warning", "message": what}, *result["messages"]] if dryrun else []
        return result

    def _parse_float_from_data(self, data, index, name, options):
        """What is no number is left to the import of lines, which names each by its row.

        Odoo ends at the first, without its row.
        """
        if self.res_model != LINE:
            super()._parse_float_from_data(data, index, name, options)
            return
        for row in data:
            cell = row[index]
            try:
                super()._parse_float_from_data([row], index, name, options)
            except ImportValidationError:
                row[index] = cell
