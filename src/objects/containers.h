/// How the containers and smart pointers of the standard libraries are built, told in data.
///
/// A description is a small text (the `inquest-types` format, docs/container-descriptions.md): for
/// a class template, which of its links lead to which type that the member's own type does not say
/// (a tree's head points to nodes of the base class, in truth to nodes with a value), which of its
/// members are bytes that hold an object, and how its elements are found (elements.h). Built-in
/// ones describe libstdc++, libc++ and MSVC's library; teams add files of their own. Values;
/// reading is safe from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "symbols/types.h"

namespace inquest::objects {

/// A pointer in an object of the described class that leads to more than its declared type says.
/// Several versions and libraries may answer for one name: a path that the class has not is to be
/// passed over.
struct Link {
  /// Path from the object: "_M_impl._M_header._M_parent"; the names of members of bases too, of
  /// the base that is nearest.
  std::string member;
  /// The type that it points to, arguments substituted: "std::_Rb_tree_node<...>"; as debug
  /// information spells it (find_type tries other spellings). "X*": an array of pointers to X.
  std::string target = {};
  /// What of the target the pointer leads to, in bytes from its begin, when not its begin.
  uint64_t offset = 0;
  /// The pointer may as well lead back into the container, which is no such target: the last node
  /// of a ring. Then what is there must not be taken for the target.
  bool may_be_head = false;
};

/// A member declared as bytes that in truth holds an object: the storage in a node.
struct Cell {
  std::string member;  ///< path from the object, as in Link
  std::string type;    ///< what is there, arguments substituted
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
  Descriptions& operator=(Descriptions&&) noexcept;

  /// Links of a class, by its qualified name with template arguments; empty for others.
  std::vector<Link> links(std::string_view type_name) const;
  /// Members that hold objects of other types than declared; empty for others.
  std::vector<Cell> cells(std::string_view type_name) const;
  /// A name for people: "std::map<int, game::User>" for its inner `_Rb_tree<...>`; absent when
  /// none is described.
  std::optional<std::string> plain_name(std::string_view type_name) const;
  /// Any type's name, with the described classes in it made plain: "std::string *".
  std::string plain_type(std::string_view type_name) const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Descriptions(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// A type by its name in any of the ways that compilers spell it ("> >" or ">>", "const int" or
/// "int const", with or without a space behind commas); 0 when there is none. Each way is a search
/// of the debug information: keep the answer.
symbols::TypeId find_type(const symbols::TypeReader& reader, std::string_view type_name);

}  // namespace inquest::objects
