#include "report/json.h"

namespace inquest::report {

std::string hex(uint64_t value) { return fmt::format("{:#x}", value); }

void put(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

namespace {

/// NaN and infinity have no JSON form; a confidence is 0..1 whatever a detector made of it.
double unit(double value) {
  if (!(value > 0)) return 0;
  if (value > 1) return 1;
  return static_cast<double>(static_cast<int>(value * 1000 + 0.5)) / 1000;
}

Json json_of(const answer::Evidence& evidence) {
  Json json{{"what", evidence.what}};
  if (evidence.thread) json["thread"] = *evidence.thread;
  if (evidence.frame) json["frame"] = *evidence.frame;
  if (evidence.address) json["address"] = hex(evidence.address->value);
  return json;
}

}  // namespace

Json json_of(const answer::Dump& dump) {
  Json json{{"format", dump.format}, {"os", dump.os}, {"arch", dump.arch}};
  put(json, "path", dump.path);
  if (dump.pid) json["pid"] = *dump.pid;
  put(json, "command", dump.command);
  put(json, "time", dump.time);
  json["bytes"] = dump.bytes;
  json["complete"] = dump.complete;
  return json;
}

Json json_of(const answer::Finding& finding, bool is_verdict) {
  Json json{{is_verdict ? "cause" : "kind", answer::name(finding.kind)},
            {"confidence", unit(finding.confidence)},
            {"summary", finding.summary}};
  json["evidence"] = Json::array();
  for (const answer::Evidence& one : finding.evidence) json["evidence"].push_back(json_of(one));
  if (is_verdict || !finding.next.empty()) json["next"] = finding.next;
  return json;
}

Json json_of(const answer::Fault& fault) {
  Json json{{"thread", fault.thread}};
  put(json, "signal", fault.signal);
  put(json, "exception", fault.exception);
  if (fault.address) json["address"] = hex(fault.address->value);
  put(json, "instruction", fault.instruction);
  json["access"] = fault.access;
  if (const auto& explanation = fault.explanation) {
    Json& inner = json["explanation"] = Json{{"base", explanation->base}};
    put(inner, "type", explanation->type);
    put(inner, "member", explanation->member);
    // Before the pointer: a negative number, not one near 2^64 that readers of JSON would round.
    if (explanation->offset) inner["offset"] = static_cast<int64_t>(*explanation->offset);
  }
  return json;
}

Json json_of(const answer::Module& module) {
  Json json{{"name", module.name},
            {"base", hex(module.base.value)},
            {"size", module.size},
            {"id", module.id},
            {"symbols", module.symbols.empty() ? "none" : module.symbols}};
  put(json, "from", module.from);
  put(json, "note", module.note);
  return json;
}

Json json_of(const Warning& warning) {
  Json json{{"what", warning.what}};
  put(json, "advice", warning.advice);
  return json;
}

std::string line_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Document::Document(std::string_view schema) { out_ = "{\n  \"schema\": " + line_of(Json(schema)); }

void Document::key(std::string_view name) { out_ += ",\n  " + line_of(Json(name)) + ": "; }

void Document::member(std::string_view name, const Json& value) {
  key(name);
  // Objects of the top level are read by people too: a member a line, two levels deep at most.
  if (!value.is_object() || value.empty()) {
    out_ += line_of(value);
    return;
  }
  bool first = true;
  for (const auto& [inner, content] : value.items()) {
    out_ += first ? "{\n    " : ",\n    ";
    out_ += line_of(Json(inner)) + ": " + line_of(content);
    first = false;
  }
  out_ += "\n  }";
}

void Document::begin_list(std::string_view name) {
  key(name);
  out_ += '[';
  first_element_ = true;
}

void Document::element_line(std::string_view text) {
  out_ += first_element_ ? "\n    " : ",\n    ";
  out_ += text;
  first_element_ = false;
}

void Document::end_list() { out_ += first_element_ ? "]" : "\n  ]"; }

void Document::findings(std::string_view name, const std::vector<answer::Finding>& findings) {
  begin_list(name);
  for (const answer::Finding& one : findings) element_line(line_of(json_of(one, false)));
  end_list();
}

void Document::threads(std::string_view name, const std::vector<answer::Stack>& threads) {
  begin_list(name);
  size_t frames_left = 0;
  for (const answer::Stack& stack : threads) frames_left += stack.frames.size();
  for (const answer::Stack& stack : threads) {
    const size_t start = out_.size();
    Json head{{"id", stack.thread}};
    put(head, "name", stack.name);
    head["crashed"] = stack.crashed;
    put(head, "note", stack.note);
    if (!stack.activity.kind.empty()) {
      head["activity"] = {{"kind", stack.activity.kind}, {"words", stack.activity.words}};
      put(head["activity"], "system_call", stack.activity.system_call);
    }
    if (stack.cpu_seconds) head["cpu_seconds"] = *stack.cpu_seconds;
    std::string text = line_of(head);
    text.pop_back();
    element_line(text);
    out_ += ", \"frames\": [";
    for (size_t i = 0; i < stack.frames.size(); ++i) {
      out_ += i ? ",\n      " : "\n      ";
      append_frame(out_, stack.frames[i]);
    }
    out_ += "]}";
    // Doubling a text of megabytes would need thrice its room: the rest is likely as long a frame.
    frames_left -= stack.frames.size();
    if (stack.frames.empty()) continue;
    const size_t a_frame = (out_.size() - start) / stack.frames.size() + 1;
    if (a_frame * frames_left > out_.capacity() - out_.size()) {
      out_.reserve(out_.size() + a_frame * frames_left * 17 / 16);
    }
  }
  end_list();
}

std::string Document::finish() && { return std::move(out_) + "\n}\n"; }

}  // namespace inquest::report
