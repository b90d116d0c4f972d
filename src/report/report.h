/// An Answer, or a Show -> text for people, JSON by schema/why.schema.json, one self-contained HTML
/// file.
#pragma once

#include <string>

#include "answer/answer.h"
#include "answer/inspect.h"
#include "answer/leaks.h"
#include "answer/memory.h"
#include "answer/show.h"

namespace inquest::report {

struct TextStyle {
  bool colour = false;
  unsigned width = 100;      ///< columns to wrap prose at; tables are not wrapped
  bool all_threads = false;  ///< print every thread in full instead of folding equal stacks
  bool all_rows = false;     ///< of `show`: long tables in full
};

std::string why_text(const answer::Answer& answer, const TextStyle& style);
std::string why_json(const answer::Answer& answer);
std::string why_html(const answer::Answer& answer);

std::string stack_text(const answer::Answer& answer, const TextStyle& style);
std::string stack_json(const answer::Answer& answer);

std::string show_text(const answer::Show& show, const TextStyle& style);
std::string show_json(const answer::Show& show);

std::string memory_text(const answer::Memory& memory, const TextStyle& style);
std::string memory_json(const answer::Memory& memory);
std::string memory_csv(const answer::Memory& memory);  ///< the areas

std::string leaks_text(const answer::Leaks& leaks, const TextStyle& style);
std::string leaks_json(const answer::Leaks& leaks);
/// A line for every block that is lost.
std::string leaks_csv(const answer::Leaks& leaks);

std::string inspect_text(const answer::Inspect& inspect, const TextStyle& style);
std::string inspect_json(const answer::Inspect& inspect);

}  // namespace inquest::report
