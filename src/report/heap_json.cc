/// `heap` as JSON (schema/heap.schema.json) and as CSV.
#include <fmt/format.h>

#include "report/heap_report.h"
#include "report/json.h"

namespace inquest::report {
namespace {

std::string heap_hex(Address at) { return fmt::format("{:#x}", at.value); }

Json heap_value(const answer::HeapSum& sum) { return {{"count", sum.count}, {"bytes", sum.bytes}}; }
Json heap_value(const answer::HeapUsage& usage) {
  return {{"used", heap_value(usage.used)},
          {"cached", heap_value(usage.cached)},
          {"free", heap_value(usage.free)},
          {"unused", heap_value(usage.unused)}};
}
Json heap_value(const answer::HeapAllocator& allocator) {
  Json json{{"name", allocator.name}, {"layout", allocator.layout}};
  if (!allocator.module.empty()) json["module"] = allocator.module;
  return json;
}
Json heap_value(const answer::HeapArena& arena) {
  Json json{{"name", arena.name}, {"allocator", arena.allocator}, {"segments", arena.segments}};
  if (arena.at.value != 0) json["address"] = heap_hex(arena.at);
  if (arena.system_bytes) json["system_bytes"] = *arena.system_bytes;
  json["threads"] = arena.threads;
  json["usage"] = heap_value(arena.usage);
  return json;
}
Json heap_value(const answer::HeapSize& size) {
  return {{"size", size.size}, {"count", size.count}, {"bytes", size.bytes}, {"share", size.share}};
}
Json heap_value(const answer::HeapFreeSize& size) {
  return {{"from", size.least}, {"count", size.count}, {"bytes", size.bytes}};
}
Json heap_value(const answer::HeapBlock& block) {
  Json json{{"address", heap_hex(block.at)},
            {"size", block.size},
            {"state", block.state},
            {"arena", block.arena}};
  if (block.mapped) json["mapped"] = true;
  return json;
}
Json heap_value(const answer::HeapFault& fault) {
  Json json{{"address", heap_hex(fault.at)}, {"what", fault.what}};
  if (!fault.arena.empty()) json["arena"] = fault.arena;
  if (fault.before) json["before"] = heap_value(*fault.before);
  if (fault.after) json["after"] = heap_value(*fault.after);
  return json;
}

template <class T>
void heap_list(Document& document, std::string_view key, const std::vector<T>& values) {
  document.list(key, values, [](const T& value) { return heap_value(value); });
}

/// A field of CSV, quoted where it must be.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == text.npos) return text;
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += c;
    out += c;
  }
  out += '"';
  return out;
}

}  // namespace

std::string heap_json(const answer::Heap& heap, HeapPart part) {
  Document document("inquest.heap/1");
  document.member("dump", json_of(heap.dump));
  if (!heap.threads_in_allocator.empty()) {
    document.member("threads_in_allocator", heap.threads_in_allocator);
  }
  if (heap.read_in_place_ms) document.member("read_in_place_ms", *heap.read_in_place_ms);
  heap_list(document, "allocators", heap.allocators);
  document.member("usage", heap_value(heap.usage));
  heap_list(document, "arenas", heap.arenas);
  if (part == HeapPart::all || part == HeapPart::sizes) heap_list(document, "sizes", heap.sizes);
  Json free{{"largest", heap.largest_free},
            {"usual_size", heap.usual_size},
            {"crumbs", heap_value(heap.crumbs)}};
  free["sizes"] = Json::array();
  for (const auto& size : heap.free_sizes) free["sizes"].push_back(heap_value(size));
  document.member("free", free);
  heap_list(document, "faults", heap.faults);
  if (part == HeapPart::list) heap_list(document, "blocks", heap.blocks);
  document.list("warnings", heap.warnings);
  return std::move(document).finish();
}

std::string heap_csv(const answer::Heap& heap, HeapPart part) {
  std::string out;
  auto line = [&]<class... T>(fmt::format_string<T...> format, T&&... values) {
    fmt::format_to(std::back_inserter(out), format, std::forward<T>(values)...);
  };
  switch (part) {
    case HeapPart::sizes:
      out = "size,count,bytes,share\n";
      for (const auto& size : heap.sizes)
        line("{},{},{},{:.6f}\n", size.size, size.count, size.bytes, size.share);
      break;
    case HeapPart::arenas:
      out =
          "address,name,allocator,system_bytes,used,used_bytes,cached,cached_bytes,free,free_bytes,"
          "unused_bytes\n";
      for (const auto& arena : heap.arenas) {
        const auto& usage = arena.usage;
        line("{:#x},{},{},{},{},{},{},{},{},{},{}\n", arena.at.value, quoted(arena.name),
             quoted(arena.allocator), arena.system_bytes.value_or(0), usage.used.count,
             usage.used.bytes, usage.cached.count, usage.cached.bytes, usage.free.count,
             usage.free.bytes, usage.unused.bytes);
      }
      break;
    case HeapPart::check:
      out = "address,what,arena,before,after\n";
      for (const auto& fault : heap.faults) {
        line("{:#x},{},{},{},{}\n", fault.at.value, quoted(fault.what), quoted(fault.arena),
             fault.before ? heap_hex(fault.before->at) : "",
             fault.after ? heap_hex(fault.after->at) : "");
      }
      break;
    case HeapPart::all:
    case HeapPart::list:
      out = "address,size,state,arena,mapped\n";
      out.reserve(heap.blocks.size() * 40);
      for (const auto& block : heap.blocks) {
        line("{:#x},{},{},{},{}\n", block.at.value, block.size, block.state, block.arena,
             block.mapped ? 1 : 0);
      }
      break;
  }
  return out;
}

}  // namespace inquest::report
