/// `--types FILE`: a team's own descriptions of containers.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "app/options.h"
#include "objects/containers.h"

namespace inquest::app {

/// Adds --types to a verb that tells objects.
void add_types(CLI::App& verb, DumpOptions& options);

/// The built-in descriptions behind those of the files, the first file first, and behind these
/// those that the environment's INQUEST_TYPES lists, separated by colons. Null where there are no
/// files: what is built in. The error names file and line.
Result<std::shared_ptr<const objects::Descriptions>> read_descriptions(
    std::vector<std::string> files);

}  // namespace inquest::app
