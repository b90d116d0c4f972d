"""Run inside gdb (gdb -batch -x gdb_frames.py PROGRAM CORE): all stacks as JSON on the last line."""
import json

import gdb


def frames():
    frame = gdb.newest_frame()
    while frame is not None and frame.is_valid():
        place = frame.find_sal()
        yield {"pc": frame.pc(), "function": frame.name() or "",
               "inlined": frame.type() == gdb.INLINE_FRAME,
               "signal": frame.type() == gdb.SIGTRAMP_FRAME,
               "tail_call": frame.type() == gdb.TAILCALL_FRAME,
               "file": place.symtab.filename if place.symtab else "", "line": place.line}
        try:
            frame = frame.older()
        except gdb.error:
            return


gdb.execute("set pagination off")
gdb.execute("set backtrace past-main on")
gdb.execute("set backtrace limit 2000")
stacks = []
for inferior in gdb.inferiors():
    for thread in sorted(inferior.threads(), key=lambda t: t.num):
        thread.switch()
        stacks.append({"id": thread.ptid[1], "frames": list(frames())})
print("\nJSON " + json.dumps(stacks))
