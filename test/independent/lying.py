"""The Python peer lies to `lntorrent download`, which pays for no lie, drops each liar and goes on with an honest seller."""

import asyncio
import glob
import os
import random
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lnt1 import NO_COUPON, H, Sealed, Torrent, benc, endorsement, u32, u64, wrap
from money import Wallet, make_invoice, number_words, parse_invoice, words_of
from peer import Seller, Wire
from process import Lntorrent, node_port
from selling import Shop, flags

STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


class Liar(Seller):
    """Answers its first ask with the lie, and nothing else."""

    def __init__(self, wire, sealed, wallet, how, kinds=(1,)):
        super().__init__(wire, sealed, wallet)
        self.how, self.kinds, self.told, self.hash = how, list(kinds), asyncio.Event(), None

    def terms(self):
        return {**super().terms(), "kinds": [1, 4]}

    async def answer(self, ask):
        if self.told.is_set():
            return
        offer = await self.how(self, ask)
        self.wire.say(offer) if isinstance(offer, dict) else self.wire.raw(offer)
        self.told.set()


def made(**lie):
    """An offer whose making went wrong."""

    async def how(liar, ask):
        values = {key: value(liar, ask) if callable(value) and key != "invoice" else value for key, value in lie.items()}
        if "invoice" in lie:
            values["invoice"] = lambda *args: lie["invoice"](liar, *args)
        offer, p, _ = await liar.make(ask, **values)
        liar.hash = H(p)
        return offer

    return how


def changed(change, **lie):
    """An honest offer of which something is changed."""

    async def how(liar, ask):
        offer, p, _ = await liar.make(ask, **lie)
        liar.hash = H(p)
        change(liar, ask, offer)
        return offer

    return how


def flipped(key, at=5):
    def change(liar, ask, offer):
        value = bytearray(offer[key])
        value[at] ^= 1
        offer[key] = bytes(value)

    return changed(change)


def put(**values):
    return changed(lambda liar, ask, offer: offer.update({k: v(offer) if callable(v) else v for k, v in values.items()}))


def without(key):
    return changed(lambda liar, ask, offer: offer.pop(key))


def forged(**changes):
    """An invoice of the seller's own node, made by hand."""

    async def invoice(liar, h, msat, digest):
        fields = dict(hash=h, description_hash=digest, secret=bytes(32), msat=msat, now=int(time.time()))
        fields.update({k: v(liar, h, msat) if callable(v) else v for k, v in changes.items()})
        key = fields.pop("key", liar.wallet.secret)
        return make_invoice(key, **fields)

    return made(invoice=invoice)


def delegated(x=1, cert_by=None, cexp=10_000, leave_out=None, sig_by=STRANGER):
    def change(liar, ask, offer):
        dk = STRANGER.public_key().public_bytes_raw()
        until = int(time.time()) + cexp
        certifier = cert_by or liar.sealed.signer
        cert = certifier.sign(b"lnt1/dlg" + liar.sealed.x_lnt + u32(x) + dk + u64(until))
        digest, h = parse_invoice(offer["inv"])["description_hash"], liar.hash
        offer.update(x=x, cexp=until, dk=dk, cert=cert, sig=sig_by.sign(endorsement(digest, h, ask[b"nonce"], offer["exp"])))
        offer.pop(leave_out, None)

    return changed(change)


async def unasked_kind(liar, ask):
    p = os.urandom(32)
    liar.hash = H(p)
    liar.kinds = [4]
    offer, _, _ = await liar.make(ask, p=p, w=wrap(liar.sealed.keys[ask[b"span"]], p))
    digest = Torrent(liar.sealed.info).quote(3, ask[b"span"], NO_COUPON, wrap(liar.sealed.keys[ask[b"span"]], p))
    await liar.wallet.call("cancel", hash=liar.hash)
    offer.update(kind=3, inv=await liar.invoice(liar.hash, liar.price, digest))
    for key in ("exp", "sig"):
        offer.pop(key)
    return offer


def other_coupon(offer):
    return offer["j"] ^ 1


