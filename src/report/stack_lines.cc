#include "report/stack_lines.h"

#include <algorithm>

#include "report/excerpt.h"
#include "report/folding.h"

namespace inquest::report {
namespace {

constexpr size_t kFunctionColumn = 44;  // where a name that fits is padded to
constexpr size_t kThreadsNamed = 8;
constexpr size_t kFunctionsNamed = 3;

/// Frames found by the unwind tables are taken for granted; others say how they were found.
std::string doubt(const answer::Frame& frame) {
  if (frame.trust == "context" || frame.trust == "cfi" || frame.trust == "pe") return {};
  const char* words = frame.trust == "fp"          ? "by frame pointer"
                      : frame.trust == "recovered" ? "recovered"
                      : frame.trust == "scan"      ? "guessed from the stack"
                                                   : "";
  float confidence = std::clamp(frame.confidence, 0.0F, 1.0F);
  return fmt::format("[{}, {:.0f} %]", *words ? words : clean(frame.trust), confidence * 100);
}

std::string name_of(const answer::Frame& frame) {
  if (!frame.function.empty()) return clean(frame.function);
  return frame.signal_frame ? "<signal handler called>" : "??";
}

/// The reader's own line is wanted, not the inside of std::vector.
bool is_library_source(const std::string& file) { return file.starts_with("/usr/"); }

std::string excerpt_lines(const Excerpt& found, const Palette& palette, size_t indent) {
  std::string out;
  for (size_t i = 0; i < found.lines.size(); ++i) {
    auto number = static_cast<uint32_t>(found.first + i);
    std::string line =
        fmt::format("{}{} {:5} | {}\n", std::string(indent, ' '),
                    number == found.marked ? ">" : " ", number, clean(found.lines[i]));
    out += number == found.marked ? palette.bold(line) : palette.dim(line);
  }
  if (found.newer) {
    out += std::string(indent, ' ') +
           palette.caution("(this file was changed after the process died)") + "\n";
  }
  return out;
}

/// The first `width` columns; never a part of a character.
std::string front_of(const std::string& text, size_t width) {
  if (columns(text) <= width) return text;
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && seen++ + 3 >= width) break;
  }
  return text.substr(0, end) + "...";
}

std::string variable_line(const answer::Variable& one, const Palette& paint, size_t width) {
  std::string head = clean(one.name), tail;
  if (one.type_helps && !one.type.empty()) tail = " (" + shortened(clean(one.type), 40) + ")";
  std::string text =
      one.unavailable.empty() ? clean(one.value) : "<" + clean(one.unavailable) + ">";
  std::string note = one.note.empty() ? "" : " (" + clean(one.note) + ")";
  const size_t used = columns(head) + columns(tail) + 3 + columns(note);
  text = front_of(text, std::max<size_t>(width > used ? width - used : 0, 30));
  return paint.function(head) + paint.dim(tail) + " = " +
         (one.unavailable.empty() ? text : paint.dim(text)) + paint.caution(note);
}

std::string variable_lines(const std::vector<answer::Variable>& all, const StackLines& how,
                           size_t indent) {
  const size_t width = std::max<size_t>(how.style.width, 40);
  std::string out;
  size_t shown = 0, left_out = 0;
  for (const answer::Variable& one : all) {
    if (one.artificial) continue;
    if (shown == how.variables) {
      ++left_out;
      continue;
    }
    ++shown;
    out += std::string(indent, ' ') + variable_line(one, how.palette, width - indent) + "\n";
  }
  if (left_out > 0) {
    out += std::string(indent, ' ') +
           how.palette.dim(fmt::format("... {} more: inquest stack --variables", left_out)) + "\n";
  }
  return out;
}

/// ", waits for a condition", ", runs, 12.3 s of processor time".
std::string activity_words(const answer::Stack& stack) {
  constexpr double kWorthTelling = 0.1;
  std::string words;
  if (!stack.activity.words.empty()) words += ", " + clean(stack.activity.words);
  if (stack.cpu_seconds.value_or(0) >= kWorthTelling)
    words += fmt::format(", {:.1f} s of processor time", *stack.cpu_seconds);
  return words;
}

}  // namespace

std::string place_of(const answer::Frame& frame) {
  std::string text;
  if (!frame.file.empty()) {
    text = "at " + clean(plain_path(frame.file));
    if (frame.line) text += fmt::format(":{}", frame.line);
  }
  std::string sep = text.empty() ? "" : " ";
  if (frame.module.empty()) return text.empty() ? fmt::format("at {}", frame.pc) : text;
  text += sep + "in " + clean(frame.module);
  if (frame.file.empty() && frame.offset) text += fmt::format("+{:#x}", frame.offset->value);
  return text;
}

