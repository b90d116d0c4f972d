#include "symbols/breakpad/function_symbols.h"

#include <algorithm>

#include "symbols/intervals.h"
#include "symbols/line_runs.h"

namespace inquest::symbols {
namespace {

using breakpad::FunctionBody;
using breakpad::InlineRecord;

bool is_mangled(std::string_view name) {
  return name.starts_with("_Z") || name.starts_with("_R") || name.starts_with("?");
}

/// The call of the level above that holds each call; kNone: the function itself, or none.
std::vector<uint32_t> parents_of(const FunctionBody& body) {
  struct Part {
    uint32_t level, begin, end, call;
  };
  std::vector<Part> parts;
  for (uint32_t i = 0; i < body.calls.size(); ++i) {
    const InlineRecord& call = body.calls[i];
    for (uint32_t r = 0; r < call.range_count; ++r) {
      const auto& range = body.ranges[call.first_range + r];
      parts.push_back({call.level, range.begin, range.end, i});
    }
  }
  auto before = [](const Part& a, const Part& b) {
    return a.level != b.level ? a.level < b.level : a.begin < b.begin;
  };
  std::sort(parts.begin(), parts.end(), before);
  std::vector<uint32_t> parents(body.calls.size(), kNone);
  for (uint32_t i = 0; i < body.calls.size(); ++i) {
    const InlineRecord& call = body.calls[i];
    if (call.level == 0) continue;
    const uint32_t at = body.ranges[call.first_range].begin;
    auto after =
        std::upper_bound(parts.begin(), parts.end(), Part{call.level - 1, at, 0, 0}, before);
    if (after == parts.begin()) continue;
    const Part& part = *std::prev(after);
    if (part.level == call.level - 1 && at < part.end) parents[i] = part.call;
  }
  return parents;
}

/// The calls with those inside each right behind it; calls whose caller is missing are left out.
std::vector<uint32_t> nested_order(const FunctionBody& body, const std::vector<uint32_t>& parents) {
  const auto n = static_cast<uint32_t>(parents.size());
  std::vector<uint32_t> first(n, kNone), next(n, kNone), pending, order;
  for (uint32_t i = n; i-- > 0;) {
    if (body.calls[i].level == 0) continue;
    if (parents[i] == kNone) continue;
    next[i] = first[parents[i]];
    first[parents[i]] = i;
  }
  for (uint32_t i = 0; i < n; ++i) {
    if (body.calls[i].level != 0) continue;
    pending.push_back(i);
    while (!pending.empty()) {
      uint32_t at = pending.back();
      pending.pop_back();
      order.push_back(at);
      if (at != i && next[at] != kNone) pending.push_back(next[at]);
      if (first[at] != kNone) pending.push_back(first[at]);
    }
  }
  return order;
}

}  // namespace

uint32_t FunctionSymbols::name(std::string_view text) {
  out_.names.push_back({std::string(text), is_mangled(text)});
  return static_cast<uint32_t>(out_.names.size() - 1);
}

uint32_t FunctionSymbols::file(uint32_t number) {
  auto [slot, is_new] = files_.try_emplace(number, kNone);
  if (is_new) {
    std::string_view path = index_.files.find(number);
    if (!path.empty()) {
      slot->second = static_cast<uint32_t>(out_.files.size());
      out_.files.emplace_back(path);
    }
  }
  return slot->second;
}

void FunctionSymbols::add_calls(const FunctionBody& body) {
  if (body.calls.empty()) return;
  const std::vector<uint32_t> parents = parents_of(body);
  std::vector<uint32_t> placed(body.calls.size(), kNone);
  for (uint32_t i : nested_order(body, parents)) {
    const InlineRecord& call = body.calls[i];
    placed[i] = static_cast<uint32_t>(out_.calls.size());
    InlinedCall& to = out_.calls.emplace_back();
    to.parent = parents[i] == kNone ? kNone : placed[parents[i]];
    to.name = name(index_.origins.find(call.origin));
    to.file = file(call.call_file);
    to.line = call.call_line;
    to.code = {static_cast<uint32_t>(out_.ranges.size()), call.range_count};
    for (uint32_t r = 0; r < call.range_count; ++r) {
      const auto& range = body.ranges[call.first_range + r];
      out_.ranges.push_back({range.begin, range.end});
    }
  }
}

void FunctionSymbols::add_lines(const FunctionBody& body, const std::vector<CodeRange>& owned) {
  std::vector<LinePiece> pieces;
  pieces.reserve(body.lines.size());
  for (const auto& line : body.lines) {
    pieces.push_back({{line.begin, line.begin + line.size}, file(line.file), line.line, 0});
  }
  add_line_runs(std::move(pieces), owned, out_);
}

void FunctionSymbols::add(const breakpad::FunctionPlace& place,
                          const std::vector<CodeRange>& owned) {
  const FunctionBody body = breakpad::read_function(text_, place.offset);
  Function function;
  function.name = name(place.name);
  function.entry = {place.begin, place.begin + place.size};
  function.code = {static_cast<uint32_t>(out_.ranges.size()), static_cast<uint32_t>(owned.size())};
  out_.ranges.insert(out_.ranges.end(), owned.begin(), owned.end());
  function.first_call = static_cast<uint32_t>(out_.calls.size());
  add_calls(body);
  function.call_count = static_cast<uint32_t>(out_.calls.size()) - function.first_call;
  out_.functions.push_back(function);
  add_lines(body, owned);
}

}  // namespace inquest::symbols
