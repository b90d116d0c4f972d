#include "cause/runtime/rtti.h"

namespace inquest::cause {

objects::RttiInput rtti_of(const Process& process) {
  return {process.snapshot(), [&process](Address at) -> std::string {
            const auto* module = process.snapshot().module_at(at);
            if (!module) return {};
            auto nearest = process.symbols(*module).symbol_at(Rva{at - module->range.begin});
            return nearest ? nearest->linkage : std::string();
          }};
}

}  // namespace inquest::cause
