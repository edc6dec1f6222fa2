"""Hostile buyers at `lntorrent seed`: malformed, repeated, greedy. It drops them, and sells to the next."""

import asyncio
import os
import random

from lnt1 import Torrent, benc
from peer import Buyer, Closed, Wire
from process import Lntorrent, node_port


class Stage:
    def __init__(self, process, port, magnet):
        self.process, self.port = process, port
        parts = dict(part.split("=", 1) for part in magnet.split("?", 1)[1].split("&"))
        self.info_hash, self.x_lnt = bytes.fromhex(parts["xt"].split(":")[-1]), bytes.fromhex(parts["x.lnt"])

    async def buyer(self, wallet):
        wire = await Wire.connect(self.port, self.info_hash)
        await wire.shake()
        terms = await wire.next(0)
        return wire, Buyer(wire, Torrent(await wire.fetch_info(self.x_lnt)), wallet, terms)

    async def drops(self, name, wire):
        try:
            await asyncio.wait_for(wire.closed.wait(), 6)
        except TimeoutError as err:
            raise AssertionError(f"{name}: not dropped") from err
        assert self.process.is_alive(), (name, self.process.errors)


def ask(own_id, span=16, **changes):
    return {"t": 1, "id": own_id, "span": span, "kinds": [1, 4], "most": 10**6, "nonce": os.urandom(32), "hops": 0, "rev": 1, **changes}


async def run(repo, folder, ledger_port, wallet, seed, malformed):
    path = os.path.join(folder, "flooded.bin")
    with open(path, "wb") as file:
        file.write(random.Random(seed).randbytes(200_000))
    port = node_port()
    flags = ["--data-dir", os.path.join(folder, "flooded"), "--wallet", f"ledger://127.0.0.1:{ledger_port}", "--port", str(port)]
    flags += ["--no-lsd", "--json", "--piece-length", "16384", "--coupons", "16"]
    async with Lntorrent(repo, "seed", path, *flags) as process:
        stage = Stage(process, port, (await process.event("seeding"))["magnet"])
        await drops(stage, malformed, wallet)
        await limits(stage, wallet)
        wire, buyer = await stage.buyer(wallet)
        await buyer.get_rows(1, buyer.torrent.geometry.d)
        key, _ = await buyer.buy(buyer.torrent.geometry.leaf(2), [1, 4])
        buyer.open_piece(key, buyer.torrent.geometry.leaf(2), 2, await wire.fetch_piece(buyer.torrent, 2))
        print("claim: after all of them lntorrent seed sells to an honest buyer", flush=True)


async def drops(stage, malformed, wallet):
    cases = {name: [bytes.fromhex(text)] for name, text in malformed.items()}
    wrong = dict(span=0, kinds=[], most=0, nonce=bytes(31), hops=-1, rev=-1)
    cases |= {f"ask with {key} {value}": [ask(1, **{key: value})] for key, value in wrong.items()}
    del cases["ask with span 0"], cases["ask with kinds []"]
    cases["an id in use"] = [ask(5), ask(5)]
    cases["an id of an ask in use by getrecords"] = [ask(5), {"t": 5, "id": 5, "span": 1, "level": 0}]
    cases["an answer to nothing"] = [{"t": 3, "id": 99, "code": 4, "text": ""}]
    cases["a level of 10"] = [{"t": 5, "id": 1, "span": 1, "level": 10}]
    cases["64 KiB and more"] = [{"t": 4, "id": 1, "zz": bytes(65536)}]
    for name, messages in cases.items():
        wire, _ = await stage.buyer(wallet)
        for message in messages:
            wire.raw(message if isinstance(message, bytes) else benc(message))
        await stage.drops(name, wire)
    wire = await Wire.connect(stage.port, stage.info_hash)
    wire.public = bytes(32)
    await wire.shake()
    wire.send(20, b"\0" + benc({"m": {"lnt_trade": 2}, "lnt": {"v": 1, "net": "regtest", "pk": bytes(32)}}))
    await stage.drops("a second handshake with a low-order key", wire)
    print(f"claim: {len(cases) + 1} hostile buyers are dropped", flush=True)


async def limits(stage, wallet):
    wire, buyer = await stage.buyer(wallet)
    rev, seen = buyer.terms[b"rev"], os.urandom(32)
    wire.say(ask(1, rev=rev, nonce=seen))
    assert (await wire.next(2, 3))[b"t"] == 2
    wire.say(ask(2, rev=rev))
    second = await wire.next(2, 3)
    assert second[b"t"] == 3 and second[b"code"] in (3, 4), second
    wire.say({"t": 4, "id": 1})
    wire.say({"t": 4, "id": 1})
    await asyncio.sleep(1.2)
    for own_id, change, code in ((3, dict(nonce=seen), 11), (4, dict(hops=200), 10), (5, dict(rev=rev + 1), 12)):
        wire.say(ask(own_id, **{"rev": rev, **change}))
        answer = await wire.next(2, 3)
        assert answer[b"t"] == 3 and answer[b"code"] == code, (change, answer)
        await asyncio.sleep(1.1)
    codes = []
    for own_id in range(100, 150):
        wire.say({"t": 5, "id": own_id, "span": 1, "level": 0})
    for _ in range(50):
        answer = await wire.next(6, 3)
        codes.append(answer.get(b"code"))
    assert codes.count(None) in range(30, 40) and {*codes} == {None, 4}, codes
    await wire.close()
    print("claim: open offers, nonces, hops, revisions and getrecords have the limits and codes of the text", flush=True)
