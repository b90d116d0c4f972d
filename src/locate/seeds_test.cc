/// Writes the seeds of fuzz/msf_fuzz.cc: `INQUEST_WRITE_SEEDS=fuzz/corpus inquest_locate_test`.
#include <cstdlib>
#include <gtest/gtest.h>

#include "testkit/shell.h"
#include "testkit/windows_files.h"

namespace inquest::locate {
namespace {

TEST(Seeds, AreWritten) {
  const char* corpus = std::getenv("INQUEST_WRITE_SEEDS");
  if (!corpus) GTEST_SKIP() << "INQUEST_WRITE_SEEDS is not set";
  auto write = [&](const std::string& name, const std::string& text) {
    testkit::write_file(std::string(corpus) + "/msf/" + name, text);
  };
  std::string pdb = testkit::pdb_file({.more_streams = 100});
  write("pdb", pdb);
  write("pdb-no-dbi", testkit::pdb_file({.has_dbi = false}));
  write("pe32", testkit::pe_image({.machine = 0x14c}));
  write("pe64", testkit::pe_image({}));
  write("cab-mszip", testkit::cabinet("crash.pdb", pdb, true));
  write("cab-stored", testkit::cabinet("crash.pdb", "stored", false));
  write("zip", testkit::zip("crash.pdb", pdb));
  write("sym", "MODULE windows x86 5A9832E5287241C1838ED98914E9B7FF1 test_app.pdb\nFILE 1 a.cc\n");
  write("map", " crash\n\n Timestamp is 5ab38077 (Thu Mar 22 2018)\n");
  write("pointer", "PATH:\\\\server\\share\\crash.pdb\r\n");
  write("symbol-path",
        "/a:/b;srv*/c*https://a.example;cache*/d;symsrv*symsrv.dll*http://b.example");
}

}  // namespace
}  // namespace inquest::locate
