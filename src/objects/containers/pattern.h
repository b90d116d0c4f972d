/// Names of class templates with holes, `std::map<$K, $V, $C, $A>`: what a description is for.
///
/// `$X` stands for one argument, the same wherever it is repeated; `$Xs...`, as the last, for all
/// further ones. Pure functions; bounded in depth.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inquest::objects {

/// What the holes stand for.
class Bindings {
 public:
  /// False when it already stands for something else.
  bool bind(std::string_view name, std::string_view text);
  void bind_rest(std::string_view name, std::vector<std::string> rest);
  const std::string* find(std::string_view name) const;
  const std::vector<std::string>* find_rest(std::string_view name) const;

  /// A text with holes, filled; a hole that stands for nothing stays.
  std::string fill(std::string_view text) const;

 private:
  std::vector<std::pair<std::string, std::string>> one_;
  std::vector<std::pair<std::string, std::vector<std::string>>> rest_;
};

/// Whether a name fits a pattern; adds to `bindings` what the holes stand for.
bool fits(std::string_view pattern, std::string_view name, Bindings& bindings);

/// The holes of a text: "$K", "$V".
std::vector<std::string_view> holes(std::string_view text);

}  // namespace inquest::objects
