import hashlib
import json

from odoo import api, fields, models
from odoo.exceptions import AccessError


class PriceChangeLine(models.Model):
    """A line that an approver rejected stays rejected for as long as it proposes the same."""

    _inherit = "lockgate.price.change.line"

    rejection = fields.Char("Rejected", compute="_compute_rejection")

    @api.depends("change_id.approval_ids")
    def _compute_rejection(self):
        rejections = self.change_id._origin._rejections()
        for line in self:
            line.rejection = rejections.get(line._origin.id, False)

    def action_reject(self, reason=None):
        """Send the change back with these lines marked; without a reason it asks for one.

        It cannot be asked for again before each of them is changed or removed.
        """
        changes = self.change_id
        changes._require_approver()
        if not (reason or "").strip():
            return changes._ask_reason("line_rejected", default_line_ids=[fields.Command.set(self.ids)])
        for change in changes._for_person():
            lines = self.sudo() & change.line_ids
            change._transition({"to_approve"}, "draft", request_hash=False)
            proposed = change._proposed_by_line()
            for line in lines:
                name = line.product_id.display_name or line.display_name
                change._decide(
                    "line_rejected", proposed.get(line.id), f"{name}: {reason}", line_number=line.id
                )
                change.message_post(
                    body=self.env._("Rejected: %(line)s. %(reason)s", line=name, reason=reason)
                )
        return True


class PriceChange(models.Model):  # pylint: disable=consider-merging-classes-inherited
    _inherit = "lockgate.price.change"

    def _proposed_by_line(self):
        """{line id: SHA-256 of all that the line proposes}."""
        contents = {}
        for proposal in self._proposals():
            contents.setdefault(proposal.line_id, []).append(proposal.content())
        return {
            line_id: hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
            for line_id, content in contents.items()
        }

    def _rejections(self):
        """{line id: who rejected it and why}, of the lines that still propose what was rejected."""
        rejected = {}
        for change in self:
            rows = change.sudo().approval_ids.filtered("line_number").sorted("id")
            proposed = change._clean()._proposed_by_line() if rows else {}
            for row in rows:
                if proposed.get(row.line_number) == row.hash:
                    rejected[row.line_number] = self.env._(
                        "%(reason)s (%(user)s)", reason=row.note, user=row.user_id.name
                    )
        return rejected

    def _problems(self):
        return super()._problems() + [
            self.env._("A line was rejected, change or remove it: %s.", rejection)
            for rejection in self._rejections().values()
        ]

    def _require_approver(self):
        if not self:
            raise AccessError(self.env._("Choose the lines of a price change."))
        for _change in self._for_approver():
            pass
