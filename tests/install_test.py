"""What is installed works: the program, and find_package(inquest) from a project of one's own."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

INQUEST = pathlib.Path(os.environ["INQUEST"])
BUILD = INQUEST.parent.parent

CONSUMER_CMAKE = """cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(inquest REQUIRED)
add_executable(consumer consumer.cc)
target_compile_features(consumer PRIVATE cxx_std_20)
target_link_libraries(consumer PRIVATE inquest::inquest)
"""
CONSUMER = r"""
#include <inquest/inquest.h>
#include <cstdio>
int main(int, char** argv) {
  inquest::Reply reply = inquest::why({.dump = argv[1]});
  std::printf("%s|%s|%s\n", reply.ok ? "ok" : "not ok", reply.cause.c_str(), reply.error.c_str());
}
"""
PATIENT = "#include <cstdlib>\nint main(int n, char**) { int* p = n > 5 ? &n : nullptr; return *p; }\n"


def run(*command, **keywords):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300,
                          **keywords)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


class Install(unittest.TestCase):
    def setUp(self):
        if "-fsanitize" in (BUILD / "build.ninja").read_text():
            self.skipTest("the sanitizer build is not installed")
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def make_core(self, inquest):
        (self.path / "patient.cc").write_text(PATIENT)
        run("g++", "-g", self.path / "patient.cc", "-o", self.path / "patient")
        core = self.path / "patient.core"
        subprocess.run([inquest, "run", "--core", core, "--no-verdict", "--", self.path / "patient"],
                       capture_output=True)
        return core

    def test_install_and_find_package(self):
        prefix = self.path / "prefix"
        run("cmake", "--install", BUILD, "--prefix", prefix)
        program = prefix / "bin/inquest"
        core = self.make_core(program)
        self.assertIn("null-dereference", run(program, "why", core, "--format", "json"))
        self.assertTrue(list(prefix.rglob("man1/inquest.1")))

        (self.path / "CMakeLists.txt").write_text(CONSUMER_CMAKE)
        (self.path / "consumer.cc").write_text(CONSUMER)
        run("cmake", "-S", self.path, "-B", self.path / "b", f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", self.path / "b")
        self.assertEqual(run(self.path / "b/consumer", core), "ok|null-dereference|\n")
        self.assertIn("not ok||", run(self.path / "b/consumer", self.path / "patient.cc"))

    def test_debian_package(self):
        if not shutil.which("dpkg-deb"):
            self.skipTest("dpkg-deb is not installed")
        run("cpack", "-G", "DEB", "-B", self.path / "package", cwd=BUILD)
        package = next((self.path / "package").glob("*.deb"))
        control = run("dpkg-deb", "-f", package)
        self.assertIn("Depends:", control)
        run("dpkg-deb", "-x", package, self.path / "root")
        program = self.path / "root/usr/bin/inquest"
        self.assertIn("inquest", run(program, "--version"))
        core = self.make_core(program)
        self.assertIn("null-dereference", run(program, "why", core, "--format", "json"))


if __name__ == "__main__":
    unittest.main()
