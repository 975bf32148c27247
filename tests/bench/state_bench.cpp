// Keyed state beside tables written by hand, in one process and on the same pages: ns per update of uniformly random
// keys, bytes per key, the longest single call while the table grows and while a checkpoint is taken.
//
//   state_bench update KEYS [MILLIONS OF UPDATES]   hand-written inline and indexed, then Flow's table, several rounds
//   state_bench memory KEYS                         bytes per key: as counted, and of the process
//   state_bench growth KEYS                         the longest call while KEYS keys come in
//   state_bench copy KEYS                           the same while a copy is taken, and what the copy costs
#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "runtime/host/page_warmer.h"
#include "runtime/state/table.h"
#include "runtime/state/table_copy.h"

// As generated code has it: in line.
#define FLOW_VOCABULARY_BITCODE
#include "runtime/vocabulary/tables.cpp"

namespace {

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

struct Entry {
  int64_t key, total;
};

const FlowField fields[] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE}, {"total", FLOW_I64, 8, FLOW_NONE, FLOW_NONE}};
const FlowLayout layout = {"entry", 1, sizeof(Entry), 2, fields, {0, 0, 0, 0, FLOW_NONE}, 0, 0, nullptr};

// The key of an update: cheap, and nothing that the table's hash could profit from.
inline uint64_t key_of(uint64_t n, uint64_t keys) {
  n *= 0xd1342543de82ef95u;
  n ^= n >> 32;
  n *= 0xaf251af3b0f025b5u;
  return static_cast<uint64_t>(static_cast<unsigned __int128>(n) * keys >> 64);
}

template <typename T> T* huge(uint64_t count) {
  uint8_t* memory = map_memory(count * sizeof(T), true);
  if (memory == nullptr) std::abort();
  return reinterpret_cast<T*>(memory);
}

// The entries in the slots, half of them empty; no key is -1.
struct InlineByHand {
  uint64_t slots;
  Entry* entries;
  explicit InlineByHand(uint64_t keys) {
    for (slots = 16; slots < keys * 2; slots *= 2) continue;
    entries = huge<Entry>(slots);
    for (uint64_t i = 0; i < slots; ++i) entries[i].key = -1;
  }
  [[gnu::always_inline]] void ahead(int64_t key) {
    __builtin_prefetch(&entries[hash_of_number(static_cast<uint64_t>(key)) & (slots - 1)], 1);
  }
  ~InlineByHand() { unmap_memory(reinterpret_cast<uint8_t*>(entries), slots * sizeof(Entry)); }
  [[gnu::always_inline]] int64_t& total_of(int64_t key) {
    uint64_t i = hash_of_number(static_cast<uint64_t>(key)) & (slots - 1);
    while (entries[i].key != key) {
      if (entries[i].key == -1) {
        entries[i] = {key, 0};
        break;
      }
      i = (i + 1) & (slots - 1);
    }
    return entries[i].total;
  }
};

// Small index over dense entries.
struct IndexedByHand {
  uint64_t slots, count = 0;
  uint32_t* index;
  Entry* entries;
  uint64_t room;
  explicit IndexedByHand(uint64_t keys) : room(keys) {
    for (slots = 16; slots < keys * 2; slots *= 2) continue;
    index = huge<uint32_t>(slots);
    entries = huge<Entry>(keys);
  }
  ~IndexedByHand() {
    unmap_memory(reinterpret_cast<uint8_t*>(index), slots * sizeof(uint32_t));
    unmap_memory(reinterpret_cast<uint8_t*>(entries), room * sizeof(Entry));
  }
  [[gnu::always_inline]] int64_t& total_of(int64_t key) {
    uint64_t i = hash_of_number(static_cast<uint64_t>(key)) & (slots - 1);
    for (; index[i] != 0; i = (i + 1) & (slots - 1)) {
      if (entries[index[i] - 1].key == key) return entries[index[i] - 1].total;
    }
    entries[count] = {key, 0};
    index[i] = static_cast<uint32_t>(++count);
    return entries[count - 1].total;
  }
};

struct OfFlow {
  FlowProgram program{};
  LayoutCodec codec{program, layout, false};
  StateTable table{codec, table_key(layout, 8, false)};
  PageWarmer pages;
  explicit OfFlow(uint64_t) {
    table.set_page_hook(
        {[](void* context, void* begin, uint64_t bytes) { static_cast<PageWarmer*>(context)->expect(begin, bytes); },
         &pages});
  }
  [[gnu::always_inline]] void ahead(int64_t key) {
    flow_table_ahead(&table, flow_hash_i64(static_cast<uint64_t>(key)), sizeof(Entry));
  }
  [[gnu::always_inline]] int64_t& total_of(int64_t key) {
    uint64_t hash = flow_hash_i64(static_cast<uint64_t>(key));
    uint8_t* entry = flow_table_upsert(&table, hash, reinterpret_cast<const uint8_t*>(&key), sizeof key, sizeof(Entry));
    return reinterpret_cast<Entry*>(entry)->total;
  }
};

