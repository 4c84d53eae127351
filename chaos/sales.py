"""S5: what a channel sold and Odoo had not seen."""

from collections.abc import Iterator
from typing import NamedTuple

from chaos.findings import SLACK, Bounds, Found, by_key, lease_of
from chaos.records import Key, Push, Records, Sale


def no_second_offer(records: Records, bounds: Bounds) -> Iterator[Found]:
    """What a channel sold and Odoo had not seen is never offered again by one that keeps it apart; by
    another only until Odoo was told of it, and as long after that as a request may take."""
    for again in offered_again(records):
        push, kept = again.push, again.kept_apart
        if again.allocates and again.units > kept:
            words = f"{again.units} that were sold are offered again, and the channel keeps {kept} apart"
            yield Found(push.key, words, push.applied)
        elif not again.allocates and push.applied <= again.leased + bounds.lease:
            for sale in again.sales:
                if sale.told is not None and push.applied > sale.told + bounds.lease + SLACK:
                    late = push.applied - sale.told
                    words = f"order {sale.order} is offered again {late:.1f} s after Odoo knew of it"
                    yield Found(push.key, words, push.applied)


class Again(NamedTuple):
    """A push that took effect when the channel had sold what its lease's snapshot does not show."""

    push: Push
    leased: float
    sales: list[Sale]
    kept_apart: int  # of all that the channel sold

    @property
    def allocates(self) -> bool:
        return any(sale.allocates for sale in self.sales)

    @property
    def units(self) -> int:
        return sum(sale.quantity for sale in self.sales)


def offered_again(records: Records) -> Iterator[Again]:
    leases = by_key(attempt for attempt in records.attempts if attempt.purpose == "push")
    sales = by_key(records.sales)
    for push in records.pushes:
        attempt = lease_of(push, leases[push.key]) if push.applied is not None else None
        if attempt is None:
            continue
        before = [sale for sale in sales[push.key] if sale.sold < push.applied]
        unseen = [sale for sale in before if sale.order is not None and sale.order not in attempt.seen]
        if unseen:
            kept = sum(sale.quantity for sale in before if sale.allocates)
            yield Again(push, attempt.leased, unseen, kept)


def counted_down_last(records: Records) -> set[Key]:
    """Whose number the channel itself has counted down since it was last told one. Where nothing new is
    wanted of it, as when as much came in meanwhile, Odoo has no reason to look before all is compared."""
    told = {key: max(push.applied or 0 for push in pushes) for key, pushes in by_key(records.pushes).items()}
    return {sale.key for sale in records.sales if not sale.allocates and sale.sold > told.get(sale.key, 0)}
