// Reading back what snapshot.h describes. Takes any bytes: what does not fit is an error with a sentence, never more.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/task/snapshot.h"
#include "runtime/task/task.h"

namespace flow::runtime {
namespace {

Status damaged(std::string_view what) {
  return Status(ExitCode::checkpoint_damaged, fmt::format("the stored state is damaged: {}", what));
}

// Which item this is; the reader stands behind the kind. Nothing if it is none.
std::optional<ItemKind> read_item_head(ByteReader& in) {
  bool is_item = in.raw(item_magic.size()) == item_magic;
  uint8_t kind = in.u8();
  if (!is_item || in.has_failed() || kind > 1) return std::nullopt;
  return static_cast<ItemKind>(kind);
}

PaneSet* find_state(const std::vector<std::unique_ptr<PaneSet>>& states, std::string_view name) {
  for (const auto& panes : states) {
    if (name == panes->state().name) return panes.get();
  }
  return nullptr;
}

// One entry into a table: that of a pane, or of `keyed`, which is not null then.
Status read_entry(ByteReader& in, StateTable& table, KeyedState* keyed, std::vector<uint8_t>& room, uint64_t hash) {
  // The key is known only when the whole entry has been read: it is read into a row of its own, with its strings kept
  // in the reader's bytes, and put into the table then.
  std::fill(room.begin(), room.end(), 0);
  std::vector<std::string_view> texts;
  bool is_right = table.codec().read(
      in, room.data(), [&](uint8_t*, const char* data, uint64_t length) { texts.emplace_back(data, length); });
  if (!is_right) return damaged("an entry has impossible values");
  const TableKey& key = table.key();
  std::string_view key_bytes =
      key.is_bytes ? texts.front() : std::string_view(reinterpret_cast<char*>(room.data()), key.size);
  if (key.hash != FLOW_HASH_STORED && hash != table.hash_of(0, room.data())) {
    return damaged("an entry's hash is not that of its key");
  }
  if (table.lookup(hash, key_bytes) != nullptr) return damaged("a key is there twice");
  uint8_t* entry = table.insert(hash, key_bytes);
  uint32_t key_end = key.is_bytes ? sizeof(FlowString) : key.size;
  std::copy(room.begin() + key_end, room.end(), entry + key_end);
  size_t next = 0;
  table.codec().for_each_string(entry, [&](uint8_t* slot) {
    std::string_view text = texts[next++];
    if (key.is_bytes && slot == entry) return;
    table.store_string(slot, text);
  });
  is_right = table.codec().read_lists(
      in, entry, [&](uint8_t* list, uint32_t stride) { return table.append_row(list, stride); },
      [&](uint8_t* slot, const char* data, uint64_t length) { table.store_string(slot, {data, length}); });
  if (!is_right) return damaged("a list has impossible values");
  if (keyed == nullptr) return Status();
  if (!keyed->adopt(table.count - 1, hash)) return damaged("an entry has impossible values");
  keyed->settle(entry);
  return Status();
}

} // namespace

Status Task::restore_group(uint32_t group, std::string_view bytes) {
  ByteReader in(bytes);
  if (in.raw(group_magic.size()) != group_magic) return damaged("a key group does not begin as one");
  is_restoring_ = true;
  uint64_t states = in.count(1);
  for (uint64_t i = 0; i < states && !in.has_failed(); ++i) {
    FLOW_TRY(restore_state(in, group));
  }
  return in.finish("the state of a key group");
}

Status Task::restore_state(ByteReader& in, uint32_t group) {
  std::string_view name = in.text();
  uint64_t fingerprint = in.u64();
  uint64_t pane_count = in.count(9);
  if (in.has_failed()) return damaged("a key group ends in the middle");
  bool is_keyed = keyed_ != nullptr && name == keyed_->state().name;
  PaneSet* panes = is_keyed ? nullptr : find_state(states_, name);
  if (!is_keyed && panes == nullptr) {
    return Status(ExitCode::checkpoint_foreign,
                  fmt::format("the checkpoint has a state {}, which '{}' does not have", quoted(name), chain->name));
  }
  const LayoutCodec& codec = is_keyed ? keyed_->codec() : panes->codec();
  if (fingerprint != codec.fingerprint()) {
    return Status(ExitCode::checkpoint_foreign,
                  fmt::format("the state '{}' of the checkpoint has other fields or types than the program's", name));
  }
  std::vector<uint8_t> room(codec.stride());
  for (uint64_t i = 0; i < pane_count && !in.has_failed(); ++i) {
    int64_t start = in.i64();
    if (is_keyed && (start != 0 || pane_count != 1)) return damaged("a keyed state has panes");
    StateTable& table = is_keyed ? keyed_->table() : panes->open(start).table;
    uint64_t entries = in.count(9);
    for (uint64_t entry = 0; entry < entries && !in.has_failed(); ++entry) {
      uint64_t hash = in.u64();
      if (host.group_of(host.context, hash) != group) return damaged("an entry lies in another key group than its key");
      FLOW_TRY(read_entry(in, table, is_keyed ? keyed_.get() : nullptr, room, hash));
    }
  }
  return Status();
}

Status Task::restore_item(std::string_view bytes) {
  ByteReader in(bytes);
  std::optional<ItemKind> kind = read_item_head(in);
  if (!kind) return damaged("an item does not begin as one");
  is_restoring_ = true;
  return *kind == ItemKind::split ? restore_split(in) : restore_own(in);
}

Status Task::restore_split(ByteReader& in) {
  std::string name(in.text());
  uint32_t index = in.u32(), splits = in.u32();
  int64_t cursor = in.i64(), newest = in.i64(), told = in.i64();
  uint8_t is_idle = in.u8(), is_finished = in.u8(), has_decoder = in.u8();
  std::string_view decoder = in.text();
  FLOW_TRY(in.finish("the state of a split"));
  if (splits == 0 || index >= splits || is_idle > 1 || is_finished > 1 || has_decoder > 1) {
    return damaged("a split has impossible values");
  }
  if (chain->source == FLOW_NONE || find_split(name) != nullptr) return damaged("a split is where it cannot be");
  Split& split = *open_split(std::move(name), index, splits, cursor);
  if (!error_.is_ok()) return error_;
  split.newest = newest;
  split.pending = split.taken = split.told = told;
  split.is_idle = is_idle != 0;
  split.is_finished = is_finished != 0;
  if ((split.reader != nullptr) != (has_decoder != 0)) {
    return Status(ExitCode::checkpoint_foreign, "the checkpoint has another format of the source than the program");
  }
  if (split.reader == nullptr) return Status();
  ByteReader state(decoder);
  FLOW_TRY(split.reader->restore(state));
  return state.finish("the decoder of a split");
}

// The item of a task goes to every task: the lowest watermark holds. Counters go to one.
Status Task::restore_own(ByteReader& in) {
  uint32_t index = in.u32();
  int64_t stored = in.i64();
  std::vector<Port> before(in.count(9));
  for (Port& port : before) {
    port.from = in.text();
    port.watermark = in.i64();
  }
  if (in.has_failed()) return damaged("a task ends in the middle");
  for (size_t i = 0; i < ports_.size(); ++i) {
    // Of an input that there was not before, in a changed program, the task's own time, which none was behind.
    auto is_it = [&](const Port& port) { return port.from == ports_[i].from; };
    auto same = i < before.size() && is_it(before[i]) ? before.begin() + static_cast<int64_t>(i)
                                                      : std::ranges::find_if(before, is_it);
    int64_t time = same == before.end() ? stored : same->watermark;
    ports_[i].watermark = has_restored_ ? std::min(ports_[i].watermark, time) : time;
  }
  uint64_t values[6];
  for (uint64_t& value : values) value = in.varint();
  FLOW_TRY(in.finish("the state of a task"));
  target_ = watermark = has_restored_ ? std::min(watermark, stored) : stored;
  has_restored_ = true;
  if (index % place.parallelism != place.index) return Status();
  counted.rows_in += values[0];
  counted.rows_out += values[1];
  counted.rows_written += values[2];
  counted.late += values[3];
  counted.bad += values[4];
  counted.skipped += values[5];
  return Status();
}

} // namespace flow::runtime

