#include "runtime/saved/migrate.h"

#include <string.h>

#include <algorithm>

#include "runtime/task/snapshot.h"

namespace flow::runtime {
namespace {

void set_bit(uint8_t* row, uint32_t bit) { row[bit / 8] = static_cast<uint8_t>(row[bit / 8] | 1u << (bit % 8)); }

// A wider kind of the same sort, or the same.
void move_value(const FieldMove& move, const uint8_t* from, uint8_t* to) {
  const uint8_t* at = from + move.from.offset;
  uint8_t* place = to + move.to.offset;
  if (!move.enum_numbers.empty()) {
    int64_t number = cell_of(move.from, from, nullptr).value.i;
    memcpy(place, &move.enum_numbers[static_cast<size_t>(number)], sizeof(uint32_t)); // the codec has checked it
  } else if (move.from.kind == move.to.kind) {
    memcpy(place, at, kind_bytes[move.from.kind]); // of a text its place in the heap, which stays
  } else if (move.to.kind == FLOW_F64) {
    double value = cell_of(move.from, from, nullptr).value.f;
    memcpy(place, &value, sizeof value);
  } else {
    int64_t value = cell_of(move.from, from, nullptr).value.i;
    memcpy(place, &value, kind_bytes[move.to.kind]); // little endian: the low bytes are the value
  }
}

void move_row(const RowMove& move, const uint8_t* from, uint8_t* to) {
  for (const FieldMove& field : move.fields) {
    if (is_null(field.from, from))
      set_bit(to, field.to.null_bit);
    else
      move_value(field, from, to);
  }
  for (uint32_t bit : move.null_bits) set_bit(to, bit);
}

class Mover final : public GroupVisitor {
public:
  Mover(const Schema& saved, const Schema& program, const Comparison& comparison,
        const std::vector<EntryCodec>& writers, int64_t written_us)
      : saved_(saved), program_(program), comparison_(comparison), writers_(writers), written_us_(written_us) {}

  bool begin(const StateSchema& state) override {
    auto number = static_cast<size_t>(&state - saved_.states.data());
    auto move = std::find_if(comparison_.moves.begin(), comparison_.moves.end(),
                             [&](const StateMove& one) { return one.from == number; });
    if (move == comparison_.moves.end()) return false;
    states_.push_back({.move = static_cast<size_t>(move - comparison_.moves.begin()), .panes = {}});
    return true;
  }

  void visit(const StateSchema&, const SavedEntry& entry) override {
    State& state = states_.back();
    SavedEntry made;
    if (!make(comparison_.moves[state.move], entry, made)) return;
    if (state.panes.empty() || state.panes.back().start_us != entry.pane_us) {
      state.panes.push_back({.start_us = entry.pane_us, .count = 0, .entries = {}});
    }
    Pane& pane = state.panes.back();
    ++pane.count;
    pane.entries.u64(entry.hash);
    writers_[state.move].write(pane.entries, made);
  }

  std::string take() {
    std::erase_if(states_, [](const State& state) { return state.panes.empty(); });
    ByteWriter out;
    out.raw(group_magic);
    out.varint(states_.size());
    for (const State& state : states_) {
      const StateSchema& to = program_.states[comparison_.moves[state.move].to];
      out.text(to.name);
      out.u64(program_.layout_of(to).fingerprint);
      out.varint(state.panes.size());
      for (const Pane& pane : state.panes) {
        out.i64(pane.start_us);
        out.varint(pane.count);
        out.raw(pane.entries.view());
      }
    }
    return out.take();
  }

private:
  struct Pane {
    int64_t start_us;
    uint64_t count;
    ByteWriter entries;
  };
  struct State {
    size_t move;
    std::vector<Pane> panes;
  };

