"""Short plays on the real parts, each of which tells a promise kept from a promise broken.

On the code as it is no scene ends with a violation; each mutant of `chaos.mutants` names one that does.
A moment that passes in a scene is a lease's, a seal's or a channel's own, never a wait for a result.
"""

from collections.abc import Callable

from chaos.arena import Arena
from chaos.scenes import channels, leases, wanted

Scene = Callable[[Arena], None]
SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        wanted.a_change,
        wanted.a_change_that_cannot_be_read_back,
        wanted.a_late_commit,
        wanted.a_savepoint,
        wanted.a_poison_row,
        wanted.an_order,
        wanted.a_new_sku,
        wanted.a_new_sku_in_flight,
        wanted.two_turns_at_once,
        wanted.a_price_that_begins,
        wanted.a_price_that_ends,
        wanted.two_books,
        leases.no_answer,
        leases.far_too_late,
        leases.far_too_late_for_one_that_compares,
        leases.a_dead_worker,
        leases.a_killer,
        leases.a_stopped_worker,
        leases.a_result_that_comes_late,
        leases.a_result_that_is_told_twice,
        leases.out_and_back,
        leases.news_before_a_confirmation,
        leases.news_before_a_retry,
        channels.refused_and_changed,
        channels.one_of_two_refused,
        channels.one_of_two_refused_in_another_order,
        channels.two_workers_at_a_limit,
        channels.a_freeze,
        channels.a_freeze_in_the_middle_of_a_run,
    )
}