OTHER = bytes([7]) * 32
ONE_P = (1, words_of(OTHER))
LIES = {
    **{f"{key} flipped": flipped(key) for key in ("kc", "pt", "cv", "rpath", "cpath", "epk", "box", "sig")},
    "last bit of rpath": flipped("rpath", -1),
    "rpath too short": put(rpath=lambda offer: offer["rpath"][32:]),
    "rpath too long": put(rpath=lambda offer: offer["rpath"] + bytes(32)),
    "cpath too short": put(cpath=lambda offer: offer["cpath"][32:]),
    "rpath of 31 bytes more": put(rpath=lambda offer: offer["rpath"] + bytes(31)),
    "another coupon's j": put(j=other_coupon),
    "j out of range": put(j=lambda offer: offer["j"] + 2**20),
    "another span": put(span=lambda offer: offer["span"] ^ 1),
    "span 0": put(span=0),
    "an id never asked": put(id=lambda offer: offer["id"] + 1000),
    "kind 77": put(kind=77),
    "kind 4 of a coupon": changed(lambda liar, ask, offer: [offer.update(kind=4), offer.pop("j"), offer.pop("cpath")]),
    "a kind never asked": unasked_kind,
    "no cpath": without("cpath"),
    "no exp": without("exp"),
    "no box": without("box"),
    "epk of low order": put(epk=bytes(32)),
    "ttl 0": put(ttl=0),
    "ttl of an hour and more": put(ttl=3601),
    "1 msat too dear": made(more=1),
    "1 msat too cheap": made(more=-1),
    "w of no coupon": made(w=OTHER),
    "hash of no coupon": made(p=OTHER),
    "w in the box not that of the invoice": made(box_w=OTHER),
    "a box for somebody else": made(box_to=lambda liar, ask: liar.wire.public),
    "description_hash of nothing": made(digest=OTHER),
    "endorsed for another nonce": made(nonce=OTHER),
    "endorsed by a stranger": made(signer=STRANGER),
    "endorsement over": made(lasts=-1),
    "endorsement too long": made(lasts=3700),
    "certified by a stranger": delegated(cert_by=STRANGER),
    "certificate over": delegated(cexp=-1),
    "certificate for x = 0": delegated(x=0),
    "certificate for x out of range": delegated(x=2**20),
    "certificate without cexp": delegated(leave_out="cexp"),
    "certificate without dk": delegated(leave_out="dk"),
    "delegate that did not sign": delegated(sig_by=Ed25519PrivateKey.from_private_bytes(OTHER)),
    "no invoice": put(inv="lnbcrt1"),
    "an empty invoice": put(inv=""),
    "invoice in upper case": put(inv=lambda offer: offer["inv"].upper()),
    "invoice with a wrong letter": put(inv=lambda offer: offer["inv"][:-1] + ("q" if offer["inv"][-1] != "q" else "p")),
    "invoice for mainnet": forged(prefix="lnbc"),
    "invoice for testnet": forged(prefix="lntb"),
    "invoice without amount": forged(amount=""),
    "invoice finer than 1 msat": forged(amount=lambda liar, h, msat: f"{msat * 10 + 1}p"),
    "invoice over another hash": forged(hash=OTHER),
    "invoice that has expired": forged(now=lambda *_: int(time.time()) - 4000),
    "invoice that was never valid": forged(valid=0),
    "invoice with an unknown even feature": forged(features=1 << 40 | 1 << 14 | 1 << 8),
    "invoice with AMP": forged(features=1 << 30 | 1 << 14 | 1 << 8),
    "invoice of the buyer's own node": forged(key=lambda liar, *_: liar.buyer_secret),
    "invoice with two p": forged(extra=[ONE_P]),
    "invoice with two p, both right": forged(extra=lambda liar, h, msat: [(1, words_of(h))]),
    "invoice with two h": forged(extra=[(23, words_of(OTHER))]),
    "invoice with two s": forged(extra=[(16, words_of(OTHER))]),
    "invoice with d and h": forged(extra=[(13, words_of(b"film"))]),
    "invoice with two x": forged(extra=[(6, number_words(60))]),
    "invoice with two c": forged(extra=[(24, number_words(24))]),
    "invoice with two 9": forged(extra=[(5, number_words(1 << 8 | 1 << 14))]),
    "invoice with an n of another node": forged(extra=[(19, words_of(bytes([2]) + OTHER))]),
    "invoice with an n of 52 words": forged(extra=[(19, words_of(bytes(32)))]),
    "invoice that wants 147 blocks": forged(cltv=147),
    "invoice that wants 30000 blocks": forged(cltv=30_000),
    "not bencode": changed(lambda *_: None),
}


