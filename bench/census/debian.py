"""Packages and sources of Debian's archive in a private folder: nothing of the system's apt changes."""
import os
import pathlib
import re
import subprocess

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def codename():
    found = re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(), re.M)
    return found[1] if found else "bookworm"


def mirror():
    """The Debian archive that this system's apt uses."""
    for file in [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))]:
        text = file.read_text() if file.is_file() else ""
        found = re.search(r"^(?:URIs:\s*|deb\s+(?:\[.*\]\s*)?)(\S+/debian)/?(?:\s|$)", text, re.M)
        if found:
            return found[1]
    return None


class Archive:
    """`with_debug`: the archive of debug symbols, which not every mirror has."""

    def __init__(self, folder, with_debug=False):
        self.folder = pathlib.Path(folder) / ("apt-debug" if with_debug else "apt")
        self.why = ""
        for name in ("lists/partial", "archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        base, suite = mirror(), codename()
        if base is None:
            self.why = "apt knows no Debian archive"
            return
        signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        places = [f"{base}-debug {suite}-debug"] if with_debug else \
            [f"{base} {suite}", f"{base} {suite}-updates", f"{base}-security {suite}-security"]
        kinds = ("deb",) if with_debug else ("deb", "deb-src")
        (self.folder / "sources.list").write_text(
            "".join(f"{kind} {signed}{place} main\n" for kind in kinds for place in places))
        done = self.apt("get", "update")
        if done.returncode != 0:
            self.why = (done.stderr.strip().splitlines() or ["apt-get update failed"])[0]

    def apt(self, tool, *words, cwd=None):
        settings = {"Dir::Etc::SourceList": self.folder / "sources.list", "Dir::Etc::SourceParts": "-",
                    "Dir::State::Lists": self.folder / "lists", "Dir::Cache": self.folder,
                    "Acquire::Languages": "none", "Acquire::Retries": "1", "Acquire::http::Timeout": "20",
                    "APT::Sandbox::User": "root"}
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        return subprocess.run([f"apt-{tool}", "-q", *options, *words], cwd=cwd, capture_output=True, text=True)

    def unpack(self, folder, packages):
        """Into folder/root; None, with why in self.why, when one cannot be had."""
        root = pathlib.Path(folder) / "root"
        if root.exists():
            return root
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        done = self.apt("get", "download", *packages, cwd=folder)
        found = sorted(pathlib.Path(folder).glob("*.deb"))
        if done.returncode != 0 or len(found) < len(packages):
            self.why = (done.stderr.strip().splitlines() or ["not found"])[0]
            return None
        for package in found:
            subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
            package.unlink()
        return root

    def source(self, folder, package):
        """The unpacked original source of the newest version that the archive still gives."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        versions = re.findall(r"^Version: (\S+)", self.apt("cache", "showsrc", package).stdout, re.M)
        for version in sorted(set(versions), key=lambda one: [int(n) for n in re.findall(r"\d+", one)], reverse=True):
            self.apt("get", "source", "--download-only", f"{package}={version}", cwd=folder)
            upstream = version.split(":")[-1].rsplit("-", 1)[0]
            for archive in folder.glob(f"{package}_{upstream}.orig.tar.*"):
                if archive.suffix == ".asc":
                    continue
                subprocess.run(["tar", "xf", str(archive)], cwd=folder, check=True)
                return next(path for path in folder.iterdir() if path.is_dir()), version
        self.why = f"the archive gives no source of {package}"
        return None
