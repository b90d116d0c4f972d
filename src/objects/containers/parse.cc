/// The `inquest-types` text: a line is a statement, its first word says which.
#include <algorithm>
#include <charconv>
#include <functional>

#include "objects/containers/descriptions.h"
#include "objects/containers/spelling.h"

namespace inquest::objects {
namespace {

constexpr size_t kMostClasses = 1 << 16;
constexpr size_t kLongestLine = 1 << 12;
constexpr std::string_view kHeader = "inquest-types";

/// Takes the first word off a text.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text = trimmed(text.substr(word.size()));
  return word;
}

/// Splits at the last " word "; absent when it is not there.
std::optional<std::pair<std::string_view, std::string_view>> split_at(std::string_view text,
                                                                      std::string_view word) {
  size_t at = text.rfind(word);
  if (at == text.npos) return {};
  return std::pair(trimmed(text.substr(0, at)), trimmed(text.substr(at + word.size())));
}

/// "_M_impl._M_header": names with dots between.
bool is_path(std::string_view text) {
  bool wants_name = true;
  for (char c : text) {
    bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    if (!letter && (c != '.' || wants_name)) return false;
    wants_name = c == '.';
  }
  return !wants_name;
}

Result<> parse_class(std::string_view rest, ClassDescription& to) {
  if (rest.empty()) return fail("\"class\" needs the name of a class, such as game::Pool<$T>");
  if (rest.ends_with('>') && split_template(rest).arguments.empty() && !rest.ends_with("<>"))
    return fail(fmt::format("the brackets of \"{}\" do not match", rest));
  to.patterns.emplace_back(rest);
  return {};
}

Result<> parse_link(std::string_view rest, ClassDescription& to) {
  auto sides = split_at(rest, " -> ");
  if (!sides) return fail("a link needs the form MEMBER -> TYPE");
  auto [member, target] = *sides;
  if (!is_path(member)) return fail(fmt::format("\"{}\" is not a path of members", member));
  Link link{.member = std::string(member)};
  constexpr std::string_view kHead = " or head";
  if (target.ends_with(kHead)) {
    link.may_be_head = true;
    target = trimmed(target.substr(0, target.size() - kHead.size()));
  }
  if (auto plus = split_at(target, " + ")) {
    auto [type, number] = *plus;
    auto [end, problem] =
        std::from_chars(number.data(), number.data() + number.size(), link.offset);
    if (problem != std::errc() || end != number.data() + number.size())
      return fail(fmt::format("\"{}\" is not a number of bytes", number));
    target = type;
  }
  if (target.empty()) return fail("a link needs a type behind \"->\"");
  link.target = target;
  to.links.push_back(std::move(link));
  return {};
}

Result<> parse_cell(std::string_view rest, ClassDescription& to) {
  auto sides = split_at(rest, " -> ");
  if (!sides || sides->second.empty()) return fail("a cell needs the form MEMBER -> TYPE");
  if (!is_path(sides->first))
    return fail(fmt::format("\"{}\" is not a path of members", sides->first));
  to.cells.push_back({std::string(sides->first), std::string(sides->second)});
  return {};
}

/// let NAME = EXPRESSION, show NAME = EXPRESSION.
Result<NamedExpression> parse_named(std::string_view rest) {
  size_t equals = rest.find('=');
  if (equals == rest.npos) return fail("the form is NAME = EXPRESSION");
  std::string_view name = trimmed(rest.substr(0, equals));
  if (!is_path(name) || name.find('.') != name.npos)
    return fail(fmt::format("\"{}\" is not a name", name));
  return NamedExpression { std::string(name), TRY(Expression::parse(rest.substr(equals + 1))) };
}

/// value EXPRESSION [if CONDITION] [where CODE names PATTERN]
Result<> parse_value(std::string_view rest, ClassDescription& to) {
  HeldValue held;
  if (auto where = split_at(rest, " where ")) {
    auto names = split_at(where->second, " names ");
    if (!names) return fail("\"where\" needs the form EXPRESSION names PATTERN");
    held.code = TRY(Expression::parse(names->first));
    held.pattern = names->second;
    rest = where->first;
  }
  if (auto condition = split_at(rest, " if ")) {
    held.condition = TRY(Expression::parse(condition->second));
    rest = condition->first;
  }
  held.value = TRY(Expression::parse(rest));
  to.values.push_back(std::move(held));
  return {};
}

struct Statement {
  std::string_view word;
  Shape shape;  ///< that it makes; none where it makes none
  Expression ClassDescription::* expression;
};
/// Those that take one expression.
constexpr Statement kStatements[] = {
    {"same", Shape::same, &ClassDescription::begin},
    {"array", Shape::array, &ClassDescription::begin},
    {"each", Shape::each, &ClassDescription::item},
    {"list", Shape::list, &ClassDescription::begin},
    {"tree", Shape::tree, &ClassDescription::begin},
    {"bits", Shape::bits, &ClassDescription::begin},
    {"text", Shape::text, &ClassDescription::begin},
    {"count", Shape::none, &ClassDescription::count},
    {"next", Shape::none, &ClassDescription::next},
    {"left", Shape::none, &ClassDescription::left},
    {"right", Shape::none, &ClassDescription::right},
    {"item", Shape::none, &ClassDescription::item},
    {"nil", Shape::none, &ClassDescription::nil},
    {"end", Shape::none, &ClassDescription::end},
    {"key", Shape::none, &ClassDescription::key},
    {"mapped", Shape::none, &ClassDescription::mapped},
};

Result<> set_shape(Shape shape, ClassDescription& to) {
  if (shape == Shape::none) return {};
  if (to.shape != Shape::none && !(shape == Shape::value && to.shape == shape))
    return fail("a class has one of same, array, each, list, tree, bits, text and value");
  to.shape = shape;
  return {};
}

Result<> parse_statement(std::string_view word, std::string_view rest, ClassDescription& to) {
  if (word == "name") {
    to.plain_name = rest;
    return {};
  }
  if (word == "ring") {
    if (!rest.empty()) return fail("\"ring\" stands alone");
    to.is_ring = true;
    return {};
  }
  if (word == "link") return parse_link(rest, to);
  if (word == "cell") return parse_cell(rest, to);
  if (word == "let" || word == "show") {
    (word == "let" ? to.lets : to.shown).push_back(TRY(parse_named(rest)));
    return {};
  }
  if (word == "value") {
    TRY(set_shape(Shape::value, to));
    return parse_value(rest, to);
  }
  auto known = std::ranges::find(kStatements, word, &Statement::word);
  if (known == std::end(kStatements)) return fail(fmt::format("\"{}\" is no statement", word));
  TRY(set_shape(known->shape, to));
  Expression& place = to.*known->expression;
  if (!place.empty()) return fail(fmt::format("\"{}\" is said twice of one class", word));
  place = TRY(Expression::parse(rest));
  return {};
}

/// What belongs together must be there together.
Result<> check(const ClassDescription& one) {
  auto needs = [&](Shape shape, std::string_view word, const Expression& expression) -> Result<> {
    if (one.shape != shape || !expression.empty()) return {};
    return fail(
        fmt::format("\"{}\" is missing in the description of {}", word, one.patterns.front()));
  };
  for (Shape counted : {Shape::array, Shape::each, Shape::bits, Shape::text})
    TRY(needs(counted, "count", one.count));
  TRY(needs(Shape::list, "next", one.next));
  if (one.is_ring) TRY(needs(Shape::list, "count", one.count));
  TRY(needs(Shape::tree, "left", one.left));
  TRY(needs(Shape::tree, "right", one.right));
  return {};
}

class Reader {
 public:
  Reader(std::string_view text, std::string_view name, Descriptions::Impl& out)
      : text_(text), name_(name), out_(out) {}

