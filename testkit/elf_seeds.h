/// Small ELF images and cores, one of each kind that the readers know: seeds for the fuzzers.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace inquest::testkit {

/// File name -> bytes.
using Seeds = std::map<std::string, std::vector<std::byte>>;

Seeds elf_seeds();
Seeds elf_core_seeds();

/// Writes each to `folder`/name, making the folder.
void write_seeds(const Seeds& seeds, const std::string& folder);

}  // namespace inquest::testkit
