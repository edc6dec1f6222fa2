"""BOLT 11 invoices, and a wallet on the ledger's service."""

import asyncio
import json

from bech32 import CHARSET, bech32_hrp_expand, bech32_polymod, convertbits
from coincurve import PrivateKey, PublicKey

from lnt1 import H, check

UNITS = {"": 10**11, "m": 10**8, "u": 10**5, "n": 10**2}
TYPES = {"p": 1, "s": 16, "d": 13, "n": 19, "h": 23, "x": 6, "c": 24, "9": 5}

def words_of(data):
    return convertbits(data, 8, 5)


def number(words):
    value = 0
    for word in words:
        value = value << 5 | word
    return value


def number_words(value, width=None):
    """Big endian; as short as it can be, where no width is given."""
    width = max(1, -(-value.bit_length() // 5)) if width is None else width
    return [value >> 5 * i & 31 for i in range(width - 1, -1, -1)]


def digest_of(hrp, words):
    bits = convertbits(words, 5, 8, True)
    return H(hrp.encode() + bytes(bits))


def parse_invoice(text):
    check(text == text.lower() and "1" in text, "invoice case")
    hrp, rest = text.rsplit("1", 1)
    check(all(c in CHARSET for c in rest) and len(rest) > 6 + 104 + 7, "invoice letters")
    words = [CHARSET.find(c) for c in rest]
    check(bech32_polymod(bech32_hrp_expand(hrp) + words) == 1, "invoice checksum")
    signed, signature = words[:-110], words[-110:-6]
    check(hrp.startswith("lnbcrt"), "network")
    amount = hrp[6:]
    check(amount != "", "amountless")
    unit = amount[-1] if not amount[-1].isdigit() else ""
    digits = int(amount[: len(amount) - len(unit)])
    check(unit != "p" or digits % 10 == 0, "finer than 1 msat")
    msat = digits // 10 if unit == "p" else digits * UNITS[unit]
    fields, at = {}, 7
    while at < len(signed):
        length = number(signed[at + 1 : at + 3])
        kind = next((name for name, code in TYPES.items() if code == signed[at]), None)
        check(at + 3 + length <= len(signed) and not (kind and kind in fields), "invoice field")
        if kind:
            fields[kind] = signed[at + 3 : at + 3 + length]
        at += 3 + length
    check({"p", "h", "s"} <= fields.keys() and "d" not in fields, "p, h, s")
    check(all(len(fields[k]) == size for k, size in (("p", 52), ("h", 52), ("s", 52), ("n", 53)) if k in fields), "words")
    raw = bytes(convertbits(signature, 5, 8, False))
    payee = PublicKey.from_signature_and_message(raw, digest_of(hrp, signed), hasher=None).format()
    whole = {k: bytes(convertbits(fields[k], 5, 8, True))[:32] for k in ("p", "h", "s")}
    if "n" in fields:
        check(bytes(convertbits(fields["n"], 5, 8, True))[:33] == payee, "n")
    expires = number(signed[:7]) + (number(fields["x"]) if "x" in fields else 3600)
    return dict(msat=msat, hash=whole["p"], description_hash=whole["h"], secret=whole["s"], payee=payee, expires=expires,
                cltv=number(fields["c"]) if "c" in fields else 18)


def make_invoice(node_secret, *, hash, description_hash, secret, msat, now, valid=3600, cltv=24, prefix="lnbcrt", amount=None,
                 features=1 << 8 | 1 << 14, extra=()):
    """extra: (type, words) that are put behind the others."""
    words = number_words(now, 7)
    fields = [(16, words_of(secret)), (1, words_of(hash)), (23, words_of(description_hash)), (6, number_words(valid)),
              (24, number_words(cltv)), (5, number_words(features)), *extra]
    for kind, data in fields:
        if data is not None:
            words += [kind, *number_words(len(data), 2), *data]
    return sign_words(node_secret, prefix + (f"{msat * 10}p" if amount is None else amount), words)


def sign_words(node_secret, hrp, words):
    words = words + words_of(PrivateKey(node_secret).sign_recoverable(digest_of(hrp, words), hasher=None))
    check_words = bech32_polymod(bech32_hrp_expand(hrp) + words + [0] * 6) ^ 1
    return hrp + "1" + "".join(CHARSET[w] for w in words + [check_words >> 5 * (5 - i) & 31 for i in range(6)])


class Wallet:
    """One node of the ledger; `call` sends a request and waits for what comes back."""

    @classmethod
    async def open(cls, port, secret):
        wallet = cls()
        wallet.secret = secret
        wallet.reader, wallet.writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
        wallet.waiting, wallet.next_id = {}, 1
        wallet.task = asyncio.create_task(wallet._read())
        wallet.node = bytes.fromhex((await wallet.call("hello", secret=secret))["nodeId"])
        amounts = await wallet.call("liquidity")
        if amounts == {"sendableMsat": "0", "receivableMsat": "0"}:
            await wallet.call("fund", sendableMsat=10**9, receivableMsat=10**9)
        return wallet

    async def call(self, do, **fields):
        own_id, self.next_id = self.next_id, self.next_id + 1
        plain = {k: v.hex() if isinstance(v, bytes) else str(v) if k.endswith("Msat") else v for k, v in fields.items()}
        future = self.waiting[own_id] = asyncio.get_running_loop().create_future()
        self.writer.write(json.dumps({"id": own_id, "do": do, **plain}).encode() + b"\n")
        reply = await future
        if "error" in reply:
            raise RuntimeError(f"wallet: {do}: {reply['error']}")
        return reply["ok"]

    async def _read(self):
        while line := await self.reader.readline():
            reply = json.loads(line)
            self.waiting.pop(reply["id"]).set_result(reply)

    async def close(self):
        self.task.cancel()
        self.writer.close()
