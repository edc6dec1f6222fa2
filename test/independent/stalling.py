"""Sellers that are honest on the wire and dishonest with the money, and publishers that lie in what they sealed."""

import asyncio
import os
import random
import time

from lnt1 import H, Sealed, wrap
from money import Wallet, make_invoice
from peer import Seller
from process import Lntorrent
from selling import Shop, flags

BAD = bytes([9]) * 32


class Stage:
    """A torrent, a seller that misbehaves, perhaps an honest one, and a download that knows both."""

    def __init__(self, place, name, bad, *, honest=True, lie=None):
        self.repo, self.folder, self.ledger_port, self.wallet, self.rng = place
        self.out = os.path.join(self.folder, name)
        self.plain = self.rng.randbytes(90_000)
        self.sealed = Sealed(self.rng.randbytes(32), "film.bin", self.plain, 20_000, 4, lie=lie)
        self.bad, self.honest = bad, honest

    async def __aenter__(self):
        os.makedirs(self.out)
        self.bad_wallet = await Wallet.open(self.ledger_port, os.urandom(32))
        self.bad_shop = await Shop(self.sealed, self.bad_wallet, self.bad).__aenter__()
        self.shop = await Shop(self.sealed, self.wallet, Seller).__aenter__()
        peers = [f"127.0.0.1:{self.bad_shop.port}"] + [f"127.0.0.1:{self.shop.port}"] * self.honest
        more = [part for peer in peers for part in ("--peer", peer)]
        magnet = self.sealed.magnet("").replace("&x.pe=", "")
        self.process = Lntorrent(self.repo, "download", magnet, *flags(self.out, self.ledger_port, self.out, *more))
        await self.process.__aenter__()
        return self

    async def __aexit__(self, *error):
        try:
            await self.process.__aexit__(*error)
        finally:
            await self.shop.__aexit__()
            await self.bad_shop.__aexit__()
            await self.bad_wallet.close()

    async def has_file(self, wait=40):
        await self.process.event("done", wait)
        with open(os.path.join(self.out, "film.bin"), "rb") as file:
            assert file.read() == self.plain

    async def is_asked(self):
        return await until(lambda: [seller for seller in self.bad_shop.open if seller.asked])

    @property
    def held(self):
        return [p for seller in self.bad_shop.open for p in getattr(seller, "held_hashes", [])]


async def until(is_it, wait=30):
    async with asyncio.timeout(wait):
        while not (found := is_it()):
            await asyncio.sleep(0.05)
        return found


class Cheap(Seller):
    """Cheaper than the others, so it is asked first."""

    price = 4000


class Mute(Cheap):
    async def answer(self, ask):
        pass


class Rejecting(Cheap):
    async def answer(self, ask):
        self.wire.say({"t": 3, "id": ask[b"id"], "code": 4, "text": "", "wait": 2**53 - 1})


class Echo(Cheap):
    def offer(self, ask, offer, p):
        self.wire.say(offer)
        self.wire.say(offer)


class Holder(Cheap):
    """Takes the HTLC and keeps it."""

    def __init__(self, *args):
        super().__init__(*args)
        self.held_hashes = []

    async def held(self, p, *_):
        self.held_hashes.append(p)


class Vanishing(Holder):
    """Takes the HTLC and hangs up."""

    async def held(self, p, *_):
        self.held_hashes.append(p)
        self.wire.writer.close()


class Repeating(Cheap):
    """Sells kind 4 with one preimage for everything."""

    kinds, once = [4], False

    def goods(self, ask):
        kind, j, _, _ = super().goods(ask)
        return kind, j, self.sealed.root_key, wrap(self.sealed.keys[ask[b"span"]], self.sealed.root_key)

    async def invoice(self, h, msat, digest):
        if self.once:
            return make_invoice(self.wallet.secret, hash=h, description_hash=digest, secret=BAD, msat=msat, now=int(time.time()))
        self.once = True
        return await super().invoice(h, msat, digest)

    async def collect(self, *sale):
        if len(self.tasks) == 1:
            await super().collect(*sale)


class WrongEndorsed(Cheap):
    """Endorses a wrap of another key."""

    kinds = [4]

    def goods(self, ask):
        kind, j, p, _ = super().goods(ask)
        return kind, j, p, wrap(BAD, p)


def never_twice(stage):
    paid = [event["hash"] for event in stage.process.events if event["event"] == "purchase"]
    assert len(paid) == len(set(paid)), paid


