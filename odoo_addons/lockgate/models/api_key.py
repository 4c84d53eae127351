import hashlib
import hmac
import os
from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.base.models.res_users import INDEX_SIZE

# What this process has seen to be right: {beginning of a key: (its digest, the slow hash that it fits)}.
SEEN = {}
# A digest that only this process can make: what it holds in memory opens nothing elsewhere.
SALT = os.urandom(32)

# Days before the sidecar's last key ends in which its administrators are reminded of it.
REMIND = 14
REMINDER = "mail.mail_activity_data_warning"


def _digest(key):
    return hashlib.blake2b(key.encode(), key=SALT).digest()


class ApiKey(models.Model):
    """The sidecar's key is hashed slowly once in each process of Odoo, not at each of its calls.

    That a key fits a hash never changes. Whether the hash is still stored, for whom and until when is read
    at each call, so that a key which is removed or has ended is refused at once.
    """

    _inherit = "res.users.apikeys"

    def _check_credentials(self, *, scope, key):
        digest, stored = SEEN.get(key[:INDEX_SIZE], (b"", None))
        if hmac.compare_digest(digest, _digest(key)):
            user_id = self._holder(scope, stored)
            if user_id:
                return user_id
        user_id = super()._check_credentials(scope=scope, key=key)
        if user_id and self.with_user(user_id).env.user.has_group("lockgate.lockgate_group_integration"):
            self._remember(user_id, key)
        return user_id

    def _holder(self, scope, stored):
        """Who may use the key of this hash now: the conditions are those of the method that is extended."""
        self.env.cr.execute(
            """
            SELECT k.user_id FROM res_users_apikeys k JOIN res_users u ON u.id = k.user_id
             WHERE k.key = %s AND u.active AND (k.scope IS NULL OR k.scope = %s)
               AND (k.expiration_date IS NULL OR k.expiration_date >= now() AT TIME ZONE 'utc')
            """,
            [stored, scope],
        )
        return next((user_id for (user_id,) in self.env.cr.fetchall()), None)

    def _remember(self, user_id, key):
        self.env.cr.execute(
            "SELECT key FROM res_users_apikeys WHERE user_id = %s AND index = %s", [user_id, key[:INDEX_SIZE]]
        )
        hashes = self.env.cr.fetchall()
        if len(hashes) == 1:  # two keys that begin alike: which of them it was is not known
            SEEN[key[:INDEX_SIZE]] = (_digest(key), hashes[0][0])

    @api.model
    def _cron_remind(self):
        """Each administrator of Lockgate has one activity while the sidecar's last key is about to end."""
        group = self.env.ref("lockgate.lockgate_group_integration").sudo()
        soon = fields.Datetime.now() + timedelta(days=REMIND)
        for user in group.all_user_ids.filtered("active"):
            ends = self.sudo().search([("user_id", "=", user.id)]).mapped("expiration_date")
            partner = user.partner_id
            if not ends or not all(ends) or max(ends) > soon:
                partner.activity_unlink([REMINDER])
            elif not partner.activity_ids.filtered(
                lambda activity: activity.activity_type_id == self.env.ref(REMINDER)
            ):
                self._remind(partner, max(ends).date())

    def _remind(self, partner, day):
        for administrator in self.env.ref("lockgate.lockgate_group_manager").sudo().all_user_ids:
            partner.activity_schedule(
                REMINDER,
                day,
                summary=self.env._("The sidecar's key ends on %s", day),
                note=self.env._(
                    "From then on no channel is told anything. Issue another in Lockgate, Configuration, "
                    "Integration Key, and put it into the sidecar's settings: both work until this one ends."
                ),
                user_id=administrator.id,
            )
