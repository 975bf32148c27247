// State: tables against std::unordered_map, the codec against itself and against wrong bytes, panes against a model
// that knows every window. Run alone: bin/tests/state_test
#include <gtest/gtest.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/host/page_warmer.h"
#include "runtime/state/pane_set.h"
#include "runtime/state/table.h"
#include "runtime/state/table_copy.h"
#include "runtime/task/task_view.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::runtime {
namespace {

struct Entry {
  int64_t key;
  int64_t sum;
  uint8_t text[16];
};
struct TextEntry {
  uint8_t key[16];
  int64_t sum;
};

const FlowField fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                            {"sum", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                            {"text", FLOW_STRING, 16, FLOW_NONE, FLOW_NONE}};
const FlowField text_fields[] = {{"sum", FLOW_I64, 16, FLOW_NONE, FLOW_NONE}};
constexpr FlowRepeat no_list{0, 0, 0, 0, FLOW_NONE};
const FlowLayout layouts[] = {{"entry", 1, sizeof(Entry), 3, fields, no_list},
                              {"text entry", 2, sizeof(TextEntry), 1, text_fields, no_list}};

FlowProgram program_of(const FlowLayout* all, uint32_t count) {
  FlowProgram program{};
  program.layouts = all;
  program.layout_count = count;
  return program;
}
const FlowProgram program = program_of(layouts, 2);

std::string_view bytes_of(const int64_t& key) { return {reinterpret_cast<const char*>(&key), sizeof key}; }

TEST(StateTable, HoldsWhatAMapHolds) {
  LayoutCodec codec(program, layouts[0], false);
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937_64 random(seed);
    StateTable table(codec, {8, false});
    std::unordered_map<int64_t, std::pair<int64_t, std::string>> model;
    uint64_t keys = 1 + random() % 3000;
    // Some seeds with a hash that is bad on purpose: many keys to one slot.
    uint64_t hash_mask = seed % 3 == 0 ? 0x3f : ~uint64_t{0};
    auto hash_of = [&](int64_t key) { return flow_hash_i64(static_cast<uint64_t>(key)) & hash_mask; };
    for (int step = 0; step < 20'000; ++step) {
      int64_t key = static_cast<int64_t>(random() % keys);
      if (random() % 5 == 0) {
        int64_t index = table.find(hash_of(key), bytes_of(key));
        ASSERT_EQ(index >= 0, model.contains(key)) << "seed " << seed << " step " << step;
        if (index >= 0) table.erase(static_cast<uint32_t>(index));
        model.erase(key);
        continue;
      }
      Entry* entry = reinterpret_cast<Entry*>(
          flow_table_upsert(&table, hash_of(key), reinterpret_cast<const uint8_t*>(&key), 8, sizeof(Entry)));
      ASSERT_EQ(entry->key, key);
      auto& [sum, text] = model[key];
      ASSERT_EQ(entry->sum, sum);
      FlowView view = read_string(entry->text, table.heap);
      ASSERT_EQ(std::string(view.data, view.length), text);
      entry->sum = sum += step;
      text = std::string(random() % 40, static_cast<char>('a' + step % 26));
      flow_entry_string(&table, entry->text, text.data(), text.size());
    }
    ASSERT_EQ(table.count, model.size());
    for (uint32_t i = 0; i < table.count; ++i) {
      Entry* entry = reinterpret_cast<Entry*>(flow_entry(&table, i, sizeof(Entry)));
      ASSERT_EQ(flow_entry_hash(&table, i), hash_of(entry->key));
      ASSERT_EQ(entry->sum, model.at(entry->key).first);
      ASSERT_EQ(table.find(hash_of(entry->key), bytes_of(entry->key)), i);
    }
  }
}

// ---- large tables: inline, directories ----

struct Pair {
  int64_t key;
  int64_t value;
};
const FlowField pair_fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                 {"value", FLOW_I64, 8, FLOW_NONE, FLOW_NONE}};
const FlowLayout pair_layout = {"pair", 3, sizeof(Pair), 2, pair_fields, no_list};
const FlowField small_fields[] = {{"key", FLOW_I32, 0, FLOW_NONE, FLOW_NONE},
                                  {"value", FLOW_I64, 8, FLOW_NONE, FLOW_NONE}};
const FlowLayout small_layout = {"small", 4, sizeof(Pair), 2, small_fields, no_list};

struct Numbers {
  const FlowLayout& layout;
  LayoutCodec codec{program, layout, false};
  StateTable table{codec, table_key(layout, 8, false)};
  explicit Numbers(const FlowLayout& of) : layout(of) {}
  int64_t& operator[](int64_t key) {
    uint64_t stored = layout.fields[0].kind == FLOW_I32 ? static_cast<uint32_t>(key) : static_cast<uint64_t>(key);
    uint8_t* entry = flow_table_upsert(&table, flow_hash_i64(static_cast<uint64_t>(key)),
                                       reinterpret_cast<const uint8_t*>(&stored), 8, sizeof(Pair));
    return reinterpret_cast<Pair*>(entry)->value;
  }
  std::map<int64_t, int64_t> all() {
    std::map<int64_t, int64_t> read;
    for (uint32_t from = 0; from < table.count;) {
      uint32_t end = table.open_portion(from, 1000);
      EXPECT_GT(end, from);
      for (; from < end; ++from) {
        auto* entry = reinterpret_cast<Pair*>(flow_entry(&table, from, sizeof(Pair)));
        int64_t key = layout.fields[0].kind == FLOW_I32 ? static_cast<int32_t>(entry->key) : entry->key;
        EXPECT_EQ(flow_entry_hash(&table, from), flow_hash_i64(static_cast<uint64_t>(key)));
        EXPECT_TRUE(read.emplace(key, entry->value).second);
      }
    }
    return read;
  }
};

