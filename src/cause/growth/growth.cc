#include "cause/growth/growth.h"

#include <algorithm>

#include "cause/contents.h"
#include "cause/growth/gathering.h"
#include "cause/growth/growth_profile.h"

namespace inquest::cause {
namespace {

using answer::Growth;
using objects::Sum;

constexpr uint64_t kLeastNoise = 64 << 10;

/// In every step, and no step next to nothing.
bool grew_in_every_step(const std::vector<uint64_t>& bytes) {
  if (bytes.size() < 3 || bytes.back() <= bytes.front()) return false;
  constexpr uint64_t kOfAverage = 10;
  const uint64_t least = (bytes.back() - bytes.front()) / (bytes.size() - 1) / kOfAverage;
  for (size_t i = 1; i < bytes.size(); ++i) {
    if (bytes[i] <= bytes[i - 1] || bytes[i] - bytes[i - 1] < least) return false;
  }
  return true;
}

Growth growth_of(std::string what, const std::vector<Sum>& sums) {
  Growth growth{.what = std::move(what)};
  std::vector<uint64_t> bytes;
  for (const Sum& sum : sums) {
    growth.at.push_back({sum.blocks, sum.bytes});
    bytes.push_back(sum.bytes);
  }
  growth.confirmed = grew_in_every_step(bytes);
  return growth;
}

/// The same of a member of every profile.
template <class Get>
Growth growth_of(std::string what, const std::vector<Profile>& profiles, Get get) {
  std::vector<Sum> sums;
  for (const Profile& profile : profiles) sums.push_back(get(profile));
  return growth_of(std::move(what), sums);
}

void most_growth_first(std::vector<Growth>& changed) {
  std::ranges::stable_sort(changed, std::greater(), [](const Growth& growth) {
    return std::pair(growth.confirmed, growth.bytes());
  });
}

/// Of all that any dump knows, what changed by `noise` bytes or more. `name` makes keys text; what
/// has one name is one.
template <class Get, class Name>
std::vector<Growth> changes(const std::vector<Profile>& profiles, uint64_t noise, Get get,
                            Name name) {
  std::map<std::string, std::vector<Sum>> all;
  for (size_t i = 0; i < profiles.size(); ++i) {
    for (const auto& [key, sum] : get(profiles[i])) {
      std::vector<Sum>& sums = all[name(profiles[i], key)];
      sums.resize(profiles.size());
      sums[i].blocks += sum.blocks;
      sums[i].bytes += sum.bytes;
    }
  }
  std::vector<Growth> changed;
  for (const auto& [what, sums] : all) {
    Growth growth = growth_of(what, sums);
    if (static_cast<uint64_t>(std::abs(growth.bytes())) >= std::max<uint64_t>(noise, 1))
      changed.push_back(std::move(growth));
  }
  most_growth_first(changed);
  return changed;
}

/// Text that begins alike is a type too; the line of all text stays.
void add_texts(const std::vector<Profile>& profiles, uint64_t noise, std::vector<Growth>& types) {
  auto texts = changes(
      profiles, noise, [](auto& p) -> auto& { return p.texts; },
      [](const Profile&, const std::string& pattern) {
        return fmt::format("text like \"{}\"", pattern);
      });
  for (Growth& growth : texts) {
    growth.part_of = kTextType;
    types.push_back(std::move(growth));
  }
  most_growth_first(types);
}

bool are_one_process(const std::vector<Profile>& profiles) {
  return std::ranges::all_of(profiles, [&](const Profile& profile) {
    return is_same_process(profiles.front().identity, profile.identity);
  });
}

/// What an owner is called in all dumps.
std::string owner_name(const Profile& profile, const std::string& name, bool one_process) {
  auto general = profile.general_names.find(name);
  return one_process || general == profile.general_names.end() ? name : general->second;
}

bool times_ascend(const std::vector<Profile>& profiles) {
  for (size_t i = 0; i < profiles.size(); ++i) {
    if (!profiles[i].time || (i > 0 && *profiles[i].time < *profiles[i - 1].time)) return false;
  }
  return true;
}

/// An end that all dumps know and come nearer to, the next first.
std::optional<answer::Pace::End> end_of(const std::vector<Profile>& profiles, double hours) {
  std::optional<answer::Pace::End> next;
  for (const heap::Ceiling& last : profiles.back().ceilings) {
    if (!last.is_bytes || last.is_assumed) continue;
    std::vector<uint64_t> used;
    for (const Profile& profile : profiles) {
      auto same = std::ranges::find(profile.ceilings, last.what, &heap::Ceiling::what);
      if (same != profile.ceilings.end()) used.push_back(same->used);
    }
    if (used.size() != profiles.size() || !grew_in_every_step(used) || last.most < last.used)
      continue;
    const double pace = static_cast<double>(used.back() - used.front()) / hours;
    const double left = static_cast<double>(last.most - last.used) / pace;
    if (!next || left < next->hours)
      next = {.what = last.what, .used = last.used, .most = last.most, .hours = left};
  }
  return next;
}

std::optional<answer::Pace> pace_of(const std::vector<Profile>& profiles, const Growth& total,
                                    bool one_process) {
  if (!one_process || !times_ascend(profiles)) return {};
  const auto seconds = (*profiles.back().time - *profiles.front().time).count();
  constexpr int64_t kLeastSeconds = 10;  // they are whole seconds: less would be guessed
  if (seconds < kLeastSeconds) return {};
  answer::Pace pace{.hours = static_cast<double>(seconds) / 3600};
  pace.bytes_per_hour = static_cast<double>(total.bytes()) / pace.hours;
  pace.by_file_times = std::ranges::any_of(profiles, &Profile::is_file_time);
  if (total.confirmed) pace.end = end_of(profiles, pace.hours);
  return pace;
}

void add_warnings(const std::vector<Profile>& profiles, std::vector<Warning>& warnings) {
  const Profile& first = profiles.front();
  for (const Profile& profile : profiles) {
    auto difference = difference_of(first.identity, profile.identity);
    if (difference) {
      warnings.push_back(*difference);
      break;
    }
  }
  for (size_t i = 1; i < profiles.size(); ++i) {
    const Profile& before = profiles[i - 1];
    const Profile& after = profiles[i];
    if (!before.time || !after.time || *before.time <= *after.time) continue;
    const bool by_file = before.is_file_time || after.is_file_time;
    warnings.push_back(
        {fmt::format("{} is older than {}, which was given before it{}", after.dump.path,
                     before.dump.path, by_file ? ", by the times of the files" : ""),
         by_file ? "give the oldest first; a copied file may have a new time"
                 : "give the oldest first"});
  }
  for (const Profile& profile : profiles)
    warnings.insert(warnings.end(), profile.warnings.begin(), profile.warnings.end());
}

/// Of types that grew, over noise.
void keep_leaking(answer::Ages& ages, const std::vector<Growth>& types, uint64_t noise) {
  std::erase_if(ages.survivors, [&](const answer::Survivors& some) {
    if (some.alive.blocks == 0 || some.alive.bytes < noise) return true;
    return std::ranges::none_of(
        types, [&](const Growth& type) { return type.what == some.type && type.bytes() > 0; });
  });
}

}  // namespace

void GrowthSeries::add(const Process& process, const heap::Heaps& heaps,
                       const objects::References& references, const BlockTypes& types) {
  profiles_.push_back(profile_of(process, heaps, references, types));
  // Of a dump that was cut nobody knows what is gone and what is only missing.
  const bool is_whole = process.snapshot().complete && !heaps.blocks.empty();
  if (is_whole && is_same_process(profiles_.front().identity, profiles_.back().identity)) {
    ages_.add(heaps, types);
  } else {
    ages_.drop();
  }
}

answer::Diff GrowthSeries::compare(bool with_noise) const {
  answer::Diff diff;
  for (const Profile& profile : profiles_) diff.dumps.push_back(profile.dump);
  diff.one_process = are_one_process(profiles_);
  diff.total = growth_of("all used blocks", profiles_, [](const auto& p) { return p.used; });
  diff.lost = growth_of("lost", profiles_, [](const auto& p) { return p.lost; });
  diff.noise = with_noise ? 0 : std::max(kLeastNoise, profiles_.front().used.bytes / 100);
  auto as_it_is = [](const Profile&, const std::string& name) { return name; };
  auto owner = [&](const Profile& profile, const std::string& name) {
    return owner_name(profile, name, diff.one_process);
  };
  diff.owners = changes(profiles_, diff.noise, [](auto& p) -> auto& { return p.owners; }, owner);
  diff.types = changes(profiles_, diff.noise, [](auto& p) -> auto& { return p.types; }, as_it_is);
  add_texts(profiles_, diff.noise, diff.types);
  diff.arenas = changes(profiles_, diff.noise, [](auto& p) -> auto& { return p.arenas; }, as_it_is);
  diff.sizes = changes(
      profiles_, diff.noise, [](auto& p) -> auto& { return p.sizes; },
      [](const Profile&, uint64_t size) { return fmt::format("{} bytes", size); });
  KeptGrowth kept;
  for (const Profile* profile : {&profiles_.front(), &profiles_.back()}) {
    kept.add(profile->kept, profile == &profiles_.front(), profile == &profiles_.back(),
             [&](const std::string& name) { return owner(*profile, name); });
  }
  for (Growth& growth : diff.owners) {
    if (growth.bytes() > 0) growth.gathering = kept.of(growth.what);
  }
  diff.ages = ages_.ages();
  if (diff.ages && profiles_.size() > 2) {
    keep_leaking(*diff.ages, diff.types, diff.noise);
  } else if (diff.ages) {
    diff.ages->survivors.clear();  // two dumps do not tell what stays
  }
  diff.pace = pace_of(profiles_, diff.total, diff.one_process);
  add_warnings(profiles_, diff.warnings);
  return diff;
}

}  // namespace inquest::cause
