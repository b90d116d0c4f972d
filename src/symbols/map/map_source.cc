#include "symbols/source.h"
namespace inquest::symbols {
std::unique_ptr<Source> open_map_source(const locate::ModuleFiles&) { return nullptr; }
}
