// Task: one instance of a chain, driven through runtime/abi/flow_host.h. Single-threaded; told everything.
//
// Progress. `target_` is the watermark that the inputs allow; `watermark` (what generated code sees) is the one up to
// which all windows have fired. While windows fire the two differ, so that rows made by one window's end are not late
// for the next operator of the same chain. When nothing is due any more, `watermark` becomes `target_`, and it is sent
// behind the rows that it caused. Timers of a keyed state are due like windows (timers.cpp). A chain has either panes,
// of any number of states, or one keyed state.
//
// When it is sent. All open batches go out before a watermark, so a source that told its watermark after every call
// would never fill a batch. It tells it when the host flushes, and before that only where order counts: before a row
// that it makes late, when it falls idle or wakes, at its end, and for the first time. A task behind other tasks passes
// watermarks on at once: they come as seldom as the sources tell them, and which rows stand behind them must not
// change.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/abi/flow_host.h"
#include "runtime/base/status.h"
#include "runtime/state/keyed_state.h"
#include "runtime/state/pane_set.h"
#include "runtime/state/sessions.h"
#include "runtime/task/combining.h"
#include "runtime/task/firing.h"
#include "runtime/task/outputs.h"
#include "runtime/task/scratch.h"
#include "runtime/task/sinks.h"
#include "runtime/task/split.h"
#include "runtime/task/task_view.h"

namespace flow::runtime {

// Things that functions of the vocabulary keep for the life of the task (compiled patterns). Owned here, so that the
// core need not know them.
struct TaskCache {
  void* data = nullptr;
  void (*free)(void*) = nullptr;
};

struct Port {
  std::string_view from; // uid of the chain that sends to it; empty: a source, or nobody
  int64_t watermark = INT64_MIN;
  bool is_idle = false;
  bool has_ended = false;
};

class Task : public FlowTask {
public:
  Task(const FlowProgram& program, const FlowPlace& place, const FlowHost& host);
  // A task of no chain, which evaluates options.
  Task(const FlowProgram& program, const FlowCell* param_values);
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // ---- what the host tells (task.cpp, progress.cpp) ----
  int64_t push(uint32_t port, const FlowBatch* batch, int64_t from);
  int64_t pull(Split& split, const FlowInput& input, int64_t from);
  void take_watermark(uint32_t port, int64_t time_us, bool is_idle);
  void take_clock(int64_t now_us);
  int64_t next_deadline() const; // in processing time
  void end_port(uint32_t port);
  void set_split_idle(Split& split, bool is_idle);
  void tell_split(Split& split, int64_t time_us);
  void end_split(Split& split);
  int32_t step();
  void flush();
  bool drain(); // true: partial results are due
  bool is_finished() const;

  Split* open_split(std::string name, uint32_t index, uint32_t splits, int64_t cursor);
  Split* find_split(std::string_view name);

  // ---- what generated code causes (failures.cpp, sources.cpp) ----
  void fail(uint32_t site, uint32_t failure);
  void fail_at(uint32_t site);
  void forgive();
  void measure_stack();
  bool apply_failure(); // true: stop
  void stop(Status status);
  TouchedSessions touch_session(uint32_t state, uint64_t hash, std::string_view key, int64_t time_us);
  uint8_t* drop_session(uint32_t state, uint8_t* other, uint8_t* session);
  FlowTable* open_pane(uint32_t state, int64_t start);
  FlowTable* find_pane(uint32_t state, int64_t start) const; // or null
  void set_timer(uint32_t state, uint32_t timer, uint8_t* entry, uint64_t hash, int64_t at_us);
  void settle_entry(uint32_t state, uint8_t* entry);
  int32_t decode(Split& split, const FlowInput& input, int64_t* position, const FlowCell** cells);
  RecordMarks* mark(Split& split, const FlowInput& input, int64_t position);

  // ---- snapshots (snapshot.cpp, restore.cpp) ----
  FlowSnapshot* capture(uint64_t epoch);
  Status restore_group(uint32_t group, std::string_view bytes);
  Status restore_item(std::string_view bytes);

  FlowTaskCounters counters() const;
  const Status& error() const { return error_; }

  static Task* from(FlowTask* task) { return static_cast<Task*>(task); }
  static const Task* from(const FlowTask* task) { return static_cast<const Task*>(task); }

  const FlowProgram& program;
  const FlowChain* chain = nullptr;
  FlowPlace place{};
  FlowHost host{};
  std::unique_ptr<Outputs> outputs_of; // null for a task that evaluates options
  std::unique_ptr<SinkEncoders> sinks;
  TaskCache cache;
  FlowTaskCounters counted{};
  RowScratch scratch;

private:
  void open_states();
  bool begin_call();
  int64_t source_pass(Split& split, const FlowInput& input, int64_t from);
  void settle(Split& split); // counts the marked records that were taken
  void refresh();            // target_ from ports or splits; if nothing is due, that is the watermark
  bool has_due() const;
  bool has_due_timer() const;
  // A keyed state is the first of its chain; what counts in pane sets begins behind it.
  uint32_t first_panes() const { return keyed_ != nullptr ? 1 : 0; }
  FlowStateView& view_of(uint32_t panes) { return state_views_[panes + first_panes()]; }
  std::optional<std::pair<uint32_t, DueWindow>> next_window() const;
  bool begin_window();
  bool fire_portion();
  int32_t step_timers();
  bool fire_timer(const DueTimer& due);
  void settle_states(uint64_t rows); // after so many rows of a call
  void settle_partials();            // counts the rows of a call; too many are held: they are due
  bool holds_partials() const;
  void finish_draining();
  void finish_progress();
  void announce();
  int64_t watermark_behind() const;
  bool may_announce_later() const;
  void forget_freed_panes();
  void stop_without_reason(const char* where);
  void settle_restored();
  Status restore_state(ByteReader& in, uint32_t group);
  Status restore_split(ByteReader& in);
  Status restore_own(ByteReader& in);
  std::string failure_text(uint32_t site, uint32_t failure) const;
  std::string refused_param_text(uint32_t site) const;

  std::vector<Port> ports_;
  std::vector<std::unique_ptr<Split>> splits_;
  bool no_more_splits_ = false;
  std::vector<std::unique_ptr<PaneSet>> states_; // beside a keyed state only partial ones
  std::unique_ptr<KeyedState> keyed_;            // null: the chain has none
  std::vector<FlowStateView> state_views_;
  Firing firing_;
  std::vector<Combining> combining_;                                   // by pane set; used of partial ones
  bool is_draining_ = false;                                           // all partial results are due
  std::shared_ptr<CopyPool> copy_pool_ = std::make_shared<CopyPool>(); // with snapshots, which may outlive the task

  int64_t hold_ = 0; // how far the watermark that is passed on stays behind (FlowState::hold)
  int64_t target_ = INT64_MIN;
  bool is_idle_ = false;
  int64_t sent_watermark_ = INT64_MIN;
  bool sent_idle_ = false;
  bool is_told_at_once_ = true; // what is told next must not wait
  bool is_restoring_ = false;   // something was restored, and no element has come yet
  bool has_restored_ = false;   // the watermark is a restored one
  Status error_;
};

} // namespace flow::runtime
