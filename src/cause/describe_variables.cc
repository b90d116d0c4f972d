// Variables as values for the report: one line each, beside the frames of a stack.
#include <algorithm>
#include <unordered_map>

#include "cause/variables.h"

namespace inquest::cause {
namespace {

constexpr size_t kMostVariableFrames = 1 << 12;  // of all threads together
constexpr size_t kMostOfFrame = 200;
constexpr size_t kLongestValue = 400;  // bytes

void append_value(std::string& out, const objects::Field& field, size_t most);

/// Bases' fields stand among the others.
void append_fields(std::string& out, const objects::Field& parent, size_t most, bool& is_first) {
  for (size_t i = 0; i < parent.fields.size(); ++i) {
    const objects::Field& field = parent.fields[i];
    if (out.size() > most) return;
    if (field.is_base && field.value.empty()) {
      append_fields(out, field, most, is_first);
      continue;
    }
    if (!is_first) out += ", ";
    is_first = false;
    const bool is_numbered = field.name == fmt::format("[{}]", i);
    if (field.name.starts_with('[') && !is_numbered) {
      out += field.name.substr(1, field.name.size() - 2) + ": ";  // a map's key
    } else if (!is_numbered && !field.name.empty()) {
      out += field.name + " = ";
    }
    append_value(out, field, most);
  }
}

void append_value(std::string& out, const objects::Field& field, size_t most) {
  out += field.value;
  if (field.fields.empty()) {
    if (field.value.empty()) out += field.note.empty() ? "{}" : "{" + field.note + "}";
    return;
  }
  if (!field.value.empty()) out += field.target ? " -> " : " ";
  out += '{';
  bool is_first = true;
  append_fields(out, field, most, is_first);
  if (field.note.find("not shown") != field.note.npos) out += is_first ? "..." : ", ...";
  out += '}';
}

/// Never in the middle of a character.
void cut(std::string& text, size_t most) {
  if (text.size() <= most) return;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  text += "...";
}

/// Numbers and texts say by themselves what they are.
bool type_helps(const objects::Field& field) {
  if (field.type == "int" || field.type == "bool" || field.type == "char") return false;
  return !field.value.starts_with('"');
}

/// Without what is no doubt: a capacity, and what "..." says already.
std::string doubts_in(std::string_view note) {
  std::string out;
  while (!note.empty()) {
    const size_t end = std::min(note.find("; "), note.size());
    std::string_view part = note.substr(0, end);
    note.remove_prefix(std::min(end + 2, note.size()));
    if (part.starts_with("capacity ") || part.ends_with("not shown")) continue;
    out.append(out.empty() ? "" : "; ").append(part);
  }
  return out;
}

answer::Variable answer_of(VariableReader& reader, const unwind::Frame& frame,
                           const FrameVariable& variable, uint32_t line) {
  const symbols::Variable& said = variable.said;
  FrameValue read = reader.value(frame, variable);
  answer::Variable out{.name = said.name,
                       .type = read.field.type,
                       .unavailable = std::move(read.unavailable),
                       .parameter = said.is_parameter,
                       .artificial = said.is_artificial && said.name != "this"};
  if (said.place.kind == symbols::Place::Kind::memory) out.at = Address{said.place.value};
  if (!out.unavailable.empty()) return out;
  out.value = one_line(read.field, kLongestValue);
  out.type_helps = type_helps(read.field);
  out.note = doubts_in(read.field.note);
  // Unoptimised, a local has its place before it has its value.
  const bool is_below = said.line != 0 && line != 0 && said.line >= line;
  if (!said.is_parameter && is_below && out.at && !said.is_artificial)
    out.note += std::string(out.note.empty() ? "" : "; ") + "perhaps not set yet";
  return out;
}

/// The calls of one frame: the answer's frames [first, first + calls).
void add_to(VariableReader& reader, const unwind::Frame& frame, std::span<answer::Frame> calls) {
  std::vector<FrameVariable> all = reader.of(frame, calls.size());
  for (answer::Frame& call : calls) call.variables.emplace();
  for (const FrameVariable& one : all) {
    answer::Frame& call = calls[one.call];
    if (one.said.name.empty() || call.variables->size() >= kMostOfFrame) continue;
    call.variables->push_back(answer_of(reader, frame, one, call.line));
  }
  for (answer::Frame& call : calls) {
    std::ranges::stable_partition(*call.variables, [](const auto& one) { return one.parameter; });
  }
}

/// System libraries were compiled in folders of their makers: /usr/src, or by relative names.
bool is_own(const unwind::Frame& frame, const Located& place) {
  if (!frame.module || place.source.empty()) return false;
  const std::string& file = place.source.back().file;
  if (file.empty() || file.starts_with("/usr/")) return false;
  const bool is_absolute = file[0] == '/' || (file.size() > 2 && file[1] == ':');
  return is_absolute || frame.module->is_main;
}

/// How many frames were given theirs.
size_t add_to(const Process& process, VariableReader& reader, const unwind::Stack& walked,
              answer::Stack& stack, const VariableQuestion& question, size_t left) {
  const size_t most = std::min(left, question.most_frames);
  size_t next = 0, done = 0;
  for (const unwind::Frame& frame : walked.frames) {
    if (done >= most) break;
    const Located place = process.locate(frame);
    const size_t calls = std::max<size_t>(place.source.size(), 1);
    if (calls > stack.frames.size() - next || stack.frames[next].pc != frame.pc) break;
    const bool is_wanted = !question.own_only || is_own(frame, place);
    if (is_wanted && frame.module && process.types(*frame.module)) {
      add_to(reader, frame, std::span(stack.frames).subspan(next, calls));
      ++done;
    }
    next += calls;
  }
  return done;
}

}  // namespace

std::string one_line(const objects::Field& field, size_t most) {
  std::string out;
  append_value(out, field, most);
  cut(out, most);
  return out;
}

void describe_variables(const Process& process, const VariableQuestion& question,
                        std::vector<answer::Stack>& stacks, std::vector<Warning>& warnings) {
  VariableReader reader(process, brief_variables());
  const auto& threads = process.snapshot().threads;
  size_t left = kMostVariableFrames;
  bool is_cut = false;
  std::unordered_map<uint32_t, size_t> stack_of;
  for (size_t i = 0; i < stacks.size(); ++i) stack_of.try_emplace(stacks[i].thread, i);
  for (size_t i = 0; i < process.stacks().size() && i < threads.size(); ++i) {
    if (question.crashed_only && !threads[i].crashed) continue;
    auto same = stack_of.find(threads[i].id);
    if (same == stack_of.end()) continue;
    left -= add_to(process, reader, process.stacks()[i], stacks[same->second], question, left);
    is_cut |= left == 0;
  }
  if (is_cut)
    warnings.push_back(
        {fmt::format("variables are shown of the first {} frames only", kMostVariableFrames),
         "`inquest sql DUMP` has those of every frame, in the table variables"});
}

}  // namespace inquest::cause
