#include "app/types_file.h"

#include <cstdlib>
#include <fmt/core.h>

#include "base/mapped_file.h"
#include "objects/containers/natvis.h"

namespace inquest::app {

namespace {

/// What a natvis says, in our own text; what it says that cannot be expressed is told.
Result<std::string> from_natvis(std::string_view xml, const std::string& file) {
  auto natvis = TRY(objects::translate_natvis(xml, file));
  for (const Warning& warning : natvis.warnings) {
    fmt::print(stderr, "inquest: warning: {}; {}\n", warning.what, warning.advice);
  }
  return std::move(natvis.text);
}

}  // namespace

void add_types(CLI::App& verb, DumpOptions& options) {
  verb.add_option("--types", options.types,
                  "Descriptions of your own containers (docs/container-descriptions.md), or a "
                  ".natvis; may be repeated, first wins. INQUEST_TYPES adds more")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

Result<std::shared_ptr<const objects::Descriptions>> read_descriptions(
    std::vector<std::string> files) {
  const char* more = std::getenv("INQUEST_TYPES");
  for (std::string& file : CLI::detail::split(more ? more : "", ':')) {
    if (!file.empty()) files.push_back(std::move(file));
  }
  if (files.empty()) return nullptr;
  // Nothing of its own: all that is built in.
  auto all = TRY(objects::Descriptions::parse("inquest-types 1\n", "built in",
                                              &objects::Descriptions::built_in()));
  for (size_t i = files.size(); i-- > 0;) {
    auto file = TRY(MappedFile::open(files[i]));
    Bytes bytes = file->bytes();
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::string translated;
    if (objects::is_natvis(text)) {
      translated = TRY(from_natvis(text, files[i]));
      text = translated;
    }
    all = TRY(objects::Descriptions::parse(text, files[i], &all));
  }
  return std::make_shared<const objects::Descriptions>(std::move(all));
}

}  // namespace inquest::app
