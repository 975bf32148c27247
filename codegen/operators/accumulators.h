// Accumulators in an entry: what a row contributes to them, how partial results are added up, what comes of them.
//
// A row is added in three steps, so that a row that fails leaves the entry as it was: evaluate all arguments; find the
// entry and compute what may overflow; only then store. An entry begins as zeros, and every accumulator reads zeros
// as "nothing yet". A partial result is what an entry holds, as columns of a row.
#pragma once

#include "codegen/row_walk.h"

namespace flow::codegen {

/// What one call contributes: its argument, if it takes part at all.
struct Contribution {
  llvm::Value* takes_part = nullptr; // i1
  Value argument;                    // of calls with one
  Value by;                          // of min_by, max_by
  llvm::Value* new_count = nullptr;
  llvm::Value* new_sum = nullptr;
};

/// Emits code over one entry.
class EntryCode {
public:
  EntryCode(FunctionEmitter& f, const plan::Layout& layout, llvm::Value* table, llvm::Value* entry)
      : f_(f), layout_(layout), table_(table), entry_(entry) {}

  const plan::Layout& layout() const { return layout_; }
  const plan::Field& field(uint32_t number) const { return layout_.fields[number]; }
  llvm::Value* place(uint32_t number) { return field_at(f_, field(number), entry_); }
  Value load(uint32_t number) {
    return load_field(f_, field(number), entry_, f_.call("flow_table_heap", {table_}, "heap"));
  }
  void store(uint32_t number, const Value& value) {
    replace_field(f_, field(number), entry_, value, [&](llvm::Value* slot, const Value& text) {
      f_.call("flow_entry_string", {table_, slot, text.value, text.length});
    });
  }
  void store(uint32_t number, llvm::Value* value) { store(number, Value{.type = field(number).type, .value = value}); }

private:
  FunctionEmitter& f_;
  const plan::Layout& layout_;
  llvm::Value* table_;
  llvm::Value* entry_;
};

/// The argument of a call over the row, and whether it takes part.
Contribution evaluate(RowWalk& walk, const sema::AggregateCall& call, const Row& row);
std::vector<Contribution> evaluate(RowWalk& walk, const plan::Aggregate& aggregate, const Row& row);
/// Adds what a row contributes, once nothing of it has failed.
void add_to_entry(RowWalk& walk, const plan::Aggregate& aggregate, EntryCode& entry,
                  std::vector<Contribution>& contributions, llvm::Value* time);
/// What may fail, before anything is stored.
void compute(RowWalk& walk, EntryCode& entry, const plan::Accumulator& acc, const sema::AggregateCall& call,
             Contribution& contribution);
void store(RowWalk& walk, EntryCode& entry, const plan::Accumulator& acc, const Contribution& contribution,
           llvm::Value* time);
Value result(RowWalk& walk, EntryCode& entry, const plan::Accumulator& acc, const sema::AggregateCall& call);

/// Adds a partial result that has crossed to the entry of its key.
void merge_row(RowWalk& walk, const plan::Aggregate& aggregate, const Row& row, EntryCode& entry);
/// The result of every call, in their order.
std::vector<Value> results(RowWalk& walk, const plan::Aggregate& aggregate, EntryCode& entry);

/// What an entry that held only this row would hold, by field number; those of the key are empty.
std::vector<Value> partial_of_row(RowWalk& walk, const plan::Aggregate& aggregate,
                                  const std::vector<Contribution>& contributions, llvm::Value* time);
/// The entry of the running window += or -= that of a pane: the same accumulators in both, sums of integers in 128
/// bits. A key that is in no pane any more keeps its entry until the window starts again.
void shift_running(RowWalk& walk, const plan::Aggregate& aggregate, EntryCode& pane, EntryCode& running, bool adds);
/// Field `number` of a partial result.
using PartialField = std::function<Value(uint32_t number)>;
/// Adds a partial result to an entry. `failed`: the entry's field that says that a merge failed, or plan::none.
void merge(RowWalk& walk, const plan::Aggregate& aggregate, const PartialField& from, EntryCode& target,
           uint32_t failed);

} // namespace flow::codegen
