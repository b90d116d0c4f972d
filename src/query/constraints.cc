#include <algorithm>

#include "query/table.h"

namespace inquest::query {

std::string_view declared(Type type) {
  switch (type) {
    case Type::address:
      return "ADDRESS";
    case Type::integer:
      return "INTEGER";
    case Type::real:
      return "REAL";
    case Type::text:
      return "TEXT";
    case Type::boolean:
      return "BOOLEAN";
  }
  return {};
}

Interval Constraints::interval(size_t column) const {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr Interval kEmpty{.least = kMost, .most = kLeast};
  Interval all;
  for (const Constraint& one : all_) {
    const auto* number = std::get_if<int64_t>(&one.value);
    if (one.column != column || !number) continue;
    switch (one.comparison) {
      case Comparison::equal:
        all.least = std::max(all.least, *number);
        all.most = std::min(all.most, *number);
        break;
      case Comparison::less:
        if (*number == kLeast) return kEmpty;
        all.most = std::min(all.most, *number - 1);
        break;
      case Comparison::at_most:
        all.most = std::min(all.most, *number);
        break;
      case Comparison::greater:
        if (*number == kMost) return kEmpty;
        all.least = std::max(all.least, *number + 1);
        break;
      case Comparison::at_least:
        all.least = std::max(all.least, *number);
    }
  }
  return all;
}

std::optional<int64_t> Constraints::number(size_t column) const {
  for (const Constraint& one : all_) {
    const auto* number = std::get_if<int64_t>(&one.value);
    if (one.column == column && number && one.comparison == Comparison::equal) return *number;
  }
  return {};
}

const std::string* Constraints::text(size_t column) const {
  for (const Constraint& one : all_) {
    const auto* text = std::get_if<std::string>(&one.value);
    if (one.column == column && text && one.comparison == Comparison::equal) return text;
  }
  return nullptr;
}

bool Constraints::impossible() const {
  return std::ranges::any_of(all_, [](const Constraint& one) {
    return std::holds_alternative<std::monostate>(one.value);
  });
}

}  // namespace inquest::query
