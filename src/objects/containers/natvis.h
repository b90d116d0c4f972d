/// Visual Studio's own descriptions of types (.natvis), as far as they say where elements are.
///
/// Source: "Create custom views of C++ objects in the debugger using the Natvis framework",
/// learn.microsoft.com, and natvis.xsd of Visual Studio 2022. Expressed are ArrayItems,
/// IndexListItems, LinkedListItems, TreeItems, ExpandedItem, SmartPointer, Items that are numbers,
/// and a DisplayString that is nothing but a text with its length. Everything else of a Type is
/// left out with a warning that names the element and its line. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace inquest::objects {

struct Natvis {
  std::string text = {};  ///< the same in the `inquest-types` text, which parses
  std::vector<Warning> warnings = {};
};

/// Whether a file's bytes are a natvis, by its begin: `<`, not the first line of our own text.
bool is_natvis(std::string_view bytes);

/// `name` is for messages. Fails only where the XML is none, or no AutoVisualizer.
Result<Natvis> translate_natvis(std::string_view xml, std::string_view name);

}  // namespace inquest::objects
