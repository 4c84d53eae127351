import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

# How many prices Odoo's pricelists are asked for at a time.
SLICE = 1000
# In the order in which they are done, whatever was asked for first.
TASKS = [
    ("seal", "Seal What Was Approved"),
    ("request", "Check What Is Asked For"),
    ("impact", "Compute the Impact"),
    ("pricelists", "Ask Odoo's Pricelists"),
]

DECIDED_BY_PEOPLE = ("seal", "request")


class PriceJob(models.Model):
    """What is to be done of a large price change in the background.

    What people press appends; the scheduled action takes away. A job decides nothing: a person asked, or
    approved, on the revision that it carries, and once the change has moved on it does nothing.
    """

    _name = "lockgate.price.job"
    _description = "Work on a Large Price Change"
    _inherit = ["lockgate.facts"]
    _log_access = False
    _order = "id"

    change_id = fields.Many2one(
        "lockgate.price.change", required=True, readonly=True, ondelete="cascade", index=True
    )
    task = fields.Selection(TASKS, required=True, readonly=True)
    revision = fields.Integer(readonly=True, help="Of the change, when a person pressed.")

    @api.model
    def _queue(self, change, task):
        self.env.cr.execute(
            "INSERT INTO lockgate_price_job (change_id, task, revision) VALUES (%s, %s, %s)",
            [change.id, task, change.revision],
        )
        self.env.invalidate_all()
        self.env.ref("lockgate_price.lockgate_price_job_cron").sudo()._trigger()

    def _first(self):
        order = [task for task, _label in TASKS]
        return min(self, key=lambda job: (order.index(job.task), job.id), default=self.browse())

    @api.model
    def _run(self):
        """The scheduled action: a step at a time, each committed, so that people see how far it is."""
        cron = self.env["ir.cron"]
        while job := self.search([])._first():
            try:
                self._step(job)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()  # somebody was faster on the same change: look again
            except Exception as error:
                self.env.cr.rollback()
                self._fail(job, error)
            if not cron._commit_progress(1, remaining=self.search_count([])):
                return

    @api.model
    def _step(self, job):
        """Do a job, or a slice of what pricelists give; the job is taken away with what it has done."""
        change, task = job.change_id, job.task
        if task in DECIDED_BY_PEOPLE:
            if change.revision == job.revision:
                change._do(task)
            job.unlink()
            return
        same = self.search([("change_id", "=", change.id), ("task", "=", task)])
        if task == "impact" and change.state == "draft":
            self.env["lockgate.price.impact"]._refresh(change)
            same.unlink()
        elif not change._ask_pricelists(SLICE):
            same.unlink()

    @api.model
    def _fail(self, job, error):
        """Nothing of the job was done: what a person pressed goes back to its analyst, with the reason."""
        change, task, revision = job.change_id, job.task, job.revision
        if not isinstance(error, UserError):
            _logger.error("Price change %s, %s:", change.id, task, exc_info=error)
        self.search([("change_id", "=", change.id), ("task", "=", task)]).unlink()
        if task in DECIDED_BY_PEOPLE and change.revision == revision:
            change._give_back(task, error)
