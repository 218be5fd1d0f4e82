"""A way to the database that can be made to swallow everything while both ends believe that it is open."""

from __future__ import annotations

import selectors
import socket
import threading
from pathlib import Path


class BlackHole:
    """Relays a Unix socket in *directory* to *target*, until `swallow` is called for what is connected."""

    def __init__(self, directory: Path, target: Path) -> None:
        self.target = target
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(directory / target.name))
        self.listener.listen(50)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.partners: dict[socket.socket, socket.socket] = {}
        self.swallowed: list[socket.socket] = []
        self.orders: list[str] = []
        self.thread = threading.Thread(target=self._relay, daemon=True)
        self.thread.start()

    def swallow(self) -> None:
        """From now on nothing passes over the connections that exist; they stay open. New ones work."""
        self.orders.append("swallow")

    def close(self) -> None:
        """End the relay and all it holds."""
        self.orders.append("close")
        self.thread.join(5)

    def _relay(self) -> None:
        while "close" not in self.orders:
            if "swallow" in self.orders:
                self.orders.remove("swallow")
                self._let_go()
            for key, _events in self.selector.select(0.05):
                if key.fileobj is self.listener:
                    self._accept()
                else:
                    self._pass_on(key.fileobj)  # type: ignore[arg-type]
        for one in (self.listener, *self.partners, *self.swallowed):
            one.close()

    def _accept(self) -> None:
        near, _address = self.listener.accept()
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(self.target))
        self.partners |= {near: far, far: near}
        for end in (near, far):
            self.selector.register(end, selectors.EVENT_READ)

    def _pass_on(self, end: socket.socket) -> None:
        if end not in self.partners:
            return
        try:
            data = end.recv(65536)
            if data:
                self.partners[end].sendall(data)
                return
        except OSError:
            pass
        partner = self.partners.pop(end)
        self.partners.pop(partner, None)
        for one in (end, partner):
            self.selector.unregister(one)
            one.close()

    def _let_go(self) -> None:
        for end in self.partners:
            self.selector.unregister(end)
            self.swallowed.append(end)
        self.partners = {}
