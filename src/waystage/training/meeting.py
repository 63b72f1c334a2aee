"""Where the processes of a stage on several machines meet: at an address of the first one's machine. Torch.

The first process listens with torch's own key-value store, on one address and on a port that the system chooses, and
writes both into a folder that all machines see. What it also writes, a random name, stands before every key, so a
process that has not read the file cannot come into the group by accident, whatever port it tries.
"""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]  # public, but not marked so

from waystage.errors import StageError
from waystage.store.canonical import canonical_json
from waystage.store.files import write_atomically
from waystage.training.parallel import PATIENCE, Group, Seat, grouped

_FILE_NAME = "meeting.json"
_POLL_SECONDS = 0.1
_CHOSEN_INTERFACE = "GLOO_SOCKET_IFNAME"


@dataclass(frozen=True, slots=True)
class _Place:
    address: str
    port: int
    name: str


@contextmanager
def met(folder: Path, seat: Seat, address: str, is_over: Callable[[], bool]) -> Iterator[Group | None]:
    """Meet the other processes of a stage, and part from them at the end; None where there is nobody to meet any more.

    Args:
        folder: all machines see it; no other group has ever met there.
        seat: of this process.
        address: of this machine on the network of the cluster. The first process listens there; the others talk from
            where they reach it. An interface that GLOO_SOCKET_IFNAME names comes before it.
        is_over: asked while the first process is not there yet.

    Raises:
        StageError: the first process cannot listen there.
        RuntimeError: they cannot meet.
    """
    if seat.rank == 0:
        place, store = _opened(folder, _chosen_address() or address)
        own_address = place.address
    else:
        found = _awaited(folder / _FILE_NAME, is_over)
        if found is None:
            yield None
            return
        place = found
        store = TCPStore(place.address, place.port, is_master=False, timeout=PATIENCE)
        own_address = _address_towards(place)
    with grouped(seat, PrefixStore(place.name, store), interface_of(own_address)) as group:
        yield group


def _opened(folder: Path, address: str) -> tuple[_Place, TCPStore]:
    """Listen on ``address`` and no other, and write down where."""
    try:
        if ipaddress.ip_address(address).is_unspecified:
            raise ValueError("it stands for every network of the machine")
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, 0), family=family)
    except (OSError, ValueError) as error:
        raise StageError(
            f"the processes that train this stage cannot meet at {address!r}: {error}; GLOO_SOCKET_IFNAME names the "
            "network interface to take instead"
        ) from None
    place = _Place(address, int(listener.getsockname()[1]), secrets.token_hex(16))
    store = TCPStore(
        address,
        place.port,
        is_master=True,
        timeout=PATIENCE,
        wait_for_workers=False,
        master_listen_fd=listener.detach(),  # the store closes it
    )
    facts = {"address": place.address, "port": place.port, "name": place.name}
    write_atomically(folder / _FILE_NAME, canonical_json(facts), durable=False)
    return place, store


def _awaited(path: Path, is_over: Callable[[], bool]) -> _Place | None:
    while not is_over():
        try:
            facts = json.loads(path.read_bytes())
            return _Place(str(facts["address"]), int(facts["port"]), str(facts["name"]))
        except FileNotFoundError:
            time.sleep(_POLL_SECONDS)
    return None


def _address_towards(place: _Place) -> str:
    """This machine's own address on the way to the first process; nothing is sent."""
    family = socket.AF_INET6 if ":" in place.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((place.address, place.port))
        return str(probe.getsockname()[0])


def interface_of(address: str) -> str | None:
    """The network interface with an address; None where this machine has none.

    >>> interface_of("192.0.2.1") is None
    True
    """
    for name, entries in psutil.net_if_addrs().items():
        if any(entry.address.partition("%")[0] == address for entry in entries):
            return name
    return None


def _chosen_address() -> str | None:
    """The address of the interface that the user has chosen for gloo."""
    entries = psutil.net_if_addrs().get(os.environ.get(_CHOSEN_INTERFACE, ""), [])
    by_family = {entry.family: entry.address.partition("%")[0] for entry in reversed(entries)}
    return by_family.get(socket.AF_INET) or by_family.get(socket.AF_INET6)
