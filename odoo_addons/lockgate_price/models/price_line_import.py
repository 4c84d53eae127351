"""Odoo's own import of lines: references found in sets, every bad row named before any line is written."""

from odoo import api, models

from .price_change_line import EDITABLE, TARGETS
from .references import find_references

# The change comes first: it says of which company the products are.
RELATIONS = ("change_id", "base_book_id", *filter(None, TARGETS.values()))


class PriceChangeLine(models.Model):
    _inherit = "lockgate.price.change.line"

    @api.model
    def load(self, fields, data):
        """All rows in one go, whatever batches a client asks for: those before a bad row would stay."""
        return super(PriceChangeLine, self.with_context(_import_limit=None)).load(fields, data)

    def _convert_records(self, records, *, log=lambda message: None, savepoint):
        """Say which rows are wrong, each by its own row.

        What is wrong is not handed on, so the good rows are tried in one go; Odoo then takes nothing. Rows
        that the user told Odoo to skip, as what they name is not there, are left to Odoo.
        """
        records = list(records)
        found = self._take_references(records)
        of_file = self.env.context.get("import_file")
        skipped = (self.env.context.get("import_skip_records") or ()) if of_file else ()
        failed, named = set(), {}

        def note(message):
            if message.get("type") == "error":
                failed.add(message.get("record"))
            log(message)

        for record_id, xml_id, values, info in super()._convert_records(
            records, log=note, savepoint=savepoint
        ):
            ids, problem = found[info["record"]]
            values |= ids
            if info["record"] in failed:
                continue
            if not any(values.get(name) is None for name in skipped):
                problem = problem or self._import_problem(record_id, values, named)
            if problem:
                log({**info, "type": "error", "message": problem})
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

    def _import_problem(self, record_id, values, named):
        """What is wrong with a row, or None; `named` holds what the rows before it named."""
        line = self.browse(record_id or ())
        complete, problem = line._complete({name: values[name] for name in EDITABLE & set(values)})
        return problem or self._twice(line, complete, values.get("change_id"), named)

    def _twice(self, line, values, change_id, named):
        """Whether a new line stands on what another line of its change names; holds it in `named`."""
        if line or not change_id:
            return None
        if change_id not in named:
            others = self.search_fetch([("change_id", "=", change_id)], list(filter(None, TARGETS.values())))
            named[change_id] = {other._key() for other in others}
        field = TARGETS[values["applies_to"]]
        key = values["applies_to"], values[field] if field else 0
        if key in named[change_id]:
            return self.env._("Two lines of the price change stand on the same target: leave one out.")
        named[change_id].add(key)
        return None

    def _key(self):
        field = TARGETS[self.applies_to]
        return self.applies_to, self[field].id if field else 0
