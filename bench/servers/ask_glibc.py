"""Run by gdb on a stopped process: what glibc's variables say of its malloc, as JSON.

mallinfo2 counts the blocks that threads keep (tcache) as used. So these are read from the variables, which libc6-dbg
describes; the process is only read.
Usage: OUT=FILE gdb -batch -x ask_glibc.py -p PID
"""
import json
import os

import gdb


def arenas():
    """Of each arena: address, bytes from the system, bytes of its top chunk."""
    found = []
    first = gdb.parse_and_eval("&main_arena")
    at = first
    while True:
        arena = at.dereference()
        top = int(arena["top"])
        size = int(gdb.parse_and_eval(f"*(unsigned long*){top + 8}")) & ~7
        found.append({"at": int(at), "system": int(arena["system_mem"]), "top": size})
        at = arena["next"]
        if int(at) == int(first):
            return found


def caches():
    """Blocks that threads keep, and the bytes of their chunks; the caches themselves, and the threads' arenas."""
    blocks = size = 0
    own, of_thread = [], {}
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        of_thread[thread.ptid[1]] = int(gdb.parse_and_eval("(unsigned long)thread_arena"))
        cache = gdb.parse_and_eval("tcache")
        if int(cache) == 0:
            continue
        own.append(int(cache))
        counts = cache.dereference()["counts"]
        for i in range(64):
            count = int(counts[i])
            blocks += count
            size += count * (32 + 16 * i)
    return {"blocks": blocks, "bytes": size, "own": own}, of_thread


gdb.execute("set confirm off")
gdb.execute("set pagination off")
tcache, threads = caches()
answer = {"tcache": tcache, "threads": threads, "arenas": arenas()}
with open(os.environ["OUT"], "w") as out:
    json.dump(answer, out)
