from odoo import models
from odoo.tools import SQL


class PriceAppendOnly(models.AbstractModel):
    """Rows that are appended in SQL and never changed: the ORM refuses, and a trigger refuses.

    `create` always raises, for everyone: no context key, import or administrator's call can write one.
    """

    _name = "lockgate.price.append.only"
    _inherit = ["lockgate.rows"]
    _description = "Append-Only Rows"
    _log_access = False

    def init(self):
        super().init()
        if self._abstract:
            return
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION lockgate_price_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is evidence: rows are appended, never changed or deleted', TG_TABLE_NAME
                    USING ERRCODE = 'insufficient_privilege';
            END $$
            """
        )
        table = SQL.identifier(self._table)
        self.env.cr.execute(SQL("DROP TRIGGER IF EXISTS lockgate_price_evidence ON %s", table))
        # By statement, not by row: then TRUNCATE is caught by the same trigger.
        self.env.cr.execute(
            SQL(
                "CREATE TRIGGER lockgate_price_evidence BEFORE UPDATE OR DELETE OR TRUNCATE ON %s"
                " FOR EACH STATEMENT EXECUTE FUNCTION lockgate_price_refuse_change()",
                table,
            )
        )
