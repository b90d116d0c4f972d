#include <chrono>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <thread>

#include "cause/test_process.h"
#include "query/database.h"
#include "query/tables/tables.h"

namespace inquest::query {
namespace {

using cause::DeadProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string shown(const Statement::Cell& cell) {
  if (const auto* number = std::get_if<int64_t>(&cell)) return fmt::format("{}", *number);
  if (const auto* real = std::get_if<double>(&cell)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string_view>(&cell)) return std::string(*text);
  if (const auto* blob = std::get_if<Bytes>(&cell)) return fmt::format("{} bytes", blob->size());
  return "NULL";
}

/// A process of two modules, three threads and four mappings, one in the upper half of the
/// addresses.
class Query : public ::testing::Test {
 protected:
  void SetUp() override {
    testkit::ByteBuilder data;
    dead_.map(0x10000, std::vector<std::byte>(4096), "r-x", "/bin/game")
        .map(0x20000, words({0x10010, 0x6f6c6c6568, 0xFFFFFFFFFF600010}), "rw-", "")
        .map(0x7f0000000000, std::vector<std::byte>(8192), "rw-", "[stack]")
        .reserve(0xFFFFFFFFFF600000, 4096, "--x", "[vsyscall]")
        .module(0x10000, 4096, "/bin/game", true)
        .module(0x30000, 4096, std::string("/lib/\xffodd\x01\0.so", 14))
        .thread(9, "wor\xfeker", {{"rip", 0x10010}, {"rsp", 0x7f0000000100}})
        .thread(7, "main", {{"rip", 0x10020}, {"rsp", 0x7f0000000800}}, true)
        .signal(11, 1, 0x24);
    process_ = dead_.open();
    auto opened = Database::open(*process_, {});
    ASSERT_TRUE(opened) << opened.error().line();
    db_ = *std::move(opened);
  }

  static std::vector<std::byte> words(std::initializer_list<uint64_t> values) {
    std::vector<std::byte> bytes;
    for (uint64_t value : values) {
      for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::byte>(value >> i * 8));
    }
    return bytes;
  }

  /// Rows as "a|b"; one "error: ..." where the query is refused.
  std::vector<std::string> ask(std::string_view sql) {
    std::vector<std::string> rows;
    while (true) {
      auto statement = db_->prepare(sql);
      if (!statement) return {"error: " + statement.error().line()};
      if (!*statement) return rows;
      while (true) {
        auto more = (*statement)->next();
        if (!more) return {"error: " + more.error().line()};
        if (!*more) break;
        std::string row;
        for (size_t i = 0; i < (*statement)->columns().size(); ++i) {
          row += (i == 0 ? "" : "|") + shown((*statement)->cell(i));
        }
        rows.push_back(row);
      }
    }
  }

