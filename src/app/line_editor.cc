#include "app/line_editor.h"

#include <algorithm>
#include <cctype>
#include <clocale>
#include <cstdio>
#include <fmt/core.h>
#include <iostream>
#include <string_view>

#include "app/editline.h"

namespace inquest::app {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool starts_alike(std::string_view word, std::string_view start) {
  return word.size() >= start.size() &&
         std::equal(start.begin(), start.end(), word.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// The words that go on from `start`, in its case: who types small letters wants `select`.
std::vector<std::string> matches(const std::vector<std::string>& words, std::string_view start) {
  std::vector<std::string> found;
  for (const std::string& word : words) {
    if (!starts_alike(word, start)) continue;
    found.push_back(word);
    if (start.front() == lower(start.front())) {
      std::ranges::transform(found.back(), found.back().begin(), lower);
    }
  }
  std::ranges::sort(found);
  auto rest = std::ranges::unique(found);
  found.erase(rest.begin(), rest.end());
  return found;
}

std::string common_start(const std::vector<std::string>& words) {
  std::string common = words.front();
  for (const std::string& word : words) {
    auto differs = std::ranges::mismatch(common, word).in1;
    common.erase(differs, common.end());
  }
  return common;
}

}  // namespace

struct LineEditor::Impl {
  std::vector<std::string> words;
  std::string history_file;
  const char* prompt = "";
  bool interrupted = false;

  const Editline* api = nullptr;
  EditLine* line = nullptr;
  History* history = nullptr;

  void open();
  unsigned char complete();
  unsigned char list(const std::vector<std::string>& found) const;
};

namespace {

template <class Data>
Data* data_of(EditLine* line) {
  void* data = nullptr;
  load_editline()->get(line, EL_CLIENTDATA, &data);
  return static_cast<Data*>(data);
}

}  // namespace

void LineEditor::Impl::open() {
  api = load_editline();
  if (!api) return;
  // Without a locale it would take letters of other scripts for bytes.
  std::setlocale(LC_CTYPE, "");
  line = api->init("inquest", stdin, stdout, stderr);
  if (!line) return;
  api->set(line, EL_CLIENTDATA, this);
  api->set(
      line, EL_PROMPT, +[](EditLine* of) { return const_cast<char*>(data_of<Impl>(of)->prompt); });
  api->set(line, EL_EDITOR, "emacs");
  history = api->history_init();
  HistEvent event;
  constexpr int kKept = 1000;
  api->history(history, &event, H_SETSIZE, kKept);
  api->history(history, &event, H_SETUNIQUE, 1);
  if (!history_file.empty()) api->history(history, &event, H_LOAD, history_file.c_str());
  api->set(line, EL_HIST, api->history, history);
  api->set(
      line, EL_ADDFN, "inquest-complete", "Complete a name",
      +[](EditLine* of, int) { return data_of<Impl>(of)->complete(); });
  api->set(line, EL_BIND, "^I", "inquest-complete", nullptr);
  api->set(line, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  // Ctrl-C comes as a key here, and gives up the query that is being typed.
  api->set(
      line, EL_ADDFN, "inquest-cancel", "Give up this query", +[](EditLine* of, int) {
        data_of<Impl>(of)->interrupted = true;
        return static_cast<unsigned char>(CC_NEWLINE);
      });
  api->set(line, EL_SETTY, "-d", "-isig", nullptr);
  api->set(line, EL_BIND, "^C", "inquest-cancel", nullptr);
}

unsigned char LineEditor::Impl::complete() {
  const LineInfo* info = api->line(line);
  std::string_view before(info->buffer, static_cast<size_t>(info->cursor - info->buffer));
  size_t size = 0;
  while (size < before.size() && is_word(before[before.size() - 1 - size])) ++size;
  bool is_command = size < before.size() && before.size() - size == 1 && before.front() == '.';
  if (is_command) ++size;
  std::string_view start = before.substr(before.size() - size);
  if (start.empty()) return CC_ERROR;
  std::vector<std::string> found = matches(words, start);
  if (found.empty()) return CC_ERROR;
  std::string common = common_start(found);
  if (found.size() > 1 && common.size() == start.size()) return list(found);
  if (found.size() == 1) common += ' ';
  api->erase(line, static_cast<int>(start.size()));
  return api->insert(line, common.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char LineEditor::Impl::list(const std::vector<std::string>& found) const {
  constexpr size_t kShown = 60;
  std::string text = "\n";
  for (size_t i = 0; i < std::min(found.size(), kShown); ++i) text += found[i] + "  ";
  if (found.size() > kShown) text += "...";
  fmt::print("{}\n", text);
  std::fflush(stdout);
  return CC_REDISPLAY;
}

LineEditor::LineEditor(std::vector<std::string> words, std::string history)
    : impl_(std::make_unique<Impl>()) {
  impl_->words = std::move(words);
  impl_->history_file = std::move(history);
  impl_->open();
}

LineEditor::~LineEditor() {
  if (impl_->line) impl_->api->end(impl_->line);
  if (impl_->history) impl_->api->history_end(impl_->history);
}

std::optional<std::string> LineEditor::line(const char* prompt, bool& interrupted) {
  interrupted = false;
  if (!impl_->line) {
    fmt::print("{}", prompt);
    std::fflush(stdout);
    std::string text;
    if (!std::getline(std::cin, text)) return {};
    return text;
  }
  impl_->prompt = prompt;
  impl_->interrupted = false;
  int count = 0;
  const char* text = impl_->api->gets(impl_->line, &count);
  interrupted = impl_->interrupted;
  if (interrupted) {
    fmt::print("^C\n");
    return std::string();
  }
  if (!text || count <= 0) return {};
  std::string_view whole(text, static_cast<size_t>(count));
  while (whole.ends_with('\n') || whole.ends_with('\r')) whole.remove_suffix(1);
  return std::string(whole);
}

void LineEditor::remember(const std::string& text) {
  if (!impl_->history) return;
  HistEvent event;
  impl_->api->history(impl_->history, &event, H_ENTER, text.c_str());
  if (impl_->history_file.empty()) return;
  impl_->api->history(impl_->history, &event, H_SAVE, impl_->history_file.c_str());
}

}  // namespace inquest::app
