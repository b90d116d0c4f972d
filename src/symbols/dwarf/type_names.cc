#include "base/limits.h"
#include "symbols/dwarf/type_store.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

/// Longer names are of no use to anybody; nested types of a hostile file can make them explode.
constexpr size_t kLongestTypeName = 4096;

/// "int (int, char)" with a declarator put in: "int (*)(int, char)".
std::string wrap(std::string target, std::string_view declarator) {
  // After the return type of a function, before the extents of an array.
  size_t at = target.find(" (");
  size_t array = target.find(" [");
  if (at == std::string::npos && array == std::string::npos) return target.append(declarator);
  if (at != std::string::npos && target.compare(at, 3, " (*") == 0) {
    return target.insert(at + 2, declarator);
  }
  size_t place = at != std::string::npos ? at : array;
  return target.insert(place + 1, "(" + std::string(declarator) + ")");
}

}  // namespace

std::string TypeStore::name(const llvm::DWARFDie& type, size_t depth) {
  if (!type) return "void";
  if (depth > kLimits.type_depth) return "...";
  auto target = [&] {
    std::string text = name(dies_.referenced(type, DW_AT_type), depth + 1);
    return text.size() > kLongestTypeName ? std::string("...") : text;
  };
  switch (type.getTag()) {
    case DW_TAG_pointer_type:
      return wrap(target(), "*");
    case DW_TAG_reference_type:
      return wrap(target(), "&");
    case DW_TAG_rvalue_reference_type:
      return wrap(target(), "&&");
    case DW_TAG_ptr_to_member_type: {
      std::string owner = name(dies_.referenced(type, DW_AT_containing_type), depth + 1);
      return wrap(target(), " " + owner + "::*");
    }
    case DW_TAG_const_type:
    case DW_TAG_volatile_type: {
      std::string text = target();
      std::string_view word = type.getTag() == DW_TAG_const_type ? "const" : "volatile";
      bool after = text.ends_with('*') || text.ends_with('&');
      return after ? text.append(" ").append(word) : std::string(word) + " " + text;
    }
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type:
      return target();
    case DW_TAG_array_type: {
      std::string text = target() + " ";
      for (const llvm::DWARFDie& child : type.children()) {
        if (child.getTag() != DW_TAG_subrange_type) continue;
        auto count = toUnsigned(child.find(DW_AT_count));
        auto upper = toUnsigned(child.find(DW_AT_upper_bound));
        if (!count && upper) count = *upper + 1;
        text += count ? "[" + std::to_string(*count) + "]" : std::string("[]");
        if (text.size() > kLongestTypeName) break;
      }
      return text;
    }
    case DW_TAG_subroutine_type: {
      std::string text = target() + " (";
      const size_t begin = text.size();
      for (const llvm::DWARFDie& child : type.children()) {
        if (child.getTag() != DW_TAG_formal_parameter) continue;
        if (text.size() > begin) text += ", ";
        text += name(dies_.referenced(child, DW_AT_type), depth + 1);
        if (text.size() > kLongestTypeName) break;
      }
      return text + ")";
    }
    default: {
      std::string text = dies_.qualified_name(type);
      return text.empty() ? "(anonymous)" : text;
    }
  }
}

}  // namespace inquest::symbols
