// aggregate: rows into accumulators, accumulators into result rows, panes into windows; in one phase or in two.
#include "codegen/keys.h"
#include "codegen/operators/accumulators.h"

namespace flow::codegen {

namespace {

/// Fields of entries that belong to the key: the others are what a partial result carries besides it.
size_t key_fields(const plan::KeySpec& key) { return key.is_bytes ? 1 : key.columns.size(); }

/// The row itself as a partial result, to those who read the fired ones.
void emit_alone(RowWalk& walk, const plan::Aggregate& aggregate, const Row& row, llvm::Value* pane_start,
                const std::vector<Contribution>& contributions, llvm::Value* time) {
  const plan::State& state = walk.state(aggregate.state);
  Row partial{.time = state.window.kind == sema::WindowKind::global ? nullptr : pane_start};
  for (uint32_t from : state.key.from) partial.columns.push_back(row.columns[from]);
  std::vector<Value> fields = partial_of_row(walk, aggregate, contributions, time);
  auto first = fields.begin() + static_cast<ptrdiff_t>(key_fields(state.key));
  partial.columns.insert(partial.columns.end(), first, fields.end());
  walk.consumers(walk.origin(plan::OriginKind::fired, aggregate.state), partial);
}

/// A partial result as it comes from the task that made it.
void emit_merging(RowWalk& walk, const plan::Aggregate& aggregate, const Row& row) {
  FunctionEmitter& f = walk.f;
  llvm::BasicBlock* done = f.block("merge.done");
  Placement placement = place_partial(walk, aggregate.state, row);
  emit_late_test(walk, aggregate.state, placement, row, done);
  EntryPlace place = upsert_entry(walk, aggregate.state, placement, row);
  EntryCode entry(f, walk.entry_layout(aggregate.state), place.table, place.entry);
  merge_row(walk, aggregate, row, entry);
  f.go_to(done);
  f.begin(done);
}

} // namespace

void merge_row(RowWalk& walk, const plan::Aggregate& aggregate, const Row& row, EntryCode& entry) {
  const plan::KeySpec& key = walk.state(aggregate.state).key;
  auto field = [&](uint32_t number) { return row.columns[number - key_fields(key) + key.columns.size()]; };
  merge(walk, aggregate, field, entry, plan::none);
}

std::vector<Value> results(RowWalk& walk, const plan::Aggregate& aggregate, EntryCode& entry) {
  std::vector<Value> values;
  for (uint32_t call = 0; call < aggregate.calls.size(); call++) {
    for (const plan::Accumulator& acc : aggregate.running.empty() ? aggregate.accumulators : aggregate.running) {
      if (acc.call == call) values.push_back(result(walk, entry, acc, aggregate.calls[call]));
    }
  }
  return values;
}

void emit_aggregate(RowWalk& walk, uint32_t op, const plan::Aggregate& aggregate, const Row& row) {
  if (aggregate.seen != plan::none) return emit_updating_aggregate(walk, op, aggregate, row);
  if (aggregate.stage == plan::AggregateStage::merging) return emit_merging(walk, aggregate, row);
  if (walk.state(aggregate.state).window.kind == sema::WindowKind::session)
    return emit_session_aggregate(walk, op, aggregate, row);
  FunctionEmitter& f = walk.f;
  llvm::BasicBlock* done = f.block("aggregate.done");
  Placement placement = place_row(walk, aggregate.state, row, walk.input_columns(op));
  bool is_partial = aggregate.stage == plan::AggregateStage::partial;
  if (!is_partial) emit_late_test(walk, aggregate.state, placement, row, done);
  std::vector<Contribution> contributions = evaluate(walk, aggregate, row);
  llvm::Value* time = row.time != nullptr ? row.time : f.i64(0);
  if (is_partial) {
    emit_combining_test(walk, aggregate.state, placement, done,
                        [&] { emit_alone(walk, aggregate, row, placement.pane_start, contributions, time); });
  }
  EntryPlace place = upsert_entry(walk, aggregate.state, placement, row);
  EntryCode entry(f, walk.entry_layout(aggregate.state), place.table, place.entry);
  add_to_entry(walk, aggregate, entry, contributions, time);
  f.go_to(done);
  f.begin(done);
}

void emit_aggregate_result(RowWalk& walk, const plan::Aggregate& aggregate, llvm::Value* table, llvm::Value* entry_at,
                           const Row& window) {
  FunctionEmitter& f = walk.f;
  const plan::State& state = walk.state(aggregate.state);
  bool has_window = state.window.kind != sema::WindowKind::global;
  const plan::Layout& layout = walk.fired_layout(aggregate.state);
  EntryCode entry(f, layout, table, entry_at);
  llvm::BasicBlock* without = f.block("no.result");
  if (aggregate.failed != plan::none) {
    f.branch_unlikely(entry.load(aggregate.failed).value, without, "has.result"); // told when its merge failed
  }
  if (aggregate.panes != plan::none) {
    llvm::BasicBlock* is_there = f.block("has.panes");
    f.builder.CreateCondBr(f.builder.CreateICmpEQ(entry.load(aggregate.panes).value, f.i64(0)), without, is_there);
    f.begin(is_there);
  }
  Row row{.time = window.time};
  if (aggregate.seen != plan::none) row.change = f.i8(FLOW_CHANGE_INSERT);
  if (state.key.size != 0) {
    llvm::Value* heap = f.call("flow_table_heap", {table}, "heap");
    row.columns = load_key(f, state.key, layout, entry_at, heap);
  }
  if (aggregate.stage == plan::AggregateStage::partial) {
    row.time = has_window ? window.columns[0].value : nullptr;
    for (uint32_t i = static_cast<uint32_t>(key_fields(state.key)); i < layout.fields.size(); i++)
      row.columns.push_back(entry.load(i));
  } else {
    if (has_window) row.columns.insert(row.columns.end(), window.columns.begin(), window.columns.end());
    std::vector<Value> values = results(walk, aggregate, entry);
    row.columns.insert(row.columns.end(), values.begin(), values.end());
  }
  walk.consumers(walk.origin(plan::OriginKind::fired, aggregate.state), row);
  f.go_to(without);
  f.begin(without);
}

void emit_aggregate_merge(RowWalk& walk, const plan::Aggregate& aggregate, llvm::Value* from, llvm::Value* entry,
                          llvm::Value* table, llvm::Value* into) {
  FunctionEmitter& f = walk.f;
  EntryCode source(f, walk.entry_layout(aggregate.state), from, entry);
  EntryCode target(f, walk.fired_layout(aggregate.state), table, into);
  if (!aggregate.running.empty()) return shift_running(walk, aggregate, source, target, true);
  llvm::BasicBlock* merged = f.block("merged");
  if (aggregate.failed != plan::none) {
    f.branch_unlikely(target.load(aggregate.failed).value, merged, "has.not.failed");
  }
  merge(walk, aggregate, [&](uint32_t number) { return source.load(number); }, target, aggregate.failed);
  f.go_to(merged);
  f.begin(merged);
}

void emit_aggregate_subtract(RowWalk& walk, const plan::Aggregate& aggregate, llvm::Value* from, llvm::Value* entry,
                             llvm::Value* table, llvm::Value* into) {
  EntryCode source(walk.f, walk.entry_layout(aggregate.state), from, entry);
  EntryCode target(walk.f, walk.fired_layout(aggregate.state), table, into);
  shift_running(walk, aggregate, source, target, false);
}

} // namespace flow::codegen