TEST(StateTable, LargeTablesHoldWhatAMapHolds) {
  for (const FlowLayout* layout : {&pair_layout, &small_layout}) {
    for (bool keeps_numbers : {false, true}) {
      Numbers numbers(*layout);
      if (keeps_numbers) numbers.table.keep_numbers();
      std::map<int64_t, int64_t> model;
      std::mt19937_64 random(7);
      for (int step = 0; step < 600'000; ++step) {
        int64_t key = static_cast<int64_t>(random() % 400'000) - 200'000;
        int64_t& value = numbers[key];
        auto known = model.find(key);
        ASSERT_EQ(value, known == model.end() ? 0 : known->second);
        model[key] = value += step;
      }
      ASSERT_EQ(numbers.table.form, keeps_numbers ? FLOW_TABLE_INDEXED : FLOW_TABLE_INLINE);
      ASSERT_NE(numbers.table.directory, nullptr);
      ASSERT_EQ(numbers.table.count, model.size());
      EXPECT_EQ(numbers.all(), model);
      for (int64_t key : {-1'000'000, 1'000'000}) {
        EXPECT_EQ(numbers.table.lookup(flow_hash_i64(static_cast<uint64_t>(key)), bytes_of(key)), nullptr);
      }
    }
  }
}

// Asking ahead is for tables in slots that have left the nearest caches; it changes nothing, whatever the hash.
TEST(StateTable, OnlyLargeTablesInSlotsAreAskedAhead) {
  Numbers numbers(pair_layout), keeps_numbers(pair_layout);
  keeps_numbers.table.keep_numbers();
  FlowStateView views[3] = {};
  views[1].pane = &numbers.table;
  views[2].pane = &keeps_numbers.table;
  FlowTask task{};
  task.states = views;
  EXPECT_EQ(flow_large_pane(&task, 0), nullptr);
  for (int64_t key = 0; key < 20'000; ++key) numbers[key] = keeps_numbers[key] = key;
  EXPECT_EQ(flow_large_pane(&task, 1), nullptr);
  for (int64_t key = 20'000; key < 200'000; ++key) numbers[key] = keeps_numbers[key] = key;
  EXPECT_EQ(flow_large_pane(&task, 1), &numbers.table);
  EXPECT_EQ(flow_large_pane(&task, 2), nullptr);
  for (uint64_t step = 0; step < 100'000; ++step) flow_table_ahead(&numbers.table, step * step << 20, sizeof(Pair));
  std::map<int64_t, int64_t> all = numbers.all();
  EXPECT_EQ(all.size(), 200'000u);
  for (auto [key, value] : all) ASSERT_EQ(value, key);
}

// An empty slot holds a key that belongs elsewhere: none may be found that is not there, also not those very keys.
TEST(StateTable, KeysOfEmptySlotsAreOrdinaryKeys) {
  Numbers numbers(pair_layout);
  for (int64_t key = 1000; key < 50'000; ++key) numbers[key] = key;
  for (int64_t key = 0; key < 64; ++key) ASSERT_EQ(std::exchange(numbers[key], key + 1), 0) << key;
  for (int64_t key = 0; key < 64; ++key) ASSERT_EQ(numbers[key], key + 1) << key;
}

TEST(StateTable, EqualHashesGrowOneSubTable) {
  LayoutCodec codec(program, layouts[0], false);
  StateTable table(codec, {8, false});
  for (int64_t key = 0; key < 22'000; ++key) table.insert(static_cast<uint64_t>(key) << 20 & 0xfffff, bytes_of(key));
  EXPECT_EQ(table.directory, nullptr);
  EXPECT_EQ(table.count, 22'000u);
}

// So they come out of another table: all that belong to its first sub-table, then those of the next.
TEST(StateTable, TakesKeysInTheOrderOfTheirHashes) {
  auto hash_of = [](int64_t key) { return flow_hash_i64(static_cast<uint64_t>(key)); };
  auto place_of = [&](int64_t key) {
    uint64_t place = 0; // the directory's bits, the first one first
    for (uint32_t bit = 0; bit < 16; ++bit) place = place << 1 | (hash_of(key) >> (directory_bit + bit) & 1);
    return place;
  };
  std::vector<int64_t> keys(300'000);
  std::iota(keys.begin(), keys.end(), 0);
  std::sort(keys.begin(), keys.end(), [&](int64_t a, int64_t b) { return place_of(a) < place_of(b); });
  LayoutCodec codec(program, layouts[0], false);
  for (int form = 0; form < 3; ++form) {
    SCOPED_TRACE(form == 0 ? "inline" : form == 1 ? "indexed" : "indexed, stored hashes");
    StateTable table(codec, form == 2 ? TableKey{8, false} : table_key(layouts[0], 8, false));
    if (form != 0) table.keep_numbers();
    for (int64_t key : keys) {
      flow_table_upsert(&table, hash_of(key), reinterpret_cast<const uint8_t*>(&key), 8, sizeof(Entry));
    }
    EXPECT_EQ(table.count, keys.size());
    for (int64_t key : keys) ASSERT_NE(table.lookup(hash_of(key), bytes_of(key)), nullptr);
    EXPECT_LT(table.memory_bytes(), keys.size() * 120) << "no sub-table is far too large";
  }
}

TEST(StateTable, ALargeIndexErases) {
  Numbers numbers(pair_layout);
  numbers.table.keep_numbers();
  std::map<int64_t, int64_t> model;
  std::mt19937_64 random(11);
  for (int64_t key = 0; key < 100'000; ++key) model[key] = numbers[key] = key * 3;
  for (int step = 0; step < 50'000; ++step) {
    int64_t key = static_cast<int64_t>(random() % 100'000);
    int64_t index = numbers.table.find(flow_hash_i64(static_cast<uint64_t>(key)), bytes_of(key));
    ASSERT_EQ(index >= 0, model.erase(key) == 1);
    if (index >= 0) numbers.table.erase(static_cast<uint32_t>(index));
  }
  EXPECT_EQ(numbers.all(), model);
}

// ---- copies ----

std::map<int64_t, int64_t> pairs_of(const TableCopy& copy) {
  std::map<int64_t, int64_t> read;
  copy.for_each_entry([&](uint32_t number) {
    const auto* entry = reinterpret_cast<const Pair*>(copy.entry(number));
    EXPECT_EQ(copy.hash(number), flow_hash_i64(static_cast<uint64_t>(entry->key)));
    EXPECT_TRUE(read.emplace(entry->key, entry->value).second);
  });
  return read;
}

// A thread copies while the task changes, adds, grows and splits.
TEST(TableCopy, IsTheTableAsItWas) {
  CopyPool pool;
  for (bool keeps_numbers : {false, true}) {
    for (int64_t keys : {50, 1000, 30'000, 100'000}) {
      SCOPED_TRACE(std::to_string(keys) + (keeps_numbers ? " indexed" : " inline"));
      Numbers numbers(pair_layout);
      if (keeps_numbers) numbers.table.keep_numbers();
      std::map<int64_t, int64_t> model;
      for (int64_t key = 0; key < keys; ++key) model[key] = numbers[key] = key * 7;
      std::mt19937_64 random(3);
      auto change = [&](int64_t times) {
        for (int64_t i = 0; i < times; ++i) {
          int64_t key = static_cast<int64_t>(random() % static_cast<uint64_t>(keys * 3));
          model[key] = numbers[key] += 1;
        }
      };
      for (int round = 0; round < 3; ++round) {
        std::map<int64_t, int64_t> before = model;
        TableCopy copy(numbers.table, pool);
        std::map<int64_t, int64_t> read;
        std::thread writer([&] {
          copy.finish();
          read = pairs_of(copy);
        });
        change(keys);
        writer.join();
        EXPECT_EQ(read, before);
        EXPECT_EQ(numbers.all(), model);
      }
    }
  }
}

TEST(TableCopy, GoesOnWhenALaterOneBegins) {
  CopyPool pool;
  Numbers numbers(pair_layout);
  std::map<int64_t, int64_t> first_model, second_model;
  for (int64_t key = 0; key < 100'000; ++key) first_model[key] = numbers[key] = key;
  TableCopy first(numbers.table, pool);
  second_model = first_model;
  for (int64_t key = 0; key < 150'000; key += 2) second_model[key] = numbers[key] += 5;
  {
    TableCopy second(numbers.table, pool);
    for (int64_t key = 0; key < 300'000; ++key) numbers[key] = -1;
    second.finish();
    EXPECT_EQ(pairs_of(second), second_model);
  }
  first.finish();
  EXPECT_EQ(pairs_of(first), first_model);
}

// While a copy is being saved the task looks where it writes; once it is saved, no more, without having been told.
TEST(TableCopy, CostsNothingOnceItIsSaved) {
  for (bool tracks_dirty : {false, true}) {
    Numbers numbers(pair_layout);
    if (tracks_dirty) numbers.table.track_dirty();
    for (int64_t key = 0; key < 30'000; ++key) numbers[key] = key;
    CopyPool pool;
    for (int round = 0; round < 300; ++round) { // more than there are numbers of copies
      TableCopy copy(numbers.table, pool);
      ASSERT_GT(numbers.table.watchers >> 1, 0);
      if (round % 3 == 0) continue; // given up unsaved
      std::thread([&] { copy.finish(); }).join();
      ASSERT_EQ(is_watched(&numbers.table), tracks_dirty);
    }
    EXPECT_EQ(is_watched(&numbers.table), tracks_dirty);
  }
}

TEST(TableCopy, AnEarlierOneThatIsSavedLateDoesNotEndALaterOne) {
  Numbers numbers(pair_layout);
  std::map<int64_t, int64_t> model;
  for (int64_t key = 0; key < 30'000; ++key) model[key] = numbers[key] = key;
  CopyPool pool;
  TableCopy first(numbers.table, pool);
  TableCopy second(numbers.table, pool);
  first.finish();
  EXPECT_TRUE(is_watched(&numbers.table));
  for (int64_t key = 0; key < 30'000; ++key) numbers[key] = -1;
  second.finish();
  EXPECT_EQ(pairs_of(second), model);
  EXPECT_EQ(pairs_of(first), model);
}

TEST(TableCopy, StringsStayWhereTheyAre) {
  CopyPool pool;
  LayoutCodec codec(program, layouts[0], false);
  StateTable table(codec, {8, false});
  auto text_of = [](int64_t key, int round) {
    return std::string(20 + static_cast<size_t>(key % 50), static_cast<char>('a' + round));
  };
  auto write = [&](int64_t key, int round) {
    auto* entry = reinterpret_cast<Entry*>(table.upsert(flow_hash_i64(static_cast<uint64_t>(key)), bytes_of(key)));
    std::string text = text_of(key, round);
    flow_entry_string(&table, entry->text, text.data(), text.size());
  };
  for (int64_t key = 0; key < 20'000; ++key) write(key, 0);
  auto copy = std::make_unique<TableCopy>(table, pool);
  auto check = [&] {
    uint32_t seen = 0;
    copy->finish();
    copy->for_each_entry([&](uint32_t number) {
      const auto* entry = reinterpret_cast<const Entry*>(copy->entry(number));
      FlowView view = read_string(entry->text, copy->heap());
      EXPECT_EQ(std::string(view.data, view.length), text_of(entry->key, 0));
      EXPECT_EQ(copy->hash(number), flow_hash_i64(static_cast<uint64_t>(entry->key)));
      ++seen;
    });
    EXPECT_EQ(seen, 20'000u);
  };
  std::thread writer(check);
  for (int round = 1; round < 5; ++round) {
    for (int64_t key = 0; key < 40'000; ++key) write(key, round);
  }
  writer.join();
  check();
  copy.reset();
  for (int round = 5; round < 12; ++round) {
    for (int64_t key = 0; key < 40'000; ++key) write(key, round);
  }
  EXPECT_LT(table.string_bytes(), 30'000'000u); // compaction goes on
}

TEST(StateTable, KeepsTheOrderOfInsertion) {
  LayoutCodec codec(program, layouts[0], false);
  StateTable table(codec, {8, false});
  for (int64_t key = 0; key < 5000; ++key) table.upsert(flow_hash_i64(static_cast<uint64_t>(key * 7)), bytes_of(key));
  for (int64_t key = 0; key < 5000; ++key)
    EXPECT_EQ(reinterpret_cast<Entry*>(table_entry(&table, static_cast<uint64_t>(key)))->key, key);
}

TEST(StateTable, TextKeysOfEveryLength) {
  LayoutCodec codec(program, layouts[1], true);
  StateTable table(codec, {16, true});
  std::map<std::string, int64_t> model;
  std::mt19937 random(5);
  for (int step = 0; step < 50'000; ++step) {
    std::string key(random() % 30, static_cast<char>('a' + random() % 3));
    uint64_t hash = flow_hash_bytes(key.data(), key.size());
    auto* entry =
        reinterpret_cast<TextEntry*>(flow_table_upsert_bytes(&table, hash, key.data(), key.size(), sizeof(TextEntry)));
    ASSERT_EQ(entry->sum, model[key]);
    entry->sum = model[key] += step;
  }
  EXPECT_EQ(table.count, model.size());
}

TEST(StateTable, ReplacedStringsDoNotPileUp) {
  LayoutCodec codec(program, layouts[0], false);
  StateTable table(codec, {8, false});
  for (int step = 0; step < 200'000; ++step) {
    int64_t key = step % 10;
    auto* entry = reinterpret_cast<Entry*>(table.upsert(flow_hash_i64(static_cast<uint64_t>(key)), bytes_of(key)));
    std::string text(100, static_cast<char>('a' + step % 26));
    flow_entry_string(&table, entry->text, text.data(), text.size());
  }
  EXPECT_LT(table.string_bytes(), 1'000'000u);
  for (int64_t key = 0; key < 10; ++key) {
    auto* entry = reinterpret_cast<Entry*>(table.upsert(flow_hash_i64(static_cast<uint64_t>(key)), bytes_of(key)));
    FlowView view = read_string(entry->text, table.heap);
    EXPECT_EQ(std::string(view.data, view.length), std::string(100, static_cast<char>('a' + (199'990 + key) % 26)));
  }
}

struct NoteEntry {
  int64_t key;
  uint8_t text[16];
};
const FlowField note_fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                 {"text", FLOW_STRING, 8, FLOW_NONE, FLOW_NONE}};
const FlowLayout note_layout = {"note", 6, sizeof(NoteEntry), 2, note_fields, no_list};

// Compaction goes on in portions while entries come, go, split and are copied: in both forms, against a map. Were it
// not there, some 300 MB would be held; were it to lose a string, the comparison would say so.
TEST(StateTable, StringsAreCompactedWhileTheTableChanges) {
  for (bool keeps_numbers : {false, true}) {
    SCOPED_TRACE(keeps_numbers ? "indexed" : "inline");
    LayoutCodec codec(program, note_layout, false);
    StateTable table(codec, table_key(note_layout, 8, false));
    if (keeps_numbers) table.keep_numbers();
    std::unordered_map<int64_t, std::string> model;
    std::mt19937_64 random(17);
    CopyPool pool;
    uint64_t held_max = 0;
    auto text_at = [&](const uint8_t* slot, const uint8_t* heap) {
      FlowView view = read_string(slot, heap);
      return std::string(view.data, view.length);
    };
    auto step = [&](int64_t keys) {
      int64_t key = static_cast<int64_t>(random() % static_cast<uint64_t>(keys));
      uint64_t hash = flow_hash_i64(static_cast<uint64_t>(key));
      if (keeps_numbers && random() % 4 == 0) {
        int64_t index = table.find(hash, bytes_of(key));
        if (index >= 0) table.erase(static_cast<uint32_t>(index));
        model.erase(key);
        return;
      }
      auto* entry = reinterpret_cast<NoteEntry*>(table.upsert(hash, bytes_of(key)));
      uint64_t length = random() % 1000 == 0 ? random() % 300'000 : random() % 200;
      std::string text(length, static_cast<char>('a' + random() % 26));
      flow_entry_string(&table, entry->text, text.data(), text.size());
      model[key] = std::move(text);
      held_max = std::max(held_max, table.string_bytes());
    };
    for (int round = 0; round < 8; ++round) {
      int64_t keys = round < 4 ? 20'000 : 60'000;
      for (int i = 0; i < 150'000; ++i) step(keys);
      std::unordered_map<int64_t, std::string> before = model;
      TableCopy copy(table, pool);
      // Entries are not erased while they are copied.
      for (int i = 0; i < 100'000; ++i) {
        int64_t key = static_cast<int64_t>(random() % static_cast<uint64_t>(keys));
        auto* entry =
            reinterpret_cast<NoteEntry*>(table.upsert(flow_hash_i64(static_cast<uint64_t>(key)), bytes_of(key)));
        std::string text(random() % 200, static_cast<char>('A' + random() % 26));
        flow_entry_string(&table, entry->text, text.data(), text.size());
        model[key] = std::move(text);
      }
      copy.finish();
      uint64_t seen = 0;
      copy.for_each_entry([&](uint32_t number) {
        const auto* entry = reinterpret_cast<const NoteEntry*>(copy.entry(number));
        ASSERT_EQ(text_at(entry->text, copy.heap()), before.at(entry->key));
        ++seen;
      });
      ASSERT_EQ(seen, before.size());
      ASSERT_EQ(table.count, model.size());
      table.for_each_entry([&](const uint8_t* at) {
        const auto* entry = reinterpret_cast<const NoteEntry*>(at);
        ASSERT_EQ(text_at(entry->text, table.heap), model.at(entry->key));
      });
    }
    ASSERT_EQ(table.form, keeps_numbers ? FLOW_TABLE_INDEXED : FLOW_TABLE_INLINE);
    uint64_t live = 0;
    for (const auto& [key, text] : model) live += text.size();
    EXPECT_LT(held_max, live * 8);
  }
}

// A call that stores a string looks at a bounded number of entries, however many there are.
TEST(StateTable, CompactionGoesInPortions) {
  LayoutCodec codec(program, note_layout, false);
  StateTable table(codec, table_key(note_layout, 8, false));
  constexpr int64_t keys = 200'000;
  std::string text(64, 'x');
  auto store = [&](int64_t key) {
    auto* entry = reinterpret_cast<NoteEntry*>(table.upsert(flow_hash_i64(static_cast<uint64_t>(key)), bytes_of(key)));
    memcpy(text.data(), &key, sizeof key);
    flow_entry_string(&table, entry->text, text.data(), text.size());
    return entry;
  };
  for (int64_t key = 0; key < keys; ++key) store(key);
  // How many entries' strings have moved in a call is seen by their addresses.
  auto addresses = [&] {
    std::vector<const char*> all;
    table.for_each_entry([&](const uint8_t* at) {
      all.push_back(read_string(reinterpret_cast<const NoteEntry*>(at)->text, table.heap).data);
    });
    return all;
  };
  uint64_t moved_most = 0, moved = 0, held = table.string_bytes();
  std::vector<const char*> before = addresses();
  for (int64_t call = 0; call < 2'000'000; ++call) {
    store(call % 1000);
    held = std::max(held, table.string_bytes());
    if (call % 4000 != 0) continue; // less than a chunk: a portion at the most
    std::vector<const char*> after = addresses();
    uint64_t differ = 0;
    for (size_t i = 0; i < after.size(); ++i) differ += after[i] == before[i] ? 0 : 1;
    moved_most = std::max(moved_most, differ);
    moved += differ > 1000 ? differ : 0;
    before = std::move(after);
  }
  EXPECT_GT(moved, uint64_t{keys}) << "all strings were moved at least once";
  EXPECT_LT(moved_most, 40'000u);
  EXPECT_LT(held, keys * text.size() * 5);
}

TEST(StateTable, AStringOfTheSameTableMayBeStoredAgain) {
  LayoutCodec codec(program, layouts[0], false);
  StateTable table(codec, {8, false});
  std::string text(700, 'x');
  for (int64_t key = 0; key < 200; ++key) {
    auto* entry = reinterpret_cast<Entry*>(table.upsert(flow_hash_i64(static_cast<uint64_t>(key)), bytes_of(key)));
    FlowView view =
        key == 0 ? FlowView{text.data(), text.size()}
                 : read_string(reinterpret_cast<Entry*>(table_entry(&table, static_cast<uint64_t>(key - 1)))->text,
                               table.heap);
    flow_entry_string(&table, entry->text, view.data, view.length);
  }
  FlowView view = read_string(reinterpret_cast<Entry*>(table_entry(&table, 199))->text, table.heap);
  EXPECT_EQ(std::string(view.data, view.length), text);
}

TEST(StateTable, ATableWithoutKeyHasOneEntry) {
  LayoutCodec codec(program, layouts[0], false);
  StateTable table(codec, {0, false});
  EXPECT_EQ(table.count, 0u);
  reinterpret_cast<Entry*>(flow_table_single(&table, sizeof(Entry)))->sum = 7;
  EXPECT_EQ(reinterpret_cast<Entry*>(flow_table_single(&table, sizeof(Entry)))->sum, 7);
  EXPECT_EQ(table.count, 1u);
}

TEST(StateTable, MissesAreToldAndDirtyMarksComeBack) {
  LayoutCodec codec(program, layouts[0], false);
  StateTable table(codec, {8, false});
  std::map<int64_t, int64_t> elsewhere = {{3, 300}};
  table.set_miss_hook(
      [](void* context, FlowTable*, uint64_t, uint8_t* entry) {
        auto& kept = *static_cast<std::map<int64_t, int64_t>*>(context);
        auto found = kept.find(reinterpret_cast<Entry*>(entry)->key);
        if (found == kept.end()) return false;
        reinterpret_cast<Entry*>(entry)->sum = found->second;
        return true;
      },
      &elsewhere);
  table.track_dirty();
  auto upsert = [&](int64_t key) {
    return reinterpret_cast<Entry*>(flow_table_upsert(&table, flow_hash_i64(static_cast<uint64_t>(key)),
                                                      reinterpret_cast<const uint8_t*>(&key), 8, sizeof(Entry)));
  };
  EXPECT_EQ(upsert(3)->sum, 300);
  EXPECT_EQ(upsert(4)->sum, 0);
  for (int64_t key = 5; key < 300; ++key) upsert(key);
  std::vector<uint64_t> marks = table.take_dirty();
  for (uint32_t i = 0; i < table.count; ++i) EXPECT_FALSE(table.is_dirty(i));
  upsert(4);
  EXPECT_TRUE(table.is_dirty(1));
  EXPECT_FALSE(table.is_dirty(2));
  table.give_back_dirty(marks);
  for (uint32_t i = 0; i < table.count; ++i) EXPECT_TRUE(table.is_dirty(i));
}

TEST(StateTable, ListsInsertInTheMiddleAndDropTheLast) {
  struct {
    uint32_t count = 0;
    uint32_t rows[4] = {};
  } list;
  auto insert = [&](uint32_t position, uint32_t value) {
    uint8_t* row = flow_list_insert(reinterpret_cast<uint8_t*>(&list.count), reinterpret_cast<uint8_t*>(list.rows),
                                    position, 4, 3);
    memcpy(row, &value, 4);
  };
  insert(0, 10);
  insert(0, 20);
  insert(1, 30);
  EXPECT_EQ(list.count, 3u);
  insert(2, 40);
  insert(0, 50);
  EXPECT_EQ(list.count, 3u);
  EXPECT_EQ(list.rows[0], 50u);
  EXPECT_EQ(list.rows[1], 20u);
  EXPECT_EQ(list.rows[2], 30u);
  EXPECT_EQ(list.rows[3], 0u); // what lies behind is not touched
}

// ---- memory ----

uint64_t resident_pages(uint8_t* memory, uint64_t bytes) {
  std::vector<unsigned char> pages((bytes + 4095) / 4096);
  EXPECT_EQ(mincore(memory, bytes, pages.data()), 0);
  return static_cast<uint64_t>(std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1; }));
}

PageHook hook_of(PageWarmer& warmer) {
  return {[](void* context, void* begin, uint64_t bytes) { static_cast<PageWarmer*>(context)->expect(begin, bytes); },
          &warmer};
}

TEST(PagesAhead, PagesAreThereBeforeTheyAreWrittenAndKeepWhatIs) {
  constexpr uint64_t bytes = uint64_t{32} << 20, written = uint64_t{20} << 20;
  uint8_t* memory = map_memory(bytes, true);
  ASSERT_NE(memory, nullptr);
  {
    PageWarmer warmer;
    PagesAhead ahead(memory);
    for (uint64_t at = 0; at < written; ++at) {
      ahead.follow(hook_of(warmer), memory + at, memory + bytes);
      memory[at] = static_cast<uint8_t>(at % 251);
    }
    EXPECT_GE(ahead.asked(), memory + written + PagesAhead::lead);
    EXPECT_LE(ahead.asked(), memory + written + 2 * PagesAhead::lead);
  }
  // Where the system has the call at all.
  if (madvise(memory, 4096, MADV_POPULATE_WRITE) == 0) {
    EXPECT_GE(resident_pages(memory, bytes), (written + PagesAhead::lead) / 4096);
  }
  for (uint64_t at = 0; at < written; ++at) ASSERT_EQ(memory[at], at % 251);
  unmap_memory(memory, bytes);
}

TEST(PagesAhead, EndWithTheMemory) {
  uint8_t* memory = map_memory(uint64_t{4} << 20, true);
  uint64_t asked = 0;
  PageHook hook{[](void* context, void*, uint64_t bytes) { *static_cast<uint64_t*>(context) += bytes; }, &asked};
  PagesAhead ahead(memory);
  ahead.follow(hook, memory, memory + 5000);
  ahead.follow(hook, memory + 4000, memory + 5000);
  ahead.follow(hook, memory + 5000, memory + 5000);
  EXPECT_EQ(asked, 5000u);
  ahead.follow({}, memory, memory + 9000);
  EXPECT_EQ(ahead.asked(), memory + 5000); // nobody wants to know
  unmap_memory(memory, uint64_t{4} << 20);
}

TEST(PagesAhead, LargeTablesAskForTheirNextPages) {
  for (bool keeps_numbers : {false, true}) {
    Numbers numbers(pair_layout);
    if (keeps_numbers) numbers.table.keep_numbers();
    uint64_t asked = 0;
    numbers.table.set_page_hook(
        {[](void* context, void*, uint64_t bytes) { *static_cast<uint64_t*>(context) += bytes; }, &asked});
    for (int64_t key = 0; key < 10'000; ++key) numbers[key] = key;
    EXPECT_EQ(asked, 0u);
    for (int64_t key = 10'000; key < 1'000'000; ++key) numbers[key] = key;
    EXPECT_GT(asked, 16'000'000u * 3 / 4);
    EXPECT_LT(asked, 48'000'000u);
  }
}

TEST(CopyPool, HandsRoundWhatFits) {
  constexpr uint64_t megabyte = uint64_t{1} << 20;
  CopyPool pool;
  CopyPool::Piece small = pool.take(100), large = pool.take(10 * megabyte), other = pool.take(10 * megabyte);
  EXPECT_EQ(small.reserved, 0u);
  EXPECT_NE(large.memory, other.memory);
  memset(small.memory, 1, 100);
  memset(large.memory, 2, 10 * megabyte);
  memset(other.memory, 3, 10 * megabyte);
  EXPECT_EQ(other.memory[10 * megabyte - 1], 3);
  pool.give_back(small);
  pool.give_back(large);
  CopyPool::Piece again = pool.take(15 * megabyte); // addresses for a state that has grown
  EXPECT_EQ(again.memory, large.memory);
  EXPECT_GE(again.reserved, 15 * megabyte);
  pool.give_back(other);
  pool.give_back(again);
  // A state that has outgrown them: in the end only what fits is kept.
  uint8_t* fits = nullptr;
  for (int copy = 0; copy < 12; ++copy) {
    CopyPool::Piece piece = pool.take(100 * megabyte);
    piece.memory[100 * megabyte - 1] = 1;
    if (copy > 0) EXPECT_EQ(piece.memory, fits);
    fits = piece.memory;
    pool.give_back(piece);
  }
  CopyPool::Piece last = pool.take(megabyte);
  EXPECT_EQ(last.memory, fits);
  pool.give_back(last);
}

// ---- codec ----

struct ListRow {
  int64_t value;
  uint8_t text[16];
};
struct ListEntry {
  int64_t key;
  uint32_t count;
  uint32_t kind;
  ListRow rows[3];
  int64_t last;
};
const char* const kind_texts[] = {"a", "b"};
const FlowEnum enums[] = {{"Kind", 2, kind_texts}};
const FlowField row_fields[] = {{"value", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                {"text", FLOW_STRING, 8, FLOW_NONE, FLOW_NONE}};
const FlowField list_fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                 {"kind", FLOW_ENUM, 12, FLOW_NONE, 0},
                                 {"last", FLOW_I64, offsetof(ListEntry, last), FLOW_NONE, FLOW_NONE}};
const FlowLayout list_layouts[] = {
    {"row", 3, sizeof(ListRow), 2, row_fields, no_list},
    {"list", 4, sizeof(ListEntry), 3, list_fields, {8, offsetof(ListEntry, rows), sizeof(ListRow), 3, 0}}};

TEST(LayoutCodec, ListsOfRowsWithTextsComeBack) {
  FlowProgram with_enums = program_of(list_layouts, 2);
  with_enums.enums = enums;
  with_enums.enum_count = 1;
  LayoutCodec codec(with_enums, list_layouts[1], false);
  StateTable table(codec, {8, false});
  std::string text = "a text that is longer than twelve bytes";
  int64_t key = 9;
  auto* entry = reinterpret_cast<ListEntry*>(table.upsert(1, bytes_of(key)));
  entry->count = 2;
  entry->kind = 1;
  entry->last = 77;
  entry->rows[1].value = 5;
  flow_entry_string(&table, entry->rows[1].text, text.data(), text.size());
  ByteWriter out;
  codec.write(out, reinterpret_cast<uint8_t*>(entry), table.heap);
  // The row that is not in use takes no room.
  EXPECT_LT(out.size(), sizeof(ListEntry) + text.size());

  StateTable other(codec, {8, false});
  auto read = [&](std::string_view bytes) {
    std::vector<uint8_t> room(sizeof(ListEntry));
    ByteReader in(bytes);
    std::vector<std::string> texts;
    bool is_right =
        codec.read(in, room.data(), [&](uint8_t*, const char* data, uint64_t size) { texts.emplace_back(data, size); });
    auto* made = reinterpret_cast<ListEntry*>(room.data());
    if (is_right) {
      EXPECT_LE(made->count, 3u);
      EXPECT_LT(made->kind, 2u);
      EXPECT_EQ(texts.size(), made->count);
    }
    return std::tuple(is_right && in.is_at_end(), *made, texts);
  };
  auto [is_right, made, texts] = read(out.view());
  EXPECT_TRUE(is_right);
  EXPECT_EQ(made.rows[1].value, 5);
  EXPECT_EQ(made.last, 77);
  EXPECT_EQ(texts, (std::vector<std::string>{"", text}));

  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(out.view());
    if (round % 2 == 0) bytes.resize(random() % bytes.size());
    for (uint32_t i = 0; i < 1 + random() % 4 && !bytes.empty(); ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    auto answer = read(bytes);
    if (round % 2 == 0) EXPECT_FALSE(std::get<0>(answer));
  }
}

// ---- panes ----

FlowState state_of(uint32_t window, int64_t size, int64_t slide, int64_t offset) {
  return {"s",
          FLOW_STATE_PANES,
          window,
          size,
          slide,
          offset,
          window == FLOW_WINDOW_HOPPING ? std::gcd(size, slide) : size,
          0,
          8,
          0,
          0,
          FLOW_NONE,
          0};
}

TEST(PaneSet, WindowsCloseLikeInAModelThatKnowsThemAll) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    bool is_hopping = random() % 2 == 0;
    int64_t slide = 1 + random() % 8, size = is_hopping ? 1 + random() % 30 : slide,
            offset = static_cast<int64_t>(random() % 9) - 4;
    FlowState state = state_of(is_hopping ? FLOW_WINDOW_HOPPING : FLOW_WINDOW_TUMBLING, size, slide, offset);
    PaneSet panes(program, state);
    std::set<int64_t> open_panes; // model: panes that were opened
    int64_t watermark = -100;
    panes.close_through(watermark);
    auto floor_to = [](int64_t v, int64_t step) { return v - ((v % step) + step) % step; };
    for (int step = 0; step < 60; ++step) {
      for (uint32_t i = 0; i < random() % 4; ++i) {
        int64_t time = watermark + 1 + random() % 40;
        int64_t start = floor_to(time - offset, state.pane) + offset;
        panes.open(start).table.upsert(flow_hash_i64(static_cast<uint64_t>(start)), bytes_of(start));
        open_panes.insert(start);
      }
      int64_t before = watermark;
      watermark += random() % 20;
      // The model: every window that ends in (before, watermark] + 1 and holds a pane.
      std::vector<std::pair<int64_t, int64_t>> expected, got;
      for (int64_t end = before + 2; end <= watermark + 1; ++end) {
        if (floor_to(end - size - offset, slide) != end - size - offset) continue;
        auto first = open_panes.lower_bound(end - size);
        if (first != open_panes.end() && *first < end) expected.emplace_back(end - size, end);
      }
      while (auto due = panes.next_due(watermark)) {
        got.emplace_back(due->start_us(), due->end_us());
        std::vector<int64_t> in_window, model_in_window;
        for (Pane* pane : panes.panes_of(*due)) in_window.push_back(pane->start);
        for (int64_t pane : open_panes) {
          if (pane >= due->start_us() && pane < due->end_us()) model_in_window.push_back(pane);
        }
        ASSERT_EQ(in_window, model_in_window);
        panes.close(*due);
      }
      panes.close_through(watermark);
      ASSERT_EQ(got, expected);
      for (const auto& pane : panes.panes()) {
        int64_t last_start = floor_to(pane->start - offset, slide) + offset;
        if (pane->start >= last_start + size) continue; // in a gap between windows: freed with the next one in front
        ASSERT_GT(last_start + size - 1, watermark) << "a pane is kept that no window needs";
      }
    }
    while (auto due = panes.next_due(INT64_MAX)) panes.close(*due);
    panes.close_through(INT64_MAX);
    EXPECT_TRUE(panes.panes().empty());
  }
}

// Behind hopping windows they overlap, and each is one pane.
TEST(PaneSet, SameWindowsThatOverlapDoNotMix) {
  FlowState state = state_of(FLOW_WINDOW_SAME, 60, 30, 0);
  PaneSet panes(program, state);
  for (int64_t start : {-30, 0, 30})
    panes.open(start).table.upsert(flow_hash_i64(static_cast<uint64_t>(start)), bytes_of(start));
  std::vector<int64_t> starts;
  while (auto due = panes.next_due(INT64_MAX)) {
    std::vector<Pane*> found = panes.panes_of(*due);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0]->start, due->start_us());
    EXPECT_EQ(due->end_us(), due->start_us() + 60);
    starts.push_back(found[0]->start);
    panes.close(*due);
  }
  EXPECT_EQ(starts, (std::vector<int64_t>{-30, 0, 30}));
}

// Partial results may leave before their window closes, and the pane may begin again.
TEST(PaneSet, APartialPaneIsHeldUntilItIsSent) {
  FlowState state = state_of(FLOW_WINDOW_TUMBLING, 60, 60, 0);
  state.kind = FLOW_STATE_PARTIAL;
  PaneSet panes(program, state);
  auto add = [&](int64_t start) { panes.open(start).table.upsert(flow_hash_i64(1), bytes_of(1)); };
  add(0);
  add(60);
  EXPECT_GT(panes.held_bytes(), 0u);
  EXPECT_FALSE(panes.next_due(58));
  EXPECT_EQ(panes.next_due(59)->start_us(), 0);
  EXPECT_EQ(panes.next_held()->start_us(), 0) << "without a watermark";
  panes.close(*panes.next_held());
  EXPECT_EQ(panes.next_held()->start_us(), 60);
  panes.close_through(119);
  add(0);
  EXPECT_EQ(panes.next_due(119)->start_us(), 0) << "nothing counts as closed";
  panes.close(*panes.next_held());
  panes.close(*panes.next_held());
  EXPECT_FALSE(panes.next_held());
  EXPECT_EQ(panes.held_bytes(), 0u);
}

} // namespace
} // namespace flow::runtime
