"""lnt1 from the text of docs/protocol.md alone: keys, coupons, records, the info dict, endorsements, boxes, messages, evidence.

Written without looking at the TypeScript; `python lnt1.py VECTORS` checks it against vectors of its own.
"""

import hashlib
import hmac
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ZERO = bytes(32)
NO_COUPON = 0xFFFFFFFF


class Refused(Exception):
    """A check of the text failed."""


def check(holds, why):
    if not holds:
        raise Refused(why)


def refuses(act):
    try:
        act()
    except Refused:
        return True
    return False


# --- 1 notation


def H(data):
    return hashlib.sha256(data).digest()


def T(tag, *parts):
    assert len(tag) == 8
    return H(tag.encode() + b"".join(parts))


def prf(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def u8(x):
    return x.to_bytes(1, "big")


def u32(x):
    return x.to_bytes(4, "big")


def u64(x):
    return x.to_bytes(8, "big")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


# --- bencode (BEP 3), canonical both ways


def benc(x):
    if isinstance(x, bool):
        raise TypeError
    if isinstance(x, int):
        return b"i%de" % x
    if isinstance(x, str):
        x = x.encode()
    if isinstance(x, bytes):
        return b"%d:%s" % (len(x), x)
    if isinstance(x, list):
        return b"l" + b"".join(map(benc, x)) + b"e"
    items = sorted((k.encode() if isinstance(k, str) else k, v) for k, v in x.items())
    return b"d" + b"".join(benc(k) + benc(v) for k, v in items) + b"e"


def bdec(data, *, whole=True, nesting=8):
    """Strict: sorted keys, no leading zeros, integers within 2^53, nothing after the end."""
    value, end = _bdec(data, 0, nesting)
    if whole:
        check(end == len(data), "bytes after the end")
        return value
    return value, end


def _digits(data, at, stop):
    end = data.find(stop, at, at + 20)
    check(end > at, "number")
    text = data[at:end]
    check(text.isdigit() and (text == b"0" or text[:1] != b"0"), "digits")
    return int(text), end + 1


def _bdec(data, at, nesting):
    check(nesting >= 0 and at < len(data), "nesting or end")
    kind = data[at : at + 1]
    if kind == b"i":
        minus = data[at + 1 : at + 2] == b"-"
        number, end = _digits(data, at + 1 + minus, b"e")
        check(number < 2**53 and not (minus and number == 0), "integer")
        return (-number if minus else number), end
    if kind == b"l":
        at, items = at + 1, []
        while data[at : at + 1] != b"e":
            item, at = _bdec(data, at, nesting - 1)
            items.append(item)
        return items, at + 1
    if kind == b"d":
        at, items, last = at + 1, {}, None
        while data[at : at + 1] != b"e":
            key, at = _bdec(data, at, nesting - 1)
            check(isinstance(key, bytes) and (last is None or key > last), "key order")
            last = key
            items[key], at = _bdec(data, at, nesting - 1)
        return items, at + 1
    length, start = _digits(data, at, b":")
    check(start + length <= len(data), "string length")
    return data[start : start + length], start + length


# --- 2 geometry


class Geometry:
    def __init__(self, n):
        check(1 <= n <= 2**18, "n")
        self.n, self.d = n, (n - 1).bit_length()

    def k(self, v):
        return self.d - (v.bit_length() - 1)

    def pieces(self, v):
        k = self.k(v)
        first = (v << k) - (1 << self.d)
        return range(first, min(first + (1 << k), self.n))

    def exists(self, v):
        return 1 <= v < 2 << self.d and len(self.pieces(v)) > 0

    def leaf(self, i):
        return (1 << self.d) + i

    def spans(self):
        return [v for v in range(1, 2 << self.d) if self.exists(v)]


# --- 3 keys


def child(key, bit):
    return prf(key, b"lnt1/ggm" + u8(bit))


def descend(key, top, v, label=b"lnt1/ggm"):
    """Key of v from the key of its ancestor `top`."""
    depth = v.bit_length() - top.bit_length()
    check(depth >= 0 and v >> depth == top, "not under that span")
    for k in range(depth - 1, -1, -1):
        key = prf(key, label + u8(v >> k & 1))
    return key


def cipher(leaf_key, data):
    ctr = Cipher(algorithms.AES256(prf(leaf_key, b"lnt1/enc")), modes.CTR(bytes(16))).encryptor()
    return ctr.update(data) + ctr.finalize()


def pt_of(leaf_key, plain):
    return T("lnt1/pt.", prf(leaf_key, b"lnt1/ptk"), plain)


def kc_of(key):
    return T("lnt1/kc.", key)


def wrap(key, p):
    return xor(key, T("lnt1/wrp", p))


unwrap = wrap

# --- 4 and 5 trees


def layers(leaves, tag):
    out = [leaves]
    while len(out[-1]) > 1:
        row = out[-1]
        out.append([T(tag, row[i], row[i + 1]) for i in range(0, len(row), 2)])
    return out


def path_of(tree, index):
    return b"".join(row[index >> k ^ 1] for k, row in enumerate(tree[:-1]))


def fold(tag, leaf, index, path):
    for k in range(len(path) // 32):
        sibling = path[32 * k : 32 * k + 32]
        leaf = T(tag, sibling, leaf) if index >> k & 1 else T(tag, leaf, sibling)
    return leaf


def coupon_leaf(v, j, h, w):
    return T("lnt1/cpl", u32(v), u32(j), h, w)


def record(v, kc, pt, cv):
    return T("lnt1/rec", u32(v), kc, pt, cv)


def price_of(geometry, free_pieces, v, price, step):
    covered = geometry.pieces(v)
    m = sum(1 for i in covered if i not in free_pieces)
    return price_msat(price, step, m, (len(covered) - 1).bit_length())


def price_msat(price, step, m, k):
    return -(-price * m * (10**6 - step) ** k // 10 ** (6 * k))


# --- sealing


class Sealed:
    """A sealed torrent and everything that its publisher knows."""

    def __init__(self, master, name, files, piece_length, c, free=(), anonymous=False, lie=None):
        """files: bytes for one file, or a list of (path parts, bytes). lie: {v: key} puts other keys into the coupons and kc."""
        plain = files if isinstance(files, bytes) else b"".join(data for _, data in files)
        self.plain, self.piece_length, self.c = plain, piece_length, c
        self.n = -(-len(plain) // piece_length)
        g = self.geometry = Geometry(self.n)
        self.salt = prf(master, b"lnt1/slt" + u32(self.n) + u64(len(plain)) + u32(piece_length) + H(plain))
        self.root_key = prf(master, b"lnt1/kr." + self.salt)
        self.signer = Ed25519PrivateKey.from_private_bytes(prf(master, b"lnt1/pk." + (self.salt if anonymous else b"")))
        self.pk = self.signer.public_key().public_bytes_raw()
        self.coupon_root = prf(master, b"lnt1/cr." + self.salt + u8(c))
        self.sigmas = [descend(self.coupon_root, 1, (1 << c) + j, b"lnt1/cgm") for j in range(1 << c)]
        self.keys = {1: self.root_key}
        for v in range(2, 2 << g.d):
            self.keys[v] = child(self.keys[v >> 1], v & 1)
        self.lie = lie or {}
        self.cipher = b"".join(cipher(self.keys[g.leaf(i)], self.piece(i)) for i in range(self.n))
        self.rows = {v: (kc_of(self.keys[v]), self._pt(v), self._coupons(v)[-1][0]) for v in g.spans()}
        self.tree = layers([record(v, *self.rows[v]) if v in self.rows else ZERO for v in range(2 << g.d)], "lnt1/rin")
        self.root = self.tree[-1][0]
        lnt = {"c": c, "e": "aes-256-ctr", "pk": self.pk, "root": self.root, "salt": self.salt, "v": 1}
        if free:
            lnt["free"] = b"".join(u32(v) + self.keys[v] for v in free)
        self.free_pieces = {i for v in free for i in g.pieces(v)}
        pieces = b"".join(hashlib.sha1(self.cipher_piece(i)).digest() for i in range(self.n))
        info = {"lnt": lnt, "name": name, "piece length": piece_length, "pieces": pieces}
        if isinstance(files, bytes):
            info["length"] = len(files)
        else:
            info["files"] = [{"length": len(data), "path": parts} for parts, data in files]
        self.info = benc(info)
        self.info_hash, self.x_lnt = hashlib.sha1(self.info).digest(), H(self.info)
        self.name = name

    def piece(self, i):
        return self.plain[i * self.piece_length : (i + 1) * self.piece_length]

    def cipher_piece(self, i):
        return self.cipher[i * self.piece_length : (i + 1) * self.piece_length]

    def _pt(self, v):
        return pt_of(self.keys[v], self.piece(v - (1 << self.geometry.d))) if self.geometry.k(v) == 0 else ZERO

    def coupon(self, v, j):
        """p, h, w of a coupon."""
        p = T("lnt1/pre", self.sigmas[j], u32(v))
        return p, H(p), wrap(self.lie.get(v, self.keys[v]), p)

    def _coupons(self, v):
        return layers([coupon_leaf(v, j, *self.coupon(v, j)[1:]) for j in range(1 << self.c)], "lnt1/cpi")

    def cpath(self, v, j):
        return path_of(self._coupons(v), j)

    def rpath(self, v):
        return path_of(self.tree, v)

    def run(self, v, level):
        """Record rows `level` levels below v, and their path."""
        rows = [self.rows.get((v << level) + i, (ZERO, ZERO, ZERO)) for i in range(1 << level)]
        path = b"".join(self.tree[k][(v << level) >> k ^ 1] for k in range(level, self.geometry.d + 1))
        return b"".join(map(b"".join, rows)), path

    def magnet(self, peer):
        from urllib.parse import quote

        return f"magnet:?xt=urn:btih:{self.info_hash.hex()}&dn={quote(self.name)}&x.lnt={self.x_lnt.hex()}&x.pe={peer}"


class Torrent:
    """What everybody reads out of an info dict."""

    def __init__(self, info):
        fields = bdec(info, nesting=16)
        check(benc(fields) == info and b"meta version" not in fields, "info")
        lnt = fields[b"lnt"]
        check(lnt[b"v"] == 1 and lnt[b"e"] == b"aes-256-ctr" and 0 <= lnt[b"c"] <= 16, "lnt")
        check(all(len(lnt[k]) == 32 for k in (b"pk", b"root", b"salt")), "lnt lengths")
        self.c, self.pk, self.root, self.salt = lnt[b"c"], lnt[b"pk"], lnt[b"root"], lnt[b"salt"]
        self.piece_length, self.hashes = fields[b"piece length"], fields[b"pieces"]
        sizes = [fields[b"length"]] if b"length" in fields else [f[b"length"] for f in fields[b"files"]]
        self.total, self.n = sum(sizes), len(self.hashes) // 20
        check(len(self.hashes) == 20 * -(-self.total // self.piece_length), "pieces")
        self.geometry, self.x_lnt = Geometry(self.n), H(info)
        free = lnt.get(b"free", b"")
        check(len(free) % 36 == 0 and (b"free" not in lnt or 36 <= len(free) <= 1024 * 36), "free")
        self.free = [(int.from_bytes(free[i : i + 4], "big"), free[i + 4 : i + 36]) for i in range(0, len(free), 36)]
        spans = [v for v, _ in self.free]
        covered = [i for v in spans if self.geometry.exists(v) for i in self.geometry.pieces(v)]
        check(all(map(self.geometry.exists, spans)) and spans == sorted(set(spans)), "free spans")
        check(len(covered) == len(set(covered)), "one free span under another")
        self.free_pieces = set(covered)

    def bytes_of(self, i):
        return min(self.piece_length, self.total - i * self.piece_length)

    def check_record(self, v, kc, pt, cv, rpath):
        check(self.geometry.exists(v) and len(rpath) == 32 * (self.geometry.d + 1), "rpath length")
        check(self.geometry.k(v) == 0 or pt == ZERO, "pt of an inner span")
        check(fold("lnt1/rin", record(v, kc, pt, cv), v, rpath) == self.root, "record")

    def check_rows(self, v, level, rows, rpath):
        """The rows as {span: (kc, pt, cv)}."""
        g = self.geometry
        check(g.exists(v) and 0 <= level <= g.k(v), "level")
        check(len(rows) == 96 << level and len(rpath) == 32 * (g.d + 1 - level), "rows length")
        found, leaves = {}, []
        for i in range(1 << level):
            u, row = (v << level) + i, rows[96 * i : 96 * i + 96]
            kc, pt, cv = row[:32], row[32:64], row[64:]
            if g.exists(u):
                check(g.k(u) == 0 or pt == ZERO, "pt of an inner row")
                found[u] = kc, pt, cv
            else:
                check(row == bytes(96), "a row that does not exist")
            leaves.append(record(u, kc, pt, cv) if g.exists(u) else ZERO)
        check(fold("lnt1/rin", layers(leaves, "lnt1/rin")[-1][0], v, rpath) == self.root, "rows")
        return found

    def check_coupon(self, v, j, h, w, cv, cpath):
        check(0 <= j < 1 << self.c and len(cpath) == 32 * self.c, "cpath length")
        check(fold("lnt1/cpi", coupon_leaf(v, j, h, w), j, cpath) == cv, "coupon")

    def quote(self, kind, v, j, w):
        return T("lnt1/quo", self.x_lnt, u8(kind), u32(v), u32(j), w)

    def check_endorsement(self, kind, j, digest, h, m, now=None):
        """m: a message with nonce, exp, sig and perhaps x, cexp, dk, cert. Returns who signed."""
        signer = self.pk
        if b"dk" in m:
            x, dk = m[b"x"], m[b"dk"]
            check(1 <= x < 2 << self.c, "x")
            if kind == 1:
                leaf = (1 << self.c) + j
                check(leaf >> leaf.bit_length() - x.bit_length() == x, "coupon not under x")
            check(now is None or m[b"cexp"] > now, "cert expired")
            ed_check(self.pk, m[b"cert"], b"lnt1/dlg" + self.x_lnt + u32(x) + dk + u64(m[b"cexp"]))
            signer = dk
        check(now is None or now < m[b"exp"] <= now + 3600, "exp")
        ed_check(signer, m[b"sig"], endorsement(digest, h, m[b"nonce"], m[b"exp"]))
        return signer


# --- 7 endorsements and boxes


def endorsement(digest, h, nonce, exp):
    return b"lnt1/end" + digest + h + nonce + u64(exp)


def ed_check(pk, sig, message):
    try:
        Ed25519PublicKey.from_public_bytes(pk).verify(sig, message)
    except (InvalidSignature, ValueError) as err:
        raise Refused("signature") from err


def box_key(private, theirs, b, epk, h):
    shared = X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(theirs))
    return HKDF(hashes.SHA256(), 32, b + epk, b"lnt1/seal" + h).derive(shared)


def x_public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal_box(e, b, v, j, h, w):
    key = box_key(e, b, b, x_public(e), h)
    return ChaCha20Poly1305(key).encrypt(bytes(12), w, u32(v) + u32(j) + h)


def open_box(private, epk, v, j, h, box):
    key = box_key(private, epk, x_public(private), epk, h)
    return ChaCha20Poly1305(key).decrypt(bytes(12), box, u32(v) + u32(j) + h)


# --- 8 messages


def _int(low, high):
    return lambda x: isinstance(x, int) and low <= x <= high


def _bytes(low, high=None, step=1):
    return lambda x: isinstance(x, bytes) and low <= len(x) <= (low if high is None else high) and (len(x) - low) % step == 0


def _ascii(high):
    return lambda x: isinstance(x, bytes) and len(x) <= high and all(32 <= c < 127 for c in x)


def _ascending(most, low, high):
    def is_it(x):
        return isinstance(x, list) and len(x) <= most and all(map(_int(low, high), x)) and x == sorted(set(x))

    return is_it


U32, MSAT = _int(0, 2**32 - 1), _int(1, 2**53 - 1)
SPAN, HASH, PATH = _int(1, 2**19 - 1), _bytes(32), _bytes(0, 32 * 20, 32)
RECORD = {b"kc": HASH, b"pt": HASH, b"cv": HASH, b"rpath": PATH}
END = {b"exp": _int(0, 2**53 - 1), b"sig": _bytes(64)}
CERT = {b"x": U32, b"cexp": _int(0, 2**53 - 1), b"dk": HASH, b"cert": _bytes(64)}
FIELDS = {
    0: {b"price": MSAT, b"step": _int(0, 500000), b"kinds": _ascending(16, 1, 255), b"spans": _ascending(4096, 1, 2**19 - 1),
        b"fwd": _ascending(4096, 1, 2**19 - 1), b"node": _bytes(33), b"hops": _int(0, 255), b"ttl": _int(1, 3600), b"rev": _int(0, 2**53 - 1)},
    1: {b"id": U32, b"span": SPAN, b"kinds": _ascending(16, 1, 255), b"most": MSAT, b"nonce": HASH, b"hops": _int(0, 255), b"rev": _int(0, 2**53 - 1)},
    2: {b"id": U32, b"span": SPAN, b"kind": _int(1, 255), **RECORD, b"epk": HASH, b"box": _bytes(48), b"inv": _ascii(2048), b"ttl": _int(1, 3600)},
    3: {b"id": U32, b"code": _int(1, 12), b"text": _ascii(120)},
    4: {b"id": U32},
    5: {b"id": U32, b"span": SPAN, b"level": _int(0, 9)},
    6: {b"id": U32, b"span": SPAN, b"level": _int(0, 9), b"rows": _bytes(96, 96 << 9, 96), b"rpath": PATH},
}
EVIDENCE = {
    b"coupon": {b"j": U32, b"w": HASH, b"p": HASH, b"cpath": PATH},
    b"endorsed": {b"w": HASH, b"p": HASH, b"nonce": HASH, **END},
    b"signed": {b"w": HASH, b"p": HASH, b"inv": _ascii(2048)},
    b"keys": {b"key": HASH, b"dspan": SPAN, b"dkc": HASH, b"dpt": HASH, b"dcv": HASH, b"drpath": PATH},
    b"plaintext": {b"key": HASH},
    b"free": {},
}


def _fits(message, fields):
    for key, is_right in fields.items():
        check(key in message and is_right(message[key]), key.decode())


def _all_or_none(message, fields):
    if any(key in message for key in fields):
        _fits(message, fields)
        return True
    return False


def decode(data):
    """A message as a dict, None for a type nobody knows; raises Refused for what drops the peer."""
    check(len(data) <= 65536, "too long")
    message = bdec(data)
    check(isinstance(message, dict) and _int(0, 2**53 - 1)(message.get(b"t")), "t")
    t = message[b"t"]
    if t == 7:
        check(message.get(b"form") in EVIDENCE, "form")
        form = message[b"form"]
        _fits(message, {b"span": SPAN, **RECORD, **EVIDENCE[form]})
        if form == b"endorsed":
            _all_or_none(message, CERT)
        return message
    if t not in FIELDS:
        return None
    _fits(message, FIELDS[t])
    if t == 0:
        check(len(message[b"spans"]) + len(message[b"fwd"]) <= 4096, "spans and fwd")
    if t == 2:
        kind = message[b"kind"]
        is_coupon = _all_or_none(message, {b"j": U32, b"cpath": PATH})
        check(is_coupon == (kind == 1), "j and cpath")
        signed = _all_or_none(message, END)
        check(not (kind == 4 and not signed) and not (kind == 3 and signed), "sig")
        check(not _all_or_none(message, CERT) or signed, "cert without sig")
    if t == 3 and b"wait" in message:
        check(message[b"code"] in (3, 4) and _int(0, 2**53 - 1)(message[b"wait"]), "wait")
    if t == 6:
        check(len(message[b"rows"]) == 96 << message[b"level"], "rows")
    return message


# --- 10 evidence


def convicts(info, m, cipher_piece=None):
    """Who is convicted by this message; raises Refused when it proves nothing."""
    t, v, kc = Torrent(info), m[b"span"], m[b"kc"]
    t.check_record(v, kc, m[b"pt"], m[b"cv"], m[b"rpath"])
    form = m[b"form"]
    if form in (b"coupon", b"endorsed"):
        w, h = m[b"w"], H(m[b"p"])
        check(kc_of(unwrap(w, m[b"p"])) != kc, "the key is right")
        if form == b"coupon":
            t.check_coupon(v, m[b"j"], h, w, m[b"cv"], m[b"cpath"])
            return "publisher"
        signer = t.check_endorsement(4, NO_COUPON, t.quote(4, v, NO_COUPON, w), h, m)
        return "publisher" if signer == t.pk else f"delegate {signer.hex()}"
    if form == b"keys":
        check(kc_of(m[b"key"]) == kc, "key")
        t.check_record(m[b"dspan"], m[b"dkc"], m[b"dpt"], m[b"dcv"], m[b"drpath"])
        check(kc_of(descend(m[b"key"], v, m[b"dspan"])) != m[b"dkc"], "the keys agree")
        return "publisher"
    if form == b"free":
        check(kc_of(dict(t.free)[v]) != kc, "the free key is right")
        return "publisher"
    check(form == b"plaintext" and kc_of(m[b"key"]) == kc and t.geometry.k(v) == 0, "key")
    i = v - (1 << t.geometry.d)
    check(hashlib.sha1(cipher_piece).digest() == t.hashes[20 * i : 20 * i + 20], "piece")
    check(pt_of(m[b"key"], cipher(m[b"key"], cipher_piece)) != m[b"pt"], "the plaintext is right")
    return "publisher"


def main(path):
    import vectors

    with open(path) as file:
        count = vectors.run(json.load(file))
    print(f"{count} values of the vectors are met")


if __name__ == "__main__":
    main(sys.argv[1])
