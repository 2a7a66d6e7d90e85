"""A plain port whose connections go on to the server as one device: for clients that know no TLS."""

import asyncio
import threading


class Front:
    """Carries bytes between plain connections and TLS connections of `context`, until either side ends."""

    def __init__(self, port, context, server_name="localhost"):
        self._port, self._context, self._server_name = port, context, server_name
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._carry, "127.0.0.1", 0), self._loop)
        self.port = server.result(10).sockets[0].getsockname()[1]
        return self

    def __exit__(self, *failure):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _carry(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._context, server_hostname=self._server_name)
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, source, sink):
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        sink.close()
