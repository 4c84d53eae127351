"""What a line of a price change may say, checked value by value before anything is written."""

import math

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .breaks import parse
from .price_change_line import TARGETS

# Above this a double no longer holds cents; no price of one unit is that high.
HIGHEST = 1e12
FORMULA = ("percent", "rounding", "surcharge")
NAMED = 10


def is_number(value, lowest=-HIGHEST):
    """Whether `value` is a finite number from `lowest` up to a trillion."""
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and lowest <= value <= HIGHEST
    )


class PriceChangeLine(models.Model):
    _inherit = "lockgate.price.change.line"

    def _checked(self, vals_list):
        """These values, with the target and the breaks that follow from them. Raises with every bad line."""
        completed = [self._complete(vals) for vals in vals_list]
        checked = [values for values, _problem in completed]
        problems, named = [], self._named_by_others(checked)

        def place(number):
            return self.env._("line %s", number) if len(vals_list) > 1 else self.env._("this one")

        for number, (values, problem) in enumerate(completed, 1):
            if problem := problem or self._twice(values, number, named, place):
                told = self.env._("Line %(number)s: %(problem)s", number=number, problem=problem)
                problems.append(told if len(vals_list) > 1 else problem)
        if problems:
            more = len(problems) - NAMED
            tail = [self.env._("… and %s more lines.", more)] if more > 0 else []
            raise ValidationError("\n".join(problems[:NAMED] + tail))
        return checked

    def _named_by_others(self, vals_list):
        """{what it names: line} of other lines, in the changes of these values, that name the same as one."""
        names = {"applies_to", *filter(None, TARGETS.values())}
        if self and not names & set().union(*vals_list):
            return {}  # it keeps what it names
        changes = {values.get("change_id") for values in vals_list} | {self.change_id.id}
        same = Domain("applies_to", "=", "book")
        for field in names - {"applies_to"}:
            same |= Domain(field, "in", [values[field] for values in vals_list if values.get(field)])
        others = Domain("change_id", "in", list(changes - {None, False})) & Domain("id", "not in", self.ids)
        return self._by_target(others & same)

    @api.model
    def _by_target(self, domain):
        """{what it names: line} of the lines of this domain."""
        names = ["change_id", "applies_to", *filter(None, TARGETS.values())]
        return {line._target_of({}): line for line in self.search_fetch(domain, names)}

    def _target_of(self, values):
        """What a line of these values names, or this one where they say nothing: (change, kind, id or 0)."""
        kind = values.get("applies_to") or self.applies_to
        field = TARGETS.get(kind)
        target = field and (values[field] if field in values else self[field].id)
        return values.get("change_id") or self.change_id.id, kind, target or 0

    def _target_name(self, kind, target):
        field = TARGETS.get(kind)
        name = field and self.env[self._fields[field].comodel_name].browse(target).display_name
        return name or self.env._("The whole price book")

    def _twice(self, values, number, named, place):
        """What is wrong where another line names the same. Else this one is held in `named`, by its number.

        `named`: {what it names: the line that is there, or the number of one that is still to be}.
        `place`: what a number stands for, in words.
        """
        change_id, kind, target = self._target_of(values)
        if (change_id, kind, target) not in named:
            named[change_id, kind, target] = number
            return None
        other = named[change_id, kind, target]
        if isinstance(other, models.BaseModel):
            before = self.search_count([("change_id", "=", change_id), ("id", "<=", other.id)])
            first = self.env._("line %s, which is there already,", before)
        else:
            first = place(other)
        return self.env._(
            "%(target)s: two lines name it, %(first)s and %(second)s. Leave one of them out.",
            target=self._target_name(kind, target),
            first=first,
            second=place(number),
        )

    def _complete(self, vals):
        """(values to write, what is wrong with them or None); `self` is the line that is written, or none."""
        values = dict(vals)
        named = [name for name in TARGETS.values() if name and values.get(name)]
        if not self and not values.get("applies_to"):
            of_field = {name: target for target, name in TARGETS.items()}
            values["applies_to"] = of_field[named[0]] if len(named) == 1 else "variant"
        if "applies_to" in values:  # what an earlier target named is named no more
            kept = TARGETS.get(values["applies_to"])
            dropped = [name for name in TARGETS.values() if name and name != kept]
            if not self and any(values.get(name) for name in dropped):
                return values, self.env._("It names more than one target: give one a line.")
            values |= dict.fromkeys(dropped, False)
        if "breaks" in values:
            try:
                values["break_rows"] = parse(values["breaks"]) or False
            except ValueError as error:
                return values, self.env._(
                    "“%s” is no quantity break: write as in “10: 9.50; 100: -15%%”, each quantity once.",
                    error,
                )
        return values, self._problem_of(values)

    def _problem_of(self, values):
        """What is wrong with a line of these values, and of its own where they say nothing; or None."""

        def value(name):
            return values[name] if name in values else self[name] if self else None

        kind = value("applies_to")
        field = TARGETS.get(kind)
        target = field and (values[field] if field in values else self[field].id)
        if field and not target:
            return self.env._(
                "It stands on nothing: choose a product, a category or a tag, or the whole book."
            )
        problem = self._number_problem(value)
        return f"{self._target_name(kind, target)}: {problem}" if problem else None

    def _number_problem(self, value):
        """What is wrong with the numbers, which `value` gives by their names; None if nothing."""
        base = value("base") or "fixed"
        numbers = {each: value(each) or 0.0 for each in (*FORMULA, "price", "compare_price")}
        for each in FORMULA:
            if not is_number(numbers[each]):
                return self.env._("%s is not a number.", numbers[each])
        if base == "fixed":
            if not (is_number(numbers["price"]) and numbers["price"] > 0):
                return self.env._("%s is not a price. Give an amount above zero.", numbers["price"])
            if any(numbers[each] for each in FORMULA):
                return self.env._(
                    "a fixed price takes no percentage, rounding or extra: say what it comes from."
                )
        if numbers["percent"] <= -100:
            return self.env._("%s %% leaves no price. Give a percentage above -100.", numbers["percent"])
        if numbers["rounding"] < 0:
            return self.env._("prices are rounded to a multiple of an amount above zero.")
        if base == "book" and not value("base_book_id"):
            return self.env._("choose the price book that its price is computed from.")
        if value("compare_at") == "fixed":
            least = numbers["price"] if base == "fixed" else 0
            if not (is_number(numbers["compare_price"]) and numbers["compare_price"] > least):
                return self.env._("its regular price has to be above the price that it is compared with.")
        return None

    def _refuse_other_fields(self, vals, allowed):
        if refused := set(vals) - allowed:
            raise UserError(
                self.env._(
                    "On a line of a price change people write what it names and its price, not: %s.",
                    ", ".join(sorted(refused)),
                )
            )