using namespace flow::runtime;

namespace {

int32_t told(Task& task, Status status) {
  if (status.is_ok()) return 0;
  task.stop(std::move(status));
  return -1;
}

std::string_view view_of(const void* data, uint64_t bytes) { return {static_cast<const char*>(data), bytes}; }

} // namespace

extern "C" {

int32_t flow_task_restore_group(FlowTask* task, uint32_t group, const void* data, uint64_t bytes) {
  Task& self = *Task::from(task);
  return told(self, self.restore_group(group, view_of(data, bytes)));
}

int32_t flow_task_restore_item(FlowTask* task, const void* data, uint64_t bytes) {
  Task& self = *Task::from(task);
  return told(self, self.restore_item(view_of(data, bytes)));
}

uint8_t flow_item_split_name(const void* data, uint64_t bytes, char* name, uint64_t size) {
  ByteReader in(view_of(data, bytes));
  std::optional<ItemKind> kind = read_item_head(in);
  if (!kind || *kind != ItemKind::split) return 0;
  std::string_view text = in.text();
  if (in.has_failed()) return 0;
  if (size > 0) {
    uint64_t length = std::min<uint64_t>(text.size(), size - 1);
    std::copy_n(text.data(), length, name);
    name[length] = '\0';
  }
  return 1;
}

} // extern "C"
