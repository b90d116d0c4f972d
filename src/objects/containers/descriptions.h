/// All that texts describe, and which of it fits a class. Immutable after parsing.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "objects/containers.h"
#include "objects/containers/description.h"
#include "objects/containers/pattern.h"

namespace inquest::objects {

/// A description that fits a name, with what its holes stand for.
struct FittingDescription {
  const ClassDescription* description;
  Bindings bindings;
  /// The namespace in the name instead of the one in the description: "std::__1::" ->
  /// "std::__ndk1::"; both empty as a rule.
  std::string described_namespace = {}, own_namespace = {};

  /// A text of the description with its holes filled, in the name's namespace.
  std::string fill(std::string_view text) const;
};

/// Inline namespaces that are one: the first is the one that descriptions use.
using NamespaceGroup = std::vector<std::string>;

struct Descriptions::Impl {
  std::vector<ClassDescription> classes = {};
  std::vector<NamespaceGroup> namespaces = {};
  /// By the name before any arguments; indices into `classes`, in the order of the text.
  std::multimap<std::string, size_t, std::less<>> by_name = {};
  std::shared_ptr<const Impl> base = {};

  static std::string_view key_of(std::string_view name) { return name.substr(0, name.find('<')); }

  /// Those of this text first, each in the order of its text.
  std::vector<FittingDescription> fitting(std::string_view type_name) const;
};

/// The texts that are built in: libstdc++, libc++, MSVC's library.
extern const std::string_view kLibstdcxxText, kLibcxxText, kMsvcText;

/// Adds a text to `out`. The error says the name and the line.
Result<> parse_descriptions(std::string_view text, std::string_view name, Descriptions::Impl& out);

}  // namespace inquest::objects
