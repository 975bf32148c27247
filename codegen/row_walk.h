// From an origin to its leaves: a chain's operators emitted one inside the other, for one row.
//
// `consumers(i, row)` emits everything that reads operator i, for this row. Each operator is one function in
// operators/, which emits its code and calls consumers() where a row comes out. A failure inside an operator drops the
// row there (and nothing that other branches did with it), or ends the function, as its `on error` says.
#pragma once

#include <functional>

#include "codegen/expr_emitter.h"
#include "codegen/function_emitter.h"
#include "codegen/rows.h"

namespace flow::codegen {

class RowWalk {
public:
  RowWalk(FunctionEmitter& function, const plan::Chain& chain) : f(function), chain(chain) {}

  FunctionEmitter& f;
  const plan::Chain& chain;
  /// Of a process function: where in its batch the row is that the walk began with.
  llvm::Value* position = nullptr;

  const plan::PhysicalPlan& plan() const { return f.module.plan; }
  const plan::Layout& layout(uint32_t number) const { return plan().layouts[number]; }
  const plan::State& state(uint32_t number) const { return plan().states[number]; }
  const plan::Layout& entry_layout(uint32_t state_number) const { return layout(state(state_number).layout); }
  /// Of the entries that its windows are fired from.
  const plan::Layout& fired_layout(uint32_t state_number) const {
    uint32_t running = state(state_number).running_layout;
    return running != plan::none ? layout(running) : entry_layout(state_number);
  }
  /// What the vocabulary calls the state: its position among the chain's.
  llvm::Value* position_of(uint32_t state) const;
  /// The columns that an operator reads.
  const std::vector<sema::Column>& input_columns(uint32_t op) const { return chain.ops[chain.ops[op].input].columns; }

