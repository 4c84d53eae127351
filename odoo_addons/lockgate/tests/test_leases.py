from .common import LockgateCase, result


class TestLeases(LockgateCase):
    def test_what_is_due_is_leased_with_its_newest_value(self):
        answer, lease = self.lease(7)
        publication = self.publication()
        self.assertEqual(
            lease,
            {
                "publication": publication.id,
                "version": publication.version,
                "purpose": "push",
                "tries": 1,
                "value": {"aspect": "stock", "sku": "quay-0", "reference": None, "quantity": 7},
            },
        )
        self.assertEqual((publication.state, publication.lease_token), ("leased", answer["token"]))

    def test_what_is_leased_is_not_leased_again(self):
        self.lease()
        self.assertEqual(self.turn()["leases"], [])

    def test_the_ceiling_counts_what_is_in_flight(self):
        for listing in self.listings:
            self.want(7, listing)
        self.assertEqual(len(self.turn(ceiling=2)["leases"]), 2)
        self.assertEqual(len(self.turn(ceiling=2)["leases"]), 0)
        self.assertEqual(len(self.turn(ceiling=3)["leases"]), 1)

    def test_urgent_work_has_room_while_less_urgent_work_is_in_flight(self):
        self.want(7, self.listings[0], "bulk")
        self.assertEqual(len(self.turn(ceiling=1)["leases"]), 1)
        self.want(7, self.listings[1], "critical")
        self.want(7, self.listings[2], "routine")
        self.assertEqual(self.turn(ceiling=1)["leases"], [], "in all it is one")
        (lease,) = self.turn(ceiling=1, work_class="critical")["leases"]
        self.assertEqual(lease["value"]["sku"], "quay-1")
        self.assertEqual(self.turn(ceiling=1, work_class="critical")["leases"], [])
        self.assertEqual(self.turn(ceiling=1, work_class="routine")["leases"], [], "a critical one is out")

    def test_more_urgent_work_is_leased_first(self):
        for listing, work_class in zip(self.listings, ("bulk", "routine", "critical"), strict=True):
            self.want(7, listing, work_class)
        skus = [lease["value"]["sku"] for lease in self.turn()["leases"]]
        self.assertEqual(skus, ["quay-2", "quay-1", "quay-0"])

    def test_work_less_urgent_than_asked_for_is_left(self):
        for listing, work_class in zip(self.listings, ("bulk", "routine", "critical"), strict=True):
            self.want(7, listing, work_class)
        answer = self.turn(work_class="routine")
        self.assertEqual({lease["value"]["sku"] for lease in answer["leases"]}, {"quay-2", "quay-1"})
        self.assertEqual(answer["more"], {"channel": "quay", "critical": 0, "routine": 0, "bulk": 1})

    def test_asked_again_with_the_same_id_it_gives_the_same_leases(self):
        self.want(7)
        first = self.turn(exchange_id="cut-by-the-network")
        again = self.turn(exchange_id="cut-by-the-network")
        self.assertTrue(first["leases"])
        self.assertEqual((again["token"], again["leases"]), (first["token"], first["leases"]))
        self.assertEqual(self.publication().tries, 1)

    def test_asked_again_late_it_leaves_less_time_to_send(self):
        self.want(7)
        self.turn(exchange_id="cut-by-the-network")
        self.pass_time(3)
        self.assertEqual(self.turn(exchange_id="cut-by-the-network")["send_by"], 2)
        self.pass_time(3)
        self.assertEqual(self.turn(exchange_id="cut-by-the-network")["send_by"], 0)

    def test_results_asked_again_are_taken_once(self):
        answer, lease = self.lease()
        report = result(answer, lease)
        self.turn(report, exchange_id="reported-once")
        before = self.publication().read()
        self.turn(report, exchange_id="reported-once")
        self.assertEqual(self.publication().read(), before)

    def test_a_lease_that_ends_without_a_result_is_unknown_and_read_back(self):
        self.lease()
        self.end_leases()
        (lease,) = self.turn()["leases"]
        self.assertEqual((lease["purpose"], lease["tries"]), ("read", 2))

    def test_a_lease_is_unknown_no_earlier_than_its_request_can_no_longer_land(self):
        self.lease()
        self.pass_time(19)  # 5 to send, 10 to be answered, 5 to land: 20
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.publication().state, "leased")

    def test_an_ended_lease_is_pushed_again_where_nothing_can_be_read_back(self):
        self.channel.connector_id.can_read_back = False
        self.lease()
        self.pass_time(21)
        (lease,) = self.turn()["leases"]
        self.assertEqual((lease["purpose"], lease["tries"]), ("push", 2))

    def test_a_newer_value_waits_behind_a_lease_that_is_out(self):
        self.lease(7)
        self.want(8)
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.publication().state, "leased")

    def test_a_newer_value_waits_until_an_unknown_one_can_no_longer_land(self):
        for can_read_back in (True, False):
            with self.subTest(can_read_back=can_read_back):
                self.channel.connector_id.can_read_back = can_read_back
                answer, _lease = self.lease(70 + can_read_back)
                self.report(answer, "unknown")
                self.want(80 + can_read_back)
                self.assertEqual(self.turn()["leases"], [])
                self.pass_time(21)
                answer = self.turn()
                self.assertEqual(answer["leases"][0]["value"]["quantity"], 80 + can_read_back)
                self.report(answer, "rejected")

    def test_a_value_withdrawn_while_unknown_is_neither_sent_nor_asked_about(self):
        self.report(self.lease(7)[0], "unknown")
        self.want(None)
        self.turn()
        self.pass_time(21)
        self.assertEqual(self.turn()["leases"], [])
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"], [])

    def test_a_frozen_channel_leases_nothing_and_still_takes_results(self):
        answer, lease = self.lease(7)
        self.want(5, self.listings[1])
        self.channel.action_freeze()
        after = self.turn(result(answer, lease))
        self.assertEqual((after["state"], after["leases"]), ("frozen", []))
        self.assertEqual(self.publication().confirmed["quantity"], 7)
        self.assertEqual(self.publication(self.listings[1]).state, "due")

    def test_a_resumed_channel_sends_the_newest_values(self):
        self.channel.action_freeze()
        self.want(5)
        self.turn()
        self.channel.action_resume()
        self.want(6)
        (lease,) = [lease for lease in self.turn()["leases"] if lease["value"]["sku"] == "quay-0"]
        self.assertEqual(lease["value"]["quantity"], 6)

    def test_attempts_are_kept_for_ninety_days_and_that_of_a_lease_for_as_long_as_it_is_out(self):
        attempts = self.env["lockgate.attempt"]
        answered, unanswered, out = self.listings
        self.want(7, answered)
        self.tell(self.turn())
        self.want(7, unanswered)
        self.turn()
        self.end_leases()
        self.want(7, out, work_class="critical")
        self.assertEqual(len(self.turn(work_class="critical")["leases"]), 1)
        attempts._gc_attempts()
        mine = [("channel_id", "=", self.channel.id)]
        self.assertEqual(attempts.search(mine).listing_id, self.listings)
        self.pass_time(91 * 86400)
        attempts._gc_attempts()
        self.env.invalidate_all()
        self.assertEqual(attempts.search(mine).listing_id, out)

    def test_due_names_the_channels_that_have_work_by_class(self):
        self.want(7, work_class="critical")
        self.turn(ceiling=0)
        self.assertEqual(
            self.env["lockgate.turn"]._due()["channels"],
            [{"channel": "quay", "critical": 1, "routine": 0, "bulk": 0}],
        )

    def test_due_names_a_channel_that_has_only_marks(self):
        self.want(7)
        self.assertEqual(
            self.env["lockgate.turn"]._due()["channels"],
            [{"channel": "quay", "critical": 1, "routine": 0, "bulk": 0}],
        )

    def test_due_leaves_out_idle_channels_and_tells_when_to_come_again(self):
        self.settle(7)
        due = self.env["lockgate.turn"]._due()
        self.assertEqual(due["channels"], [])
        self.assertGreater(due["next_in"], 0)

    def test_due_leaves_out_values_of_a_frozen_channel(self):
        self.want(7)
        self.turn(ceiling=0)
        self.channel.action_freeze()
        self.env.flush_all()
        self.assertEqual(self.env["lockgate.turn"]._due()["channels"], [])
