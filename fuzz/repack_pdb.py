#!/usr/bin/env python3
"""Repacks a PDB into blocks of 512 bytes, so that it makes a small seed: repack_pdb.py IN OUT."""
import struct
import sys

MAGIC = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0"
BLOCK = 512


def read_streams(data):
    block, _, _, size, _, block_map = struct.unpack_from("<6I", data, 32)

    def gather(blocks, size):
        return b"".join(data[b * block:(b + 1) * block] for b in blocks)[:size]

    count = -(-size // block)
    directory = gather(struct.unpack_from(f"<{count}I", data, block_map * block), size)
    n = struct.unpack_from("<I", directory)[0]
    sizes = struct.unpack_from(f"<{n}I", directory, 4)
    at, streams = 4 + 4 * n, []
    for size in sizes:
        size = 0 if size == 0xffffffff else size
        count = -(-size // block)
        streams.append(gather(struct.unpack_from(f"<{count}I", directory, at), size))
        at += 4 * count
    return streams


def pack(streams):
    blocks = [b"", b"", b""]  # header, two free block maps

    def store(data):
        first = len(blocks)
        for at in range(0, len(data), BLOCK):
            blocks.append(data[at:at + BLOCK].ljust(BLOCK, b"\0"))
        return list(range(first, len(blocks)))

    places = [store(s) for s in streams]
    directory = struct.pack(f"<{1 + len(streams)}I", len(streams), *map(len, streams))
    directory += b"".join(struct.pack("<I", b) for place in places for b in place)
    where = store(directory)
    block_map = store(struct.pack(f"<{len(where)}I", *where))[0]
    blocks[0] = MAGIC + struct.pack("<6I", BLOCK, 1, len(blocks), len(directory), 0, block_map)
    return b"".join(b.ljust(BLOCK, b"\0") for b in blocks)


def main():
    streams = read_streams(open(sys.argv[1], "rb").read())
    open(sys.argv[2], "wb").write(pack(streams))


if __name__ == "__main__":
    main()
