/// Which member of a block, or of a variable, points to what it keeps. Borrows; for one thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "cause/growth/kept_kinds.h"

namespace inquest::cause {

/// Members are numbered by name; 0: not known, or an element of an array as it is.
class KeptMembers {
 public:
  explicit KeptMembers(const KeptInput& input);

  /// Of what the next questions are: a block or an owner, and the blocks right below it. Of very
  /// many blocks below one the members of some are found, and told of others of the same type.
  void open(objects::Node keeper, const std::vector<objects::BlockId>& below);
  uint32_t of(objects::BlockId below) const;
  const std::string& name(uint32_t member) const { return names_[member]; }

 private:
  void read(objects::BlockId keeper, const std::vector<objects::BlockId>& below);
  void find_in_variable(const std::vector<objects::BlockId>& below);
  uint32_t number(std::string name);
  uint32_t member_at(const heap::Block& keeper, uint64_t type, uint64_t offset);

  const KeptInput& in_;
  unsigned word_size_;
  std::vector<std::string> names_ = {""};
  std::unordered_map<std::string, uint32_t> numbers_;
  std::unordered_map<uint64_t, std::unordered_map<uint64_t, uint32_t>> by_offset_;  // of a type
  std::unordered_map<objects::BlockId, Address> in_variables_;  // where a global points to it
  std::unordered_map<objects::BlockId, uint32_t> found_;        // below what is open
  std::unordered_map<uint64_t, uint32_t> of_type_;              // the same, by type
};

}  // namespace inquest::cause
