// Layouts and a table of numbers that the tests of state share.
#pragma once

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

struct Entry {
  int64_t key;
  int64_t sum;
  uint8_t text[16];
};
struct TextEntry {
  uint8_t key[16];
  int64_t sum;
};

inline const FlowField fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                   {"sum", FLOW_I64, 8, FLOW_NONE, FLOW_NONE},
                                   {"text", FLOW_STRING, 16, FLOW_NONE, FLOW_NONE}};
inline const FlowField text_fields[] = {{"sum", FLOW_I64, 16, FLOW_NONE, FLOW_NONE}};
inline constexpr FlowRepeat no_list{0, 0, 0, 0, FLOW_NONE};
inline const FlowLayout layouts[] = {{"entry", 1, sizeof(Entry), 3, fields, no_list, 0, 0, nullptr},
                                     {"text entry", 2, sizeof(TextEntry), 1, text_fields, no_list, 0, 0, nullptr}};

inline FlowProgram program_of(const FlowLayout* all, uint32_t count) {
  FlowProgram program{};
  program.layouts = all;
  program.layout_count = count;
  return program;
}
inline const FlowProgram program = program_of(layouts, 2);

inline std::string_view bytes_of(const int64_t& key) { return {reinterpret_cast<const char*>(&key), sizeof key}; }
struct Pair {
  int64_t key;
  int64_t value;
};
inline const FlowField pair_fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                                        {"value", FLOW_I64, 8, FLOW_NONE, FLOW_NONE}};
inline const FlowLayout pair_layout = {"pair", 3, sizeof(Pair), 2, pair_fields, no_list, 0, 0, nullptr};
inline const FlowField small_fields[] = {{"key", FLOW_I32, 0, FLOW_NONE, FLOW_NONE},
                                         {"value", FLOW_I64, 8, FLOW_NONE, FLOW_NONE}};
inline const FlowLayout small_layout = {"small", 4, sizeof(Pair), 2, small_fields, no_list, 0, 0, nullptr};

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

} // namespace flow::runtime
