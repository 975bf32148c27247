// Tables against std::unordered_map: every form, large and small, with texts and lists. Run alone: bin/tests/table_test
#include "tests/unit/state_layouts.h"

namespace flow::runtime {
namespace {

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
const FlowLayout note_layout = {"note", 6, sizeof(NoteEntry), 2, note_fields, no_list, 0, 0, nullptr};

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

} // namespace
} // namespace flow::runtime