async def run(repo, folder, ledger_port, wallet, seed):
    place = repo, os.path.join(folder, "stalls"), ledger_port, wallet, random.Random(seed)
    await gather(place, mute, holder_alone, vanishing)
    await gather(place, rejecting, echo, lying_coupons)
    await gather(place, holder_lets_go, repeating, lying_endorsed)


async def gather(place, *checks):
    """They wait for the most part."""
    async with asyncio.TaskGroup() as group:
        for check in checks:
            group.create_task(timed(check, place))


async def timed(check, place):
    start = time.monotonic()
    await check(place)
    print(f"  {check.__name__}: {time.monotonic() - start:.1f} s", flush=True)


async def mute(place):
    async with Stage(place, "mute", Mute) as stage:
        await stage.is_asked()
        await stage.has_file()
    print("claim: a seller that never answers does not keep it from an honest one", flush=True)


async def rejecting(place):
    async with Stage(place, "rejecting", Rejecting) as stage:
        await stage.is_asked()
        await stage.has_file()
    print("claim: nor does one that rejects, and asks to be waited for for ever", flush=True)


async def echo(place):
    async with Stage(place, "echo", Echo) as stage:
        seller = (await stage.is_asked())[0]
        await asyncio.wait_for(seller.wire.closed.wait(), 10)
        await stage.has_file()
        never_twice(stage)
    print("claim: a seller that answers one ask twice is dropped, and paid once at most", flush=True)


async def holder_alone(place):
    async with Stage(place, "alone", Holder, honest=False) as stage:
        await until(lambda: stage.held)
        code, seconds = await stage.process.stop()
        named = [event for event in stage.process.events if event["event"] == "unfinished"]
        assert seconds < 12 and code in (0, 130), (code, seconds)
        assert {event["hash"] for event in named} == {H(p).hex() for p in stage.held}, named
        for p in stage.held:
            assert (await stage.bad_wallet.call("lookupHold", hash=H(p)))["status"] == "held"
    print(f"claim: Ctrl-C ends it in {seconds:.1f} s while a seller holds its payment, and names that payment", flush=True)


async def holder_lets_go(place):
    async with Stage(place, "lets-go", Holder) as stage:
        await until(lambda: stage.held)
        open_pieces = stage.sealed.n - 1
        await stage.process.until(lambda event: event["event"] == "status" and event["openPieces"] >= open_pieces, 40)
        for p in stage.held:
            assert await stage.bad_wallet.call("cancel", hash=H(p)) == "cancelled"
        stage.bad_shop.server.close()
        for seller in stage.bad_shop.open:
            seller.wire.writer.close()
        await stage.has_file()
        assert not stage.bad_shop.sales
    print("claim: it buys the rest from an honest seller meanwhile, and that span once its payment has failed", flush=True)


async def vanishing(place):
    async with Stage(place, "vanishing", Vanishing, honest=False) as stage:
        await until(lambda: stage.held)
        await asyncio.sleep(0.5)
        for p in stage.held:
            assert await stage.bad_wallet.call("settle", preimage=p) == "settled"
        bought = await stage.process.event("purchase")
        assert bought["state"] == "opened", bought
        await stage.process.until(lambda event: event["event"] == "status" and event["openPieces"] >= 1)
    print("claim: the key of a seller that hangs up with the payment held comes with the payment", flush=True)


async def repeating(place):
    async with Stage(place, "repeating", Repeating) as stage:
        await stage.has_file()
        sales = stage.bad_shop.sales
        assert len(sales) == 1 and len([seller for seller in stage.bad_shop.open if seller.once]) == 1, sales
        never_twice(stage)
    print("claim: one hash for two spans is paid once", flush=True)


async def lying_coupons(place):
    spans = {v: BAD for v in range(1, 16)}
    await convicted(Stage(place, "coupons", Cheap, honest=False, lie=spans), "coupons that were sealed with wrong keys")


async def lying_endorsed(place):
    await convicted(Stage(place, "endorsed", WrongEndorsed, honest=False), "an endorsed wrap of a wrong key")


async def convicted(stage, what):
    async with stage:
        cheated = await stage.process.event("purchase")
        assert cheated["state"] == "cheated", cheated
        await asyncio.sleep(2)
        paid = [event for event in stage.process.events if event["event"] == "purchase"]
        assert len(paid) == 1, paid
        assert len(stage.bad_shop.sales) == 1 and not stage.shop.sales, stage.shop.sales
        said = await stage.process.event("error")
    print(f"claim: {what} cost one payment, convict the publisher and end the buying: {said['code']}", flush=True)
