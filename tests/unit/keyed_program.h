// A program with an operator by hand, as codegen would write it, for tests of the core. One chain, keyed by two numbers
// (so that the test chooses the hash), with two inputs of different rows:
//
//   port 0  commands: what to do with the entry of the key       port 1  pokes: add 1 to its total
//
//   cells   total: i64 · last: { value: i64, text: string } expires `expires`
//   timers  0 plain, 1 repeats (both in event time), 2 wall (in processing time)
//
// Each handler begins by clearing what has expired, each row's ends with flow_settle_entry.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "runtime/abi/flow_host.h"
#include "runtime/vocabulary/vocabulary.h"

namespace flow::test {

struct KeyedEntry {
  int64_t key[2];
  uint8_t total_is_set, last_is_set, timer_is_set[3], unused[3];
  int64_t total;
  int64_t last_value;
  uint8_t last_text[16];
  struct {
    int64_t time, queued;
  } timers[3];
  int64_t last_written;
};

enum class Act : int64_t {
  add,    // total += value
  note,   // last = { value, text of value }
  set,    // timer `timer` at `at`; of timer 2: at `at` after now
  cancel, // timer `timer`
  clear,  // both cells
  show,   // emits the entry
  fail,   // does nothing, and fails
};

struct Command {
  int64_t key, time;
  Act act;
  int64_t value = 0, timer = 0, at = 0;
};
struct Poke {
  int64_t time, key;
};
// What came out: `what` is the number of the timer that fired, or `shown`.
struct Shown {
  int64_t key, what, time, total, value;
  uint8_t text[16];
};
constexpr int64_t shown = 9;

struct KeyedScenario {
  int64_t hashes = INT64_MAX; // so many different hashes of keys
  int64_t expires = 100;
};

inline std::string text_of(int64_t value) {
  return std::string(static_cast<size_t>(value % 50), 'a' + static_cast<char>(value % 26)) + std::to_string(value);
}

inline uint64_t keyed_hash(const KeyedScenario& scenario, int64_t key) {
  return flow_hash_i64(static_cast<uint64_t>(key % scenario.hashes));
}

// The entry that a handler works on.
struct Access {
  FlowTask* task;
  const KeyedScenario& scenario;
  FlowTable* table;
  uint64_t hash;
  KeyedEntry* entry;

  uint8_t* bytes() const { return reinterpret_cast<uint8_t*>(entry); }

