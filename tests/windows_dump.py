"""A program for Windows of an executable and a library, and the minidump it would leave: for tests of symbols.

Nothing is run: the stack is laid out as the code of the functions says, from their prologues and calls.
"""
import pathlib
import re
import shutil
import struct
import subprocess

CLANG, LINK = shutil.which("clang-19"), shutil.which("lld-link-19")
STACK = 0x7000_0000_0000
# The library calls back into the executable; `{salt}` makes another build.
SOURCES = {
    "engine.dll": """
        int salt = {salt};
        __declspec(dllexport) int engine_tick(int (*callback)(int), int n) {{ return callback(n) + salt; }}
        int __stdcall _DllMainCRTStartup(void* a, int b, void* c) {{ return 1; }}
    """,
    "game.exe": """
        __declspec(dllimport) int engine_tick(int (*callback)(int), int n);
        int scores[20000] = {{ {salt} }};
        struct Player {{ int place[6]; int health; }};
        struct Player* volatile hero;
        __declspec(noinline) int damage(int n) {{ return hero->health -= n; }}
        __declspec(noinline) int play(int n) {{ return engine_tick(damage, n) + scores[3]; }}
        int start(void) {{ return play(7) + 1; }}
    """,
}


def have_tools():
    return bool(CLANG and LINK)


class Image:
    """A linked image: its bytes, its functions, its identity."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.bytes = self.path.read_bytes()
        (pe,) = struct.unpack_from("<I", self.bytes, 0x3c)
        sections, self.stamp, _, _, optional = struct.unpack_from("<HIIIH", self.bytes, pe + 6)
        (self.base,) = struct.unpack_from("<Q", self.bytes, pe + 24 + 24)
        (self.size,) = struct.unpack_from("<I", self.bytes, pe + 24 + 56)
        table = pe + 24 + optional
        self.sections = [struct.unpack_from("<8sIIII", self.bytes, table + 40 * i) for i in range(sections)]
        at = self.bytes.index(b"RSDS")
        self.codeview = self.bytes[at:self.bytes.index(b"\0", at + 24) + 1]
        text = self.path.with_suffix(".map").read_text()
        self.functions = {m[1]: int(m[2], 16) for m in
                          re.finditer(r"^ [0-9a-f]{4}:[0-9a-f]{8}\s+(\S+)\s+([0-9a-f]{16})", text, re.M)}

    @property
    def id(self):
        a, b, c = struct.unpack_from("<IHH", self.codeview, 4)
        (age,) = struct.unpack_from("<I", self.codeview, 20)
        return f"{a:08X}{b:04X}{c:04X}{self.codeview[12:20].hex().upper()}{age:X}"

    def code(self, function):
        """The first bytes of a function, and its address."""
        address = self.functions[function]
        for _, size, rva, _, raw in self.sections:
            if rva <= address - self.base < rva + size:
                return self.bytes[raw + address - self.base - rva:][:96], address
        raise ValueError(f"{function} lies in no section")

    def after_call(self, function):
        """The return address into `function`, and the bytes that it keeps on the stack."""
        code, address = self.code(function)
        frame = re.match(rb"\x48\x83\xec(.)", code, re.S)
        call = re.search(rb"\xe8....|\xff\x15....|\xff\xd0", code, re.S)
        if not frame or not call:
            raise ValueError(f"{function} is compiled in another way than this test knows: {code.hex()}")
        return address + call.end(), frame[1][0]


def build(folder, salt=1):
    """game.exe and engine.dll with their PDBs in `folder`, as Images by name."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    images = {}
    for name, source in SOURCES.items():
        stem, suffix = name.split(".")
        (folder / f"{stem}.c").write_text(source.format(salt=salt))
        run = lambda *command: subprocess.run(command, cwd=folder, check=True, capture_output=True)
        run(CLANG, "--target=x86_64-pc-windows-msvc", "-O1", "-g", "-gcodeview", "-ffreestanding",
            "-fasynchronous-unwind-tables", "-fno-optimize-sibling-calls", "-c", f"{stem}.c", "-o", f"{stem}.obj")
        options = ["/dll"] if suffix == "dll" else ["/entry:start", "/subsystem:console", "engine.lib"]
        run(LINK, "/debug", "/map", f"/pdbaltpath:{stem}.pdb", "/nodefaultlib", f"/out:{name}", f"{stem}.obj",
            *options)
        images[name] = Image(folder / name)
    return images


