"""Stock of a running Odoo, changed through its registry in transactions whose numbers are kept.

So whether one was committed can be asked of PostgreSQL afterwards, and what each snapshot shows is known.
"""

from collections.abc import Callable
from typing import Any

from stack import inside

# What lies there of each product at the beginning.
BEGINNING = 500
# Numbers from here on stand only in what is rolled back, or never approved.
NEVER = 900_000


class Warehouse(inside.Inside):
    """`plan`: the ids of `location`, `out_type` and `customers`. `journal` is told of each operation."""

    def __init__(self, configuration: str, database: str, plan: dict, journal: Callable[..., None]) -> None:
        super().__init__(configuration, database, "critical")
        self.plan, self.journal = plan, journal

    def commit(
        self,
        kind: str,
        product: int,
        delta: int,
        do: Callable[[Any], Any],
        *,
        keep: bool = True,
        **what: Any,
    ) -> Any:
        """Do it in a transaction of its own, which the journal knows before it is committed, with `what`."""
        with self.registry.cursor() as cr:
            done = do(self.environment(cr, inside.SUPERUSER, {}))
            cr.flush()
            cr.execute("SELECT pg_current_xact_id()::text")
            (transaction,) = cr.fetchone()
            self.journal(kind, product=product, delta=delta, transaction=transaction, **what)
            if keep:
                cr.commit()
            else:
                cr.rollback()
        return done

    def put(self, env, product: int, quantity: int) -> None:
        location = env["stock.location"].browse(self.plan["location"])
        env["stock.quant"]._update_available_quantity(
            env["product.product"].browse(product), location, quantity
        )

    def order(self, env, product: int, quantity: int) -> int:
        picking = env["stock.picking"].create(
            {
                "picking_type_id": self.plan["out_type"],
                "location_id": self.plan["location"],
                "location_dest_id": self.plan["customers"],
                "move_ids": [
                    (0, 0, {
                        "product_id": product, "product_uom_qty": quantity,
                        "location_id": self.plan["location"], "location_dest_id": self.plan["customers"],
                    })
                ],
            }
        )  # fmt: skip
        picking.action_confirm()
        return picking.id

    def deliver(self, env, picking: int) -> None:
        record = env["stock.picking"].browse(picking)
        record.move_ids.write({"picked": True})
        for move in record.move_ids:
            move.quantity = move.product_uom_qty
        record._action_done()
