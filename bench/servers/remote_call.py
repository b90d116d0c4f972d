"""Calls functions inside a stopped process of x86-64, so that its allocator tells its own statistics.

gdb could, but allocates with the process's malloc what it passes, and needs more of ptrace than every sandbox has. The
process is stopped (SIGSTOP) before and after; only its first thread runs, for the calls.
"""
import ctypes
import os
import signal
import struct
import subprocess

ATTACH, DETACH, CONT, GETREGS, SETREGS = 16, 17, 7, 12, 13
RBP, RAX, RCX, RDX, RSI, RDI, ORIG_RAX, RIP, RSP = 4, 10, 11, 12, 13, 14, 15, 16, 19
ARGUMENTS = (RDI, RSI, RDX, RCX)
REGISTERS = 27
NOWHERE = 0x10  # where the function returns to: the fault says that it is done


class RemoteCalls:
    def __init__(self, pid):
        self.pid = pid
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
        self.libc.ptrace.restype = ctypes.c_long
        with open(f"/proc/{pid}/maps") as maps:
            self.maps = [line.split(maxsplit=5) for line in maps]
        stack = next(row[0] for row in self.maps if row[-1].strip() == "[stack]")
        # The end of the stack is the environment's text: it is put back when all is said.
        self.scratch = int(stack.split("-")[1], 16) - 1024
        self.memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)

    def __enter__(self):
        self.trace(ATTACH)
        os.waitpid(self.pid, 0)
        self.kept = self.read(self.scratch, 768)
        self.registers = self.get()
        return self

    def __exit__(self, *_):
        self.write(self.scratch, self.kept)
        self.set(self.registers)
        self.trace(DETACH)
        os.close(self.memory)

    def trace(self, request, data=None):
        if self.libc.ptrace(request, self.pid, None, data) < 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request}")

    def get(self):
        words = (ctypes.c_ulonglong * REGISTERS)()
        self.trace(GETREGS, ctypes.byref(words))
        return list(words)

    def set(self, values):
        self.trace(SETREGS, ctypes.byref((ctypes.c_ulonglong * REGISTERS)(*values)))

    def read(self, at, size):
        return os.pread(self.memory, size, at)

    def write(self, at, data):
        os.pwrite(self.memory, data, at)

    def symbol(self, library, name):
        """Address of an exported symbol of the library whose file's name begins so."""
        path = next(row[-1].strip() for row in self.maps if library in os.path.basename(row[-1].strip()))
        base = min(int(row[0].split("-")[0], 16) for row in self.maps if row[-1].strip() == path)
        listed = subprocess.check_output(["nm", "-D", "--defined-only", path], text=True)
        for line in listed.splitlines():
            value, _, symbol = line.split()
            if symbol.split("@")[0] == name:
                return base + int(value, 16)
        raise LookupError(f"{path} has no {name}")

    def call(self, function, *arguments):
        """rax after it. The stack is used well below where the thread stands."""
        registers = list(self.registers)
        sp = ((registers[RSP] - 4096) & ~15) - 8
        self.write(sp, struct.pack("<Q", NOWHERE))
        registers[RSP], registers[RIP], registers[RAX], registers[ORIG_RAX] = sp, function, 0, 2**64 - 1
        for register, value in zip(ARGUMENTS, arguments):
            registers[register] = value
        if len(arguments) > 4:
            registers[9] = arguments[4]  # r8
        self.set(registers)
        while True:
            self.trace(CONT, 0)
            _, status = os.waitpid(self.pid, 0)
            if not os.WIFSTOPPED(status):
                raise RuntimeError(f"the process ended in the call: {status:#x}")
            if os.WSTOPSIG(status) == signal.SIGSEGV:  # others, such as the stop that was there, are not for us
                break
        after = self.get()
        if after[RIP] != NOWHERE:
            raise RuntimeError(f"the call ended at {after[RIP]:#x}")
        return after[RAX]