async def bencode_of_nothing(liar, ask):
    return b"d1:t"


LIES["not bencode"] = bencode_of_nothing


class Stage:
    """A download that runs, and liars that visit it one by one."""

    def __init__(self, process, port, shop, buyer_wallet, ledger_port):
        self.process, self.port, self.shop, self.buyer = process, port, shop, buyer_wallet
        self.ledger_port, self.wallets = ledger_port, []

    async def wallet(self):
        """Every liar is a Lightning node of its own: the download remembers nodes that lied."""
        self.wallets.append(await Wallet.open(self.ledger_port, os.urandom(32)))
        return self.wallets[-1]

    async def wire(self):
        wire = await Wire.connect(self.port, self.shop.sealed.info_hash, self.shop.sealed)
        return wire

    async def lie(self, name, how, kinds=(1,)):
        wire = await self.wire()
        liar = Liar(wire, self.shop.sealed, await self.wallet(), how, kinds)
        liar.buyer_secret = self.buyer.secret
        task = asyncio.create_task(liar.run())
        try:
            await asyncio.wait_for(liar.told.wait(), 20)
        except TimeoutError as err:
            state = "dropped before" if wire.closed.is_set() else "not asked"
            raise AssertionError(f"{name}: {state}; {task}; {self.process.events[-2:]}") from err
        await self.dropped(name, wire)
        task.cancel()
        assert self.process.is_alive(), (name, self.process.errors)
        if liar.hash:
            track = await self.buyer.call("track", hash=liar.hash)
            assert track["status"] == "none", f"{name}: it paid: {track}"
            await liar.wallet.call("cancel", hash=liar.hash)

    async def dropped(self, name, wire, wait=6):
        try:
            await asyncio.wait_for(wire.closed.wait(), wait)
        except TimeoutError as err:
            raise AssertionError(f"{name}: the liar is not dropped; {self.process.events[-1:]}") from err

    async def say(self, name, *messages, handshake=None):
        """Says this after the terms."""
        wire = await self.wire()
        await wire.shake()
        if handshake:
            wire.send(20, b"\0" + benc({"m": {"ut_metadata": 1, "lnt_trade": 2}, "lnt": {"v": 1, "net": "regtest", "pk": wire.public, **handshake}}))
        else:
            wire.say(Seller(wire, self.shop.sealed, await self.wallet()).terms())
        for message in messages:
            wire.raw(message if isinstance(message, bytes) else benc(message))
        await self.dropped(name, wire)
        assert self.process.is_alive(), (name, self.process.errors)


class RowLiar(Seller):
    """Sends wrong rows, and answers no ask."""

    def __init__(self, wire, sealed, wallet, change):
        super().__init__(wire, sealed, wallet)
        self.change, self.told = change, asyncio.Event()

    def records(self, m):
        rows, path = self.sealed.run(m[b"span"], m[b"level"])
        answer = {"t": 6, "id": m[b"id"], "span": m[b"span"], "level": m[b"level"], "rows": rows, "rpath": path}
        self.change(answer)
        self.wire.say(answer)
        self.told.set()

    async def answer(self, ask):
        pass


def flip(data, at=0):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


