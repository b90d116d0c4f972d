#include "symbols/types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

#include "symbols/symbols.h"
#include "testkit/dwarf_program.h"

namespace inquest::symbols {
namespace {

using testkit::DwarfProgram;

struct TypesBuild {
  const char* compiler;
  const char* flags;
};
void PrintTo(const TypesBuild& build, std::ostream* out) {
  *out << build.compiler << " " << build.flags;
}

class Types : public testing::TestWithParam<TypesBuild> {
 protected:
  void SetUp() override {
    const TypesBuild& build = GetParam();
    if (!testkit::have_tool(build.compiler)) GTEST_SKIP() << "no " << build.compiler;
    program_ =
        std::make_unique<DwarfProgram>(build.compiler, build.flags, testkit::sample_program());
    if (program_->path().empty()) GTEST_SKIP() << "this build is not possible here";
    files_.image = *elf::File::open(program_->path());
    files_.debug = files_.symtab = files_.image;
    symbols_ = ModuleSymbols::open(files_, snapshot::Arch::x86_64, {.use_cache = false});
    types_ = symbols_->types();
    ASSERT_TRUE(types_);
    split_ = std::string_view(build.flags).find("split") != std::string_view::npos;
    std::istringstream shown(testkit::output_of(program_->path()));
    std::string name;
    for (uint64_t value; shown >> name >> value;) shown_[name] = value;
  }

  /// In split debug information types are found from variables only.
  TypeId find(std::string_view name) {
    if (split_) {
      auto main = symbols_->find("main");
      auto total = symbols_->find("_ZN4game5totalERKNS_6MemberEi");
      types_->variables_at(*main + 8, {});
      types_->variables_at(*total + 8, {});
    }
    return types_->find(name);
  }
  Member member(TypeId type, std::string_view name) {
    for (const Member& m : types_->members(type)) {
      if (m.name == name) return m;
    }
    ADD_FAILURE() << "no member " << name;
    return {};
  }

