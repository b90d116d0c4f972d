/// How the containers and smart pointers of the standard libraries are built, told in data.
///
/// A description is a small text (the `inquest-types` format, docs/container-descriptions.md): for
/// a class template, which of its links lead to which type that the member's own type does not say
/// (a tree's head points to nodes of the base class, in truth to nodes with a value), and how its
/// elements are found. Built-in ones describe libstdc++, libc++ and MSVC's library; teams add
/// files of their own. Values; reading is safe from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace inquest::objects {

/// A pointer in an object of the described class that leads to more than its declared type says.
struct Link {
  std::string member;  ///< path from the object: "_M_impl._M_header._M_parent"
  /// The type that it points to, arguments substituted: "std::_Rb_tree_node<...>"; as debug
  /// information spells it.
  std::string target;
  /// What of the target the pointer leads to, in bytes from its begin, when not its begin.
  uint64_t offset = 0;
};

/// Splits "std::map<int, A<b, c> >" into "std::map" and {"int", "A<b, c>"}. No arguments: empty.
struct TemplateName {
  std::string_view name;
  std::vector<std::string_view> arguments;
};
TemplateName split_template(std::string_view qualified_name);

class Descriptions {
 public:
  /// Those that come with the program.
  static const Descriptions& built_in();
  /// Of a text; `name` is for errors, which say the line. Falls back on `base` for the rest.
  static Result<Descriptions> parse(std::string_view text, std::string_view name,
                                    const Descriptions* base = nullptr);
  ~Descriptions();
  Descriptions(Descriptions&&) noexcept;

  /// Links of a class, by its qualified name with template arguments; empty for others.
  std::vector<Link> links(std::string_view type_name) const;
  /// A name for people: "std::map<int, game::User>" for its inner `_Rb_tree<...>`; absent when
  /// none is described.
  std::optional<std::string> plain_name(std::string_view type_name) const;

 private:
  struct Impl;
  explicit Descriptions(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace inquest::objects
