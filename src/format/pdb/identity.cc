#include "format/pdb/identity.h"

#include <algorithm>
#include <array>
#include <strings.h>

#include "base/cursor.h"
#include "format/pdb/msf.h"

namespace inquest::pdb {
namespace {

constexpr uint32_t kInfoStream = 1, kDbiStream = 3;

struct Guid {
  le32 data1;
  le16 data2, data3;
  unsigned char data4[8];
};
struct InfoHeader {
  le32 version, signature, age;
  Guid guid;
};
struct DbiHeader {
  le32 version_signature, version, age;
};
static_assert(sizeof(InfoHeader) == 28 && sizeof(DbiHeader) == 12);

std::string text(const Guid& guid) {
  std::string all =
      fmt::format("{:08X}{:04X}{:04X}", static_cast<uint32_t>(guid.data1),
                  static_cast<uint16_t>(guid.data2), static_cast<uint16_t>(guid.data3));
  for (unsigned char byte : guid.data4) all += fmt::format("{:02X}", byte);
  return all;
}

bool same_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string Identity::debug_id() const {
  return fmt::format("{}{:X}", guid, link_age.value_or(age));
}

bool Identity::matches(std::string_view debug_id) const {
  return same_text(debug_id, this->debug_id()) ||
         same_text(debug_id, fmt::format("{}{:X}", guid, age));
}

Result<Identity> read_identity(Bytes file, std::string name) {
  const std::shared_ptr<const Msf> msf = TRY(Msf::open(file, name, nullptr));
  auto info = msf->head<InfoHeader>(kInfoStream);
  if (!info) {
    return fail(Error{.what = "the information stream is missing or cut",
                      .file = std::move(name),
                      .stream = "PDB",
                      .advice = "copy the PDB again; it is incomplete"});
  }
  Identity identity{.guid = text(info->guid), .age = info->age, .signature = info->signature};
  if (auto dbi = msf->head<DbiHeader>(kDbiStream)) {
    // A PDB without code (types only) has an empty one; -1 marks the header that has an age.
    if (dbi->version_signature == UINT32_MAX) identity.link_age = dbi->age;
  }
  return identity;
}

}  // namespace inquest::pdb
