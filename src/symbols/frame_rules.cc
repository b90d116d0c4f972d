#include "format/breakpad/sym_file.h"
#include "symbols/pdb/frame_data.h"
#include "symbols/symbols.h"

namespace inquest::symbols {

std::shared_ptr<const breakpad::FrameRules> read_frame_rules(const locate::ModuleFiles& files) {
  struct Text {
    std::shared_ptr<const MappedFile> file;
    breakpad::FrameRules rules;
  };
  if (files.sym) {
    auto text =
        std::make_shared<Text>(Text{files.sym, breakpad::read_frame_rules(files.sym->bytes())});
    if (!text->rules.empty()) return {text, &text->rules};
  }
  return files.pdb ? read_pdb_frame_rules(files.pdb) : nullptr;
}

}  // namespace inquest::symbols