  DeadProcess dead_;
  std::unique_ptr<cause::Process> process_;
  std::unique_ptr<Database> db_;
};

TEST_F(Query, EveryTableAnswers) {
  for (const auto& table : db_->tables()) {
    auto rows = ask(fmt::format("SELECT count(*) FROM {}", table->name()));
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_THAT(rows[0], ::testing::Not(HasSubstr("error"))) << table->name();
    rows = ask(fmt::format("SELECT * FROM {} LIMIT 5", table->name()));
    for (const auto& row : rows)
      EXPECT_THAT(row, ::testing::Not(HasSubstr("error:"))) << table->name();
  }
  for (const View& view : views()) {
    auto rows = ask(fmt::format("SELECT count(*) FROM {}", view.name));
    EXPECT_THAT(rows[0], ::testing::Not(HasSubstr("error"))) << view.name;
  }
}

TEST_F(Query, RowsAreFoundByAddress) {
  EXPECT_THAT(ask("SELECT file FROM regions WHERE address = 0x10000"), ElementsAre("/bin/game"));
  EXPECT_THAT(ask("SELECT size FROM regions WHERE holds = 0x7f0000001fff"), ElementsAre("8192"));
  EXPECT_THAT(ask("SELECT file FROM regions(0x10abc)"), ElementsAre("/bin/game"));
  EXPECT_THAT(ask("SELECT file FROM regions WHERE holds = 0x11000"), IsEmpty());
  EXPECT_THAT(
      ask("SELECT hex(address) FROM regions WHERE address BETWEEN 0x10001 AND 0x7f0000000000"),
      ElementsAre("0x20000", "0x7f0000000000"));
  EXPECT_THAT(ask("SELECT count(*) FROM regions WHERE address > 0x10000 AND address < 0x20000"),
              ElementsAre("0"));
  EXPECT_THAT(ask("SELECT count(*) FROM regions WHERE address = NULL"), ElementsAre("0"));
  EXPECT_THAT(ask("SELECT count(*) FROM regions WHERE address >= 65536.5"), ElementsAre("2"));
  EXPECT_THAT(ask("SELECT r.file FROM threads t JOIN regions r ON r.holds = t.pc WHERE t.id = 7"),
              ElementsAre("/bin/game"));
}

TEST_F(Query, TheUpperHalfIsNegativeAndSortedSo) {
  EXPECT_THAT(ask("SELECT hex(address) FROM regions ORDER BY address"),
              ElementsAre("0xffffffffff600000", "0x10000", "0x20000", "0x7f0000000000"));
  EXPECT_THAT(ask("SELECT file FROM regions WHERE address < 0"), ElementsAre("[vsyscall]"));
  EXPECT_THAT(ask("SELECT file FROM regions WHERE holds = 0xffffffffff600010"),
              ElementsAre("[vsyscall]"));
  EXPECT_THAT(ask("SELECT count(*) FROM regions WHERE address <= 0x20000"), ElementsAre("3"));
  EXPECT_THAT(ask("SELECT hex(address) FROM regions ORDER BY address DESC LIMIT 1"),
              ElementsAre("0x7f0000000000"));
}

TEST_F(Query, ThreadsAndFrames) {
  EXPECT_THAT(ask("SELECT id, name, crashed, hex(pc) FROM threads ORDER BY id"),
              ElementsAre("7|main|1|0x10020", "9|wor\xEF\xBF\xBDker|0|0x10010"));
  EXPECT_THAT(ask("SELECT thread, depth, module, trust FROM frames WHERE depth = 0"),
              ElementsAre("7|0|game|context", "9|0|game|context"));
  EXPECT_THAT(ask("SELECT depth FROM frames WHERE thread = 9 AND depth = 0"), ElementsAre("0"));
  EXPECT_THAT(ask("SELECT DISTINCT thread FROM frames WHERE thread > 7"), ElementsAre("9"));
  EXPECT_THAT(ask("SELECT hex(pc) FROM crashed_stack LIMIT 1"), ElementsAre("0x10020"));
  EXPECT_THAT(ask("SELECT value FROM process WHERE name = 'signal'"), ElementsAre("11"));
}

TEST_F(Query, TextOfStrangersIsUtf8) {
  EXPECT_THAT(ask("SELECT name FROM modules WHERE NOT is_main"),
              ElementsAre("\xEF\xBF\xBDodd\x01\xEF\xBF\xBD.so"));
}

TEST_F(Query, FunctionsReadTheProcess) {
  EXPECT_THAT(ask("SELECT hex(word_at(0x20000)), text_at(0x20008), bytes_at(0x20000, 3)"),
              ElementsAre("0x10010|hello|3 bytes"));
  EXPECT_THAT(ask("SELECT hex(word_at(0x20010)), word_at(0x50000), text_at(NULL)"),
              ElementsAre("0xffffffffff600010|NULL|NULL"));
  EXPECT_THAT(ask("SELECT address('0x1F') = 0x1f, address('12zz'), hex('AZ'), hex(NULL)"),
              ElementsAre("1|NULL|415A|NULL"));
  EXPECT_THAT(ask("SELECT symbol_at(0x10010)"), ElementsAre("game+0x10"));
  EXPECT_THAT(ask("SELECT bytes_at(0x20000, -1), bytes_at(0x20fff, 1 << 40)"),
              ElementsAre("NULL|1 bytes"));
}

TEST_F(Query, OnlyReadingIsAllowed) {
  for (const char* sql :
       {"ATTACH '/tmp/inquest-test.db' AS x", "CREATE TABLE t(a)", "CREATE TEMP TABLE t(a)",
        "DELETE FROM blocks", "DROP TABLE blocks", "DROP VIEW leaks",
        "VACUUM INTO '/tmp/inquest-x'", "PRAGMA temp_store_directory = '/'",
        "PRAGMA writable_schema = 1", "BEGIN", "SELECT load_extension('x')",
        "INSERT INTO blocks(address) VALUES (1)", "CREATE VIRTUAL TABLE x USING inquest(blocks)"}) {
    auto rows = ask(sql);
    ASSERT_EQ(rows.size(), 1u) << sql;
    EXPECT_THAT(rows[0], HasSubstr("error: ")) << sql;
  }
  EXPECT_THAT(ask("PRAGMA table_info(blocks)"), ::testing::SizeIs(8));
}

TEST_F(Query, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_THAT(ask("SELECT sise FROM blocks")[0], HasSubstr("no such column: sise, at: sise FROM"));
  EXPECT_THAT(ask("SELEKT 1")[0], HasSubstr("syntax error, at: SELEKT 1"));
  EXPECT_THAT(ask("SELECT \"nothing\"")[0], HasSubstr("error"));
}

TEST_F(Query, MemoryAndTimeAreBounded) {
  EXPECT_THAT(ask("SELECT length(zeroblob(100000000))")[0], HasSubstr("error"));
  std::string_view endless =
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT max(x) FROM c";
  auto statement = db_->prepare(endless);
  ASSERT_TRUE(statement && *statement);
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    db_->interrupt();
  });
  auto row = (*statement)->next();
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().what, "interrupted");
  stopper.join();
  db_->go_on();
  EXPECT_THAT(ask("SELECT 1; SELECT 2; -- done\n"), ElementsAre("1", "2"));
}

