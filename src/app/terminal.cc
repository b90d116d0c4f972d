#include "app/terminal.h"

#include <cstdlib>
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace inquest::app {
namespace {

using namespace std::chrono_literals;
constexpr auto kPatience = 1s;

}  // namespace

report::TextStyle terminal_style() {
  report::TextStyle style;
  if (!::isatty(STDOUT_FILENO)) return style;
  const char* no_colour = std::getenv("NO_COLOR");
  style.colour = !no_colour || !*no_colour;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
    style.width = size.ws_col < 140u ? size.ws_col : 140u;
  }
  return style;
}

void print_out(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_line(std::string_view text) {
  print_out(text);
  std::fputc('\n', stdout);
}

Progress& Progress::shared() {
  static Progress progress;
  return progress;
}

Progress::~Progress() {
  {
    std::lock_guard lock(mutex_);
    quit_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Progress::stage(std::string text) {
  std::lock_guard lock(mutex_);
  if (text_.empty()) since_ = std::chrono::steady_clock::now();
  text_ = std::move(text);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Progress::download(std::string_view url, uint64_t done, uint64_t total) {
  constexpr double kMega = 1e6;
  stage(total
            ? fmt::format("downloading {} ({:.1f} of {:.1f} MB)", url, done / kMega, total / kMega)
            : fmt::format("downloading {} ({:.1f} MB)", url, done / kMega));
}

void Progress::stop() {
  std::lock_guard lock(mutex_);
  text_.clear();
  if (!shown_.empty() && ::isatty(STDERR_FILENO)) fmt::print(stderr, "\r\x1b[K");
  shown_.clear();
}

void Progress::run() {
  std::unique_lock lock(mutex_);
  while (!quit_) {
    changed_.wait_for(lock, 100ms);
    bool due = !text_.empty() && std::chrono::steady_clock::now() - since_ > kPatience;
    if (due && text_ != shown_) show(text_);
  }
}

void Progress::show(const std::string& text) {
  if (::isatty(STDERR_FILENO)) {
    fmt::print(stderr, "\r\x1b[K{}...", text);
    std::fflush(stderr);
  } else if (text.substr(0, text.find('(')) != shown_.substr(0, shown_.find('('))) {
    fmt::print(stderr, "inquest: {}...\n", text);
  }
  shown_ = text;
}

}  // namespace inquest::app
