"""Odoo's own import of lines: references found in sets, every bad row named before any line is written."""

from markupsafe import Markup

from odoo import api, models

from .price_change_line import EDITABLE, TARGETS
from .references import find_references

# So many of the rows that are left out are told on the price change.
NAMED = 20
# The change comes first: it says of which company the products are.
RELATIONS = ("change_id", "base_book_id", *filter(None, TARGETS.values()))


class PriceChangeLine(models.Model):
    _inherit = "lockgate.price.change.line"

    @api.model
    def load(self, fields, data):
        """All rows in one go, whatever batches a client asks for: those before a bad row would stay.

        With `lockgate_take_good_rows` in the context bad rows are left out instead, which each price change
        of those that are taken tells.
        """
        result = super(PriceChangeLine, self.with_context(_import_limit=None)).load(fields, data)
        if result["ids"] and self.env.context.get("lockgate_take_good_rows"):
            self.browse(result["ids"]).change_id._tell_left_out(result["messages"])
        return result

    def _convert_records(self, records, *, log=lambda message: None, savepoint):
        """Say which rows are wrong, each by its own row.

        What is wrong is not handed on, so the good rows are tried in one go; Odoo then takes nothing, unless
        the user told to take them: that makes a warning of what is wrong. Rows that the user told Odoo to
        skip, as what they name is not there, are left to Odoo.
        """
        records = list(records)
        found = self._take_references(records)
        of_file = self.env.context.get("import_file")
        skipped = (self.env.context.get("import_skip_records") or ()) if of_file else ()
        serious = "warning" if self.env.context.get("lockgate_take_good_rows") else "error"
        failed, named = set(), {}

        def note(message):
            if message.get("type") == "error":
                failed.add(message.get("record"))
                message = {**message, "type": serious}
            log(message)

        for record_id, xml_id, values, info in super()._convert_records(
            records, log=note, savepoint=savepoint
        ):
            ids, problem = found[info["record"]]
            values |= ids
            if info["record"] in failed:
                continue
            if not any(values.get(name) is None for name in skipped):
                row = info["rows"]["from"] + 1
                problem = problem or self._import_problem(record_id, values, row, named)
            if problem:
                # The web client shows this number as it is; elsewhere it counts rows from 1.
                log({**info, "record": info["record"] + 1, "type": serious, "message": problem})
            else:
                yield record_id, xml_id, values, info

    def _take_references(self, records):
        """Take out of raw `records` what can be found in sets: [({field: id}, what is wrong or None)]."""
        found = [({}, None) for _record in records]
        companies = self.env["res.company"]
        for name in RELATIONS:
            cells = {}
            for number, (record, _extras) in enumerate(records):
                cell = record.get(name)
                if cell and len(cell[0]) == 1:
                    [(subfield, reference)] = cell[0].items()
                    cells.setdefault(subfield, {}).setdefault(reference, []).append(number)
            for subfield, numbers in cells.items():
                field = self._fields[name]
                known = find_references(self.env[field.comodel_name], companies, subfield, set(numbers))
                for reference, ids in known.items():
                    for number in numbers[reference]:
                        found[number] = self._found(found[number], field, reference, ids)
                        del records[number][0][name]
            if name == "change_id":
                changes = {ids["change_id"] for ids, _problem in found if "change_id" in ids}
                companies = self.env["lockgate.price.change"].browse(changes).company_id
        return found

    def _found(self, before, field, reference, ids):
        values, problem = before
        if len(ids) > 1:
            problem = self.env._(
                "%(field)s: %(reference)s names several. Give the external id of the one that is meant.",
                field=field._description_string(self.env),
                reference=reference,
            )
        return {**values, field.name: ids[0]}, problem

    def _import_problem(self, record_id, values, row, named):
        """What is wrong with a row, or None; `named` holds what the rows before it named, by change."""
        line, change_id = self.browse(record_id or ()), values.get("change_id")
        complete, problem = line._complete({name: values[name] for name in EDITABLE & set(values)})
        if problem or line or not change_id:
            return problem
        if change_id not in named:
            named[change_id] = self._by_target([("change_id", "=", change_id)])
        values = {**complete, "change_id": change_id}
        return self._twice(values, row, named[change_id], lambda number: self.env._("row %s", number))


class PriceChange(models.Model):
    _inherit = "lockgate.price.change"

    def _tell_left_out(self, messages):
        """Post which rows of a file its user left out, of these messages of Odoo's import; the first few."""
        left_out = [message for message in messages if "rows" in message]
        if not left_out:
            return
        told = [
            self.env._(
                "Row %(row)s: %(problem)s", row=message["rows"]["from"] + 1, problem=message["message"]
            )
            for message in left_out[:NAMED]
        ]
        if len(left_out) > NAMED:
            told.append(self.env._("… and %s more.", len(left_out) - NAMED))
        what = self.env._("%s rows of an imported file are left out, as they are wrong:", len(left_out))
        body = Markup("<br/>").join([what, *told])
        for change in self:
            change.message_post(body=body)
