"""Holds lnt1.py against the published vectors, value by value."""

from lnt1 import *


class Count:
    def __init__(self):
        self.done = 0

    def same(self, what, got, wanted):
        got = got.hex() if isinstance(got, bytes) else got
        if got != wanted:
            raise AssertionError(f"{what}: {got} is not {wanted}")
        self.done += 1

    def true(self, what, holds):
        self.same(what, bool(holds), True)


def run(d):
    count, same = Count(), None
    same = count.same
    k, pieces = d["v1_keys"], d["v2_pieces"]
    master = bytes.fromhex(k["master"])
    plain = bytes.fromhex(pieces["plain"])
    s = Sealed(master, "fox", plain, pieces["pieceLen"], 2)
    t = Torrent(s.info)
    for what, got in dict(n=s.n, depth=s.geometry.d, salt=s.salt, S1=s.keys[1], S2=s.keys[2], S8=s.keys[8], S12=s.keys[12]).items():
        same(what, got, k[what])
    same("enc0", prf(s.keys[8], b"lnt1/enc"), k["enc0"])
    same("ptk0", prf(s.keys[8], b"lnt1/ptk"), k["ptk0"])
    for v in (1, 8):
        same(f"kc{v}", s.rows[v][0], k[f"kc{v}"])
    same("cipher", s.cipher, pieces["cipher"])
    same("pt0", s.rows[8][1], pieces["pt0"])
    same("pt4", s.rows[12][1], pieces["pt4"])
    same("existing", s.geometry.spans(), pieces["existing_nodes"])
    same("span3", [*s.geometry.pieces(3)], [pieces["span3"]["first"]])

    c = d["v3_coupon"]
    p, h, w = s.coupon(c["v"], c["j"])
    same("couponRoot", s.coupon_root, c["couponRoot"])
    same("range", descend(s.coupon_root, 1, 3, b"lnt1/cgm"), c["range_2_3"])
    same("sigma3", s.sigmas[3], c["sigma3"])
    for what, got in dict(p=p, h=h, w=w, leaf=coupon_leaf(8, 3, h, w), cv=s.rows[8][2], cpath=s.cpath(8, 3)).items():
        same(what, got, c[what])

    r = d["v4_record"]
    for what, got in dict(rec8=s.tree[0][8], rec2=s.tree[0][2], rpath8=s.rpath(8), root=s.root, info=s.info,
                          infohash_v1=s.info_hash, info_sha256=s.x_lnt).items():
        same(what, got, r[what])

    b = d["v5_sales"]["bundle"]
    p2, h2, w2 = s.coupon(b["v"], b["j"])
    same("bundle", [p2.hex(), h2.hex(), w2.hex()], [b["preimage"], b["paymentHash"], b["w"]])
    same("bundle key", unwrap(w2, p2), b["seed"])
    same("bundle leaves", [descend(unwrap(w2, p2), 2, 8 + i).hex() for i in range(4)], b["leafSeeds"])
    f = d["v5_sales"]["fresh_kinds_3_and_4"]
    fresh = bytes.fromhex(f["p"])
    same("fresh h", H(fresh), f["h"])
    same("fresh w", wrap(s.keys[f["v"]], fresh), f["w"])
    same("kind 2 w", xor(s.keys[8], fresh), d["v5_sales"]["fresh_kind_2"]["w"])

    box = d["v6_envelope"]
    priv, epriv = bytes.fromhex(box["buyerPriv"]), bytes.fromhex(box["sellerPriv"])
    same("buyer", x_public(priv), box["buyerPub"])
    same("seller", x_public(epriv), box["sellerPub"])
    same("key", box_key(priv, x_public(epriv), x_public(priv), x_public(epriv), h), box["key"])
    same("box", seal_box(epriv, x_public(priv), 8, 3, h, w), box["box"])
    same("opened", open_box(priv, x_public(epriv), 8, 3, h, bytes.fromhex(box["box"])), w.hex())
    same("quote", t.quote(1, 8, 3, w), box["descriptionHash"])

    e = d["v7_endorsement"]
    same("pk", s.pk, e["pk"])
    same("seed", prf(master, b"lnt1/pk."), e["pkSeed"])
    same("anonymous", prf(master, b"lnt1/pk." + s.salt), e["anonymousSeed"])
    nonce, exp = bytes.fromhex(e["nonce"]), e["exp"]
    for kind, j, hash_, wrap_ in ((1, 3, h, w), (4, NO_COUPON, H(fresh), bytes.fromhex(f["w"]))):
        one = e[f"kind{kind}"]
        digest = t.quote(kind, 8, j, wrap_)
        same("digest", digest, one["descriptionHash"])
        same("endorsement", endorsement(digest, hash_, nonce, exp), one["message"])
        same("sig", s.signer.sign(endorsement(digest, hash_, nonce, exp)), one["sig"])
        m = {b"nonce": nonce, b"exp": exp, b"sig": bytes.fromhex(one["sig"])}
        same("signer", t.check_endorsement(kind, j, digest, hash_, m, exp - 60), e["pk"])
        count.true("late", refuses(lambda: t.check_endorsement(kind, j, digest, hash_, m, exp)))
    g = e["delegate"]
    by = {b"x": g["x"], b"cexp": g["certExp"], b"dk": bytes.fromhex(g["dk"]), b"cert": bytes.fromhex(g["cert"]),
          b"nonce": nonce, b"exp": exp, b"sig": bytes.fromhex(g["sigKind1ByDelegate"])}
    same("delegate", t.check_endorsement(1, 3, t.quote(1, 8, 3, w), h, by, exp - 60), g["dk"])
    count.true("not under x", refuses(lambda: t.check_endorsement(1, 1, t.quote(1, 8, 3, w), h, by, exp - 60)))

    for row in d["v8_rows"]:
        rows, path = s.run(row["v"], row["level"])
        same("rows", rows, row["rows"])
        same("rows path", path, row["rpath"])
        t.check_rows(row["v"], row["level"], rows, path)

    for edge in d["v9_edges"]:
        free = [2] if edge["name"] == "free" else []
        name = "fox" if free else edge["name"]
        got = bdec(bytes.fromhex(edge["info"]), nesting=16)
        one = Sealed(master, got[b"name"].decode(), bytes.fromhex(edge["plain"]), edge["pieceLen"], edge["c"], free)
        for what, value in dict(n=one.n, salt=one.salt, cipher=one.cipher, root=one.root, info=one.info,
                                infohash_v1=one.info_hash, x_lnt=one.x_lnt).items():
            same(f"{name} {what}", value, edge[what])
        same("cpath", one.cpath(1, 0), edge["offer_1_0"]["cpath"])
        same("rpath", one.rpath(1), edge["offer_1_0"]["rpath"])
        Torrent(one.info)

    frame = {k.encode(): bytes.fromhex(x) for k, x in d["v10_evidence"]["framing"].items() if k not in ("why", "v", "j")}
    frame.update({b"span": 8, b"j": 3, b"form": b"coupon"})
    count.true("framing", refuses(lambda: convicts(s.info, frame)))

    for one in d["v11_price"]:
        same("price", str(price_msat(one["price"], one["step"], one["m"], one["k"])), one["msat"])
    for one in d["v14_price_cut"]:
        geometry = Geometry(one["n"])
        covered = geometry.pieces(one["v"])
        same("covers", [covered.start, len(covered)], [one["covers"]["first"], one["covers"]["count"]])
        same("cut price", str(price_of(geometry, set(), one["v"], one["price"], one["step"])), one["msat"])

    for what, text in d["v12_messages"].items():
        if what != "note":
            same(what, benc(decode(bytes.fromhex(text))), text)
    for what, text in d["v12_malformed"].items():
        count.true(what, refuses(lambda: decode(bytes.fromhex(text))))
    count.true("unknown key", decode(bytes.fromhex(d["v12_ignored"]["unknown key"])))
    same("unknown type", decode(bytes.fromhex(d["v12_ignored"]["unknown type"])), None)

    for what, one in d["v13_evidence_forms"].items():
        info, message = bytes.fromhex(one["info"]), decode(bytes.fromhex(one["message"]))
        piece = bytes.fromhex(one["piece"]) if "piece" in one else None
        if one["convicts"] is None:
            count.true(what, refuses(lambda: convicts(info, message, piece)))
        else:
            same(what, convicts(info, message, piece), one["convicts"])
    same("magnet", s.magnet("127.0.0.1:6881"), d["v15_magnet"]["magnet"])
    return count.done