  Result<> all() {
    while (!text_.empty()) {
      std::string_view line = next_line();
      if (line.empty()) continue;
      if (line.size() > kLongestLine) return at_line(Error{.what = "the line is too long"});
      if (auto done = one(line); !done) return at_line(std::move(done).error());
    }
    if (!has_header_) return at_line(*no_header());
    if (auto done = finish_class(); !done) return at_line(std::move(done).error());
    return {};
  }

 private:
  /// Without its comment.
  std::string_view next_line() {
    size_t end = text_.find('\n');
    std::string_view line = text_.substr(0, end);
    text_.remove_prefix(end == text_.npos ? text_.size() : end + 1);
    ++line_;
    line = trimmed(line);
    if (line.starts_with('#')) return {};
    if (size_t comment = line.find(" #"); comment != line.npos) line = line.substr(0, comment);
    return trimmed(line);
  }

  std::optional<Error> no_header() const {
    return Error{.what = fmt::format("the first line is not \"{} 1\"", kHeader),
                 .advice = "docs/container-descriptions.md says how such a file is written"};
  }

  tl::unexpected<Error> at_line(Error error) const {
    error.file = name_;
    error.stream = fmt::format("line {}", line_);
    return tl::unexpected<Error>(std::move(error));
  }

  Result<> one(std::string_view line) {
    std::string_view rest = line;
    std::string_view word = take_word(rest);
    if (!has_header_) {
      if (word != kHeader) return fail(*no_header());
      if (rest != "1") return fail(fmt::format("version \"{}\" of the text is not known", rest));
      has_header_ = true;
      return {};
    }
    if (word == "namespace") return parse_namespaces(rest);
    if (word == "class") {
      if (!in_head_) {
        TRY(finish_class());
        class_ = {.source = std::string(name_), .line = line_};
      }
      in_head_ = true;
      return parse_class(rest, class_);
    }
    if (class_.patterns.empty()) return fail(fmt::format("\"{}\" stands before any class", word));
    in_head_ = false;
    return parse_statement(word, rest, class_);
  }

  Result<> parse_namespaces(std::string_view rest) {
    NamespaceGroup group;
    while (!rest.empty()) group.push_back(std::string(take_word(rest)) + "::");
    if (group.size() < 2) return fail("\"namespace\" needs two names or more that are one");
    out_.namespaces.push_back(std::move(group));
    return {};
  }

  Result<> finish_class() {
    if (class_.patterns.empty()) return {};
    TRY(check(class_));
    if (out_.classes.size() >= kMostClasses) return fail("there are too many classes");
    std::vector<std::string> keys;
    for (const std::string& pattern : class_.patterns)
      keys.emplace_back(Descriptions::Impl::key_of(pattern));
    std::ranges::sort(keys);
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    for (std::string& key : keys) out_.by_name.emplace(std::move(key), out_.classes.size());
    out_.classes.push_back(std::move(class_));
    class_ = {};
    return {};
  }

  std::string_view text_, name_;
  Descriptions::Impl& out_;
  size_t line_ = 0;
  bool has_header_ = false;
  bool in_head_ = false;  ///< "class" lines that follow each other are one description
  ClassDescription class_;
};

}  // namespace

Result<> parse_descriptions(std::string_view text, std::string_view name, Descriptions::Impl& out) {
  return Reader(text, name, out).all();
}

}  // namespace inquest::objects
