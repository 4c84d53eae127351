from unittest.mock import Mock, patch

import redis

from odoo.tests import BaseCase

from .. import wake

ADDRESS = "redis://:a-secret-password@127.0.0.1:1/0"


class TestWake(BaseCase):
    def setUp(self):
        super().setUp()
        self.patch(wake, "_client", None)
        self.patch(wake, "_silent_until", 0.0)
        self.client = Mock()
        self.patch(wake.redis.Redis, "from_url", Mock(return_value=self.client))
        self.environment = patch.dict("os.environ", {"LOCKGATE_REDIS_URL": ADDRESS})
        self.environment.start()
        self.addCleanup(self.environment.stop)

    def test_it_tells_which_channels_of_which_database_have_work(self):
        wake.tell("uuid-1", ["quay", "harbour"])
        self.client.publish.assert_called_once_with("lockgate:wake:uuid-1", "quay,harbour")

    def test_without_an_address_it_tells_nobody(self):
        with patch.dict("os.environ"):
            del wake.os.environ["LOCKGATE_REDIS_URL"]
            wake.tell("uuid-1", ["quay"])
        wake.redis.Redis.from_url.assert_not_called()

    def test_a_user_waits_at_most_50_milliseconds(self):
        wake.tell("uuid-1", ["quay"])
        options = wake.redis.Redis.from_url.call_args.kwargs
        self.assertLessEqual(options["socket_timeout"], 0.05)
        self.assertLessEqual(options["socket_connect_timeout"], 0.05)

    def test_a_redis_that_refuses_is_survived_and_left_alone_for_a_while(self):
        for error in (redis.ConnectionError(ADDRESS), redis.TimeoutError(), OSError(), TypeError(ADDRESS)):
            with self.subTest(error=type(error).__name__):
                wake._silent_until = 0.0
                self.client.publish.reset_mock(side_effect=True)
                self.client.publish.side_effect = error
                with self.assertLogs("odoo.addons.lockgate.wake", "WARNING") as logs:
                    wake.tell("uuid-1", ["quay"])
                self.assertNotIn("a-secret-password", "".join(logs.output))
                wake.tell("uuid-1", ["quay"])
                self.assertEqual(self.client.publish.call_count, 1)


class TestWakeWithoutRedis(BaseCase):
    def test_a_redis_that_is_not_there_is_survived(self):
        self.patch(wake, "_client", None)
        self.patch(wake, "_silent_until", 0.0)
        with (
            patch.dict("os.environ", {"LOCKGATE_REDIS_URL": ADDRESS}),
            self.assertLogs("odoo.addons.lockgate.wake", "WARNING"),
        ):
            wake.tell("uuid-1", ["quay"])