  std::unique_ptr<DwarfProgram> program_;
  locate::ModuleFiles files_;
  std::unique_ptr<ModuleSymbols> symbols_;
  const TypeReader* types_ = nullptr;
  bool split_ = false;
  std::map<std::string, uint64_t> shown_;
};

TEST_P(Types, tell_what_a_function_returns) {
  auto total = symbols_->find("_ZN4game5totalERKNS_6MemberEi");
  if (!total) GTEST_SKIP() << "inlined";
  EXPECT_EQ(types_->type(types_->resolve(types_->result_type(*total))).name, "int");
  EXPECT_FALSE(types_->result_type(Rva{0xfffffff0}));
}

TEST_P(Types, have_the_layout_that_the_program_prints) {
  ASSERT_GT(shown_.size(), 5u);
  TypeId id = find("game::Member");
  ASSERT_TRUE(id);
  Type type = types_->type(id);
  EXPECT_EQ(type.kind, TypeKind::class_);
  EXPECT_EQ(type.name, "game::Member");
  EXPECT_EQ(type.size, shown_["Member"]);
  EXPECT_FALSE(type.is_declaration);
  EXPECT_EQ(member(id, "guild").offset, shown_["Member.guild"]);
  EXPECT_EQ(member(id, "stats").offset, shown_["Member.stats"]);
  EXPECT_EQ(member(id, "mood").offset, shown_["Member.mood"]);

  auto members = types_->members(id);
  ASSERT_GE(members.size(), 2u);
  EXPECT_TRUE(members[0].is_base && members[1].is_base);
  EXPECT_EQ(types_->type(members[1].type).name, "game::Named");
  EXPECT_EQ(types_->members(members[1].type).at(0).is_artificial, true);

  Member state = member(id, "state"), flags = member(id, "flags");
  EXPECT_EQ(flags.bit_size, 3u);
  EXPECT_EQ(state.bit_size, 7u);
  EXPECT_EQ(state.offset * 8 + state.bit_offset, flags.offset * 8 + flags.bit_offset + 3);

  Type stats = types_->type(member(id, "stats").type);
  EXPECT_EQ(stats.kind, TypeKind::array);
  EXPECT_EQ(stats.count, 3u);
  EXPECT_EQ(stats.size, 3 * shown_["Stats"]);
  EXPECT_EQ(stats.name, "game::Stats [3]");

  TypeId mood = member(id, "mood").type;
  EXPECT_EQ(types_->type(mood).kind, TypeKind::enum_);
  auto values = types_->enumerators(mood);
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[1].name, "angry");
  EXPECT_EQ(values[1].value, 7);
}

TEST_P(Types, complete_what_a_unit_only_declares) {
  TypeId id = find("game::Member");
  ASSERT_TRUE(id);
  Type pointer = types_->type(member(id, "guild").type);
  EXPECT_EQ(pointer.kind, TypeKind::pointer);
  EXPECT_EQ(pointer.name, "game::Guild*");
  Type guild = types_->type(types_->resolve(pointer.target));
  EXPECT_EQ(guild.name, "game::Guild");
  EXPECT_FALSE(guild.is_declaration);
  EXPECT_GT(guild.size, 0u);
}

TEST_P(Types, name_the_member_at_an_offset) {
  TypeId member_type = find("game::Member"), guild = find("game::Guild");
  ASSERT_TRUE(member_type && guild);
  auto rank = types_->member_at(guild, member(guild, "rank").offset);
  ASSERT_TRUE(rank);
  EXPECT_EQ(rank->owner, "game::Guild");
  EXPECT_EQ(rank->path, "rank");
  EXPECT_EQ(types_->type(rank->type).name, "int");
  auto nested = types_->member_at(member_type, shown_["Member.stats"] + shown_["Stats"] + 4);
  ASSERT_TRUE(nested);
  EXPECT_EQ(nested->owner, "game::Member");
  EXPECT_EQ(nested->path, "stats[1].rank");
  auto anonymous = types_->member_at(member_type, shown_["Member.number"]);
  ASSERT_TRUE(anonymous);
  EXPECT_EQ(anonymous->path, "number");
  auto inherited = types_->member_at(member_type, 8 + 3);
  ASSERT_TRUE(inherited);
  EXPECT_EQ(inherited->owner, "game::Named");
  EXPECT_EQ(inherited->path, "name[3]");
  auto second = types_->member_at(guild, member(guild, "box").offset + 1);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->path, "box.value");
  EXPECT_EQ(second->offset_in_member, 1u);
  EXPECT_FALSE(types_->member_at(guild, types_->type(guild).size));
  EXPECT_FALSE(types_->find("game::Nobody"));
}

TEST_P(Types, find_globals) {
  auto rva = symbols_->find("_ZN4game9the_guildE");
  if (!rva) GTEST_SKIP() << "no such symbol";
  if (split_) find("game::Guild");
  auto global = types_->global_at(*rva + 9);
  ASSERT_TRUE(global);
  EXPECT_EQ(global->name, "game::the_guild");
  EXPECT_EQ(global->begin, *rva);
  EXPECT_EQ(types_->type(global->type).name, "game::Guild");
  EXPECT_EQ(types_->globals("game::the_guild").size(), 1u);
  auto alive = symbols_->find("_ZN4game6Member5aliveE");
  ASSERT_TRUE(alive);
  ASSERT_EQ(types_->globals("alive").size(), 1u);
  EXPECT_EQ(types_->globals("alive")[0].begin, *alive);
}

