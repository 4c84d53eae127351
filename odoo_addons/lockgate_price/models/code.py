"""Who manages access rights writes no code: in Odoo a record rule's domain and a field's compute are Python,
run with the superuser's rights, and would give whatever rights are asked for."""

import ast

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError

# What a rule may name of a record beside its fields.
READ = {
    "has_group", "has_groups", "filtered", "mapped", "strftime", "id", "ids", "display_name", "create_uid",
    "write_uid", "create_date", "write_date",
}  # fmt: skip


def _may_write_code(env):
    return env.uid == SUPERUSER_ID or env.user.has_group("base.group_system")


def reads_alone(code, fields):
    """Whether the Python expression `code` names nothing of a record but its `fields` (a set of names)."""
    try:
        nodes = list(ast.walk(ast.parse(code.strip(), mode="eval")))
    except SyntaxError:
        return False
    named = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    methods = {name for name in fields if callable(getattr(models.BaseModel, name, None))}
    return named <= READ | (fields - methods)


class PriceCode(models.AbstractModel):
    """Rows that may hold code: each model says in `_refuse_code` what of it only an administrator writes."""

    _name = "lockgate.price.code"
    _description = "May Hold Code"

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_code(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_code([vals])
        return super().write(vals)


class IrRule(models.Model):
    _name = "ir.rule"
    _inherit = ["lockgate.price.code", "ir.rule"]

    @api.model
    def _refuse_code(self, vals_list):
        codes = [vals["domain_force"] for vals in vals_list if vals.get("domain_force")]
        if not codes or _may_write_code(self.env):
            return
        fields = {name for model in self.env.registry.values() for name in model._fields}
        for code in codes:
            if not reads_alone(code, fields):
                raise AccessError(
                    self.env._(
                        "The domain of a record rule reads fields and calls nothing but has_group, "
                        "has_groups, filtered and mapped, unless a Settings administrator writes it: %s",
                        code,
                    )
                )


class IrModelFields(models.Model):
    _name = "ir.model.fields"
    _inherit = ["lockgate.price.code", "ir.model.fields"]

    @api.model
    def _refuse_code(self, vals_list):
        if any(vals.get("compute") for vals in vals_list) and not _may_write_code(self.env):
            raise AccessError(
                self.env._("Only a Settings administrator writes the code that computes a field.")
            )
