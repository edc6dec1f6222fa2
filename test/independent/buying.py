"""The Python peer buys from `lntorrent seed`."""

import asyncio
import os
import random

from lnt1 import Refused, Torrent, descend
from peer import Buyer, Closed, Wire
from process import Lntorrent, node_port


async def run(repo, folder, ledger_port, wallet, seed):
    rng = random.Random(seed)
    plain = rng.randbytes(300_001)
    path = os.path.join(folder, "sold.bin")
    with open(path, "wb") as file:
        file.write(plain)
    port = node_port()
    flags = ["--data-dir", os.path.join(folder, "seller"), "--wallet", f"ledger://127.0.0.1:{ledger_port}", "--port", str(port)]
    flags += ["--no-lsd", "--json", "--piece-length", "16384", "--coupons", "2", "--free", "1", "--price-per-piece", "5"]
    async with Lntorrent(repo, "seed", path, *flags) as process:
        seeding = await process.event("seeding")
        magnet = dict(part.split("=", 1) for part in seeding["magnet"].split("?", 1)[1].split("&"))
        info_hash, x_lnt = bytes.fromhex(magnet["xt"].split(":")[-1]), bytes.fromhex(magnet["x.lnt"])
        wire = await Wire.connect(port, info_hash)
        await wire.shake()
        torrent = Torrent(await wire.fetch_info(x_lnt))
        terms = await wire.next(0)
        assert terms[b"price"] == 5000 and 1 in terms[b"kinds"] and 4 in terms[b"kinds"] and terms[b"spans"] == [1], terms
        print("claim: handshake, ut_metadata and terms of lntorrent seed read as the text says", flush=True)

        buyer = Buyer(wire, torrent, wallet, terms)
        g = torrent.geometry
        await buyer.get_rows(1, g.d)
        for v in (1, 2, g.leaf(g.n - 1)):
            await buyer.get_rows(v, 0)
        print("claim: its record rows fold to the root", flush=True)

        for index, kinds in ((3, [1, 4]), (4, [4]), (18, [1])):
            v = g.leaf(index)
            key, kind = await buyer.buy(v, kinds)
            assert kind == kinds[0], (kind, kinds)
            piece = buyer.open_piece(key, v, index, await wire.fetch_piece(torrent, index))
            assert piece == plain[index * 16384 : (index + 1) * 16384]
        print("claim: pieces bought by coupon and by endorsement open to the plaintext", flush=True)

        for v, kinds in ((g.leaf(4) >> 2, [1]), (2, [4]), (1, [1, 4])):
            key, _ = await buyer.buy(v, kinds)
            index = g.pieces(v)[-1]
            piece = buyer.open_piece(key, v, index, await wire.fetch_piece(torrent, index))
            assert piece == plain[index * 16384 : (index + 1) * 16384]
        free_key = torrent.free[0][1]
        assert descend(key, 1, torrent.free[0][0]) == free_key
        print("claim: inner spans and the whole torrent, too, at the price of the text", flush=True)

        _, reject = await buyer.ask(g.leaf(0), [1, 4])
        assert reject[b"t"] == 3 and reject[b"code"] == 7, reject
        _, reject = await buyer.ask(g.leaf(5), [1, 4], most=4999)
        assert reject[b"t"] == 3 and reject[b"code"] == 2, reject
        _, reject = await buyer.ask((2 << g.d) - 1, [1, 4])
        assert reject[b"t"] == 3 and reject[b"code"] == 7, reject
        _, reject = await buyer.ask(g.leaf(5), [2, 77])
        assert reject[b"t"] == 3 and reject[b"code"] == 8, reject
        print("claim: what cannot be sold is rejected with the code of the text", flush=True)
