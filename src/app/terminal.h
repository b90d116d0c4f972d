/// What the terminal can show, and progress on it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "report/report.h"

namespace inquest::app {

/// Colour on a terminal unless NO_COLOR is set; none in a pipe. Width of the terminal, else 100.
report::TextStyle terminal_style();

/// To standard output, whole.
void print_out(std::string_view text);
void print_line(std::string_view text);

/// One line on stderr, shown only for work over a second: rewritten in place on a terminal, printed
/// once a stage otherwise. Safe from any thread.
class Progress {
 public:
  static Progress& shared();
  ~Progress();

  /// What is being done now: "reading symbols".
  void stage(std::string text);
  void download(std::string_view url, uint64_t done, uint64_t total);
  /// Clears the line; nothing is shown until the next stage.
  void stop();

 private:
  Progress() = default;
  void run();
  void show(const std::string& text);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
  std::string text_, shown_;
  std::chrono::steady_clock::time_point since_{};
  bool quit_ = false;
};

}  // namespace inquest::app
