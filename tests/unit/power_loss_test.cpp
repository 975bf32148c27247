// The power-loss model: what was made durable survives every kind of loss, what was not may go in every way the model
// names, and the protocols that get it wrong are caught. A failure names its seed; FLOW_TEST_SEEDS=5000 tries more.
// Alone: build/bin/tests/sim_env_test --gtest_filter='PowerLoss*'
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "tests/unit/env_fixture.h"

namespace flow::runtime {
namespace {

constexpr PowerLoss all_kinds[] = {PowerLoss::drop_unsynced, PowerLoss::keep_names, PowerLoss::tear_last_write,
                                   PowerLoss::random_prefix, PowerLoss::random_subset};

// What is on the disk, path by path; folders as "/".
using Picture = std::map<std::string, std::string>;

void add_to_picture(Env& env, const std::string& folder, Picture& picture) {
  for (const FolderEntry& entry : env.read_folder(folder).value()) {
    std::string path = join_path(folder, entry.name);
    if (entry.kind == FileKind::folder) {
      picture[path] = "/";
      add_to_picture(env, path, picture);
    } else {
      picture[path] = read_file(env, path, Access::own, 1 << 20).value();
    }
  }
}

Picture picture_of(SimMachine& machine) {
  SimEnv env(machine);
  Picture picture;
  add_to_picture(env, "/", picture);
  return picture;
}

void append(Env& env, const std::string& path, std::string_view text, bool is_synced = false) {
  auto file = env.open(path, OpenMode::append, Access::own);
  ASSERT_TRUE(is_ok(file));
  ASSERT_TRUE(is_ok((*file)->write(text)));
  if (is_synced) ASSERT_TRUE(is_ok((*file)->fsync()));
}

// --- Each kind by itself: one file with a durable half and a pending half, one rename pending ---

Picture after_loss(PowerLoss kind, uint64_t seed) {
  SimMachine machine(seed);
  SimEnv env(machine);
  append(env, "/a", "safe.", true);
  EXPECT_TRUE(is_ok(env.sync_folder("/")));
  append(env, "/a", "risk.");
  EXPECT_TRUE(is_ok(env.rename("/a", "/b")));
  append(env, "/c", "new.", true);
  machine.lose_power(kind);
  return picture_of(machine);
}

TEST(PowerLoss, drops_all_that_was_not_synced) {
  EXPECT_EQ(after_loss(PowerLoss::drop_unsynced, 1), (Picture{{"/a", "safe."}}));
}

TEST(PowerLoss, keeps_names_without_bytes) {
  EXPECT_EQ(after_loss(PowerLoss::keep_names, 1), (Picture{{"/b", "safe."}, {"/c", "new."}}));
}

TEST(PowerLoss, tears_the_last_write) {
  std::set<Picture> seen;
  for (uint64_t seed = 1; seed <= 60; ++seed) seen.insert(after_loss(PowerLoss::tear_last_write, seed));
  std::set<Picture> wanted;
  for (auto part : {"", "r", "ri", "ris", "risk"}) {
    wanted.insert({{"/b", std::string("safe.") + part}, {"/c", "new."}});
  }
  EXPECT_EQ(seen, wanted);
}

TEST(PowerLoss, keeps_a_prefix_in_the_order_of_time) {
  std::set<Picture> seen;
  for (uint64_t seed = 1; seed <= 400; ++seed) seen.insert(after_loss(PowerLoss::random_prefix, seed));
  std::set<Picture> wanted = {
      {{"/a", "safe."}}, {{"/a", "safe.risk."}}, {{"/b", "safe.risk."}}, {{"/b", "safe.risk."}, {"/c", "new."}}};
  for (auto part : {"", "r", "ri", "ris", "risk"}) {
    wanted.insert({{"/a", std::string("safe.") + part}});
    wanted.insert({{"/b", std::string("safe.") + part}});
    wanted.insert({{"/b", std::string("safe.") + part}, {"/c", "new."}});
  }
  EXPECT_EQ(seen, wanted);
}

TEST(PowerLoss, keeps_a_subset_across_files_in_any_order) {
  std::set<std::string> seen_bytes;
  std::set<std::string> seen_names;
  bool was_renamed_without_bytes = false;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Picture picture = after_loss(PowerLoss::random_subset, seed);
    if (picture.contains("/b") && picture["/b"] == "safe.") was_renamed_without_bytes = true;
    std::string names;
    for (auto& entry : picture) names += entry.first;
    seen_names.insert(names);
    seen_bytes.insert(picture.contains("/a") ? picture["/a"] : picture["/b"]);
  }
  EXPECT_EQ(seen_names, (std::set<std::string>{"/a", "/b", "/b/c"})); // names of one folder stay in order
  EXPECT_TRUE(was_renamed_without_bytes);
  EXPECT_TRUE(seen_bytes.contains("safe.risk."));
  EXPECT_TRUE(seen_bytes.contains("safe.ris"));
  EXPECT_TRUE(seen_bytes.contains(std::string("safe.ri\0\0\0", 10))); // torn, and the rest zeros
}

TEST(PowerLoss, a_rename_between_folders_is_durable_with_each_of_them) {
  auto state_after_syncing = [](std::vector<std::string> folders) {
    SimMachine machine(1);
    machine.preload_text("/from/a", "1");
    machine.preload_text("/to/keep", "");
    SimEnv env(machine);
    EXPECT_TRUE(is_ok(env.rename("/from/a", "/to/a")));
    for (auto& folder : folders) EXPECT_TRUE(is_ok(env.sync_folder(folder)));
    machine.lose_power(PowerLoss::drop_unsynced);
    Picture picture = picture_of(machine);
    return fmt::format("{}{}", picture.count("/from/a"), picture.count("/to/a"));
  };
  EXPECT_EQ(state_after_syncing({}), "10");
  EXPECT_EQ(state_after_syncing({"/to"}), "11");
  EXPECT_EQ(state_after_syncing({"/from"}), "00");
  EXPECT_EQ(state_after_syncing({"/from", "/to"}), "01");
}

TEST(PowerLoss, a_folder_is_durable_with_its_parent) {
  for (PowerLoss kind : all_kinds) {
    SimMachine machine(1);
    SimEnv env(machine);
    ASSERT_TRUE(is_ok(make_folders(env, "/x/y", Access::own)));
    ASSERT_TRUE(is_ok(write_file_durably(env, "/x/y/f", "1", Access::own)));
    ASSERT_TRUE(is_ok(env.make_folder("/u", Access::own)));
    ASSERT_TRUE(is_ok(write_file_durably(env, "/u/f", "1", Access::own)));
    machine.lose_power(kind);
    Picture picture = picture_of(machine);
    EXPECT_EQ(picture["/x/y/f"], "1") << power_loss_name(kind);
    EXPECT_EQ(picture.count("/u/f"), kind == PowerLoss::drop_unsynced ? 0u : picture.count("/u"));
  }
}

TEST(PowerLoss, what_survived_is_durable) {
  for (uint64_t seed = 1; seed <= seed_count(50); ++seed) {
    SimMachine machine(seed);
    SimEnv env(machine);
    append(env, "/a", "some text");
    append(env, "/b", "other text");
    machine.lose_power(PowerLoss::random_subset);
    Picture first = picture_of(machine);
    machine.lose_power(PowerLoss::drop_unsynced);
    EXPECT_EQ(picture_of(machine), first) << "seed " << seed;
  }
}

// --- Random work against a plain model of what must survive ---

// Appends, syncs, renames and removals in one folder. The model keeps, for every file, all its bytes and how many of
// them are durable; and the durable and current names.
class RandomWork {
public:
  RandomWork(Env& env, uint64_t seed) : env_(env), random_(seed) {}