TEST_P(Types, list_every_global_and_every_instance) {
  auto guild = symbols_->find("_ZN4game9the_guildE"),
       alive = symbols_->find("_ZN4game6Member5aliveE");
  if (!guild || !alive) GTEST_SKIP() << "no such symbols";
  std::map<uint64_t, TypeReader::Global> all;
  Rva last{};
  types_->each_global([&](const TypeReader::Global& global) {
    if (global.is_thread_local) return;
    EXPECT_TRUE(split_ || last <= global.begin);
    last = global.begin;
    all.emplace(global.begin.value, global);
  });
  ASSERT_TRUE(all.contains(guild->value) && all.contains(alive->value));
  EXPECT_EQ(all[guild->value].name, "game::the_guild");
  EXPECT_EQ(types_->type(all[guild->value].type).name, "game::Guild");
  EXPECT_EQ(all[alive->value].name, "game::Member::alive");
  EXPECT_EQ(types_->type(all[alive->value].type).name, "int");
  // The index is there now: the same answers as by searching.
  EXPECT_EQ(types_->type(types_->find("game::Guild")).size,
            types_->type(all[guild->value].type).size);
  EXPECT_TRUE(types_->instances("game::no_template").empty());
  const uint64_t size = types_->type(types_->find("game::Guild")).size;
  const std::vector<TypeId> alike = types_->classes_of_size(size);
  bool is_there = split_ || alike.empty();
  for (TypeId id : alike) {
    EXPECT_EQ(types_->type(id).size, size);
    is_there |= types_->type(id).name == "game::Guild";
  }
  EXPECT_TRUE(is_there);
  for (TypeId id : types_->instances("game::Box")) {
    EXPECT_TRUE(types_->type(id).name.starts_with("game::Box<"));
  }
}

/// The number after "= " or "at " of the n-th line of a debugger's answer.
std::optional<uint64_t> number_in(const std::string& text, const std::string& label) {
  size_t at = text.find(label);
  if (at == std::string::npos) return {};
  at = text.find("0x", at + label.size());
  if (at == std::string::npos) return {};
  return std::stoull(text.substr(at), nullptr, 16);
}

TEST_P(Types, place_variables_where_gdb_does) {
  if (!testkit::have_tool("gdb")) GTEST_SKIP() << "no gdb";
  std::string said = testkit::output_of(fmt::format(
      "gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'break game::total' -ex run "
      "-ex 'printf \"@pc 0x%lx @sp 0x%lx @fp 0x%lx\\n\", $pc, $sp, $rbp' -ex 'info frame' "
      "-ex 'printf \"@member 0x%lx @by 0x%lx\\n\", (long)&member, (long)by' "
      "-ex 'printf \"@bias 0x%lx\\n\", (long)&game::the_guild' "
      "-ex 'printf \"@tls 0x%lx @base 0x%lx\\n\", (long)&per_thread, (long)$fs_base' "
      "-ex 'printf \"@rdi 0x%lx @rsi 0x%lx\\n\", $rdi, $rsi' {}",
      program_->path()));
  auto pc = number_in(said, "@pc "), sp = number_in(said, "@sp "), fp = number_in(said, "@fp ");
  auto cfa = number_in(said, "frame at "), member = number_in(said, "@member ");
  auto by = number_in(said, "@by "), guild = number_in(said, "@bias ");
  auto rdi = number_in(said, "@rdi "), rsi = number_in(said, "@rsi ");
  if (!pc || !cfa || !member || !guild) GTEST_SKIP() << "gdb cannot run programs here";
  uint64_t base = *guild - symbols_->find("_ZN4game9the_guildE")->value;
  FrameAccess frame;
  frame.cfa = Address{*cfa};
  frame.bias = base - files_.image->load_base();
  frame.reg = [&](snapshot::Register r) -> std::optional<uint64_t> {
    if (r == snapshot::x64::rsp) return sp;
    if (r == snapshot::x64::rbp) return fp;
    if (r == snapshot::x64::rdi) return rdi;
    if (r == snapshot::x64::rsi) return rsi;
    return {};
  };
  bool saw_member = false, saw_by = false;
  for (const Variable& v : types_->variables_at({*pc - base}, frame)) {
    if (v.inline_depth != 0) continue;
    if (v.name == "member") {
      saw_member = true;
      EXPECT_TRUE(v.is_parameter);
      EXPECT_EQ(types_->type(v.type).name, "const game::Member&");
      if (v.place.kind == Place::Kind::in_register) {
        EXPECT_EQ(v.place.value, *member);
      } else {
        EXPECT_EQ(v.place.kind, Place::Kind::memory);  // of the reference itself
      }
    }
    if (v.name == "by") {
      saw_by = true;
      EXPECT_EQ(types_->type(v.type).name, "int");
      if (v.place.kind == Place::Kind::in_register) {
        EXPECT_EQ(static_cast<uint32_t>(v.place.value), static_cast<uint32_t>(*by));
      }
    }
  }
  EXPECT_TRUE(saw_member && saw_by);
}

