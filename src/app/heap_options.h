/// What the verbs that look at blocks and pointers share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "app/options.h"
#include "app/terminal.h"
#include "base/address.h"
#include "cause/heap/heap_types.h"
#include "cause/process.h"
#include "objects/references.h"

namespace inquest::app {

/// Adds --pointer-mask and --no-mappings.
void add_reference_options(CLI::App& verb, objects::ReferenceOptions& options);

/// Adds --typed and --untyped.
void add_naming_options(CLI::App& verb, cause::BlockNaming& naming);

/// "0x7f12", "7f12", or the name of a variable of the process: its first byte. Fails where `text`
/// is neither, which is wrong usage.
Result<Address> address_of(const cause::Process& process, const std::string& text);

/// Prints the answer of a verb that lists: `text(style)`, `json()` or `csv()`. A page (html) is
/// another answer: its verb prints it itself.
template <class Text, class Json, class Csv>
void print_list(ListOutput output, bool all_rows, Text text, Json json, Csv csv) {
  std::string printed;
  switch (output) {
    case ListOutput::json:
      printed = json();
      break;
    case ListOutput::csv:
      printed = csv();
      break;
    case ListOutput::html:
    case ListOutput::text: {
      auto style = terminal_style();
      style.all_rows = all_rows;
      printed = text(style);
    }
  }
  print_out(printed);
}

}  // namespace inquest::app
