#include "objects/containers/natvis.h"

#include <algorithm>
#include <fmt/core.h>
#include <pugixml.hpp>

#include "objects/containers/descriptions.h"
#include "objects/containers/natvis_words.h"
#include "objects/containers/spelling.h"

namespace inquest::objects {
namespace {

constexpr size_t kLargestNatvis = 16 << 20;
constexpr size_t kMostNatvisWarnings = 200;
constexpr std::string_view kOurHeader = "inquest-types 1\n";

using pugi::xml_node;

std::string_view name_of(const xml_node& node) { return node.name(); }
std::string text_of(const xml_node& node) { return natvis_expression(node.text().get()); }
std::string condition_of(const xml_node& node) {
  return natvis_expression(node.attribute("Condition").value());
}

/// Elements that say how a type looks, not what it holds.
bool is_about_looks(std::string_view element) {
  return element == "DisplayString" || element == "StringView" || element == "UIVisualizer" ||
         element == "AlternativeType" || element == "Expand" || element == "Version";
}

class NatvisTranslator {
 public:
  NatvisTranslator(std::string_view xml, std::string_view name) : name_(name) {
    for (size_t at = 0; at < xml.size(); ++at) {
      if (xml[at] == '\n') line_ends_.push_back(at);
    }
    out_.text = kOurHeader;
  }

  Natvis translate(const xml_node& root) {
    for (const xml_node& node : root.children()) {
      if (name_of(node) == "Type") type(node);
      if (name_of(node) == "Intrinsic") left_out(node, "functions are not evaluated");
    }
    if (unlisted_ != 0) {
      out_.warnings.push_back({fmt::format("{}: {} more elements are left out", name_, unlisted_)});
    }
    return std::move(out_);
  }

 private:
  size_t line_of(const xml_node& node) const {
    const auto at = static_cast<size_t>(std::max<ptrdiff_t>(node.offset_debug(), 0));
    const auto end = std::ranges::lower_bound(line_ends_, at);
    return static_cast<size_t>(end - line_ends_.begin()) + 1;
  }
  void left_out(const xml_node& node, std::string_view why) {
    if (out_.warnings.size() >= kMostNatvisWarnings) {
      ++unlisted_;
      return;
    }
    out_.warnings.push_back({fmt::format("{}, line {}: <{}> of {} is left out: {}", name_,
                                         line_of(node), name_of(node), type_, why),
                             "docs/container-descriptions.md says what can be expressed"});
  }
  void say(std::string_view word, std::string_view expression) {
    body_ += fmt::format("  {} {}\n", word, expression);
  }
  /// Whether an element is for a view that is not the usual one.
  static bool is_for_a_view(const xml_node& node) { return node.attribute("IncludeView"); }

  void type(const xml_node& node) {
    type_ = node.attribute("Name").value();
    if (is_for_a_view(node)) return;
    std::vector<std::string> patterns = natvis_patterns(type_);
    for (const xml_node& other : node.children("AlternativeType")) {
      std::ranges::move(natvis_patterns(other.attribute("Name").value()),
                        std::back_inserter(patterns));
    }
    if (patterns.empty()) return left_out(node, "its name is not that of a class");
    body_.clear();
    shape_ = xml_node();
    for (const xml_node& child : node.children()) {
      if (child.type() != pugi::node_element || is_for_a_view(child)) continue;
      if (name_of(child) == "SmartPointer") {
        smart_pointer(child);
      } else if (!is_about_looks(name_of(child))) {
        left_out(child, "it is not evaluated");
      }
    }
    for (const xml_node& child : node.child("Expand").children()) {
      if (child.type() == pugi::node_element && !is_for_a_view(child)) expansion(child);
    }
    if (!shape_) display_string(node);
    if (body_.empty()) return;
    finish(node, patterns);
  }

  /// What our own text cannot say is left out as a whole, before it can fail there.
  void finish(const xml_node& node, const std::vector<std::string>& patterns) {
    std::string text;
    for (const std::string& pattern : patterns) text += fmt::format("class {}\n", pattern);
    text += body_;
    Descriptions::Impl scratch;
    auto parsed = parse_descriptions(std::string(kOurHeader) + text, name_, scratch);
    if (!parsed) return left_out(shape_ ? shape_ : node, parsed.error().what);
    out_.text += text;
  }

  /// One class has one shape; Natvis may have several, one behind the other.
  bool takes_shape(const xml_node& node) {
    if (shape_) {
      left_out(node, "elements were found another way already");
      return false;
    }
    for (const char* attribute : {"Condition", "Optional"}) {
      if (!node.attribute(attribute)) continue;
      // A member that is not there makes the whole description pass over: that is what Optional
      // means.
      if (std::string_view(attribute) == "Optional") continue;
      left_out(node, "it has a condition");
      return false;
    }
    shape_ = node;
    return true;
  }

