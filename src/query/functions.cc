#include "query/functions.h"

#include <charconv>
#include <sqlite3.h>

#include "base/limits.h"
#include "query/sources.h"
#include "query/table.h"

namespace inquest::query {
namespace {

Sources& sources_of(sqlite3_context* context) {
  return *static_cast<Sources*>(sqlite3_user_data(context));
}

std::string_view text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (!text) return {};
  return {text, static_cast<size_t>(sqlite3_value_bytes(value))};
}

/// The address of an integer argument; absent for all else.
std::optional<Address> address_of(sqlite3_value* value) {
  if (sqlite3_value_type(value) != SQLITE_INTEGER) return {};
  return Address{static_cast<uint64_t>(sqlite3_value_int64(value))};
}

/// SQLite's own hex() of a number gives the hex of its decimal digits, which nobody wants here.
void hex(sqlite3_context* context, int, sqlite3_value** values) {
  if (auto number = address_of(values[0])) return Cell(context).text(fmt::format("{}", *number));
  if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
  const auto* bytes = static_cast<const unsigned char*>(sqlite3_value_blob(values[0]));
  std::string text;
  for (int i = 0; i < sqlite3_value_bytes(values[0]); ++i) {
    text += "0123456789ABCDEF"[bytes[i] >> 4];
    text += "0123456789ABCDEF"[bytes[i] & 15];
  }
  Cell(context).text(text);
}

void address(sqlite3_context* context, int, sqlite3_value** values) {
  if (auto number = address_of(values[0])) return Cell(context).address(*number);
  std::string_view text = text_of(values[0]);
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error == std::errc() && end == text.data() + text.size()) Cell(context).integer(number);
}

void symbol_at(sqlite3_context* context, int, sqlite3_value** values) {
  if (auto at = address_of(values[0]))
    Cell(context).text(sources_of(context).process().describe(*at));
}

void word_at(sqlite3_context* context, int, sqlite3_value** values) {
  auto at = address_of(values[0]);
  if (!at) return;
  const cause::Process& process = sources_of(context).process();
  auto word = process.memory().read_pointer(*at, snapshot::pointer_size(process.arch()));
  if (word) Cell(context).integer(*word);
}

void text_at(sqlite3_context* context, int, sqlite3_value** values) {
  auto at = address_of(values[0]);
  if (!at) return;
  const auto& memory = sources_of(context).process().memory();
  if (auto text = memory.read_string(*at, kLimits.string_bytes)) Cell(context).text(*text);
}

void bytes_at(sqlite3_context* context, int, sqlite3_value** values) {
  auto at = address_of(values[0]);
  if (!at) return;
  int64_t wanted = sqlite3_value_int64(values[1]);
  if (wanted < 0) wanted = 0;
  size_t size = std::min(static_cast<size_t>(wanted), kLimits.string_bytes);
  std::vector<std::byte> bytes(size);
  size_t got = sources_of(context).process().memory().read(*at, bytes);
  if (got == 0) return;
  sqlite3_result_blob(context, bytes.data(), static_cast<int>(got), SQLITE_TRANSIENT);
}

}  // namespace

const std::vector<Function>& functions() {
  static const std::vector<Function> all = {
      {"hex(n)", "a number as 0x7f12...; of text and blobs SQLite's own"},
      {"address(text)", "the number of '0x7f12...' or '7f12...'"},
      {"symbol_at(address)", "`game::Guild::rank() + 0x12 (lobby+0x4012)`"},
      {"word_at(address)", "the pointer that lies there; NULL when the dump does not hold it"},
      {"text_at(address)", "the text up to its NUL byte, at most 64 KiB"},
      {"bytes_at(address, n)", "n bytes as a blob, fewer when the dump holds fewer"},
  };
  return all;
}

int add_functions(sqlite3* db, Sources& sources) {
  struct Known {
    const char* name;
    int arguments;
    void (*function)(sqlite3_context*, int, sqlite3_value**);
  };
  static constexpr Known kKnown[] = {
      {"hex", 1, hex},         {"address", 1, address}, {"symbol_at", 1, symbol_at},
      {"word_at", 1, word_at}, {"text_at", 1, text_at}, {"bytes_at", 2, bytes_at}};
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  for (const Known& one : kKnown) {
    int status = sqlite3_create_function_v2(db, one.name, one.arguments, kFlags, &sources,
                                            one.function, nullptr, nullptr, nullptr);
    if (status != SQLITE_OK) return status;
  }
  return SQLITE_OK;
}

}  // namespace inquest::query