  // False: nothing of the entry is left.
  bool make(const StateMove& move, const SavedEntry& entry, SavedEntry& made) const {
    const StateSchema& to = program_.states[move.to];
    const LayoutSchema& layout = program_.layout_of(to);
    made.heap = entry.heap;
    made.bytes.assign(layout.stride, 0);
    memcpy(made.bytes.data(), entry.bytes.data(), to.key_size);
    bool is_any_set = !to.is_keyed();
    for (const CellMove& cell : move.cells) is_any_set = move_cell(cell, entry, made) || is_any_set;
    for (const TimerMove& timer : move.timers) is_any_set = move_timer(timer, entry, made) || is_any_set;
    move_rows(move, layout, entry, made);
    return is_any_set;
  }

  bool move_cell(const CellMove& cell, const SavedEntry& entry, SavedEntry& made) const {
    bool has_flag = cell.from_set != FLOW_NONE;
    if (has_flag && entry.bytes[cell.from_set] == 0) return false;
    if (has_flag) made.bytes[cell.to_set] = 1;
    move_row(cell.row, entry.bytes.data(), made.bytes.data());
    if (cell.to_written == FLOW_NONE) return true;
    int64_t written_us = written_us_;
    if (cell.from_written != FLOW_NONE) memcpy(&written_us, entry.bytes.data() + cell.from_written, sizeof written_us);
    memcpy(made.bytes.data() + cell.to_written, &written_us, sizeof written_us);
    return true;
  }

  static bool move_timer(const TimerMove& timer, const SavedEntry& entry, SavedEntry& made) {
    if (entry.bytes[timer.from.set_offset] == 0) return false;
    made.bytes[timer.to.set_offset] = 1;
    memcpy(made.bytes.data() + timer.to.time_offset, entry.bytes.data() + timer.from.time_offset, sizeof(int64_t));
    return true;
  }

  void move_rows(const StateMove& move, const LayoutSchema& layout, const SavedEntry& entry, SavedEntry& made) const {
    const LayoutSchema& before = saved_.layout_of(saved_.states[move.from]);
    if (layout.has_repeat()) {
      uint32_t count;
      memcpy(&count, entry.bytes.data() + before.repeat.count_offset, sizeof count);
      memcpy(made.bytes.data() + layout.repeat.count_offset, &count, sizeof count);
      for (uint32_t row = 0; row < count; ++row) {
        move_row(move.repeat, entry.bytes.data() + before.repeat.offset + uint64_t{row} * before.repeat.stride,
                 made.bytes.data() + layout.repeat.offset + uint64_t{row} * layout.repeat.stride);
      }
    }
    for (size_t i = 0; i < move.lists.size(); ++i) {
      const SavedEntry::List& from = entry.lists[move.list_from[i]];
      uint32_t from_stride = saved_.layouts[before.lists[move.list_from[i]].row_layout].stride;
      uint32_t stride = program_.layouts[layout.lists[i].row_layout].stride;
      SavedEntry::List& to = made.lists.emplace_back();
      to.count = from.count;
      to.rows.assign(uint64_t{to.count} * stride, 0);
      for (uint32_t row = 0; row < to.count; ++row) {
        move_row(move.lists[i], from.rows.data() + uint64_t{row} * from_stride,
                 to.rows.data() + uint64_t{row} * stride);
      }
    }
  }

  const Schema& saved_;
  const Schema& program_;
  const Comparison& comparison_;
  const std::vector<EntryCodec>& writers_;
  int64_t written_us_;
  std::vector<State> states_;
};

} // namespace

Migration::Migration(const Schema& saved, const Schema& program, const Comparison& comparison)
    : saved_(saved), program_(program), comparison_(comparison), saved_program_(saved), new_program_(program),
      reader_(saved, saved_program_) {
  for (const StateMove& move : comparison.moves) {
    const StateSchema& to = program.states[move.to];
    writers_.emplace_back(new_program_, to.layout, to.key_is_bytes);
  }
}

Result<std::string> Migration::migrate(std::string_view group, int64_t written_us) const {
  Mover mover(saved_, program_, comparison_, writers_, written_us);
  FLOW_TRY(reader_.read(group, mover));
  return mover.take();
}

} // namespace flow::runtime