  void consumers(uint32_t op, const Row& row);
  /// Runs `body` with a place for failures of `op`.
  void guarded(const plan::PlanOp& op, const std::function<void()>& body);
  /// The origin of this kind in the chain (of fired, late and emitted rows: of this state; of ports: of this input; of
  /// emitted rows: of this output), or plan::none.
  uint32_t origin(plan::OriginKind kind, uint32_t state = plan::none, uint32_t number = 0) const;
  /// Ends the function with -1: the error is in the task.
  llvm::BasicBlock* stop_block();

private:
  void emit(uint32_t op, const Row& row);
  llvm::BasicBlock* stop_ = nullptr;
};

// operators/*.cpp
void emit_filter(RowWalk&, uint32_t op, const plan::Filter&, const Row&);
void emit_project(RowWalk&, uint32_t op, const plan::Project&, const Row&);
void emit_unnest(RowWalk&, uint32_t op, const plan::Unnest&, const Row&);
void emit_changes(RowWalk&, uint32_t op, const plan::Changes&, const Row&);
void emit_emit(RowWalk&, const plan::Emit&, const Row&);
void emit_sink(RowWalk&, const plan::SinkWrite&, const Row&);

/// An operator's handler of an input: the entry of the row's key, the statements over both.
void emit_handle(RowWalk&, const plan::Handle&, const Row&);
/// A timer that has come due: which, of whose entry, at what time.
struct DueTimer {
  llvm::Value *timer, *entry, *hash, *time;
};
void emit_timers(RowWalk&, uint32_t state, const DueTimer&);

/// Adds the row to its entry; late rows go to the chain's late origin.
void emit_aggregate(RowWalk&, uint32_t op, const plan::Aggregate&, const Row&);
/// The same in session windows: finds or makes the session of the row, and makes one of two where the row joins them.
void emit_session_aggregate(RowWalk&, uint32_t op, const plan::Aggregate&, const Row&);
/// The same where late rows change results that have been told (`late allow`).
void emit_updating_aggregate(RowWalk&, uint32_t op, const plan::Aggregate&, const Row&);
/// A session that is over: its result row; then it is gone.
void emit_session_result(RowWalk&, const plan::Aggregate&, llvm::Value* table, const DueTimer&);
/// One due entry: its result row, or partial result, to the consumers of the fired origin.
void emit_aggregate_result(RowWalk&, const plan::Aggregate&, llvm::Value* table, llvm::Value* entry, const Row& window);
/// One entry of a pane into the entry of the same key of `into`.
void emit_aggregate_merge(RowWalk&, const plan::Aggregate&, llvm::Value* from, llvm::Value* entry, llvm::Value* table,
                          llvm::Value* into);

/// The same where it leaves the running window `table`.
void emit_aggregate_subtract(RowWalk&, const plan::Aggregate&, llvm::Value* from, llvm::Value* entry,
                             llvm::Value* table, llvm::Value* into);

void emit_top(RowWalk&, uint32_t op, const plan::Top&, const Row&);
void emit_top_result(RowWalk&, const plan::Top&, llvm::Value* table, llvm::Value* entry, const Row& window);
void emit_top_merge(RowWalk&, const plan::Top&, llvm::Value* from, llvm::Value* entry, llvm::Value* table,
                    llvm::Value* into);

/// Keeps the row of one side for its window.
void emit_join(RowWalk&, uint32_t op, const plan::Join&, const Row&);
/// The rows of both sides in one entry of a pane, behind those in the entry of the same key of `into`.
void emit_join_merge(RowWalk&, const plan::Join&, llvm::Value* from, llvm::Value* entry, llvm::Value* table,
                     llvm::Value* into);
/// Emits how due entries (FlowDue) of a join are paired: what it gives emits the code for one, `index`, which stops in
/// the middle of it when it must. The place where it is called comes before all entries.
using PairRows = std::function<void(llvm::Value* table, llvm::Value* entry, llvm::Value* index, const Row& window)>;
PairRows begin_pairing(RowWalk&, const plan::PlanOp& op, llvm::Value* due);
/// A join `within`: pairs the row with those of the other side that have come, and keeps it.
void emit_interval_join(RowWalk&, uint32_t op, const plan::Join&, const Row&);
/// The same as begin_pairing for the entries of a pane that is judged: the rows that come out alone.
PairRows begin_judging(RowWalk&, const plan::PlanOp& op, llvm::Value* due);

/// Where a row lies in time: the start of its pane and the end of the last window that holds it.
/// Where rows follow one another in a pane, only the first of a call is tested and asks for the table: `is_open`.
struct Placement {
  llvm::Value* pane_start;
  llvm::Value* last_end;           // null: never late
  llvm::Value* is_open = nullptr;  // an earlier row of the call was in time, was combined, and found the table
  llvm::Value* table_at = nullptr; // slots of what it found, as long as rows lie in this pane
  llvm::Value* entry_at = nullptr; // of a state without key
};
/// The start of the pane of a time. REQUIRES: hopping windows.
llvm::Value* pane_start_of(FunctionEmitter&, const plan::State&, llvm::Value* time);
Placement place_row(RowWalk&, uint32_t state, const Row&, const std::vector<sema::Column>& columns);
/// Of a partial result, whose time is the start of its pane.
Placement place_partial(RowWalk&, uint32_t state, const Row&);
/// Calls `body` for the start of each window that holds `time`, of hopping windows; last ones first.
void for_each_window(FunctionEmitter&, const sema::Window&, llvm::Value* time,
                     const std::function<void(llvm::Value* start)>& body);
/// Has the watermark reached `last_end` - 1 + `allowed`?
llvm::Value* is_closed(FunctionEmitter&, llvm::Value* last_end, int64_t allowed);
/// Counts the row as late and walks it from the late origin.
void emit_late(RowWalk&, uint32_t state, const Row&);
/// Emits the test for lateness: late rows are counted and walked from the late origin; goes on with rows in time.
void emit_late_test(RowWalk&, uint32_t state, const Placement&, const Row&, llvm::BasicBlock* done);
/// For a partial state: counts the row, and emits the test whether it goes out at once, on its own: `alone` emits that
/// and `done` comes behind it. Goes on with rows that are combined.
void emit_combining_test(RowWalk&, uint32_t state, const Placement&, llvm::BasicBlock* done,
                         const std::function<void()>& alone);
struct EntryPlace {
  llvm::Value* table;
  llvm::Value* entry;
};
/// The entry of the row's key in the table of its pane; both are made if need be. `key` says which of its columns it
/// is, if that differs from input to input.
EntryPlace upsert_entry(RowWalk&, uint32_t state, const Placement&, const Row&, const plan::KeySpec* key = nullptr);
struct KeyedEntry {
  llvm::Value* entry;
  llvm::Value* hash;
};
/// The entry of the row's key (`key` says which of its columns) in the table, made if need be.
KeyedEntry upsert_key(RowWalk&, uint32_t state, const plan::KeySpec& key, llvm::Value* table, const Row&);
/// The entry of another table's entry's key, in what its windows are fired from.
llvm::Value* upsert_same_key(RowWalk&, uint32_t state, llvm::Value* from, llvm::Value* entry, llvm::Value* hash,
                             llvm::Value* into);

} // namespace flow::codegen