def stack_and_registers(images):
    game, engine = images["game.exe"], images["engine.dll"]
    words, depth = {}, 0
    for image, function in ((engine, "engine_tick"), (game, "play"), (game, "start")):
        back, frame = image.after_call(function)
        words[depth] = back
        depth += 8 + frame
    words[depth] = 0
    stack = bytearray(depth + 64)
    for at, word in words.items():
        struct.pack_into("<Q", stack, at, word)
    code, address = game.code("damage")
    fault = re.search(rb"\x8b.\x18|\x29.\x18|\x2b.\x18", code, re.S)  # the access of `health`, at 24
    return bytes(stack), {0xf8: address + fault.start(), 0x98: STACK}


def memory_streams(stack, ranges):
    """A full-memory dump's: all memory with its rights. The bytes come last in the file, the stack's first."""
    ranges = [(STACK, len(stack)), *ranges]
    memory = b"".join(struct.pack("<QQ", *r) for r in ranges)
    rights = b"".join(struct.pack("<QQIIQIIII", base, base, 4, 0, (size + 4095) & ~4095, 0x1000, 4, 0x20000, 0)
                      for base, size in ranges)
    return memory, struct.pack("<IIQ", 16, 48, len(ranges)) + rights


def write_dump(path, images, ranges=None, threads=1):
    """The process died in damage(), which engine_tick() called, of a null `hero`.

    With `ranges` (address, size; ascending and above the stack) it is a full-memory dump whose memory is zero there,
    which costs no disk; `threads` have the same stack.
    """
    body = bytearray(32)

    def put(data):
        body.extend(bytes(-len(body) % 8))
        at = len(body)
        body.extend(data)
        return at, len(data)

    stack, registers = stack_and_registers(images)
    context = bytearray(1232)
    struct.pack_into("<I", context, 0x30, 0x10000b)
    for at, value in registers.items():
        struct.pack_into("<Q", context, at, value)
    context_at, context_size = put(context)
    stack_at, _ = put(stack)
    if ranges is not None:
        stack_at = 0
    thread_list = struct.pack("<I", threads) + b"".join(
        struct.pack("<IIIIQQIIII", 7 + n, 0, 0, 0, 0, STACK, len(stack) if stack_at else 0, stack_at, context_size,
                    context_at) for n in range(threads))
    modules = b""
    for name, image in sorted(images.items(), reverse=True):  # the executable comes first
        text = f"C:\\game\\{name}".encode("utf-16-le")
        name_at, _ = put(struct.pack("<I", len(text)) + text + b"\0\0")
        record_at, record_size = put(image.codeview)
        modules += struct.pack("<QIIII", image.base, image.size, 0, image.stamp, name_at) + bytes(52)
        modules += struct.pack("<IIII", record_size, record_at, 0, 0) + bytes(16)
    exception = struct.pack("<IIIIQQII2Q", 7, 0, 0xc0000005, 0, 0, registers[0xf8], 2, 0, 0, 24) + bytes(13 * 8)
    exception += struct.pack("<II", context_size, context_at)
    version_at, _ = put(struct.pack("<I", 0) + b"\0\0")
    system = struct.pack("<HHHBBIIIIIHH", 9, 6, 0, 4, 1, 10, 0, 19045, 2, version_at, 0, 0) + bytes(24)
    memory = struct.pack("<IQII", 1, STACK, len(stack), stack_at)
    streams = {7: system, 3: thread_list, 6: exception, 4: struct.pack("<I", len(images)) + modules}
    if ranges is None:
        streams[5] = memory
    else:
        all_memory, streams[16] = memory_streams(stack, ranges)
        streams[9] = struct.pack("<QQ", 1 + len(ranges), 0) + all_memory
    directory = b""
    for kind, data in streams.items():
        at, size = put(data)
        if kind == 9:
            base_at = at + 8
        directory += struct.pack("<III", kind, size, at)
    directory_at, _ = put(directory)
    struct.pack_into("<IIIIIIQ", body, 0, 0x504d444d, 0xa793, len(streams), directory_at, 0, 1_700_000_000, 0)
    if ranges is not None:
        memory_at, _ = put(stack)
        struct.pack_into("<Q", body, base_at, memory_at)
    with open(path, "wb") as file:
        file.write(body)
        if ranges:
            file.truncate(len(body) + sum(size for _, size in ranges))