ROW_LIES = {
    "a row's kc": lambda m: m.update(rows=flip(m["rows"])),
    "a row's pt": lambda m: m.update(rows=flip(m["rows"], 40)),
    "a row's cv": lambda m: m.update(rows=flip(m["rows"], 95)),
    "a row that does not exist": lambda m: m.update(rows=m["rows"][:-1] + b"\1"),
    "path": lambda m: m.update(rpath=flip(m["rpath"])),
    "too few rows": lambda m: m.update(rows=m["rows"][96:]),
    "another id": lambda m: m.update(id=m["id"] + 77),
    "another span": lambda m: m.update(span=m["span"] + 1),
}


async def rows(stage):
    """Whoever is asked for rows sends wrong ones."""
    for name, change in ROW_LIES.items():
        wire = await stage.wire()
        liar = RowLiar(wire, stage.shop.sealed, await stage.wallet(), change)
        task = asyncio.create_task(liar.run())
        await asyncio.wait_for(liar.told.wait(), 20)
        await stage.dropped(name, wire)
        task.cancel()


async def run(repo, folder, ledger_port, wallet, seed, malformed):
    rng = random.Random(seed)
    plain = rng.randbytes(230_000)
    sealed = Sealed(rng.randbytes(32), "wanted.bin", plain, 20_000, 7)
    port = node_port()
    options = flags(folder, ledger_port, os.path.join(folder, "out"))
    options[options.index("--port") + 1] = str(port)
    magnet = sealed.magnet("").replace("&x.pe=", "")
    async with Shop(sealed, wallet, Seller) as shop, Lntorrent(repo, "download", magnet, *options) as process:
        await process.event("wallet")
        secret = open(glob.glob(os.path.join(folder, "viewer", "**", "ledger-secret"), recursive=True)[0]).read()
        buyer = await Wallet.open(ledger_port, bytes.fromhex(secret.strip()))
        stage = Stage(process, port, shop, buyer, ledger_port)
        await reachable(stage)
        await rows(stage)
        print(f"claim: {len(ROW_LIES)} wrong answers to getrecords each drop the peer", flush=True)
        for name, how in LIES.items():
            await stage.lie(name, how)
        print(f"claim: {len(LIES)} wrong offers are each refused unpaid, and drop the peer", flush=True)
        await messages(stage, malformed)
        wire, seller = await shop.visit(port)
        task = asyncio.create_task(seller.run())
        done = await process.event("done", 30)
        task.cancel()
        for one in (buyer, *stage.wallets):
            await one.close()
    with open(os.path.join(folder, "out", "wanted.bin"), "rb") as file:
        assert file.read() == plain
    assert done["spentMsat"] - sum(msat for _, _, msat in seller.sales) < 13 * 1100, done
    print("claim: after all the liars it buys the file from an honest seller", flush=True)


async def reachable(stage):
    """Waits until the download listens and knows the torrent's metadata."""
    for _ in range(100):
        try:
            wire = await stage.wire()
            break
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)
    await stage.process.event("metadata")
    await stage.process.until(lambda e: e["event"] == "status" and e["haveBytes"] == e["totalBytes"])
    await wire.close()


async def messages(stage, malformed):
    for name, text in malformed.items():
        await stage.say(name, bytes.fromhex(text))
    terms = Seller(None, stage.shop.sealed, await stage.wallet()).terms()
    wrong = dict(price=0, step=500_001, kinds=[4, 1], spans=[3, 2], fwd=[2, 2], node=bytes(32), hops=-1, ttl=3601, rev=-1)
    for key, value in wrong.items():
        await stage.say(f"terms with {key} {value}", {**terms, key: value})
    await stage.say("terms of another node", {**terms, "node": bytes([2]) + OTHER})
    await stage.say("another handshake key", handshake={"pk": OTHER})
    await stage.say("another network", handshake={"net": "bitcoin"})
    await stage.say("an answer to nothing", {"t": 3, "id": 99, "code": 4, "text": ""})
    await stage.say("a message of 64 KiB and more", {**terms, "zz": bytes(65536)})
    print(f"claim: {len(malformed)} malformed messages of the vectors and {len(wrong) + 5} more each drop the peer", flush=True)