  void step() {
    std::string name = fmt::format("/f{}", random_.below(4));
    switch (random_.below(6)) {
    case 0:
    case 1: append_some(name); break;
    case 2: fsync(name); break;
    case 3:
      EXPECT_TRUE(is_ok(env_.sync_folder("/")));
      durable_names_ = names_;
      is_folder_synced_ = true;
      break;
    case 4: rename(name, fmt::format("/f{}", random_.below(4))); break;
    default: remove(name); break;
    }
  }

  // Whether a disk may look like this after a loss of this kind.
  void check(PowerLoss kind, const Picture& picture) {
    if (kind == PowerLoss::drop_unsynced || is_folder_synced_) {
      EXPECT_EQ(names_of(picture), names_of(durable_names_));
    }
    if (kind == PowerLoss::keep_names || kind == PowerLoss::tear_last_write) {
      EXPECT_EQ(names_of(picture), names_of(names_));
    }
    for (auto& [name, bytes] : picture) check_bytes(kind, name, bytes);
  }

private:
  struct Model {
    std::string bytes;
    size_t durable = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<Model>>;

  void append_some(const std::string& name) {
    std::string text = fmt::format("[{}:{}]", name, counter_++);
    append(env_, name, text);
    if (!names_.contains(name)) change_names([&] { names_[name] = std::make_shared<Model>(); });
    names_[name]->bytes += text;
  }

