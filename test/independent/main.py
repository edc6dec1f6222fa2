"""All checks of an independent implementation against this one: `python main.py REPO VECTORS FOLDER SEED [part…]`."""

import asyncio
import hashlib
import json
import os
import sys

import buying
import flooding
import lying
import sealing
import selling
import stalling
import vectors
from money import Wallet


async def trade(repo, vector_path, folder, seed, parts):
    pipe = asyncio.subprocess.PIPE
    node = os.path.join(repo, "node_modules/.bin/node")
    here = os.path.join(repo, "test/independent/ledger.ts")
    ledger = await asyncio.create_subprocess_exec(node, here, stdin=pipe, stdout=pipe)
    try:
        port = int((await ledger.stdout.readline()).decode().rsplit(":", 1)[1])
        wallet = await Wallet.open(port, hashlib.sha256(b"python peer").digest())
        if "buying" in parts:
            await buying.run(repo, folder, port, wallet, seed)
        if "flooding" in parts:
            with open(vector_path) as file:
                await flooding.run(repo, folder, port, wallet, seed, json.load(file)["v12_malformed"])
        if "selling" in parts:
            await selling.run(repo, folder, port, wallet, seed)
        if "lying" in parts:
            with open(vector_path) as file:
                await lying.run(repo, folder, port, wallet, seed, json.load(file)["v12_malformed"])
        if "stalling" in parts:
            await stalling.run(repo, folder, port, wallet, seed)
        await wallet.close()
    finally:
        ledger.stdin.close()
        await ledger.wait()


def main(repo, vector_path, folder, seed, *parts):
    parts = parts or ("vectors", "sealing", "buying", "flooding", "selling", "lying", "stalling")
    print(f"seed {seed}")
    if "vectors" in parts:
        with open(vector_path) as file:
            print(f"claim: {vectors.run(json.load(file))} values of the vectors are met")
    if "sealing" in parts:
        sealing.run(repo, folder, int(seed))
    asyncio.run(trade(repo, vector_path, folder, int(seed), parts))


if __name__ == "__main__":
    main(*sys.argv[1:])