  void expansion(const xml_node& node) {
    const std::string_view element = name_of(node);
    if (element == "Item") return item(node);
    if (element == "ArrayItems") return array(node);
    if (element == "IndexListItems") return index_list(node);
    if (element == "LinkedListItems") return linked_list(node);
    if (element == "TreeItems") return tree(node);
    if (element == "ExpandedItem") {
      if (takes_shape(node)) say("same", text_of(node));
      return;
    }
    left_out(node, "it is not evaluated");
  }

  void item(const xml_node& node) {
    const std::string name = natvis_item_name(node.attribute("Name").value());
    const std::string value = text_of(node);
    if (name.empty()) return left_out(node, "its name is no word");
    if (node.attribute("Condition")) return left_out(node, "it has a condition");
    if (!Expression::parse(value)) return left_out(node, "its expression is not understood");
    say("show", name + " = " + value);
  }

  /// Of several, each for a condition: one expression. Empty when there is none.
  static std::string chosen(const xml_node& node, const char* element) {
    std::string out, end;
    for (const xml_node& one : node.children(element)) {
      if (is_for_a_view(one)) continue;
      const std::string condition = condition_of(one);
      if (condition.empty()) return out + text_of(one) + end;
      out += fmt::format("({}) ? ({}) : (", condition, text_of(one));
      end += ")";
    }
    return out.empty() ? out : out + "0" + end;
  }

  void array(const xml_node& node) {
    if (!takes_shape(node)) return;
    for (const char* strange : {"Direction", "Rank", "LowerBound"}) {
      if (node.child(strange)) return left_out(node.child(strange), "it is not evaluated");
    }
    say("count", chosen(node, "Size"));
    say("array", chosen(node, "ValuePointer"));
  }

  void index_list(const xml_node& node) {
    if (!takes_shape(node)) return;
    say("count", chosen(node, "Size"));
    say("each", chosen(node, "ValueNode"));
  }

  void value_node(const xml_node& node) {
    const std::string value = text_of(node.child("ValueNode"));
    if (!value.empty() && value != "this" && value != "*this") say("item", value);
  }

  void linked_list(const xml_node& node) {
    if (!takes_shape(node)) return;
    const std::string size = chosen(node, "Size");
    if (!size.empty()) say("count", size), say("ring", "");
    say("list", chosen(node, "HeadPointer"));
    say("next", chosen(node, "NextPointer"));
    value_node(node);
  }

  void tree(const xml_node& node) {
    if (!takes_shape(node)) return;
    if (const std::string size = chosen(node, "Size"); !size.empty()) say("count", size);
    say("tree", chosen(node, "HeadPointer"));
    say("left", chosen(node, "LeftPointer"));
    say("right", chosen(node, "RightPointer"));
    const std::string is_node = condition_of(node.child("ValueNode"));
    if (!is_node.empty()) say("nil", fmt::format("!({})", is_node));
    value_node(node);
  }

  void smart_pointer(const xml_node& node) {
    if (!takes_shape(node)) return;
    const std::string pointer = text_of(node);
    say("value", fmt::format("*({}) if ({})", pointer, pointer));
  }

  /// A text, where the type says nothing else.
  void display_string(const xml_node& node) {
    for (const xml_node& one : node.children("DisplayString")) {
      if (is_for_a_view(one) || one.attribute("Condition")) continue;
      const NatvisText text = natvis_text(one.text().get());
      if (text.pointer.empty()) return;
      shape_ = one;
      say("count", text.count);
      say("text", text.pointer);
      return;
    }
  }

  std::string_view name_;
  std::vector<size_t> line_ends_;
  Natvis out_;
  size_t unlisted_ = 0;
  std::string type_;  ///< whose elements are looked at
  std::string body_;  ///< its statements
  xml_node shape_;    ///< the element that says where its elements are
};

}  // namespace

bool is_natvis(std::string_view bytes) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  return trimmed(bytes).starts_with('<');
}

Result<Natvis> translate_natvis(std::string_view xml, std::string_view name) {
  auto failed = [&](std::string what, std::string advice) {
    Error error{.what = std::move(what), .advice = std::move(advice)};
    error.file = name;
    return tl::unexpected<Error>(std::move(error));
  };
  if (xml.size() > kLargestNatvis) {
    return failed(fmt::format("{} bytes are more than a natvis has", xml.size()), "split the file");
  }
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) {
    return failed(fmt::format("is no XML at byte {}: {}", parsed.offset, parsed.description()),
                  "open it in Visual Studio, which names the mistake");
  }
  const xml_node root = document.child("AutoVisualizer");
  if (!root)
    return failed("has no AutoVisualizer", "give a .natvis file, or an inquest-types text");
  return NatvisTranslator(xml, name).translate(root);
}

}  // namespace inquest::objects
