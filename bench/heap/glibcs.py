"""glibc as other suites of Debian have it: downloaded by apt, unpacked, run by its own loader."""
import os
import pathlib
import re
import subprocess

from patient import WORK, Variant

SUITES = ("trixie", "sid")
HOST_LIBRARIES = "/usr/lib/x86_64-linux-gnu"  # libstdc++ and libgcc are this system's


def mirror():
    """The first Debian archive that this system's apt uses, and the key that signs it."""
    files = [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))]
    for file in files:
        text = file.read_text() if file.is_file() else ""
        found = re.search(r"^(?:URIs:\s*|deb\s+(?:\[.*\]\s*)?)(\S+/debian)/?(?:\s|$)", text, re.M)
        if found:
            return found[1]
    return None


def apt_options(suite):
    """A private apt: its own list of sources, its own state; nothing of the system's changes."""
    home = WORK / "apt" / suite
    for folder in ("lists/partial", "archives/partial"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    signed = f"[signed-by={keyring}] " if os.path.exists(keyring) else ""
    (home / "sources.list").write_text(f"deb {signed}{mirror()} {suite} main\n")
    settings = {"Dir::Etc::SourceList": home / "sources.list", "Dir::Etc::SourceParts": "-",
                "Dir::State::Lists": home / "lists", "Dir::Cache": home, "Dir::Cache::Archives": home / "archives",
                "Acquire::Languages": "none", "Acquire::Retries": "3", "Acquire::http::Timeout": "30",
                "APT::Sandbox::User": "root"}
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def fetch(suite):
    """The folder of the unpacked libc6 of a suite, and its version; None with a line why."""
    home = WORK / f"libc6-{suite}"
    if not list(home.glob("*.deb")):
        if mirror() is None:
            print(f"glibc of {suite}: skipped, apt knows no Debian archive")
            return None
        home.mkdir(parents=True, exist_ok=True)
        for command in (["update"], ["download", "libc6"]):
            done = subprocess.run(["apt-get", "-q", *apt_options(suite), *command], cwd=home, capture_output=True,
                                  text=True)
            if done.returncode != 0:
                break
        if done.returncode != 0 or not list(home.glob("*.deb")):
            why = (done.stderr.splitlines() or [""])[-1]
            print(f"glibc of {suite}: skipped, libc6 could not be downloaded: {why}")
            return None
    package = next(home.glob("*.deb"))
    if not (home / "root").exists():
        subprocess.run(["dpkg-deb", "-x", str(package), str(home / "root")], check=True)
    version = subprocess.run(["dpkg-deb", "-f", str(package), "Version"], capture_output=True, text=True).stdout
    return home / "root", version.strip()


def newer(suite):
    """The way to run the generator on the glibc of a suite; None with a line why."""
    found = fetch(suite)
    if found is None:
        return None
    root, version = found
    loaders = sorted(root.rglob("ld-linux-x86-64.so.2"), key=lambda path: path.is_symlink())
    libraries = {str(path.parent) for path in root.rglob("libc.so.6")}
    if not loaders or not libraries:
        print(f"glibc of {suite}: skipped, its package has no loader for this machine")
        return None
    return Variant(f"glibc {version} ({suite})",
                   before=[str(loaders[0]), "--library-path", ":".join([*sorted(libraries), HOST_LIBRARIES])])


def variants():
    """glibc in all the ways in which it must be exact."""
    every = [Variant("glibc")]
    for count in (0, 2000):
        tunables = f"glibc.malloc.tcache_count={count}"
        every.append(Variant(f"glibc, tcache_count {count}", env={"GLIBC_TUNABLES": tunables}))
    every += [Variant("glibc, stripped program", program="heap-stripped"),
              Variant("glibc, static and stripped program", program="heap-static"),
              Variant("glibc, dumped by gdb's gcore", dumper="gcore")]
    return every + [variant for variant in map(newer, SUITES) if variant]
