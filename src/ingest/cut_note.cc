#include "ingest/cut_note.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace inquest::ingest {
namespace {

using CutJson = nlohmann::json;
using snapshot::Snapshot;

/// The member, when it is there and of T.
template <class T>
std::optional<T> member(const CutJson& object, const char* key) {
  auto at = object.find(key);
  if (at == object.end()) return {};
  if constexpr (std::is_same_v<T, std::string>) {
    if (at->is_string()) return at->get<std::string>();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (at->is_boolean()) return at->get<bool>();
  } else {
    if (at->is_number_unsigned() &&
        at->get<uint64_t>() <= uint64_t{std::numeric_limits<T>::max()}) {
      return static_cast<T>(at->get<uint64_t>());
    }
    // Signed ones that fit: a signal's code may be below zero.
    if (at->is_number_integer() && !at->is_number_unsigned() && std::is_signed_v<T>) {
      auto value = at->get<int64_t>();
      if (value >= static_cast<int64_t>(std::numeric_limits<T>::min()))
        return static_cast<T>(value);
    }
  }
  return {};
}

void take_text(const CutJson& object, const char* key, std::string& out) {
  if (auto text = member<std::string>(object, key)) out = std::move(*text);
}

void take_fault(const CutJson& json, snapshot::Fault& fault) {
  if (member<uint32_t>(json, "thread") != fault.thread) return;
  if (member<int32_t>(json, "signal") != fault.signal) return;
  // What a minidump has no way to leave out.
  fault.signal_code = member<int32_t>(json, "signal_code");
  fault.sender_pid = member<int32_t>(json, "sender_pid");
  fault.sender_uid = member<uint32_t>(json, "sender_uid");
  auto address = member<uint64_t>(json, "address");
  fault.address = address ? std::optional(Address{*address}) : std::nullopt;
}

void take_signals(const CutJson& list, Snapshot& snapshot) {
  std::unordered_map<uint32_t, uint32_t> by_thread;
  for (const CutJson& entry : list) {
    if (!entry.is_object()) continue;
    auto thread = member<uint32_t>(entry, "thread");
    auto signal = member<uint32_t>(entry, "signal");
    if (thread && signal) by_thread.emplace(*thread, *signal);
  }
  for (snapshot::Thread& thread : snapshot.threads) {
    auto found = by_thread.find(thread.id);
    thread.signal =
        found == by_thread.end() ? std::nullopt : std::optional<uint32_t>(found->second);
  }
}

void take_warnings(const CutJson& list, Snapshot& snapshot) {
  std::vector<Warning> all;
  for (const CutJson& entry : list) {
    if (!entry.is_object()) continue;
    Warning warning;
    take_text(entry, "what", warning.what);
    take_text(entry, "advice", warning.advice);
    if (!warning.what.empty()) all.push_back(std::move(warning));
  }
  // Those of the cut dump itself are the source's again, or of damage since.
  constexpr size_t kMost = 1000;
  for (Warning& own : snapshot.warnings) {
    if (all.size() >= kMost) break;
    if (std::ranges::find(all, own) == all.end()) all.push_back(std::move(own));
  }
  snapshot.warnings = std::move(all);
}

void take_annotations(const CutJson& json, Snapshot& snapshot) {
  snapshot.annotations.clear();
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) snapshot.annotations.emplace(key, value.get<std::string>());
  }
}

}  // namespace

void apply_cut_note(std::string_view text, Snapshot& snapshot) {
  constexpr size_t kLongest = 64 << 20;
  constexpr int kDepth = 3;  // object, list, object
  if (text.empty() || text.size() > kLongest) return;
  const CutJson root = CutJson::parse(
      text, [](int depth, CutJson::parse_event_t, CutJson&) { return depth <= kDepth; },
      /*allow_exceptions=*/false);
  if (!root.is_object() || member<uint32_t>(root, "version") != 1u) return;
  auto object = [&](const char* key) {
    auto at = root.find(key);
    return at != root.end() && at->is_object() ? &*at : nullptr;
  };
  auto list = [&](const char* key) {
    auto at = root.find(key);
    return at != root.end() && at->is_array() ? &*at : nullptr;
  };
  if (member<bool>(root, "complete") == false) snapshot.complete = false;
  if (const CutJson* process = object("process")) {
    take_text(*process, "command", snapshot.process.command);
    take_text(*process, "arguments", snapshot.process.arguments);
    take_text(*process, "executable", snapshot.process.executable);
  }
  if (const CutJson* system = object("system")) {
    take_text(*system, "os_version", snapshot.system.os_version);
    take_text(*system, "os_detail", snapshot.system.os_detail);
    take_text(*system, "cpu", snapshot.system.cpu);
    snapshot.system.cpu_count = member<uint32_t>(*system, "cpu_count");
  }
  if (const CutJson* annotations = object("annotations")) take_annotations(*annotations, snapshot);
  const CutJson* fault = object("fault");
  if (fault && snapshot.fault) take_fault(*fault, *snapshot.fault);
  if (const CutJson* signals = list("signals")) take_signals(*signals, snapshot);
  if (const CutJson* warnings = list("warnings")) take_warnings(*warnings, snapshot);
}

}  // namespace inquest::ingest
