/// For tests: the memory of testkit's heap patient as a Snapshot whose bytes can be changed.
#pragma once

#include <fcntl.h>
#include <fstream>
#include <memory>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "heap/heap.h"
#include "testkit/heap_patient.h"
#include "testkit/shell.h"

namespace inquest::heap::glibc {

class PatientImage {
 public:
  /// Starts the patient (a shell's words in front of it: variables, a loader), waits until it
  /// stands still, copies its memory and ends it. Empty when that did not work.
  static std::unique_ptr<PatientImage> take(const testkit::TemporaryFolder& folder,
                                            const std::string& program,
                                            const std::string& environment, int seed,
                                            int operations, int threads) {
    std::string truth = folder / "truth";
    std::remove(truth.c_str());
    std::string command = "exec env " + environment + " " + program + " " + truth + " " +
                          std::to_string(seed) + " " + std::to_string(operations) + " " +
                          std::to_string(threads);
    pid_t pid = testkit::start_program({"/bin/sh", "-c", command}, folder / "output");
    auto image = std::make_unique<PatientImage>();
    bool ready = testkit::wait_for_text(truth, "ready", 60);
    if (ready) {
      image->truth = testkit::read_heap_truth(truth);
      image->copy(pid);
    }
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return ready ? std::move(image) : nullptr;
  }

  /// The bytes at `at`, to be changed; null when the image has none.
  std::byte* at(uint64_t at) {
    for (auto& [begin, bytes] : pieces_) {
      if (at >= begin && at - begin < bytes->size()) return bytes->data() + (at - begin);
    }
    return nullptr;
  }

  snapshot::Snapshot process;
  testkit::HeapTruth truth;

 private:
  void copy(pid_t pid) {
    int memory = open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    for (std::string line; std::getline(maps, line);) take_mapping(line, memory);
    close(memory);
    for (auto [id, tls] : truth.threads) {
      snapshot::Thread thread;
      thread.id = id;
      thread.tls = tls;
      process.threads.push_back(thread);
    }
  }

  void take_mapping(const std::string& line, int memory) {
    std::istringstream words(line);
    std::string range, access, offset, device, inode, path;
    words >> range >> access >> offset >> device >> inode;
    std::getline(words >> std::ws, path);
    uint64_t begin = std::stoull(range, nullptr, 16),
             end = std::stoull(range.substr(range.find('-') + 1), nullptr, 16);
    snapshot::Region region{.range = {{begin}, {end}}};
    region.access = snapshot::Access{access[0] == 'r', access[1] == 'w', access[2] == 'x'};
    region.file = path == "[heap]" ? "" : path;  // it must not be needed
    process.regions.push_back(region);
    if (path.starts_with("/") && access[3] == 'p') take_module(path, {{begin}, {end}});
    if (access[0] != 'r' || access[1] != 'w' || access[3] != 'p' || memory < 0) return;
    auto bytes = std::make_shared<std::vector<std::byte>>(end - begin);
    if (pread(memory, bytes->data(), bytes->size(), static_cast<off_t>(begin)) !=
        static_cast<ssize_t>(bytes->size())) {
      return;
    }
    process.memory.add({begin}, *bytes, snapshot::Origin::dump, bytes);
    pieces_.push_back({begin, bytes});
  }

  void take_module(const std::string& path, AddressRange range) {
    auto& modules = process.modules;
    if (!modules.empty() && modules.back().path == path) {
      modules.back().range.end = range.end;
    } else {
      modules.push_back({.path = path, .range = range});
    }
  }

  std::vector<std::pair<uint64_t, std::shared_ptr<std::vector<std::byte>>>> pieces_;
};

}  // namespace inquest::heap::glibc
