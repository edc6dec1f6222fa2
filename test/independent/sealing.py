"""Seals random files here and with lntorrent, and compares the torrents byte by byte."""

import json
import os
import random
import subprocess

from lnt1 import NO_COUPON, Sealed, Torrent, bdec, benc, refuses

CASES = [
    # bytes, piece length, J, free pieces, anonymous
    (1, 16384, 1, 0, False),
    (1, 16384, 256, 1, False),
    (16384, 16384, 2, 0, True),
    (16385, 16384, 1, 1, False),
    (40001, 20000, 16, 2, False),
    (131071, 65536, 2, 0, False),
    (262144, 65536, 16, 3, True),
    (300_000, 20000, 256, 3, False),
    (307_201, 16384, 16, 0, False),
]


def lntorrent(repo, *args):
    node = os.path.join(repo, "node_modules/.bin/node")
    run = subprocess.run([node, os.path.join(repo, "bin/lntorrent.js"), *args], capture_output=True, text=True, timeout=60)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()], run.stderr


def one(repo, folder, rng, case, files=None):
    size, piece_length, coupons, free, anonymous = case
    master = rng.randbytes(32)
    name = f"file{rng.randrange(10**6)}" + rng.choice([".bin", " ä.mp4", ""])
    path = os.path.join(folder, name)
    if files is None:
        files = rng.randbytes(size)
        with open(path, "wb") as file:
            file.write(files)
    else:
        for parts, data in files:
            at = os.path.join(path, *parts)
            os.makedirs(os.path.dirname(at), exist_ok=True)
            with open(at, "wb") as file:
                file.write(data)
    with open(path + ".hex", "w") as file:
        file.write(master.hex())
    out = path + ".torrent"
    flags = ["--data-dir", os.path.join(folder, "data"), "--master-file", path + ".hex", "--piece-length", str(piece_length)]
    flags += ["--coupons", str(coupons), "--free", str(free), "--json", "--out", out] + ["--anonymous"] * anonymous
    code, events, stderr = lntorrent(repo, "seal", path, *flags)
    assert code == 0, (case, events, stderr)
    with open(out, "rb") as file:
        theirs = bdec(file.read(), nesting=16)
    size = len(files) if isinstance(files, bytes) else sum(len(data) for _, data in files)
    first = 1 << (-(-size // piece_length) - 1).bit_length()
    mine = Sealed(master, name, files, piece_length, coupons.bit_length() - 1, range(first, first + free), anonymous)
    assert benc(theirs[b"info"]) == mine.info, (case, theirs[b"info"], bdec(mine.info, nesting=16))
    said = events[-1]
    wanted = dict(infoHash=mine.info_hash.hex(), xLnt=mine.x_lnt.hex(), root=mine.root.hex(), salt=mine.salt.hex(),
                  publisherKey=mine.pk.hex(), pieces=mine.n, couponsPerSpan=coupons, depth=mine.geometry.d,
                  freeSpans=[*range(first, first + free)])
    assert all(said[key] == value for key, value in wanted.items()), (case, said, wanted)
    proofs(mine, rng)
    return out, said


def proofs(mine, rng):
    """Own proofs of the root that both agree on fold, and a bit less does not."""
    torrent = Torrent(mine.info)
    for v in rng.sample(mine.geometry.spans(), min(4, mine.n)):
        kc, pt, cv = mine.rows[v]
        torrent.check_record(v, kc, pt, cv, mine.rpath(v))
        j = rng.randrange(1 << mine.c)
        _, h, w = mine.coupon(v, j)
        torrent.check_coupon(v, j, h, w, cv, mine.cpath(v, j))
        assert refuses(lambda: torrent.check_coupon(v, NO_COUPON, h, w, cv, mine.cpath(v, j)))
        for level in range(mine.geometry.k(v) + 1):
            rows, path = mine.run(v, level)
            assert torrent.check_rows(v, level, rows, path)[v << level] == mine.rows[v << level]
            assert refuses(lambda: torrent.check_rows(v, level, rows, path + bytes(32)))


def run(repo, folder, seed):
    rng = random.Random(seed)
    for case in CASES:
        out, said = one(repo, folder, rng, case)
    code, events, _ = lntorrent(repo, "inspect", out, "--json")
    assert code == 0 and all(events[-1][key] == said[key] for key in events[-1]), "inspect says something else than seal"
    print(f"claim: {len(CASES)} random files seal to the same info dict, byte by byte")
    tree = [(["a.txt"], rng.randbytes(1)), (["b", "c.bin"], rng.randbytes(50_001)), (["b", "d", "e"], rng.randbytes(70_000)),
            (["f"], rng.randbytes(16_384))]
    one(repo, folder, rng, (0, 20000, 16, 1, False), tree)
    print("claim: a folder with files of odd sizes in folders seals to the same info dict")
