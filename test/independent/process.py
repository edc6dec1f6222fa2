"""An lntorrent process, read by its JSON lines."""

import asyncio
import json
import os
import signal
import socket
import time


def node_port():
    """A port that was free a moment ago."""
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Lntorrent:
    def __init__(self, repo, *args):
        self.argv = [os.path.join(repo, "node_modules/.bin/node"), os.path.join(repo, "bin/lntorrent.js"), *args]
        self.events, self.news, self.errors = [], asyncio.Event(), b""

    async def __aenter__(self):
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*self.argv, stdout=pipe, stderr=pipe, limit=2**20)
        self.tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._read_errors())]
        return self

    async def _read(self):
        while line := await self.process.stdout.readline():
            self.events.append(json.loads(line))
            self.news.set()
        self.events.append({"event": "exit"})
        self.news.set()

    async def _read_errors(self):
        self.errors = await self.process.stderr.read()

    async def until(self, is_it, wait=30):
        """The first event, also of those that were, that `is_it`."""
        deadline, seen = time.monotonic() + wait, 0
        while True:
            self.news.clear()
            while seen < len(self.events):
                if is_it(self.events[seen]):
                    return self.events[seen]
                if self.events[seen]["event"] == "exit":
                    raise AssertionError(f"it ended: {self.events[-6:]} {self.errors}")
                seen += 1
            try:
                await asyncio.wait_for(self.news.wait(), max(0.01, deadline - time.monotonic()))
            except TimeoutError as err:
                raise AssertionError(f"it does not come; last: {self.events[-3:]}") from err

    async def event(self, name, wait=30):
        return await self.until(lambda event: event["event"] == name, wait)

    def is_alive(self):
        return self.process.returncode is None

    async def stop(self, wait=15):
        """Ctrl-C. Returns exit code and seconds."""
        start = time.monotonic()
        if self.is_alive():
            self.process.send_signal(signal.SIGINT)
        code = await asyncio.wait_for(self.process.wait(), wait)
        await asyncio.gather(*self.tasks)
        return code, time.monotonic() - start

    async def __aexit__(self, kind, *_):
        try:
            code, seconds = await self.stop()
            if kind is None:
                assert code in (0, 130, None) or self.process.returncode == code, (code, self.errors)
                assert seconds < 12, seconds
        finally:
            if self.is_alive():
                self.process.kill()
                await self.process.wait()
