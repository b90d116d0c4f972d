/// `show` for people at a terminal: what died of what, then tables.
#include <algorithm>

#include "report/page.h"
#include "report/prose.h"
#include "report/report.h"
#include "report/table.h"

namespace inquest::report {
namespace {

constexpr size_t kTableRows = 24;  ///< of a table that may be long, unless all are wanted
constexpr size_t kModules = 400;   ///< modules and threads are shown in full as a rule

std::string hex(std::optional<uint32_t> value) {
  return value ? fmt::format("{:#010x}", *value) : std::string();
}
std::string address(const std::optional<Address>& value) {
  return value ? fmt::format("{:#x}", value->value) : std::string();
}

class ShowText : Page {
 public:
  ShowText(const answer::Show& show, const TextStyle& style) : Page(style), show_(show) {}

  std::string all() {
    header();
    fault();
    system();
    threads();
    modules();
    unloaded();
    regions();
    memory();
    handles();
    annotations();
    warnings(show_.warnings);
    return std::move(out_);
  }

 private:
  void line(std::string_view what, const std::string& text) {
    if (!text.empty()) prose(fmt::format("  {:<10} ", what), text);
  }

  /// Adds the rows of a table that may be long.
  template <class T, class Row>
  void rows(Table& table, const std::vector<T>& values, size_t most, Row&& row) {
    size_t shown = style_.all_rows ? values.size() : std::min(values.size(), most);
    for (size_t i = 0; i < shown; ++i) table.add(row(values[i]));
    out_ += table.text(paint_);
    if (shown < values.size()) {
      out_ += fmt::format("  ... {} more: --all shows them\n", values.size() - shown);
    }
  }

  void header() {
    const answer::Dump& dump = show_.dump;
    std::string text = subject(dump);
    text += fmt::format(": {} {} {}, {}{}", clean(dump.os), clean(dump.arch), clean(dump.format),
                        size_text(dump.bytes), dump.complete ? "" : ", incomplete");
    if (!dump.time.empty()) text += ", of " + clean(dump.time);
    out_ += paint_.bold(wrapped(text, "", style_.width));
    line("program", show_.executable);
    line("arguments", show_.arguments);
  }

  void fault() {
    if (!show_.fault) return;
    const answer::ShownFault& fault = *show_.fault;
    heading("Died of");
    std::string text = fault.words;
    // The words of memory faults tell the address; a signal's do not.
    if (fault.address && fault.signal) text += fmt::format(" at address {}", *fault.address);
    text += fmt::format(", thread {}", fault.thread);
    if (!fault.place.empty()) text += ", at " + fault.place;
    prose("  ", text);
    if (fault.parameters.empty()) return;
    std::string parameters;
    for (uint64_t value : fault.parameters) parameters += fmt::format(" {:#x}", value);
    line("parameters", parameters.substr(1));
  }

  void system() {
    const answer::ShownSystem& system = show_.system;
    std::string cpu = system.cpu;
    if (system.cpu_count)
      cpu += fmt::format("{}{} CPUs", cpu.empty() ? "" : ", ", *system.cpu_count);
    if (cpu.empty() && system.version.empty() && system.detail.empty()) return;
    heading("System");
    std::string version = system.version;
    if (!system.detail.empty()) version += (version.empty() ? "" : ", ") + system.detail;
    line(show_.dump.os, version);
    line("processor", cpu);
  }

  void threads() {
    if (show_.threads.empty()) return;
    heading(fmt::format("{} thread{}", show_.threads.size(), show_.threads.size() == 1 ? "" : "s"));
    Table table({"id", "", "name", "pc", "sp", "tls", "at"});
    rows(table, show_.threads, kModules, [](const answer::ShownThread& thread) {
      return std::vector<std::string>{std::to_string(thread.id),
                                      thread.crashed ? "crashed" : "",
                                      thread.name,
                                      address(thread.pc),
                                      address(thread.sp),
                                      address(thread.tls),
                                      thread.place};
    });
  }

  /// Sizes in hex: symbol servers name images by time stamp and size.
  void modules() {
    if (show_.modules.empty()) return;
    heading(fmt::format("{} module{}", show_.modules.size(), show_.modules.size() == 1 ? "" : "s"));
    Table table({"base", "size", "timestamp", "checksum", "id", "version", "path"});
    rows(table, show_.modules, kModules, [](const answer::ShownModule& module) {
      return std::vector<std::string>{fmt::format("{:#x}", module.base.value),
                                      fmt::format("{:#x}", module.size),
                                      hex(module.timestamp),
                                      hex(module.checksum),
                                      module.build_id.empty() ? module.debug_id : module.build_id,
                                      module.version,
                                      module.path + (module.is_main ? " (main)" : "")};
    });
  }

  void unloaded() {
    if (show_.unloaded.empty()) return;
    heading(fmt::format("{} unloaded before", show_.unloaded.size()));
    Table table({"base", "size", "timestamp", "checksum", "path"});
    rows(table, show_.unloaded, kTableRows, [](const answer::ShownUnloaded& module) {
      return std::vector<std::string>{fmt::format("{:#x}", module.base.value),
                                      size_text(module.size), hex(module.timestamp),
                                      hex(module.checksum), module.path};
    });
  }

  void regions() {
    if (show_.regions.empty()) return;
    heading("Address space");
    Table table({"what", "access", "regions", "size", "in the dump"});
    rows(table, show_.regions, kTableRows, [](const answer::ShownRegions& sum) {
      return std::vector<std::string>{sum.kind, sum.access, std::to_string(sum.count),
                                      size_text(sum.bytes), size_text(sum.recorded)};
    });
  }

  void memory() {
    if (show_.memory.empty()) return;
    uint64_t bytes = 0;
    for (const answer::ShownRange& range : show_.memory) bytes += range.size;
    heading(fmt::format("Memory in the dump: {} range{}, {}", show_.memory.size(),
                        show_.memory.size() == 1 ? "" : "s", size_text(bytes)));
    Table table({"from", "to", "size"});
    rows(table, show_.memory, kTableRows, [](const answer::ShownRange& range) {
      return std::vector<std::string>{fmt::format("{:#x}", range.begin.value),
                                      fmt::format("{:#x}", (range.begin + range.size).value),
                                      size_text(range.size)};
    });
  }

  void handles() {
    if (show_.handles.empty()) return;
    heading(fmt::format("{} handle{}", show_.handles.size(), show_.handles.size() == 1 ? "" : "s"));
    Table table({"handle", "type", "access", "name"});
    rows(table, show_.handles, kTableRows, [](const answer::ShownHandle& handle) {
      return std::vector<std::string>{fmt::format("{:#x}", handle.value), handle.type,
                                      fmt::format("{:#x}", handle.granted_access), handle.name};
    });
  }

  void annotations() {
    if (show_.annotations.empty()) return;
    heading("Notes");
    for (const auto& [key, value] : show_.annotations) {
      prose(fmt::format("  {}: ", clean(key)), value);
    }
  }

  const answer::Show& show_;
};

}  // namespace

std::string show_text(const answer::Show& show, const TextStyle& style) {
  return ShowText(show, style).all();
}

}  // namespace inquest::report
