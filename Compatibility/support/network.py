"""A network that a test can cut: a TCP proxy in front of one port of the server."""

import socket
import threading
import time

from support.deadline import wait_until


class Network:
    """Carries bytes in both directions until it is cut.

    Cut, it is silent: neither side is told, nothing is carried, and who dials in is hung up on at once. Mended, it
    carries new connections; the old ones stay dead, since their bytes are lost. New connections go to the port `target`,
    and wait while it is None.
    """

    def __init__(self, port):
        self.target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._is_cut = self._is_closed = False
        self._live, self._dead = [], []
        self.attempts_while_cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        with self._lock:
            self._is_closed = True
            ends = [end for pair in self._live + self._dead for end in pair]
        self._listener.close()
        self._end(ends)

    @staticmethod
    def _end(ends):
        """Both sides are told, also while another thread is reading."""
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def hang_up(self):
        """Ends all connections so that both sides see it at once, without a word of MQTT."""
        with self._lock:
            pairs, self._live = self._live, []
            self._dead += pairs
        self._end([end for pair in pairs for end in pair])

    def cut(self):
        """Gives back when the network went, on the wall clock in seconds."""
        with self._lock:
            self._is_cut = True
            self._dead += self._live
            self._live = []
            return time.time()

    def mend(self):
        with self._lock:
            self._is_cut = False

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._is_cut or self._is_closed:
                    self.attempts_while_cut += 1
                    near.close()
                    continue
            far = wait_until(self._dial, "there is a target")
            far.settimeout(None)
            pair = (near, far)
            with self._lock:
                self._live.append(pair)
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self._carry, args=(pair, source, sink), daemon=True).start()

    def _dial(self):
        return self.target and socket.create_connection(("127.0.0.1", self.target), timeout=10)

    def _carry(self, pair, source, sink):
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            with self._lock:
                if pair in self._dead:
                    return
                try:
                    if data:
                        sink.sendall(data)
                        continue
                except OSError:
                    pass
                self._live.remove(pair)
                self._dead.append(pair)
            self._end(pair)
            return
