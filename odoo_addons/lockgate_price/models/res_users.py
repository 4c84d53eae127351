"""Who may give the powers that prices stand on, and what else would lead to them."""

from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError, UserError

# To approve, to put in force, to loosen policies, to tell Odoo what a channel took.
GUARDED = (
    "lockgate_price.lockgate_price_group_approver",
    "lockgate_price.lockgate_price_group_emergency",
    "lockgate.lockgate_group_manager",
    "lockgate.lockgate_group_integration",
)
CREDENTIALS = {"login", "password", "new_password", "totp_secret"}


def _members(env):
    """The ids of all who hold a guarded power, archived users included."""
    groups = [env.ref(name).id for name in GUARDED]
    users = env["res.users"].sudo().with_context(active_test=False)
    return {group: set(users.search([("all_group_ids", "in", [group])]).ids) for group in groups}


@contextmanager
def guarded(env):
    """Refuse what gives a guarded power: to oneself, or to anybody unless by a Settings administrator.

    Otherwise who manages access rights would approve prices by way of them.
    """
    if env.su:
        yield
        return
    before = _members(env)
    yield
    env.flush_all()
    after = _members(env)
    given = {user for group, users in after.items() for user in users - before[group]}
    if env.uid in given or (given and not env.user.has_group("base.group_system")):
        raise AccessError(
            env._(
                "The roles of approvers, emergencies, Lockgate administrators and the integration are given "
                "by a Settings administrator, and by nobody to themselves."
            )
        )


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model_create_multi
    def create(self, vals_list):
        with guarded(self.env):
            return super().create(vals_list)

    def write(self, vals):
        self._refuse_taking_over(vals)
        if not {"group_ids", "role"} & set(vals):
            return super().write(vals)
        with guarded(self.env):
            return super().write(vals)

    def _refuse_taking_over(self, vals):
        """Who sets an approver's password is that approver."""
        others = self - self.env.user
        if (
            self.env.su
            or not others
            or not CREDENTIALS & set(vals)
            or self.env.user.has_group("base.group_system")
        ):
            return
        if others.ids and set(others.ids) & set().union(*_members(self.env).values()):
            raise AccessError(
                self.env._(
                    "Login and password of people who approve prices are set by themselves or by a Settings "
                    "administrator."
                )
            )


class ResGroups(models.Model):
    _inherit = "res.groups"

    @api.model_create_multi
    def create(self, vals_list):
        with guarded(self.env):
            return super().create(vals_list)

    def write(self, vals):
        with guarded(self.env):
            return super().write(vals)


class IrModelData(models.Model):
    """A role is known by its name: whoever moves the name to another group hands the role out."""

    _inherit = "ir.model.data"

    def write(self, vals):
        self._refuse_role_names()
        return super().write(vals)

    def unlink(self):
        self._refuse_role_names()
        return super().unlink()

    def _refuse_role_names(self):
        if self.env.su:
            return
        if self.filtered(lambda name: name.model == "res.groups" and name.complete_name in GUARDED):
            raise AccessError(self.env._("The names of Lockgate's roles stay with their groups."))


class IrModule(models.Model):
    _inherit = "ir.module.module"

    def write(self, vals):
        if vals.get("state") in ("to remove", "uninstalled"):
            self._refuse_uninstall()
        return super().write(vals)

    def module_uninstall(self):
        self._refuse_uninstall()
        return super().module_uninstall()

    def _refuse_uninstall(self):
        """Seals and approvals are kept: only who runs the server may take them away, in its shell."""
        kept = self.filtered(lambda module: module.name in ("lockgate", "lockgate_price"))
        if (
            kept
            and self.env.uid != SUPERUSER_ID
            and self.env["lockgate.price.approval"].sudo().search([], limit=1)
        ):
            raise UserError(
                self.env._(
                    "%s holds the evidence of approved prices, so it is not uninstalled from here. Freeze "
                    "the channels instead, or uninstall it from the server's shell.",
                    kept[0].shortdesc,
                )
            )
