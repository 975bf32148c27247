// Copies of tables that change meanwhile. Run alone: bin/tests/table_copy_test
#include "tests/unit/state_layouts.h"

namespace flow::runtime {
namespace {

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

// Entries leave while a thread copies: the last ones move to their places, and new ones come behind.
TEST(TableCopy, IsTheTableAsItWasWhileEntriesAreErased) {
  CopyPool pool;
  for (bool has_stored_hashes : {false, true}) {
    for (int64_t keys : {1, 50, 1000, 30'000}) {
      SCOPED_TRACE(std::to_string(keys) + (has_stored_hashes ? " stored hashes" : ""));
      LayoutCodec codec(program, pair_layout, false);
      TableKey key = table_key(pair_layout, 8, false);
      if (has_stored_hashes) key.hash = FLOW_HASH_STORED;
      StateTable table(codec, key);
      table.allow_erase();
      std::map<int64_t, int64_t> model;
      auto hash_of = [](int64_t of) { return flow_hash_i64(static_cast<uint64_t>(of)); };
      auto put = [&](int64_t of, int64_t value) {
        uint8_t* entry = table.upsert(hash_of(of), bytes_of(of));
        model[of] = reinterpret_cast<Pair*>(entry)->value = value;
      };
      auto drop = [&](int64_t of) {
        int64_t index = table.find(hash_of(of), bytes_of(of));
        ASSERT_EQ(index >= 0, model.erase(of) == 1);
        if (index >= 0) table.erase(static_cast<uint32_t>(index));
      };
      for (int64_t of = 0; of < keys; ++of) put(of, of);
      std::mt19937_64 random(5);
      for (int round = 0; round < 4; ++round) {
        std::map<int64_t, int64_t> before = model;
        TableCopy copy(table, pool);
        std::map<int64_t, int64_t> read;
        std::thread writer([&] {
          copy.finish();
          read = pairs_of(copy);
        });
        for (int64_t i = 0; i < keys; ++i) {
          auto of = static_cast<int64_t>(random() % static_cast<uint64_t>(keys * 2));
          random() % 5 < 2 ? put(of, i) : drop(of);
        }
        writer.join();
        ASSERT_EQ(read, before);
        ASSERT_EQ(table.count, model.size());
        for (const auto& [of, value] : model) {
          int64_t index = table.find(hash_of(of), bytes_of(of));
          ASSERT_GE(index, 0);
          ASSERT_EQ(reinterpret_cast<Pair*>(table.entries)[index].value, value);
        }
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

} // namespace
} // namespace flow::runtime
