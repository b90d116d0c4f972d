#include "ingest/ingest.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "base/decompress.h"
#include "base/limits.h"
#include "base/mapped_file.h"
#include "ingest/core_memory.h"
#include "ingest/elf_core.h"
#include "ingest/link_map.h"
#include "ingest/minidump.h"
#include "ingest/process_parameters.h"

namespace inquest::ingest {
namespace {

using snapshot::Snapshot;

constexpr std::string_view kTakenFiles =
    "give a Linux core or a minidump, plain or packed by zstd, lz4, xz or gzip";

bool starts_with(Bytes bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

bool is_text(Bytes bytes) {
  return std::ranges::all_of(bytes.first(std::min<size_t>(bytes.size(), 512)), [](std::byte b) {
    auto c = static_cast<unsigned char>(b);
    return c >= ' ' || c == '\n' || c == '\r' || c == '\t';
  });
}

/// Why a file is not taken, in one line.
Error refusal(const MappedFile& file) {
  Bytes bytes = file.bytes();
  Error error{
      .what = "is not a core dump", .file = file.path(), .advice = std::string(kTakenFiles)};
  if (bytes.empty()) {
    error.what = "is empty";
    error.advice = "the core was not written; check `ulimit -c` and the disk's free space";
  } else if (starts_with(bytes, "PAGEDU")) {
    error.what = "is a dump of a whole Windows system, not of a process";
  } else if (starts_with(bytes, "MZ")) {
    error.what = "is a Windows program, not a dump";
  } else if (starts_with(bytes, "!<arch>")) {
    error.what = "is an archive of object files, not a core dump";
  } else if (is_text(bytes)) {
    error.what = "is text, not a core dump";
  }
  return error;
}

/// A new file without a name; the caller closes it. Negative, with errno, on failure.
int open_nameless(const std::string& folder) {
  int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0) return descriptor;
  // Not every file system has O_TMPFILE.
  std::string name = folder + "/inquest-XXXXXX";
  descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor >= 0) ::unlink(name.c_str());
  return descriptor;
}

std::string scratch_directory(const Options& options) {
  if (!options.scratch_directory.empty()) return options.scratch_directory;
  const char* wanted = std::getenv("TMPDIR");
  // Not /tmp, which is often memory.
  return wanted && *wanted ? wanted : "/var/tmp";
}

/// A packed dump, unpacked to a file that vanishes with its mapping.
struct Unpacked {
  std::shared_ptr<const MappedFile> file;
  bool cut = false;
};

Result<Unpacked> unpack_dump(const MappedFile& packed, Packing packing, const Options& options) {
  std::string folder = scratch_directory(options);
  int descriptor = open_nameless(folder);
  if (descriptor < 0) {
    return fail({.what = fmt::format("no file can be made there: {}", std::strerror(errno)),
                 .file = folder,
                 .advice = "set TMPDIR to a folder with room for the unpacked dump"});
  }
  auto unpacked = unpack_to_file(packed.bytes(), packing, descriptor, kLimits.decompressed_bytes);
  auto mapped = unpacked ? MappedFile::from_descriptor(descriptor, packed.path())
                         : tl::unexpected<Error>(unpacked.error());
  ::close(descriptor);
  if (!mapped) {
    Error error = std::move(mapped).error();
    error.file = packed.path();
    return fail(std::move(error));
  }
  return Unpacked{.file = std::move(*mapped), .cut = unpacked->cut};
}

Result<Snapshot> read_plain(std::shared_ptr<const MappedFile> file) {
  if (starts_with(file->bytes(), "\177ELF")) return read_elf_core(std::move(file));
  if (starts_with(file->bytes(), "MDMP")) return read_minidump(std::move(file));
  return fail(refusal(*file));
}

}  // namespace

Result<Snapshot> open(const std::string& path, const Options& options) {
  auto file = TRY(MappedFile::open(path));
  Packing packing = packing_of(file->bytes());
  // zlib streams have no magic worth the name, and nothing packs cores so.
  if (packing == Packing::none || packing == Packing::zlib) return read_plain(std::move(file));

  auto unpacked = TRY(unpack_dump(*file, packing, options));
  Snapshot snapshot = TRY(read_plain(std::move(unpacked.file)));
  snapshot.annotations["packing"] = name(packing);
  snapshot.annotations["packed_bytes"] = std::to_string(file->bytes().size());
  if (unpacked.cut) {
    snapshot.complete = false;
    snapshot.warnings.insert(snapshot.warnings.begin(),
                             {fmt::format("the {} stream is cut or damaged; {} could be unpacked",
                                          name(packing), in_megabytes(snapshot.bytes)),
                              "get the whole file"});
  }
  return snapshot;
}

void reread(Snapshot& snapshot) {
  read_link_map(snapshot);
  std::string arguments = snapshot.process.arguments;
  read_process_parameters(snapshot);
  snapshot.process.arguments = std::move(arguments);
}

}  // namespace inquest::ingest