TEST(AlternateFile, gives_the_same_types_and_frames) {
  if (!testkit::have_tool("dwz") || !testkit::have_tool("g++")) GTEST_SKIP() << "no dwz";
  DwarfProgram one("g++", "-gdwarf-4 -O1", testkit::sample_program());
  DwarfProgram two("g++", "-gdwarf-4 -O2", testkit::sample_program());
  if (one.path().empty() || two.path().empty()) GTEST_SKIP() << "this build is not possible here";
  const std::string before = one.folder() + "/before", alt = one.folder() + "/alternate";
  testkit::output_of(fmt::format("cp {} {}", one.path(), before));
  testkit::output_of(fmt::format("dwz -l none -m {} {} {}", alt, one.path(), two.path()));
  auto image = *elf::File::open(one.path());
  if (!image->section(".gnu_debugaltlink")) GTEST_SKIP() << "dwz found nothing to share";
  locate::ModuleFiles plain, shared;
  plain.image = plain.debug = plain.symtab = *elf::File::open(before);
  shared.image = shared.debug = shared.symtab = image;
  shared.alt = *elf::File::open(alt);
  auto a = ModuleSymbols::open(plain, snapshot::Arch::x86_64, {.use_cache = false});
  auto b = ModuleSymbols::open(shared, snapshot::Arch::x86_64, {.use_cache = false});
  auto total = a->find("_ZN4game5totalERKNS_6MemberEi");
  ASSERT_TRUE(total);
  for (uint64_t i = 0; i < a->symbol_at(*total)->size; ++i) {
    auto x = a->frames_at(*total + i), y = b->frames_at(*total + i);
    ASSERT_EQ(x.size(), y.size()) << i;
    for (size_t f = 0; f < x.size(); ++f) {
      EXPECT_EQ(x[f].function, y[f].function);
      EXPECT_EQ(x[f].file, y[f].file);
      EXPECT_EQ(x[f].line, y[f].line);
    }
  }
  for (const char* name : {"game::Member", "game::Guild", "game::Mood"}) {
    TypeId x = a->types()->find(name), y = b->types()->find(name);
    ASSERT_TRUE(x && y) << name;
    EXPECT_EQ(a->types()->type(x).size, b->types()->type(y).size);
    auto p = a->types()->members(x), q = b->types()->members(y);
    ASSERT_EQ(p.size(), q.size());
    for (size_t m = 0; m < p.size(); ++m) {
      EXPECT_EQ(p[m].name, q[m].name);
      EXPECT_EQ(p[m].offset, q[m].offset);
      EXPECT_EQ(a->types()->type(p[m].type).name, b->types()->type(q[m].type).name);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Builds, Types,
                         testing::Values(TypesBuild{"g++", "-g -O0"}, TypesBuild{"g++", "-g -O2"},
                                         TypesBuild{"g++", "-gdwarf-4 -O0"},
                                         TypesBuild{"g++", "-g -O1 -fdebug-types-section"},
                                         TypesBuild{"g++", "-gdwarf-4 -O1 -fdebug-types-section"},
                                         TypesBuild{"g++", "-g -O1 -gsplit-dwarf"},
                                         TypesBuild{"g++", "-g -O2 -flto"},
                                         TypesBuild{"clang++-19", "-g -O0"},
                                         TypesBuild{"clang++-19", "-g -O2"},
                                         TypesBuild{"clang++-19", "-gdwarf-4 -O0"},
                                         TypesBuild{"clang++-19", "-g -O0 -gsplit-dwarf"}));

}  // namespace
}  // namespace inquest::symbols
