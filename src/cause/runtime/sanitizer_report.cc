#include "cause/runtime/sanitizer_report.h"

#include <algorithm>
#include <array>

namespace inquest::cause {
namespace {

using answer::Kind;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMostPages = 1 << 22;

}  // namespace

std::optional<SanitizerReport> find_sanitizer_report(const Process& process) {
  static constexpr std::string_view kBegin = "=================================";
  const auto& memory = process.memory();
  uint64_t pages = 0;
  for (const auto& region : process.snapshot().regions) {
    if (region.recorded == 0 || !region.file.empty()) continue;
    if (region.access && !region.access->write) continue;
    for (Address at = region.range.begin; at < region.range.end; at = at + kPage) {
      if (++pages > kMostPages) return {};
      std::array<char, kBegin.size()> first{};
      if (memory.read(at, std::as_writable_bytes(std::span(first))) != first.size()) break;
      if (std::string_view(first.data(), first.size()) != kBegin) continue;
      std::string text(sanitizer::kMostText, '\0');
      size_t size = memory.read(at, std::as_writable_bytes(std::span(text)));
      text.resize(std::min(size, text.find('\0')));
      if (auto report = sanitizer::parse_report(text)) {
        return SanitizerReport{at, std::move(*report)};
      }
    }
  }
  return {};
}

Kind kind_of_sanitizer_error(std::string_view error) {
  struct Named {
    std::string_view name;
    Kind kind;
  };
  static constexpr Named kNames[] = {
      {"heap-use-after-free", Kind::use_after_free},
      {"use-after-poison", Kind::use_after_free},
      {"heap-buffer-overflow", Kind::heap_overflow},
      {"container-overflow", Kind::heap_overflow},
      {"stack-buffer-overflow", Kind::stack_smash},
      {"stack-buffer-underflow", Kind::stack_smash},
      {"dynamic-stack-buffer-overflow", Kind::stack_smash},
      {"stack-use-after-return", Kind::dangling_reference},
      {"stack-use-after-scope", Kind::dangling_reference},
      {"double-free", Kind::double_free},
      {"bad-free", Kind::invalid_free},
      {"alloc-dealloc-mismatch", Kind::invalid_free},
      {"new-delete-type-mismatch", Kind::invalid_free},
      {"stack-overflow", Kind::stack_overflow},
      {"out-of-memory", Kind::out_of_memory},
      {"allocation-size-too-big", Kind::out_of_memory},
      {"calloc-overflow", Kind::out_of_memory},
  };
  for (const auto& known : kNames) {
    if (known.name == error) return known.kind;
  }
  return Kind::abort;
}

}  // namespace inquest::cause
