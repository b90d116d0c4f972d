#include "app/types_file.h"

#include "base/mapped_file.h"

namespace inquest::app {

void add_types_option(CLI::App& verb, std::vector<std::string>& files) {
  verb.add_option("--types", files,
                  "Descriptions of your own containers (docs/container-descriptions.md); may be "
                  "repeated, first wins")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

Result<objects::Descriptions> read_descriptions(const std::vector<std::string>& files) {
  // Nothing of its own: all that is built in.
  auto all = TRY(objects::Descriptions::parse("inquest-types 1\n", "built in",
                                              &objects::Descriptions::built_in()));
  for (size_t i = files.size(); i-- > 0;) {
    auto file = TRY(MappedFile::open(files[i]));
    Bytes bytes = file->bytes();
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    all = TRY(objects::Descriptions::parse(text, files[i], &all));
  }
  return all;
}

}  // namespace inquest::app
