#include "inquest/inquest.h"

#include <exception>

#include "base/version.h"
#include "cause/cause.h"
#include "ingest/ingest.h"
#include "report/report.h"

namespace inquest {
namespace {

cause::Options options_of(const Request& request) {
  cause::Options options;
  if (request.use_environment) options.locate = locate::Options::from_environment();
  auto& symbols = options.locate.symbols;
  auto& images = options.locate.images;
  symbols.insert(symbols.begin(), request.symbols.begin(), request.symbols.end());
  images.insert(images.begin(), request.images.begin(), request.images.end());
  options.symbols.use_cache = request.use_symbol_cache;
  return options;
}

std::vector<Frame> crashed_stack(const answer::Answer& answer) {
  std::vector<Frame> frames;
  for (const answer::Stack& stack : answer.threads) {
    if (!stack.crashed) continue;
    for (const answer::Frame& f : stack.frames) {
      frames.push_back({.pc = f.pc.value,
                        .trust = f.trust,
                        .module = f.module,
                        .function = f.function,
                        .file = f.file,
                        .line = f.line,
                        .inlined = f.inlined});
    }
  }
  return frames;
}

Reply investigate(const Request& request) {
  auto snapshot = ingest::open(request.dump);
  if (!snapshot) return {.error = snapshot.error().line()};
  auto process = cause::Process::open(std::move(*snapshot), options_of(request));
  answer::Answer answer = cause::investigate(*process);
  Reply reply{.ok = true,
              .cause = std::string(answer::name(answer.verdict.kind)),
              .confidence = answer.verdict.confidence,
              .summary = answer.verdict.summary};
  for (const auto& evidence : answer.verdict.evidence) reply.evidence.push_back(evidence.what);
  reply.stack = crashed_stack(answer);
  reply.json = report::why_json(answer);
  return reply;
}

}  // namespace

Reply why(const Request& request) {
  // The rooms return errors as values; what is left is the standard library's, such as bad_alloc.
  try {
    return investigate(request);
  } catch (const std::exception& problem) {
    return {.error = request.dump + ": " + problem.what()};
  }
}

const char* version() { return kVersion; }

}  // namespace inquest
