"""What a cron does to many rows: each in a transaction of its own, so that none stops the others."""

import logging

import psycopg2.errors

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

# Somebody wrote the same at the same time: the next run does it.
CONFLICTS = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, psycopg2.errors.UniqueViolation)


def one_by_one(records, act, what):
    """Call `act` with each record, and commit. `what` says to an engineer what was to be done.

    An error is logged with its row and never raised: a cron that fails time and again is switched off.
    Ends early when the cron's time is over; the next run takes the rest.
    """
    cron = records.env["ir.cron"]
    for done, record in enumerate(records, 1):
        try:
            act(record)
            record.env.flush_all()
        except CONFLICTS:
            record.env.cr.rollback()
            _logger.info("%s, %s: written elsewhere at this moment, later.", what, record)
        except Exception:
            record.env.cr.rollback()
            _logger.exception("%s, %s: not done", what, record)
        if not cron._commit_progress(1, remaining=len(records) - done):
            return
