"""Reserved ports can be listened on by their owner, and are given to nobody else."""

from __future__ import annotations

import socket

import pytest

from lma.demo.errors import PortInUseError
from lma.demo.ports import LOOPBACK, Ports, require_free


def listen(port: int) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((LOOPBACK, port))
    server.listen(1)
    return server


def test_reserved_port_can_be_listened_on(ports: Ports) -> None:
    port = ports.take()
    with listen(port), socket.create_connection((LOOPBACK, port), timeout=5):
        pass


def test_ports_are_given_once(ports: Ports) -> None:
    taken = [ports.take() for _ in range(200)]
    assert len(set(taken)) == len(taken)
    others = []
    for _ in range(200):
        other = socket.socket()
        other.bind((LOOPBACK, 0))
        others.append(other)
    assert not {other.getsockname()[1] for other in others} & set(taken)
    for other in others:
        other.close()


def test_port_in_use_names_the_remedy() -> None:
    with listen(0) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"--port {port + 1}"):
            require_free(port)


def test_free_port_is_free() -> None:
    with listen(0) as server:
        port = server.getsockname()[1]
    require_free(port)