template <typename Table> void fill(Table& table, uint64_t keys) {
  for (uint64_t key = 0; key < keys; ++key) table.total_of(static_cast<int64_t>(key)) = 0;
}

// A batch of keys at a time, as they come through an exchange. `distance`: so many rows before its turn a key's entry
// is asked for; 0: not at all.
constexpr uint64_t batch_rows = 1024;

template <uint64_t distance, typename Table>
[[gnu::noinline]] void update_batch(Table& table, const int64_t* keys, uint64_t rows, int64_t added) {
  for (uint64_t row = 0; row < rows; ++row) {
    if constexpr (distance > 0) table.ahead(keys[std::min(row + distance, rows - 1)]);
    table.total_of(keys[row]) += added;
  }
}

template <uint64_t distance = 0, typename Table>
double ns_per_update(Table& table, uint64_t keys, uint64_t from, uint64_t updates) {
  int64_t batch[batch_rows];
  uint64_t begin = now_ns();
  for (uint64_t n = from; n < from + updates; n += batch_rows) {
    for (uint64_t row = 0; row < batch_rows; ++row) batch[row] = static_cast<int64_t>(key_of(n + row, keys));
    update_batch<distance>(table, batch, batch_rows, static_cast<int64_t>(n));
  }
  return static_cast<double>(now_ns() - begin) / static_cast<double>(updates);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Rounds of all, one after the other: the ratio is the median of the rounds', since what else the machine does
// changes from second to second. Flow asks ahead as generated code does: for large tables.
void update(uint64_t keys, uint64_t updates) {
  constexpr int rounds = 15;
  InlineByHand by_hand(keys);
  IndexedByHand indexed(keys);
  OfFlow flow(keys);
  fill(by_hand, keys);
  fill(indexed, keys);
  fill(flow, keys);
  FlowStateView view{.pane_start = 0, .pane = &flow.table};
  FlowTask task{};
  task.states = &view;
  bool is_large = flow_large_pane(&task, 0) != nullptr;
  std::vector<double> a, a_ahead, b, c, ratios, plain_ratios;
  for (int round = 0; round < rounds; ++round) {
    uint64_t from = static_cast<uint64_t>(round) * updates;
    a.push_back(ns_per_update(by_hand, keys, from, updates));
    a_ahead.push_back(ns_per_update<16>(by_hand, keys, from, updates));
    b.push_back(ns_per_update(indexed, keys, from, updates));
    c.push_back(is_large ? ns_per_update<16>(flow, keys, from, updates) : ns_per_update(flow, keys, from, updates));
    plain_ratios.push_back(std::min(a.back(), b.back()) / c.back());
    ratios.push_back(std::min({a.back(), a_ahead.back(), b.back()}) / c.back());
  }
  std::printf("update %11" PRIu64
              " keys: inline by hand %6.2f ns, asking ahead %6.2f (%.0f bytes per key), indexed by hand %6.2f, Flow "
              "%6.2f (%.1f bytes per key), ratio to the better that does not ask ahead %.2f, to the best %.2f\n",
              keys, median(a), median(a_ahead),
              static_cast<double>(by_hand.slots * sizeof(Entry)) / static_cast<double>(keys), median(b), median(c),
              static_cast<double>(flow.table.memory_bytes()) / static_cast<double>(keys), median(plain_ratios),
              median(ratios));
}

uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  uint64_t all = 0, resident = 0;
  if (file == nullptr || std::fscanf(file, "%" SCNu64 " %" SCNu64, &all, &resident) != 2) std::abort();
  std::fclose(file);
  return resident * 4096;
}