  void fsync(const std::string& name) {
    if (!names_.contains(name)) return;
    append(env_, name, "", true);
    names_[name]->durable = names_[name]->bytes.size();
  }

  void rename(const std::string& from, const std::string& to) {
    bool is_there = names_.contains(from);
    EXPECT_EQ(env_.rename(from, to).is_ok(), is_there);
    if (!is_there || from == to) return;
    change_names([&] {
      names_[to] = names_[from];
      names_.erase(from);
    });
  }

  void remove(const std::string& name) {
    bool is_there = names_.contains(name);
    EXPECT_EQ(env_.remove_file(name).is_ok(), is_there);
    if (is_there) change_names([&] { names_.erase(name); });
  }

  void change_names(const std::function<void()>& change) {
    change();
    is_folder_synced_ = false;
    // Any file that ever had the name may come back under it.
    for (auto& [name, model] : names_) ever_[name].insert(model);
  }

  template <typename Map> static std::set<std::string> names_of(const Map& map) {
    std::set<std::string> names;
    for (auto& entry : map) names.insert(entry.first);
    return names;
  }

  static bool may_be(PowerLoss kind, const Model& model, const std::string& bytes) {
    bool is_exact = kind == PowerLoss::drop_unsynced || kind == PowerLoss::keep_names;
    if (is_exact) return bytes == model.bytes.substr(0, model.durable);
    if (bytes.size() < model.durable || bytes.size() > model.bytes.size()) return false;
    // What is not zeros at the end is a prefix with at least the durable bytes.
    size_t size = bytes.size();
    while (kind == PowerLoss::random_subset && size > model.durable && bytes[size - 1] == '\0') --size;
    return bytes.substr(0, size) == model.bytes.substr(0, size);
  }

  void check_bytes(PowerLoss kind, const std::string& name, const std::string& bytes) {
    bool is_known =
        std::any_of(ever_[name].begin(), ever_[name].end(), [&](auto& model) { return may_be(kind, *model, bytes); });
    EXPECT_TRUE(is_known) << name << " holds " << quoted(bytes, 1000);
    bool is_certain = is_folder_synced_ || kind == PowerLoss::drop_unsynced;
    if (is_certain && durable_names_.contains(name)) {
      const Model& model = *durable_names_[name];
      EXPECT_TRUE(may_be(kind, model, bytes)) << name << " holds " << quoted(bytes, 1000) << " instead of "
                                              << model.bytes << " with " << model.durable << " durable";
    }
  }

