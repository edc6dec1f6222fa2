"""A BitTorrent peer (BEP 3, 9, 10) that buys and sells keys over `lnt_trade`: the wire and the trade of docs/protocol.md §7 and §8."""

import asyncio
import hashlib
import os
import time

from lnt1 import (NO_COUPON, H, Refused, Torrent, bdec, benc, check, cipher, decode, descend, endorsement, kc_of, open_box,
                  price_of, pt_of, seal_box, unwrap, wrap, x_public)
from money import parse_invoice

METADATA, TRADE = 1, 2
BLOCK = 16384
WAIT = 15


class Closed(Exception):
    """The other end has gone."""


class Wire:
    """One connection. `seed` is a Sealed whose metadata and ciphertext it serves."""

    def __init__(self, reader, writer, info_hash, seed=None, net="regtest"):
        self.reader, self.writer, self.info_hash, self.seed = reader, writer, info_hash, seed
        self.private = os.urandom(32)
        self.public = x_public(self.private)
        self.net = net
        self.their_ids, self.theirs, self.metadata_bytes = {}, None, None
        self.messages = asyncio.Queue()
        self.blocks, self.meta, self.bits = asyncio.Queue(), asyncio.Queue(), b""
        self.shaken, self.unchoked = asyncio.Event(), asyncio.Event()
        self.closed = asyncio.Event()
        self.task = None

    @classmethod
    async def connect(cls, port, info_hash, seed=None, **options):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        wire = cls(reader, writer, info_hash, seed, **options)
        await wire.start()
        return wire

    async def start(self):
        reserved = bytes([0, 0, 0, 0, 0, 0x10, 0, 0])
        self.writer.write(b"\x13BitTorrent protocol" + reserved + self.info_hash + b"-PY0001-" + os.urandom(6).hex().encode())
        head = await asyncio.wait_for(self.reader.readexactly(68), WAIT)
        check(head[:20] == b"\x13BitTorrent protocol" and head[28:48] == self.info_hash and head[25] & 0x10, "handshake")
        hello = {"m": {"ut_metadata": METADATA, "lnt_trade": TRADE}, "lnt": {"v": 1, "net": self.net, "pk": self.public}}
        if self.seed:
            hello["metadata_size"] = len(self.seed.info)
        self.send(20, b"\0" + benc(hello))
        if self.seed:
            bits = sum(1 << (self.seed.n + 7) // 8 * 8 - 1 - i for i in range(self.seed.n))
            self.send(5, bits.to_bytes((self.seed.n + 7) // 8, "big"))
        self.task = asyncio.create_task(self._run())

    def send(self, kind, payload=b""):
        self.writer.write((1 + len(payload)).to_bytes(4, "big") + bytes([kind]) + payload)

    def say(self, message):
        self.raw(benc(message))

    def raw(self, data):
        """A trade message as bytes, right or wrong."""
        self.send(20, bytes([self.their_ids[b"lnt_trade"]]) + data)

    async def _run(self):
        try:
            while True:
                length = int.from_bytes(await self.reader.readexactly(4), "big")
                if length:
                    data = await self.reader.readexactly(length)
                    self._take(data[0], data[1:])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.closed.set()
            self.messages.put_nowait(None)
            self.writer.close()

    def _take(self, kind, data):
        if kind == 1:
            self.unchoked.set()
        elif kind == 2 and self.seed:
            self.send(1)
        elif kind == 5:
            self.bits = data
        elif kind == 6 and self.seed:
            index, begin, length = (int.from_bytes(data[i : i + 4], "big") for i in (0, 4, 8))
            self.send(7, data[:8] + self.seed.cipher_piece(index)[begin : begin + length])
        elif kind == 7:
            self.blocks.put_nowait(data)
        elif kind == 20:
            self._extended(data[0], data[1:])

    def _extended(self, kind, data):
        if kind == 0:
            hello = bdec(data, nesting=16)
            self.their_ids, self.metadata_bytes = hello[b"m"], hello.get(b"metadata_size")
            self.theirs = hello.get(b"lnt")
            self.shaken.set()
        elif kind == METADATA:
            head, end = bdec(data, whole=False)
            if head[b"msg_type"] == 0 and self.seed:
                piece = head[b"piece"]
                part = self.seed.info[piece * BLOCK : (piece + 1) * BLOCK]
                answer = benc({"msg_type": 1, "piece": piece, "total_size": len(self.seed.info)})
                self.send(20, bytes([self.their_ids[b"ut_metadata"]]) + answer + part)
            elif head[b"msg_type"] == 1:
                self.meta.put_nowait((head[b"piece"], data[end:]))
        elif kind == TRADE:
            message = decode(data)
            if message is not None:
                self.messages.put_nowait(message)

    async def next(self, *types, wait=WAIT):
        """The next trade message of these types."""
        while True:
            message = await asyncio.wait_for(self.messages.get(), wait)
            if message is None:
                raise Closed
            if message[b"t"] in types:
                return message

    async def shake(self):
        await asyncio.wait_for(self.shaken.wait(), WAIT)
        check(self.theirs is not None and self.theirs[b"v"] == 1 and self.theirs[b"net"] == self.net.encode(), "lnt handshake")

    async def fetch_info(self, x_lnt):
        info = b""
        while len(info) < self.metadata_bytes:
            request = benc({"msg_type": 0, "piece": len(info) // BLOCK})
            self.send(20, bytes([self.their_ids[b"ut_metadata"]]) + request)
            info += (await asyncio.wait_for(self.meta.get(), WAIT))[1]
        check(hashlib.sha1(info).digest() == self.info_hash and H(info) == x_lnt, "metadata")
        return info

    async def fetch_piece(self, torrent, index):
        self.send(2)
        await asyncio.wait_for(self.unchoked.wait(), WAIT)
        piece, size = b"", torrent.bytes_of(index)
        while len(piece) < size:
            length = min(BLOCK, size - len(piece))
            self.send(6, b"".join(x.to_bytes(4, "big") for x in (index, len(piece), length)))
            block = await asyncio.wait_for(self.blocks.get(), WAIT)
            check(block[:8] == index.to_bytes(4, "big") + len(piece).to_bytes(4, "big"), "block")
            piece += block[8:]
        check(hashlib.sha1(piece).digest() == torrent.hashes[20 * index : 20 * index + 20], "ciphertext")
        return piece

    async def close(self):
        self.writer.close()
        await self.closed.wait()


# --- buying


def check_offer(torrent, terms, ask, offer, private, wallet, height):
    """Every check of §7 before paying. Returns w and the invoice."""
    v, kind, now = offer[b"span"], offer[b"kind"], int(time.time())
    check(offer[b"id"] == ask["id"] and v == ask["span"] and kind in ask["kinds"] and kind in (1, 4), "not what was asked")
    torrent.check_record(v, *(offer[k] for k in (b"kc", b"pt", b"cv", b"rpath")))
    invoice = parse_invoice(offer[b"inv"].decode())
    price = price_of(torrent.geometry, torrent.free_pieces, v, terms[b"price"], terms[b"step"])
    check(invoice["msat"] == price <= ask["most"], "amount")
    check(invoice["expires"] > now and invoice["payee"] != wallet.node and invoice["cltv"] <= 146, "invoice")
    h, j = invoice["hash"], offer.get(b"j", NO_COUPON)
    w = open_box(private, offer[b"epk"], v, j, h, offer[b"box"])
    if kind == 1:
        torrent.check_coupon(v, j, h, w, offer[b"cv"], offer[b"cpath"])
    digest = torrent.quote(kind, v, j, w)
    check(invoice["description_hash"] == digest, "description_hash")
    torrent.check_endorsement(kind, j, digest, h, {**offer, b"nonce": ask["nonce"]}, now)
    return w, invoice


class Buyer:
    def __init__(self, wire, torrent, wallet, terms):
        self.wire, self.torrent, self.wallet, self.terms = wire, torrent, wallet, terms
        self.next_id, self.spent, self.rows = 1, 0, {}

    def id(self):
        self.next_id += 1
        return self.next_id

    async def get_rows(self, v, level):
        own_id = self.id()
        self.wire.say({"t": 5, "id": own_id, "span": v, "level": level})
        got = await self.wire.next(6, 3)
        check(got[b"t"] == 6 and got[b"id"] == own_id and got[b"span"] == v and got[b"level"] == level, "records")
        self.rows.update(self.torrent.check_rows(v, level, got[b"rows"], got[b"rpath"]))

    async def ask(self, v, kinds, most=10**9):
        ask = {"t": 1, "id": self.id(), "span": v, "kinds": kinds, "most": most, "nonce": os.urandom(32), "hops": 0,
               "rev": self.terms[b"rev"]}
        self.wire.say(ask)
        return ask, await self.wire.next(2, 3)

    async def buy(self, v, kinds):
        """Asks, checks, pays, opens. Returns the key of v and the kind."""
        ask, offer = await self.ask(v, kinds)
        check(offer[b"t"] == 2, f"rejected: {offer}")
        height = await self.wallet.call("height")
        w, invoice = check_offer(self.torrent, self.terms, ask, offer, self.wire.private, self.wallet, height)
        paid = await self.wallet.call("pay", invoice=offer[b"inv"].decode(), feeLimitMsat=invoice["msat"] // 100 + 1000,
                                      expiryLimitHeight=height + 150)
        check(paid["status"] == "paid", f"payment: {paid}")
        p = bytes.fromhex(paid["preimage"])
        key = unwrap(w, p)
        check(H(p) == invoice["hash"] and kc_of(key) == offer[b"kc"], "key")
        for u, (kc, _, _) in self.rows.items():
            if u.bit_length() >= v.bit_length() and u >> u.bit_length() - v.bit_length() == v:
                check(kc_of(descend(key, v, u)) == kc, "derived key")
        self.spent += invoice["msat"]
        return key, offer[b"kind"]

    def open_piece(self, key, v, index, ciphertext):
        leaf = descend(key, v, self.torrent.geometry.leaf(index))
        plain = cipher(leaf, ciphertext)
        check(pt_of(leaf, plain) == self.rows[self.torrent.geometry.leaf(index)][1], "plaintext")
        return plain


# --- selling


class Seller:
    """Sells a Sealed on a wire. Subclasses lie by overriding one of its steps."""

    kinds, price, step, ttl, rev = [1, 4], 5000, 100_000, 60, 1
    next_coupon = 0

    def __init__(self, wire, sealed, wallet):
        self.wire, self.sealed, self.wallet = wire, sealed, wallet
        self.sales, self.asked, self.tasks = [], [], []

    def terms(self):
        return {"t": 0, "price": self.price, "step": self.step, "kinds": self.kinds, "spans": [1], "fwd": [],
                "node": self.wallet.node, "hops": 2, "ttl": self.ttl, "rev": self.rev}

    async def run(self):
        await self.wire.shake()
        if terms := self.terms():
            self.wire.say(terms)
        try:
            while True:
                message = await self.wire.next(1, 5, wait=600)
                if message[b"t"] == 5:
                    self.records(message)
                else:
                    self.asked.append(message)
                    await self.answer(message)
        except Closed:
            pass

    def records(self, m):
        rows, path = self.sealed.run(m[b"span"], m[b"level"])
        self.wire.say({"t": 6, "id": m[b"id"], "span": m[b"span"], "level": m[b"level"], "rows": rows, "rpath": path})

    def goods(self, ask):
        """kind, j, p, w of what is offered."""
        v = ask[b"span"]
        kind = next(kind for kind in self.kinds if kind in ask[b"kinds"])
        if kind == 1:
            j = Seller.next_coupon % (1 << self.sealed.c)
            Seller.next_coupon += 1
            p, _, w = self.sealed.coupon(v, j)
            return kind, j, p, w
        p = os.urandom(32)
        return kind, NO_COUPON, p, wrap(self.sealed.keys[v], p)

    async def invoice(self, hash, msat, digest):
        return await self.wallet.call("hold", hash=hash, amountMsat=msat, descriptionHash=digest, cltvDelta=24)

    async def answer(self, ask):
        offer, p, msat = await self.make(ask)
        self.offer(ask, offer, p)
        self.tasks.append(asyncio.create_task(self.collect(p, msat, offer["kind"], offer["span"])))

    async def make(self, ask, **lie):
        """An offer, its preimage and its amount. `lie` puts other values into its making."""
        v = ask[b"span"]
        kind, j, p, w = self.goods(ask)
        p, w = lie.get("p", p), lie.get("w", w)
        h = H(p)
        digest = Torrent(self.sealed.info).quote(kind, v, j, w)
        msat = price_of(self.sealed.geometry, self.sealed.free_pieces, v, self.price, self.step) + lie.get("more", 0)
        exp, e = int(time.time()) + lie.get("lasts", self.ttl + 120), os.urandom(32)
        signed = endorsement(digest, h, lie.get("nonce", ask[b"nonce"]), exp)
        offer = {"t": 2, "id": ask[b"id"], "span": v, "kind": kind, "rpath": self.sealed.rpath(v), "epk": x_public(e),
                 **dict(zip(("kc", "pt", "cv"), self.sealed.rows[v])),
                 "box": seal_box(e, lie.get("box_to", self.wire.theirs[b"pk"]), v, j, h, lie.get("box_w", w)),
                 "inv": await lie.get("invoice", self.invoice)(h, msat, lie.get("digest", digest)), "ttl": self.ttl, "exp": exp,
                 "sig": lie.get("signer", self.sealed.signer).sign(signed)}
        if kind == 1:
            offer.update(j=j, cpath=self.sealed.cpath(v, j))
        return offer, p, msat

    def offer(self, ask, offer, p):
        self.wire.say(offer)

    async def collect(self, p, msat, kind, v):
        hold = await self.wallet.call("waitHold", hash=H(p))
        if hold["status"] == "held":
            check(int(hold["amountMsat"]) == msat, "held")
            await self.held(p, msat, kind, v)

    async def held(self, p, msat, kind, v):
        check(await self.wallet.call("settle", preimage=p) == "settled", "settle")
        self.sales.append((kind, v, msat))
