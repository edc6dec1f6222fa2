"""The Python peer sells its own sealed torrent to `lntorrent download`."""

import asyncio
import os
import random

from lnt1 import Refused, Sealed
from peer import Seller, Wire
from process import Lntorrent, node_port


class Shop:
    """Listens; every peer that comes gets the next seller of `sellers`, the last one for ever."""

    def __init__(self, sealed, wallet, *sellers):
        self.sealed, self.wallet, self.sellers = sealed, wallet, sellers
        self.open, self.tasks = [], []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader, writer):
        wire = Wire(reader, writer, self.sealed.info_hash, self.sealed)
        try:
            await self.run(wire)
        except (Refused, asyncio.IncompleteReadError, ConnectionError):
            # Dials after the first come encrypted (MSE), which this peer does not speak.
            writer.close()

    async def visit(self, port):
        """Goes to a peer that listens, and sells there."""
        wire = await Wire.connect(port, self.sealed.info_hash, self.sealed)
        return wire, self._add(wire)

    async def run(self, wire):
        await wire.start()
        await self._add(wire).run()

    def _add(self, wire):
        seller = self.sellers[min(len(self.open), len(self.sellers) - 1)](wire, self.sealed, self.wallet)
        self.open.append(seller)
        return seller

    @property
    def sales(self):
        return [sale for seller in self.open for sale in seller.sales]

    async def __aexit__(self, *_):
        self.server.close()
        for seller in self.open:
            seller.wire.writer.close()


class Alternating(Seller):
    """Kind 1 and kind 4 in turn."""

    turn = 0

    def goods(self, ask):
        Alternating.turn += 1
        self.kinds = [1] if Alternating.turn % 2 else [4]
        return super().goods(ask)

    def terms(self):
        return {**super().terms(), "kinds": [1, 4]}


def flags(folder, ledger_port, out, *more):
    return ["--data-dir", os.path.join(folder, "viewer"), "--wallet", f"ledger://127.0.0.1:{ledger_port}", "--no-lsd", "--json",
            "--out", out, "--port", str(node_port()), *more]


async def run(repo, folder, ledger_port, wallet, seed):
    rng = random.Random(seed)
    files = [(["1.bin"], rng.randbytes(100_000)), (["sub", "2.bin"], rng.randbytes(145_001))]
    sealed = Sealed(rng.randbytes(32), "python's", files, 20_000, 4, free=[17], anonymous=True)
    out = os.path.join(folder, "out")
    async with Shop(sealed, wallet, Alternating) as shop:
        async with Lntorrent(repo, "download", sealed.magnet(f"127.0.0.1:{shop.port}"), *flags(folder, ledger_port, out)) as process:
            done = await process.event("done", 40)
            code = await asyncio.wait_for(process.process.wait(), 15)
    assert code == 0, process.events[-5:]
    for parts, data in files:
        with open(os.path.join(out, sealed.name, *parts), "rb") as file:
            assert file.read() == data, parts
    assert {kind for kind, _, _ in shop.sales} == {1, 4}, shop.sales
    spent = sum(msat for _, _, msat in shop.sales)
    fees = sum(event["feeMsat"] for event in process.events if event["event"] == "purchase")
    assert done["spentMsat"] in (spent, spent + fees), (done, spent, fees)
    covered = [i for _, v, _ in shop.sales for i in sealed.geometry.pieces(v)]
    assert {*covered, 1} == {*range(sealed.n)}, shop.sales
    print(f"claim: lntorrent download buys {len(shop.sales)} spans of a folder from the Python publisher, by both kinds, and has it whole",
          flush=True)