  Env& env_;
  Random random_;
  Names names_;
  Names durable_names_;
  std::map<std::string, std::set<std::shared_ptr<Model>>> ever_;
  bool is_folder_synced_ = true;
  int counter_ = 0;
};

TEST(PowerLoss, random_work_loses_only_what_it_may) {
  for (uint64_t seed = 1; seed <= seed_count(300); ++seed) {
    for (PowerLoss kind : all_kinds) {
      SCOPED_TRACE(fmt::format("seed {}, {}", seed, power_loss_name(kind)));
      SimMachine machine(seed);
      SimEnv env(machine);
      RandomWork work(env, seed);
      uint64_t steps = machine.random().below(60);
      for (uint64_t i = 0; i < steps; ++i) work.step();
      machine.lose_power(kind);
      work.check(kind, picture_of(machine));
      if (HasFailure()) return; // the first seed is enough
    }
  }
}

TEST(PowerLoss, the_same_seed_gives_the_same_disk) {
  auto run = [](uint64_t seed) {
    SimMachine machine(seed);
    SimEnv env(machine);
    RandomWork work(env, seed);
    for (int i = 0; i < 60; ++i) work.step();
    machine.lose_power(PowerLoss::random_subset);
    return picture_of(machine);
  };
  std::set<Picture> different;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Picture first = run(seed);
    EXPECT_EQ(first, run(seed)) << "seed " << seed;
    different.insert(first);
  }
  EXPECT_GT(different.size(), 15u);
}

// --- Protocols: replacing a file, at every crash point, with every kind of loss ---

using Replace = std::function<Status(Env&, const std::string& path, std::string_view text)>;

Status replace_rightly(Env& env, const std::string& path, std::string_view text) {
  return write_file_durably(env, path, text, Access::own);
}
Status replace_without_fsync(Env& env, const std::string& path, std::string_view text) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> file, env.open(path + ".new", OpenMode::overwrite, Access::own));
  FLOW_TRY(file->write(text));
  FLOW_TRY(env.rename(path + ".new", path));
  return env.sync_folder(parent_of(path));
}
Status replace_without_folder_sync(Env& env, const std::string& path, std::string_view text) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> file, env.open(path + ".new", OpenMode::overwrite, Access::own));
  FLOW_TRY(file->write(text));
  FLOW_TRY(file->fsync());
  return env.rename(path + ".new", path);
}
Status replace_in_place(Env& env, const std::string& path, std::string_view text) {
  FLOW_TRY_ASSIGN(std::unique_ptr<File> file, env.open(path, OpenMode::overwrite, Access::own));
  FLOW_TRY(file->write(text));
  return file->fsync();
}

// How many of the crashes leave something other than the whole old or the whole new text, or lose a success.
// `kind` none: the process is killed and the machine goes on.
int count_violations(const Replace& replace, std::optional<PowerLoss> kind, uint64_t seed) {
  int violations = 0;
  for (uint64_t crash_point = 1;; ++crash_point) {
    SimMachine machine(seed * 1000 + crash_point);
    machine.preload_text("/d/manifest", "the old text");
    bool has_succeeded = false;
    bool has_died = false;
    {
      SimEnv env(machine);
      env.die_before(crash_point);
      has_succeeded = replace(env, "/d/manifest", "a new text, longer").is_ok();
      has_died = env.is_dead();
      if (kind) machine.lose_power(*kind);
    }
    Picture picture = picture_of(machine);
    const std::string& text = picture["/d/manifest"];
    bool is_new = text == "a new text, longer";
    bool is_old = text == "the old text";
    if (!is_new && (has_succeeded || !is_old)) ++violations;
    if (!has_died) return violations;
  }
}

TEST(PowerLossProtocol, replacing_a_file_is_all_or_nothing_and_stays) {
  for (uint64_t seed = 1; seed <= seed_count(50); ++seed) {
    EXPECT_EQ(count_violations(replace_rightly, std::nullopt, seed), 0) << "seed " << seed;
    for (PowerLoss kind : all_kinds) {
      EXPECT_EQ(count_violations(replace_rightly, kind, seed), 0) << "seed " << seed << " " << power_loss_name(kind);
    }
  }
}

int violations_of_all_kinds(const Replace& replace) {
  int violations = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (PowerLoss kind : all_kinds) violations += count_violations(replace, kind, seed);
  }
  return violations;
}

TEST(PowerLossProtocol, a_missing_fsync_is_caught_by_power_loss_and_not_by_kills) {
  EXPECT_GT(violations_of_all_kinds(replace_without_fsync), 20);
  EXPECT_EQ(count_violations(replace_without_fsync, std::nullopt, 1), 0);
}

TEST(PowerLossProtocol, a_missing_folder_sync_is_caught) {
  EXPECT_GT(violations_of_all_kinds(replace_without_folder_sync), 20);
}

TEST(PowerLossProtocol, writing_in_place_is_caught_even_by_kills) {
  EXPECT_GT(violations_of_all_kinds(replace_in_place), 20);
  EXPECT_GT(count_violations(replace_in_place, std::nullopt, 1), 0);
}

} // namespace
} // namespace flow::runtime
