#include "format/pe/source.h"

#include <algorithm>

namespace inquest::pe {
namespace {

constexpr uint64_t kPage = 4096;
/// What a hostile or live image can make us copy in all.
constexpr uint64_t kMostCopied = uint64_t{1} << 30;

Bytes clip(Bytes bytes, uint64_t offset, uint64_t most) {
  if (offset >= bytes.size()) return {};
  return bytes.subspan(offset, std::min<uint64_t>(most, bytes.size() - offset));
}

}  // namespace

uint64_t extent(const Section& section) {
  return std::max(section.virtual_size, section.virtual_size == 0 ? section.file_size : 0);
}

const Section* section_at(const Headers& headers, uint64_t rva) {
  auto after = std::partition_point(headers.sections.begin(), headers.sections.end(),
                                    [&](const Section& s) { return s.rva <= rva; });
  if (after == headers.sections.begin()) return nullptr;
  const Section& section = *std::prev(after);
  return rva - section.rva < extent(section) ? &section : nullptr;
}

Bytes FileSource::stored(uint64_t offset, uint64_t most) const {
  return clip(bytes_, offset, most);
}

Bytes FileSource::run(uint64_t rva, uint64_t most) const {
  if (!headers_) return {};
  if (const Section* section = section_at(*headers_, rva)) {
    uint64_t skip = rva - section->rva;
    uint64_t there = std::min<uint64_t>(section->file_size, extent(*section));
    if (skip >= there) return {};  // zeros, which the file does not hold
    // The loader ignores the low bits, where sections are aligned to pages.
    uint64_t offset = section->file_offset;
    if (headers_->section_alignment >= kPage) offset &= ~uint64_t{511};
    return clip(bytes_, offset + skip, std::min(most, there - skip));
  }
  if (rva >= headers_->header_size) return {};
  return clip(bytes_, rva, std::min(most, headers_->header_size - rva));
}

Bytes MemorySource::known(uint64_t rva) const {
  Bytes best;
  auto after = runs_.upper_bound(rva);
  if (after == runs_.begin()) return best;
  uint64_t nearest = std::prev(after)->first;
  // Runs that begin at one place differ in length: a longer one was asked for later.
  for (auto [at, end] = runs_.equal_range(nearest); at != end; ++at) {
    Bytes rest = clip(at->second, rva - nearest, UINT64_MAX);
    if (rest.size() > best.size()) best = rest;
  }
  return best;
}

Bytes MemorySource::fetch(uint64_t rva, uint64_t size) const {
  // In growing steps, so that a claim costs no more than is there.
  std::vector<std::byte> bytes;
  uint64_t step = kPage;
  while (bytes.size() < size) {
    uint64_t wanted = std::min(step, size - bytes.size());
    if (copied_ + wanted > kMostCopied) break;
    size_t had = bytes.size();
    bytes.resize(had + wanted);
    size_t got = read_(Rva{rva + had}, std::span(bytes).subspan(had));
    got = std::min<size_t>(got, wanted);
    copied_ += got;
    bytes.resize(had + got);
    if (got < wanted) break;
    step *= 2;
  }
  if (bytes.size() < size) note_hole(rva + bytes.size());
  if (bytes.empty()) return {};
  return runs_.emplace(rva, std::move(bytes))->second;
}

void MemorySource::note_hole(uint64_t rva) const {
  constexpr size_t kMostHoles = 1 << 16;
  if (holes_.size() < kMostHoles) holes_.insert(rva);
}

Bytes MemorySource::run(uint64_t rva, uint64_t most) const {
  if (most == 0 || rva > UINT32_MAX) return {};
  most = std::min<uint64_t>(most, uint64_t{UINT32_MAX} - rva + 1);
  std::lock_guard lock(mutex_);
  Bytes run = known(rva);
  if (run.size() >= most) return run.first(most);
  if (holes_.contains(rva + run.size())) return run;
  // Whole pages serve the neighbours too. A page whose front is missing is read from here on.
  uint64_t begin = rva & ~(kPage - 1);
  uint64_t end = (rva + most + kPage - 1) & ~(kPage - 1);
  Bytes pages = fetch(begin, end - begin);
  Bytes fetched = clip(pages, rva - begin, most);
  if (fetched.empty() && begin != rva) fetched = fetch(rva, most);
  if (run.size() > fetched.size()) fetched = run;
  return fetched.first(std::min<uint64_t>(most, fetched.size()));
}

}  // namespace inquest::pe
