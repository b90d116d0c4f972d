// Stands in until the descriptions are there: the links of libstdc++'s nodes.
#include "objects/containers.h"

namespace inquest::objects {

TemplateName split_template(std::string_view text) {
  TemplateName out{.name = text};
  const size_t open = text.find('<');
  if (open == std::string_view::npos || !text.ends_with('>')) return out;
  out.name = text.substr(0, open);
  size_t begin = open + 1;
  int depth = 0;
  for (size_t i = begin; i + 1 < text.size(); ++i) {
    if (text[i] == '<' || text[i] == '(') ++depth;
    if (text[i] == '>' || text[i] == ')') --depth;
    const bool ends = i + 2 == text.size() || (text[i] == ',' && depth == 0);
    if (!ends) continue;
    std::string_view argument =
        text.substr(begin, (text[i] == ',' && depth == 0 ? i : i + 1) - begin);
    while (argument.starts_with(' ')) argument.remove_prefix(1);
    while (argument.ends_with(' ')) argument.remove_suffix(1);
    out.arguments.push_back(argument);
    begin = i + 1;
  }
  return out;
}

struct Descriptions::Impl {};
Descriptions::Descriptions(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Descriptions::~Descriptions() = default;
Descriptions::Descriptions(Descriptions&&) noexcept = default;
const Descriptions& Descriptions::built_in() {
  static const Descriptions kBuiltIn(std::make_shared<Impl>());
  return kBuiltIn;
}
Result<Descriptions> Descriptions::parse(std::string_view, std::string_view, const Descriptions*) {
  return Descriptions(std::make_shared<Impl>());
}
std::optional<std::string> Descriptions::plain_name(std::string_view) const { return {}; }

std::vector<Link> Descriptions::links(std::string_view type) const {
  const TemplateName name = split_template(type);
  const auto& arguments = name.arguments;
  std::vector<Link> out;
  auto closed = [](std::string text) { return text.ends_with('>') ? text + " >" : text + ">"; };
  if (name.name == "std::_Rb_tree" && arguments.size() == 5) {
    std::string node = closed("std::_Rb_tree_node<" + std::string(arguments[1]));
    for (const char* m : {"_M_parent", "_M_left", "_M_right"}) {
      out.push_back({std::string("_M_impl._M_header.") + m, node});
    }
  } else if (name.name == "std::_Rb_tree_node") {
    for (const char* m : {"_M_parent", "_M_left", "_M_right"})
      out.push_back({m, std::string(type)});
  } else if (name.name == "std::__cxx11::_List_base" && !arguments.empty()) {
    std::string node = closed("std::_List_node<" + std::string(arguments[0]));
    for (const char* m : {"_M_next", "_M_prev"}) {
      out.push_back({std::string("_M_impl._M_node.") + m, node});
    }
  } else if (name.name == "std::_List_node") {
    for (const char* m : {"_M_next", "_M_prev"}) out.push_back({m, std::string(type)});
  } else if (name.name == "std::_Hashtable" && arguments.size() == 10) {
    const auto traits = split_template(arguments[9]);
    if (traits.arguments.empty()) return out;
    out.push_back({"_M_before_begin._M_nxt", "std::__detail::_Hash_node<" +
                                                 std::string(arguments[1]) + ", " +
                                                 std::string(traits.arguments[0]) + ">"});
  } else if (name.name == "std::__detail::_Hash_node") {
    out.push_back({"_M_nxt", std::string(type)});
  }
  return out;
}

}  // namespace inquest::objects