  void expire(int64_t time) const {
    int64_t end;
    bool never = __builtin_add_overflow(entry->last_written, scenario.expires, &end);
    if (entry->last_is_set != 0 && !never && std::max(time, flow_watermark(task)) >= end) clear_last();
  }
  void clear_last() const {
    entry->last_is_set = 0;
    entry->last_value = entry->last_written = 0;
    memset(entry->last_text, 0, sizeof entry->last_text);
  }
  void note(int64_t value, int64_t time) const {
    std::string text = text_of(value);
    flow_entry_string(table, entry->last_text, text.data(), text.size());
    entry->last_is_set = 1;
    entry->last_value = value;
    entry->last_written = std::max(time, flow_watermark(task));
  }
  void add(int64_t value) const {
    entry->total_is_set = 1;
    entry->total += value;
  }
  void clear() const {
    clear_last();
    entry->total_is_set = 0;
    entry->total = 0;
  }
  void set(int64_t timer, int64_t at) const {
    flow_timer_set(task, 0, static_cast<uint32_t>(timer), bytes(), hash, at);
  }
  void cancel(int64_t timer) const {
    entry->timer_is_set[timer] = 0;
    entry->timers[timer].time = 0;
  }
  void show(int64_t what, int64_t time) const {
    FlowView text = flow_view(entry->last_text, flow_table_heap(table));
    auto* row = reinterpret_cast<Shown*>(flow_out_row(task, 0, sizeof(Shown), flow_heap_bytes(text.length)));
    row->key = entry->key[0];
    row->what = what;
    row->time = time;
    row->total = entry->total_is_set != 0 ? entry->total : -1;
    row->value = entry->last_is_set != 0 ? entry->last_value : -1;
    flow_out_string(task, 0, row->text, text.data, text.length);
  }
  void settle() const {
    const uint8_t* flags = &entry->total_is_set;
    if (std::all_of(flags, flags + 5, [](uint8_t flag) { return flag == 0; })) {
      flow_settle_entry(task, 0, bytes());
    }
  }
};

inline const KeyedScenario& keyed_scenario(FlowTask* task) {
  return *reinterpret_cast<const KeyedScenario*>(flow_param(task, 0)->value.s);
}

inline Access open_entry(FlowTask* task, int64_t key) {
  const KeyedScenario& scenario = keyed_scenario(task);
  FlowTable* table = flow_keyed(task, 0);
  uint64_t hash = keyed_hash(scenario, key);
  int64_t whole_key[2] = {key, -key};
  uint8_t* entry = flow_table_upsert(table, hash, reinterpret_cast<uint8_t*>(whole_key), 16, sizeof(KeyedEntry));
  return {task, scenario, table, hash, reinterpret_cast<KeyedEntry*>(entry)};
}

inline void obey(const Access& access, const Command& command) {
  switch (command.act) {
  case Act::add: return access.add(command.value);
  case Act::note: return access.note(command.value, command.time);
  case Act::set: return access.set(command.timer, command.timer == 2 ? flow_now(access.task) + command.at : command.at);
  case Act::cancel: return access.cancel(command.timer);
  case Act::clear: return access.clear();
  case Act::show: return access.show(shown, command.time);
  case Act::fail: return flow_fail(access.task, 0, FLOW_FAIL_DIVISION);
  }
}

inline int64_t process_keyed(FlowTask* task, uint32_t port, const FlowBatch* batch, int64_t from) {
  for (int64_t at = from; at < flow_batch_rows(batch); ++at) {
    if (port == 1) {
      Poke poke;
      memcpy(&poke, flow_batch_row(batch, at, sizeof poke), sizeof poke);
      Access access = open_entry(task, poke.key);
      access.expire(poke.time);
      access.add(1);
      access.settle();
    } else {
      Command command;
      memcpy(&command, flow_batch_row(batch, at, sizeof command), sizeof command);
      Access access = open_entry(task, command.key);
      access.expire(command.time);
      obey(access, command);
      if (flow_failed(task)) {
        if (flow_rt_row_failed(task) != 0) return -1;
      } else {
        access.settle();
      }
    }
    if (flow_out_full(task) != 0) return at + 1;
  }
  return flow_batch_rows(batch);
}

// All timers tell that they fired. The plain one forgets the total; the one that repeats comes again after as long as
// `last` says.
inline int64_t fire_keyed(FlowTask* task, uint32_t, const FlowDue* due, int64_t) {
  Access access{task, keyed_scenario(task), due->table, due->hash, reinterpret_cast<KeyedEntry*>(due->entry)};
  int64_t time = due->window_start;
  access.expire(time);
  access.show(due->timer, time);
  if (due->timer == 0) {
    access.entry->total_is_set = 0;
    access.entry->total = 0;
  }
  bool repeats = due->timer == 1 && access.entry->last_is_set != 0 && access.entry->last_value > 0;
  if (repeats) access.set(1, time + access.entry->last_value);
  return due->count;
}

struct KeyedProgram {
  KeyedScenario scenario;
  FlowField command_fields[1] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE}};
  FlowField poke_fields[1] = {{"key", FLOW_I64, 8, FLOW_NONE, FLOW_NONE}};
  FlowField entry_fields[2] = {{"key", FLOW_I64, 0, FLOW_NONE, FLOW_NONE},
                               {"last.text", FLOW_STRING, offsetof(KeyedEntry, last_text), FLOW_NONE, FLOW_NONE}};
  FlowField shown_fields[1] = {{"text", FLOW_STRING, offsetof(Shown, text), FLOW_NONE, FLOW_NONE}};
  FlowRepeat no_list{0, 0, 0, 0, FLOW_NONE};
  FlowLayout layouts[4] = {{"commands", 21, sizeof(Command), 1, command_fields, no_list, 0, 0, nullptr},
                           {"pokes", 22, sizeof(Poke), 1, poke_fields, no_list, 0, 0, nullptr},
                           {"keeper.entry", 23, sizeof(KeyedEntry), 2, entry_fields, no_list, 0, 0, nullptr},
                           {"shown", 24, sizeof(Shown), 1, shown_fields, no_list, 0, 0, nullptr}};
  FlowStateCell cells[2] = {{"total", offsetof(KeyedEntry, total_is_set), offsetof(KeyedEntry, total),
                             offsetof(KeyedEntry, last_value), FLOW_NONE, 0, ""},
                            {"last", offsetof(KeyedEntry, last_is_set), offsetof(KeyedEntry, last_value),
                             offsetof(KeyedEntry, timers), offsetof(KeyedEntry, last_written), 0, ""}};
  FlowStateTimer timers[3] = {timer("plain", 0, 0), timer("repeats", 1, 0), timer("wall", 2, 1)};
  FlowState state{.name = "keeper.process",
                  .kind = FLOW_STATE_KEYED,
                  .layout = 2,
                  .key_size = 16,
                  .running_layout = FLOW_NONE,
                  .cell_count = 2,
                  .timer_count = 3,
                  .cells = cells,
                  .timers = timers};
  FlowOutput output{FLOW_OUTPUT_EDGE, 0, 3, 0};
  uint32_t state_numbers[1] = {0};
  FlowChain chains[1] = {{.name = "keeper",
                          .uid = "keeper",
                          .source = FLOW_NONE,
                          .port_count = 2,
                          .output_count = 1,
                          .state_count = 1,
                          .outputs = &output,
                          .states = state_numbers,
                          .process = process_keyed,
                          .fire = fire_keyed}};
  FlowEdge edges[1] = {{FLOW_EDGE_SINGLE, 0, 0, 1, 0, 3, nullptr}};
  FlowSite sites[1] = {{"keeper.flow", 1, 1, "1 / 0", FLOW_ON_ERROR_SKIP, 0}};
  FlowProgram program{};
  FlowCell params[1] = {};
  const FlowCell* option_rows[1] = {nullptr};

  explicit KeyedProgram(KeyedScenario wanted = {}) : scenario(wanted) {
    cells[1].expires = scenario.expires;
    params[0].value.s = reinterpret_cast<const char*>(&scenario);
    program.abi_version = FLOW_ABI_VERSION;
    program.name = "keeper";
    program.doc = "";
    program.target_cpu = "x86-64-v2";
    program.layouts = layouts;
    program.states = &state;
    program.chains = chains;
    program.edges = edges;
    program.sites = sites;
    program.layout_count = 4;
    program.state_count = 1;
    program.chain_count = 1;
    program.edge_count = 1;
    program.site_count = 1;
  }
  KeyedProgram(const KeyedProgram&) = delete;

private:
  static FlowStateTimer timer(const char* name, uint32_t number, uint32_t is_processing_time) {
    auto at = static_cast<uint32_t>(offsetof(KeyedEntry, timers) + number * 16);
    return {name, static_cast<uint32_t>(offsetof(KeyedEntry, timer_is_set) + number), at, at + 8, is_processing_time};
  }
};

} // namespace flow::test