TEST_F(Query, WarningsSayWhatIsMissing) {
  EXPECT_THAT(
      ask("SELECT count(*) FROM warnings WHERE about = 'heap' AND what LIKE 'no block of any%'"),
      ElementsAre("1"));
  EXPECT_FALSE(db_->sources().take_new_warnings().empty());
  EXPECT_TRUE(db_->sources().take_new_warnings().empty());
  auto verdict =
      ask("SELECT kind, (SELECT count(*) FROM evidence WHERE finding = 0) > 0 FROM findings WHERE "
          "id = 0");
  ASSERT_EQ(verdict.size(), 1u);
  EXPECT_THAT(verdict[0], HasSubstr("|1"));
}

TEST_F(Query, TheSchemaIsThatOfTheDocument) {
  // PRAGMA table_xinfo and our own list of columns agree.
  for (const auto& table : db_->tables()) {
    std::vector<std::string> ours;
    for (const Column& column : table->columns()) {
      ours.push_back(fmt::format("{} {}", column.name, declared(column.type)));
    }
    auto theirs =
        ask(fmt::format("SELECT name || ' ' || type FROM pragma_table_xinfo('{}')", table->name()));
    EXPECT_EQ(theirs, ours) << table->name();
    EXPECT_THAT(schema_of(*db_, table->name()).value_or(""), HasSubstr("CREATE TABLE"));
  }
  EXPECT_THAT(schema_of(*db_, "leaks").value_or(""), HasSubstr("CREATE VIEW leaks"));
  EXPECT_FALSE(schema_of(*db_, "nothing"));

  const std::string path = "docs/sql.md", begin = "<!-- schema -->\n", end = "<!-- /schema -->\n";
  std::stringstream read;
  read << std::ifstream(path).rdbuf();
  std::string document = read.str();
  size_t from = document.find(begin), to = document.find(end);
  ASSERT_TRUE(from != document.npos && to != document.npos) << path;
  std::string expected = schema_markdown(db_->tables());
  from += begin.size();
  if (std::getenv("INQUEST_UPDATE_DOCS")) {
    std::ofstream(path) << document.substr(0, from) << expected << document.substr(to);
    return;
  }
  EXPECT_EQ(document.substr(from, to - from), expected)
      << "run this test with INQUEST_UPDATE_DOCS=1 to write the new schema into " << path;
}

}  // namespace
}  // namespace inquest::query
