"""Who may give the powers that prices stand on, and what else would lead to them."""

from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, models
from odoo.addons.lockgate.person import signed_in
from odoo.addons.lockgate.wizard.integration_key import makes_integration_user
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from .price_change_decision import ANALYST, APPROVER

# To approve, to put in force, to loosen policies, to tell Odoo what a channel took.
GUARDED = (
    APPROVER,
    "lockgate_price.lockgate_price_group_emergency",
    "lockgate.lockgate_group_manager",
    "lockgate.lockgate_group_integration",
)
CREDENTIALS = {"login", "password", "new_password", "totp_secret", "oauth_provider_id", "oauth_uid"}


def _serves_itself(env):
    """Whether Odoo installs modules, or who runs the server is in its shell: no request is answered.

    What asks for the superuser's rights while one is answered has no power to give (`/jsonrpc` hides its
    request, and answers as its caller).
    """
    return env.uid == SUPERUSER_ID and (not request or not env.registry.ready)


def _by_administrator(env):
    """Whether a Settings administrator gives it themself, signed in to the web client."""
    return signed_in(env) and env.user.has_group("base.group_system")


def _powers(env):
    """{(group, company, user)}, as ids: who may use a guarded power for which company, also if archived.

    A group that a tier names is one for those who may approve; one that a policy names to roll back, for
    analysts. In a company that somebody founded they had all power already.
    """
    env.flush_all()
    own = env["res.groups"].sudo().union(*(env.ref(name).sudo() for name in GUARDED))
    named = env(su=True, context={"active_test": False})
    further = {
        env.ref(APPROVER): named["lockgate.price.tier"].search([]).group_id,
        env.ref(ANALYST): named["lockgate.price.policy"].search([("kind", "=", "rollback")]).group_id,
    }
    roles = own.union(*(role for role, groups in further.items() if groups))
    return {
        (group.id, company.id, user.id)
        for user in named["res.users"].search([("all_group_ids", "in", roles.ids)])
        for group in user.all_group_ids
        & own.union(*(groups for role, groups in further.items() if role in user.all_group_ids))
        for company in user.company_ids
        if company.create_uid != user
    }


@contextmanager
def guarded(env):
    """Refuse what gives a guarded power: to oneself, or to anybody unless by a Settings administrator.

    Otherwise who manages access rights, or holds an administrator's key, would approve prices by way of them.
    """
    if _serves_itself(env) or makes_integration_user():
        yield
        return
    before = _powers(env)
    yield
    given = {user for _group, _company, user in _powers(env) - before}
    if env.uid in given or (given and not _by_administrator(env)):
        raise AccessError(
            env._(
                "The roles of approvers, emergencies, Lockgate administrators and the integration, and the "
                "companies they hold for, are given by a Settings administrator who signed in to the web "
                "client, and by nobody to themselves."
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
        if not {"group_ids", "role", "company_ids"} & set(vals):
            return super().write(vals)
        with guarded(self.env):
            return super().write(vals)

    def _refuse_taking_over(self, vals):
        """Who sets an approver's password is that approver; so no link sets it, whoever got the link."""
        others = self - self.env.user
        if (
            not others.ids
            or not CREDENTIALS & set(vals)
            or _serves_itself(self.env)
            or _by_administrator(self.env)
        ):
            return
        if set(others.ids) & {user for _group, _company, user in _powers(self.env)}:
            raise AccessError(
                self.env._(
                    "Login and password of people who decide on prices are set by themselves, in their "
                    "preferences, or by a Settings administrator who signed in to the web client."
                )
            )


class ResCompany(models.Model):
    """The same rows as a user's companies, from the other side."""

    _inherit = "res.company"

    @api.model_create_multi
    def create(self, vals_list):
        with guarded(self.env):
            return super().create(vals_list)

    def write(self, vals):
        if "user_ids" not in vals:
            return super().write(vals)
        with guarded(self.env):
            return super().write(vals)


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
