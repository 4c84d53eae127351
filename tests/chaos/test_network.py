"""A link does to connections what its state says."""

import socket
import threading

import pytest

from chaos.network import Network


@pytest.fixture
def echo():
    """A port that says what it hears."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                there, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(there,), daemon=True).start()

    def answer(there):
        with there:
            try:
                while heard := there.recv(100):
                    there.sendall(heard)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()
    server.close()


@pytest.fixture
def network(echo):
    with Network() as made:
        made.link("echo", lambda: echo)
        yield made


def connect(network):
    return socket.create_connection(("127.0.0.1", network.links["echo"].port), timeout=10)


def says(connection, words=b"ship"):
    connection.sendall(words)
    return connection.recv(100)


def ends(connection):
    try:
        return says(connection) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("state", ["well", "slow"])
def test_what_is_said_comes_through(network, state):
    network.become("echo", state)
    with connect(network) as connection:
        assert says(connection) == b"ship"


def test_a_cut_ends_connections_and_refuses_new_ones(network):
    with connect(network) as connection:
        says(connection)
        network.become("echo", "cut")
        assert ends(connection)
    with connect(network) as connection:
        assert ends(connection)
    network.become("echo", "well")
    with connect(network) as connection:
        assert says(connection) == b"ship"


def test_half_open_nothing_comes_through_and_nobody_is_told(network):
    with connect(network) as connection:
        says(connection)
        network.become("echo", "half_open")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            says(connection)
        network.become("echo", "well")
        connection.settimeout(10)
        assert ends(connection)


def test_a_target_that_is_away_ends_the_connection():
    with Network() as network:
        network.link("echo", lambda: ("127.0.0.1", 9))
        with connect(network) as connection:
            assert ends(connection)


def test_a_link_may_be_a_socket_in_a_folder(echo):
    with Network() as network:
        network.link("echo", lambda: echo, socket="echo.sock")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(network.folder / "echo.sock"))
            assert says(connection) == b"ship"
