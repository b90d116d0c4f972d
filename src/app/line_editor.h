/// A line from the terminal that can be edited, with history and completion.
///
/// By libedit, which is loaded when the first line is asked for; without it, lines are read as the
/// terminal gives them. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inquest::app {

class LineEditor {
 public:
  /// `words` are completed. `history` is a file to keep lines in; empty: none is kept.
  LineEditor(std::vector<std::string> words, std::string history);
  ~LineEditor();

  /// Without its newline; absent at the end of the input. Ctrl-C gives an empty line and sets
  /// `interrupted`.
  std::optional<std::string> line(const char* prompt, bool& interrupted);
  /// Adds to the history, which is saved at once.
  void remember(const std::string& text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::app
