/// An Answer with everything in it, for the tests of the reports.
#pragma once

#include "answer/answer.h"

namespace inquest::report {

inline answer::Frame frame_of(uint64_t pc, std::string function, std::string file = {},
                              uint32_t line = 0) {
  answer::Frame frame;
  frame.pc = {pc};
  frame.trust = "cfi";
  frame.module = "lobby";
  frame.offset = Rva{pc - 0x400000};
  frame.function = std::move(function);
  frame.file = std::move(file);
  frame.line = line;
  return frame;
}

/// A game server that read a member of a null pointer; three of its workers wait in a queue.
inline answer::Answer example() {
  answer::Answer a;
  a.dump = {.path = "/var/crash/core.4711",
            .format = "elf-core",
            .os = "linux",
            .arch = "x86_64",
            .pid = 4711,
            .command = "lobby",
            .time = "2026-11-22T00:41:15Z",
            .bytes = 123456,
            .complete = true};
  a.verdict = {.kind = answer::Kind::null_dereference,
               .confidence = 0.97,
               .summary = "read of Guild::rank, offset 44, of a null Guild* held in Avatar::guild",
               .evidence = {{.what = "the fault address 0x2c is offset 44 of a null pointer",
                             .thread = 4711,
                             .frame = 0,
                             .address = Address{0x2c}}},
               .next = {"look at who clears Avatar::guild: lobby.cc:120"}};
  a.findings = {a.verdict};
  a.fault =
      answer::Fault{.thread = 4711,
                    .signal = "SIGSEGV",
                    .address = Address{0x2c},
                    .instruction = "mov eax, [rdi+0x2c]",
                    .access = "read",
                    .explanation = answer::Explanation{
                        .base = "null", .type = "Guild", .member = "Guild::rank", .offset = 44}};
  answer::Stack crashed{.thread = 4711, .name = "main", .crashed = true};
  crashed.frames = {frame_of(0x401234, "Guild::rank() const", "/src/guild.h", 44),
                    frame_of(0x401234, "Avatar::title() const", "/src/avatar.cc", 120),
                    frame_of(0x401300, "main", "/src/main.cc", 12)};
  crashed.frames[0].trust = crashed.frames[1].trust = "context";
  crashed.frames[0].inlined = true;
  crashed.frames[0].source_url = "https://git.example.com/lobby/4f2a/guild.h";
  crashed.frames[1].source_command = "p4.exe print //depot/avatar.cc#7";
  a.threads = {crashed};
  for (uint32_t i = 0; i < 3; ++i) {
    answer::Stack worker{.thread = 4712 + i, .name = fmt::format("worker-{}", i)};
    worker.frames = {frame_of(0x7f0000001000, "futex_wait"),
                     frame_of(0x401800, "Queue::pop()", "/src/queue.cc", 33)};
    worker.frames[0].module = "libc.so.6";
    a.threads.push_back(worker);
  }
  a.modules = {{.name = "/usr/bin/lobby",
                .base = {0x400000},
                .size = 0x10000,
                .id = "ab12cd",
                .symbols = "full",
                .from = "/usr/bin/lobby"},
               {.name = "/lib/libfoo.so.1",
                .base = {0x7f0000000000},
                .size = 0x2000,
                .id = "",
                .symbols = "none"}};
  a.warnings = {{"no symbols for libfoo.so.1", "give --symbols DIR"}, {"the core is cut short"}};
  return a;
}

}  // namespace inquest::report
