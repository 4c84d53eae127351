"""A credential that is refused costs a channel few requests, however much waits, and loses nothing."""

from .common import LockgateCase, result

BATCH = 250


class TestLockedOut(LockgateCase):
    LISTINGS = 1000

    def setUp(self):
        super().setUp()
        self.channel.owner_id = self.user_owner
        self.channel.connector_id.can_read_back = False
        self.maker.quantities = dict.fromkeys(self.listings.ids, 7)
        self.mark(self.listings)
        self.compute()

    def compute(self):
        """Until all that is marked has its value and is due."""
        while self.marks():
            self.turn(ceiling=0)
        self.pass_time(self.channel.routine_window + 1)

    def run_worker(self, refused=True, retry_after=60.0):
        """A run as the sidecar does it, which ends where its credential is refused. Returns its requests."""
        answer, requests = self.turn(ceiling=500), 0
        while leases := answer["leases"]:
            requests += 1
            how = {"outcome": "attention", "cause": "credentials", "message": "Check the credential."}
            told = {**how, "retry_after": retry_after} if refused else {}
            results = [result(answer, lease, **told) for lease in leases[:BATCH]]
            results += [
                result(answer, lease, "retry", retry_after=0.0, seconds=0.0) for lease in leases[BATCH:]
            ]
            answer = self.turn(*results, ceiling=0 if refused else 500)
        return requests

    def states(self):
        self.env.cr.execute(
            """
            SELECT state, count(*), max(tries) FROM lockgate_publication
             WHERE channel_id = %s GROUP BY state
            """,
            [self.channel.id],
        )
        return {state: (count, tries) for state, count, tries in self.env.cr.fetchall()}

    def test_a_thousand_listings_cost_two_requests_and_then_one_row_now_and_then(self):
        self.assertEqual([self.run_worker() for _run in range(9)], [1, 1, 0, 0, 0, 0, 0, 0, 0])
        self.assertEqual(self.channel.health, "down")
        for _probe in range(3):
            self.pass_time(61)
            self.assertEqual([self.run_worker() for _run in range(3)], [1, 0, 0])
        self.assertEqual(self.states(), {"blocked": (503, 1), "due": (497, 0)})
        self.assertRecordValues(
            self.catch_up(),
            [{"category": "credentials", "severity": "3", "state": "open", "failing_count": 503}],
        )

    def test_with_the_right_credential_what_waited_goes_out_by_itself_and_the_rest_on_retry(self):
        for _run in range(2):
            self.run_worker()
        exception = self.catch_up()
        self.pass_time(61)
        self.run_worker(refused=False)
        self.assertEqual(
            {state: count for state, (count, _tries) in self.states().items()},
            {"blocked": 500, "settled": 500},
        )
        self.assertEqual(self.catch_up(), exception)
        exception.with_user(self.user_owner).action_retry()
        self.compute()
        self.run_worker(refused=False)
        self.assertEqual(self.states().keys(), {"settled"})
        self.assertEqual(self.catch_up().state, "resolved")

    def test_retry_does_not_wait_for_the_next_look_and_costs_little_where_nothing_was_mended(self):
        for _run in range(2):
            self.run_worker(retry_after=900.0)
        exception = self.catch_up()
        exception.with_user(self.user_owner).action_retry()
        self.compute()
        self.assertEqual([self.run_worker(retry_after=900.0) for _run in range(3)], [1, 0, 0])
        self.assertEqual(self.states()["blocked"][0], 1)
        self.assertEqual(self.catch_up().state, "open")
        exception.with_user(self.user_owner).action_retry_alike()
        self.compute()
        self.run_worker(refused=False)
        self.assertEqual(self.states().keys(), {"settled"})

    def test_very_many_retries_ask_once(self):
        for _run in range(2):
            self.run_worker(retry_after=900.0)
        self.mark(self.listings, "retry")
        requests = [self.run_worker(retry_after=900.0) for _run in range(6)]
        self.assertEqual((len(self.marks()), sum(requests)), (0, 1))
