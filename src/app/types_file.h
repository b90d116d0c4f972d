/// `--types FILE`: a team's own descriptions of containers.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "objects/containers.h"

namespace inquest::app {

/// Adds --types to a verb.
void add_types_option(CLI::App& verb, std::vector<std::string>& files);

/// The built-in descriptions behind those of the files, the first file first. The error names file
/// and line.
Result<objects::Descriptions> read_descriptions(const std::vector<std::string>& files);

}  // namespace inquest::app
