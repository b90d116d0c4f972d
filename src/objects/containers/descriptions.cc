#include "objects/containers/descriptions.h"

#include <algorithm>

#include "base/limits.h"
#include "objects/containers/spelling.h"

namespace inquest::objects {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// Targets are spelled as the name is that was asked for: both come from one compiler.
Spelling spelling_of(std::string_view name) {
  Spelling spelling;
  if (name.find(',') != name.npos) spelling.space_after_comma = name.find(", ") != name.npos;
  spelling.space_between_closing = name.find(">>") == name.npos;
  return spelling;
}

/// What fills holes stays as it is; only the text around follows the spelling.
std::string spaced(std::string text, const Spelling& spelling) {
  if (!spelling.space_after_comma) replace_all(text, ", ", ",");
  if (!spelling.space_between_closing) {
    replace_all(text, "> >", ">>");
  } else {
    replace_all(text, ">>", "> >");
  }
  return text;
}

/// A name repeated in a name repeated in a name would take for ever.
constexpr size_t kMostParts = 4096, kLongestPlain = 1 << 16;

std::string plain(const Descriptions::Impl& all, std::string_view text, size_t depth,
                  size_t& parts);

/// The name itself stays: it is plain already.
std::string plain_arguments(const Descriptions::Impl& all, std::string_view text, size_t depth,
                            size_t& parts) {
  TemplateName split = split_template(text);
  if (split.name.size() == text.size()) return std::string(text);
  std::string out(split.name);
  out += '<';
  for (size_t i = 0; i < split.arguments.size(); ++i) {
    if (i > 0) out += ", ";
    if (out.size() > kLongestPlain) return std::string(text);
    out += plain(all, split.arguments[i], depth + 1, parts);
  }
  return out + '>';
}

/// "std::string *" of "std::__cxx11::basic_string<...> *".
std::string plain(const Descriptions::Impl& all, std::string_view text, size_t depth,
                  size_t& parts) {
  if (++parts > kMostParts || depth > kLimits.type_depth || text.find('<') == text.npos)
    return std::string(text);
  size_t end = text.size();
  while (end > 0 && text[end - 1] != '>') --end;
  std::string_view name = text.substr(0, end), behind = text.substr(end), before;
  if (name.starts_with("const ")) {
    before = name.substr(0, 6);
    name.remove_prefix(6);
  }
  std::string out(before);
  auto fitting = all.fitting(name);
  auto named = std::ranges::find_if(
      fitting, [](const auto& fit) { return !fit.description->plain_name.empty(); });
  out += named == fitting.end()
             ? plain_arguments(all, name, depth, parts)
             : plain_arguments(all, named->fill(named->description->plain_name), depth, parts);
  return out.append(behind);
}

}  // namespace

std::string FittingDescription::fill(std::string_view text) const {
  std::string with_namespace(text);
  if (!described_namespace.empty()) replace_all(with_namespace, described_namespace, own_namespace);
  return bindings.fill(with_namespace);
}

std::vector<FittingDescription> Descriptions::Impl::fitting(std::string_view type_name) const {
  std::vector<FittingDescription> out;
  // Each inline namespace in the name as the one that the text uses, the name itself first.
  std::vector<FittingDescription> ways{{nullptr, {}}};
  for (const NamespaceGroup& group : namespaces) {
    for (size_t i = 1; i < group.size(); ++i) {
      if (type_name.find(group[i]) != type_name.npos)
        ways.push_back({nullptr, {}, group.front(), group[i]});
    }
  }
  for (const FittingDescription& way : ways) {
    std::string name(type_name);
    if (!way.described_namespace.empty())
      replace_all(name, way.own_namespace, way.described_namespace);
    auto [first, last] = by_name.equal_range(key_of(name));
    for (auto at = first; at != last; ++at) {
      const ClassDescription& one = classes[at->second];
      for (const std::string& pattern : one.patterns) {
        FittingDescription fit = way;
        if (!fits(pattern, name, fit.bindings)) continue;
        fit.description = &one;
        out.push_back(std::move(fit));
        break;
      }
    }
  }
  if (base) {
    auto more = base->fitting(type_name);
    std::ranges::move(more, std::back_inserter(out));
  }
  return out;
}

Descriptions::Descriptions(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Descriptions::~Descriptions() = default;
Descriptions::Descriptions(Descriptions&&) noexcept = default;
Descriptions& Descriptions::operator=(Descriptions&&) noexcept = default;

const Descriptions& Descriptions::built_in() {
  static const Descriptions all = [] {
    auto impl = std::make_shared<Impl>();
    for (auto [text, name] : {std::pair(kLibstdcxxText, "libstdc++"),
                              std::pair(kLibcxxText, "libc++"), std::pair(kMsvcText, "msvc")}) {
      // A mistake in a built-in text is ours; a test parses them all.
      (void)parse_descriptions(text, name, *impl);
    }
    return Descriptions(std::move(impl));
  }();
  return all;
}

Result<Descriptions> Descriptions::parse(std::string_view text, std::string_view name,
                                         const Descriptions* base) {
  auto impl = std::make_shared<Impl>();
  if (base) impl->base = base->impl_;
  TRY(parse_descriptions(text, name, *impl));
  return Descriptions(std::move(impl));
}

std::vector<Link> Descriptions::links(std::string_view type_name) const {
  std::vector<Link> out;
  const Spelling spelling = spelling_of(type_name);
  for (const FittingDescription& fit : impl_->fitting(type_name)) {
    for (const Link& link : fit.description->links) {
      Link filled = link;
      filled.target = spaced(fit.fill(link.target), spelling);
      // A template that is described closely and by the way answers twice.
      bool is_known = std::ranges::any_of(out, [&](const Link& known) {
        return known.member == filled.member &&
               same_spelling(known.target) == same_spelling(filled.target);
      });
      if (!is_known) out.push_back(std::move(filled));
    }
  }
  return out;
}

std::vector<Cell> Descriptions::cells(std::string_view type_name) const {
  std::vector<Cell> out;
  const Spelling spelling = spelling_of(type_name);
  for (const FittingDescription& fit : impl_->fitting(type_name)) {
    for (const Cell& cell : fit.description->cells)
      out.push_back({cell.member, spaced(fit.fill(cell.type), spelling)});
  }
  return out;
}

std::optional<std::string> Descriptions::plain_name(std::string_view type_name) const {
  for (const FittingDescription& fit : impl_->fitting(type_name)) {
    if (!fit.description->plain_name.empty()) {
      size_t parts = 0;
      return plain_arguments(*impl_, fit.fill(fit.description->plain_name), 0, parts);
    }
  }
  return {};
}

std::string Descriptions::plain_type(std::string_view type_name) const {
  size_t parts = 0;
  return plain(*impl_, type_name, 0, parts);
}

}  // namespace inquest::objects