// Means over table sizes up to KEYS, from a sixteenth of it on.
void memory(uint64_t keys) {
  uint64_t before = resident_bytes();
  OfFlow flow(keys);
  double counted = 0, resident = 0, samples = 0;
  for (uint64_t key = 0; key < keys; ++key) {
    flow.total_of(static_cast<int64_t>(key)) = 1;
    if (key < keys / 16 || key % 100'000 != 0) continue;
    counted += static_cast<double>(flow.table.memory_bytes()) / static_cast<double>(key + 1);
    resident += static_cast<double>(resident_bytes() - before) / static_cast<double>(key + 1);
    samples += 1;
  }
  std::printf("memory %11" PRIu64 " keys: %.1f bytes per key as counted, %.1f of the process (means from %" PRIu64
              " on)\n",
              keys, counted / samples, resident / samples, keys / 16);
}

// The longest calls. Those in which the system took the processor away are told apart, but told: it may have done so
// because the call waited (a page of the system, a block that the other thread is saving).
struct Longest {
  std::vector<uint64_t> slow; // ns, above 20 us
  std::vector<uint64_t> interrupted;
  int64_t switches = involuntary_switches();
  uint64_t last = now_ns();

  static int64_t involuntary_switches() {
    rusage used{};
    getrusage(RUSAGE_THREAD, &used);
    return used.ru_nivcsw;
  }
  void tick() {
    uint64_t now = now_ns();
    if (now - last > 20'000) {
      int64_t before = std::exchange(switches, involuntary_switches());
      if (switches == before)
        slow.push_back(now - last);
      else
        interrupted.push_back(now - last);
      now = now_ns();
    }
    last = now;
  }
  static void print(const char* what, std::vector<uint64_t>& calls) {
    std::sort(calls.begin(), calls.end());
    auto at = [&](double part) {
      size_t place = static_cast<size_t>(part * static_cast<double>(calls.size() - 1));
      return calls.empty() ? 0.0 : static_cast<double>(calls[place]) / 1e6;
    };
    std::printf("%s %zu calls above 20 us, longest %.3f ms, median %.3f, 99th percentile %.3f", what, calls.size(),
                at(1), at(.5), at(.99));
  }
  void print() {
    print("uninterrupted", slow);
    print("; interrupted", interrupted);
    std::printf("\n");
  }
};

void growth(uint64_t keys) {
  OfFlow flow(keys);
  uint64_t begin = now_ns();
  Longest longest;
  for (uint64_t key = 0; key < keys; ++key) {
    flow.total_of(static_cast<int64_t>(key)) = 1;
    longest.tick();
  }
  uint64_t took = now_ns() - begin;
  std::printf("growth %11" PRIu64 " keys: %.1f ns per key with the clock, ", keys,
              static_cast<double>(took) / static_cast<double>(keys));
  longest.print();
  // What the machine does to a loop in which nothing grows, for as long.
  Longest control;
  uint64_t n = 0;
  for (begin = control.last; control.last - begin < took; control.tick()) {
    flow.total_of(static_cast<int64_t>(key_of(n++, keys))) += 1;
  }
  std::printf("       the same time without growth:         ");
  control.print();
}

// Several copies one after the other: the first waits for the memory that the system gives, the others find it there.
void copy(uint64_t keys) {
  constexpr int rounds = 4;
  OfFlow flow(keys);
  fill(flow, keys);
  CopyPool pool;
  uint64_t n = 0;
  for (int round = 0; round < rounds; ++round) {
    double before = ns_per_update(flow, keys, n += 4'000'000, 4'000'000);
    uint64_t begin = now_ns();
    auto copied = std::make_unique<TableCopy>(flow.table, pool);
    uint64_t barrier = now_ns() - begin;
    uint64_t finished = 0, freed = 0;
    std::atomic<bool> is_saved{false};
    std::thread writer([&] {
      copied->finish();
      finished = now_ns();
      is_saved.store(true);
      copied->free_entries();
      freed = now_ns();
    });
    Longest longest;
    uint64_t first = n;
    begin = now_ns();
    while (!is_saved.load(std::memory_order_relaxed)) {
      for (int i = 0; i < 16; ++i) {
        flow.total_of(static_cast<int64_t>(key_of(n++, keys))) += 1;
        longest.tick();
      }
    }
    uint64_t took = now_ns() - begin;
    double while_copying = static_cast<double>(took) / static_cast<double>(n - first);
    writer.join();
    double armed = ns_per_update(flow, keys, n, 4'000'000);
    uint64_t release = now_ns();
    copied.reset();
    release = now_ns() - release;
    std::printf("copy   %11" PRIu64
                " keys: barrier %.3f ms, saved after %.0f ms, given back in %.1f; ns per update %.1f "
                "before, %.1f with the clock until saved (%.0f ms lost), %.1f armed and saved; release %.3f ms; ",
                keys, static_cast<double>(barrier) / 1e6, static_cast<double>(finished - begin) / 1e6,
                static_cast<double>(freed - finished) / 1e6, before, while_copying,
                (static_cast<double>(took) - before * static_cast<double>(n - first)) / 1e6, armed,
                static_cast<double>(release) / 1e6);
    longest.print();
  }
}

} // namespace

int main(int argc, char** argv) {
  std::string what = argc > 2 ? argv[1] : "";
  uint64_t keys = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  uint64_t updates = argc > 3 ? std::strtoull(argv[3], nullptr, 10) * 1'000'000 : 2'000'000;
  if (keys == 0) {
    std::puts("state_bench update|memory|growth|copy KEYS [MILLIONS]");
    return 2;
  }
  if (what == "update") update(keys, updates);
  if (what == "memory") memory(keys);
  if (what == "growth") growth(keys);
  if (what == "copy") copy(keys);
  return 0;
}
