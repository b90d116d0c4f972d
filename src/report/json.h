/// The parts of an Answer as JSON values, shared by the reports of several verbs.
///
/// Whatever is absent is left out. Addresses and offsets in modules are "0x..." strings; sizes and
/// member offsets are numbers. The schemas are in schema/.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "answer/answer.h"

namespace inquest::report {

using Json = nlohmann::ordered_json;

/// "0x1f".
std::string hex(uint64_t value);
/// Absent where the text is empty.
void put(Json& json, const char* key, const std::string& text);

Json json_of(const answer::Dump& dump);
Json json_of(const answer::Finding& finding, bool is_verdict);
Json json_of(const answer::Fault& fault);
Json json_of(const answer::Module& module);
Json json_of(const Warning& warning);

/// One line of JSON. Bytes that are not UTF-8 become U+FFFD: a path in the dead process may hold
/// anything, and the report must stay readable.
std::string line_of(const Json& value);

/// A frame as such a line, written without the detour over values: there may be a million.
void append_frame(std::string& out, const answer::Frame& frame);

/// Writes the members of the top-level object, an element of an array to a line. The frames of a
/// thread go out one by one: a stack overflow has a million of them.
class Document {
 public:
  explicit Document(std::string_view schema);
  void member(std::string_view key, const Json& value);
  /// One element a line.
  template <class Range>
  void list(std::string_view key, const Range& elements) {
    list(key, elements, [](const auto& element) { return json_of(element); });
  }
  /// The same of elements that the caller makes JSON.
  template <class Range, class MakeJson>
  void list(std::string_view key, const Range& elements, MakeJson&& make_json) {
    begin_list(key);
    for (const auto& element : elements) element_line(line_of(make_json(element)));
    end_list();
  }
  void findings(std::string_view key, const std::vector<answer::Finding>& findings);
  void threads(std::string_view key, const std::vector<answer::Stack>& threads);
  /// Ends the object; the Document is spent.
  std::string finish() &&;

 private:
  void key(std::string_view name);
  void begin_list(std::string_view name);
  void element_line(std::string_view text);
  void end_list();

  std::string out_;
  bool first_element_ = true;
};

}  // namespace inquest::report
