#include "ingest/own_note.h"

#include <nlohmann/json.hpp>

namespace inquest::ingest {

OwnNote read_own_note(Bytes description) {
  using Json = nlohmann::json;
  constexpr size_t kLongest = 16 << 20;  // 400,000 threads
  constexpr int kDepth = 3;              // object, list, object
  OwnNote note;
  std::string_view text{reinterpret_cast<const char*>(description.data()), description.size()};
  text = text.substr(0, text.find('\0'));
  if (text.size() > kLongest) return note;
  const Json root = Json::parse(
      text, [](int depth, Json::parse_event_t, Json&) { return depth <= kDepth; },
      /*allow_exceptions=*/false);
  if (!root.is_object()) return note;
  if (auto at = root.find("executable"); at != root.end() && at->is_string()) {
    note.executable = at->get<std::string>();
  }
  if (auto at = root.find("stopped_us"); at != root.end() && at->is_number_unsigned()) {
    note.stopped_microseconds = at->get<uint64_t>();
  }
  // Up to the year 9999: what is said in years behind it is damage.
  constexpr uint64_t kLatest = 253402300799;
  if (auto at = root.find("time");
      at != root.end() && at->is_number_unsigned() && at->get<uint64_t>() <= kLatest) {
    note.time = at->get<uint64_t>();
  }
  if (auto limits = root.find("limits"); limits != root.end() && limits->is_object()) {
    constexpr size_t kMost = 16;
    for (const auto& [name, value] : limits->items()) {
      if (value.is_number_unsigned() && note.limits.size() < kMost) {
        note.limits.emplace(name, value.get<uint64_t>());
      }
    }
  }
  auto threads = root.find("threads");
  if (threads == root.end() || !threads->is_array()) return note;
  for (const Json& thread : *threads) {
    if (!thread.is_object()) continue;
    auto id = thread.find("id");
    auto name = thread.find("name");
    if (id == thread.end() || name == thread.end()) continue;
    if (!id->is_number_unsigned() || !name->is_string()) continue;
    note.thread_names.emplace(id->get<uint32_t>(), name->get<std::string>());
  }
  return note;
}

}  // namespace inquest::ingest