std::string folded_text(const std::vector<answer::Frame>& frames, size_t first, size_t count,
                        size_t period) {
  if (period == 0)
    return fmt::format("... {} more frames (frames {}-{})", count, first, first + count - 1);
  std::string names;
  for (size_t i = 0; i < std::min(period, kFunctionsNamed); ++i) {
    names += (i ? ", " : "") + shortened(name_of(frames[first + i]), 60);
  }
  if (period > kFunctionsNamed) names += fmt::format(" and {} more", period - kFunctionsNamed);
  return fmt::format("... {} more frames of {} (frames {}-{})", count, names, first,
                     first + count - 1);
}

std::string lines_of(const answer::Stack& stack, const StackLines& how) {
  const Palette& paint = how.palette;
  std::vector<Row> rows = cut_rows(fold_recursion(stack.frames), how.most_rows);
  const size_t digits = fmt::format("{}", stack.frames.size()).size();
  const size_t width = how.style.width < 40 ? 40 : how.style.width;
  const size_t indent = 2 + 1 + digits + 2;
  bool excerpt_due = how.excerpts;
  size_t variable_frames = how.variable_frames;
  std::string out;
  for (const Row& row : rows) {
    if (row.count > 1 || row.period) {
      out += fmt::format("{:{}}{}\n", "", indent,
                         paint.dim(folded_text(stack.frames, row.first, row.count, row.period)));
      continue;
    }
    const answer::Frame& frame = stack.frames[row.first];
    std::string name = shortened(name_of(frame), width - indent - 2);
    std::string place = place_of(frame);
    std::string marks = frame.inlined ? " (inlined)" : "";
    std::string doubts = doubt(frame);
    size_t used = columns(name) + columns(marks);
    out += fmt::format("  {:<{}}{}{}", fmt::format("#{}", row.first), digits + 3,
                       paint.function(name), paint.dim(marks));
    size_t pad = used < kFunctionColumn ? kFunctionColumn - used : 1;
    size_t tail = columns(place) + (doubts.empty() ? 0 : 1 + columns(doubts));
    if (indent + used + pad + tail <= width) {
      out += std::string(pad, ' ') + place;
    } else {
      out += fmt::format("\n{:{}}{}", "", indent + 4, place);
    }
    if (!doubts.empty()) out += " " + paint.caution(doubts);
    out += '\n';
    const bool is_own = !is_library_source(frame.file);
    if (excerpt_due && is_own) {
      if (auto found = excerpt(frame.file, frame.line, 2, how.died)) {
        out += excerpt_lines(*found, paint, indent);
        excerpt_due = false;
      }
    }
    const bool is_wanted = variable_frames == SIZE_MAX || (variable_frames > 0 && is_own);
    if (!is_wanted || !frame.variables || frame.variables->empty()) continue;
    out += variable_lines(*frame.variables, how, indent + 2);
    if (variable_frames != SIZE_MAX) --variable_frames;
  }
  if (stack.frames.empty()) out += "  (no frames)\n";
  if (!stack.note.empty()) {
    out += wrapped(clean(stack.note), "  (the stack ends here: ", how.style.width);
    out.insert(out.size() - 1, ")");
  }
  return out;
}

std::string threads_title(const std::vector<answer::Stack>& threads,
                          const std::vector<size_t>& members, const std::string& common) {
  if (members.size() == 1) {
    const answer::Stack& one = threads[members[0]];
    return fmt::format("thread {}{}{}", one.thread,
                       one.name.empty() ? "" : " \"" + clean(one.name) + "\"", activity_words(one));
  }
  std::string ids;
  for (size_t i = 0; i < members.size() && i < kThreadsNamed; ++i) {
    ids += fmt::format("{}{}", i ? ", " : "", threads[members[i]].thread);
  }
  if (members.size() > kThreadsNamed) ids += ", ...";
  // Equal stacks are about the same; what one of them differs in, JSON tells.
  const std::string& words = threads[members[0]].activity.words;
  const bool is_common =
      std::ranges::all_of(members, [&](size_t i) { return threads[i].activity.words == words; });
  return fmt::format("threads {} ({}{}){}", ids, members.size(),
                     common.empty() ? "" : ", " + clean(common),
                     is_common && !words.empty() ? ", each " + clean(words) : "");
}

}  // namespace inquest::report
