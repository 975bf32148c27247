// Tables whose rows are replaced: the kind of a change goes with the row. An aggregate whose windows take late rows
// (`late allow`), and the step that makes a stream of the changes.
//
// Until its end a window is as any other: rows are added up, and its results come out when the watermark reaches it. A
// row that comes later changes the result of its key at once: what it was (update_before) and what it is now
// (update_after), or an insert, if it is the first of the key. Which it is, follows from the watermark and the rows
// alone, not from how they came in batches.
#include "codegen/keys.h"
#include "codegen/operators/accumulators.h"
#include "runtime/abi/flow_abi.h"

namespace flow::codegen {

namespace {

/// One row, or partial result, in one of its windows.
class WindowUpdate {
public:
  WindowUpdate(RowWalk& walk, const plan::Aggregate& aggregate, const Row& row,
               const std::vector<Contribution>& contributions)
      : walk_(walk), f_(walk.f), aggregate_(aggregate), row_(row), contributions_(contributions) {}

  /// In the entry of the row's key in the window that begins at `start`.
  void emit(const EntryPlace& place, llvm::Value* start, llvm::Value* end) {
    EntryCode entry(f_, walk_.entry_layout(aggregate_.state), place.table, place.entry);
    llvm::BasicBlock *behind_end = f_.block("behind.end"), *done = f_.block("window.changed");
    f_.branch_unlikely(is_closed(f_, end, 0), behind_end, "before.end");
    add(entry);
    entry.store(aggregate_.seen, f_.i1(true));
    f_.go_to(done);
    f_.begin(behind_end);
    change_result(entry, place, start, end);
    f_.go_to(done);
    f_.begin(done);
  }

private:
  void add(EntryCode& entry) {
    if (aggregate_.stage == plan::AggregateStage::merging) return merge_row(walk_, aggregate_, row_, entry);
    std::vector<Contribution> contributions = contributions_;
    add_to_entry(walk_, aggregate_, entry, contributions, row_.time);
  }

  void change_result(EntryCode& entry, const EntryPlace& place, llvm::Value* start, llvm::Value* end) {
    auto& b = f_.builder;
    llvm::Value* is_update = entry.load(aggregate_.seen).value;
    std::vector<Value> before = results(walk_, aggregate_, entry);
    for (Value& value : before) value = copied_text(f_, value); // texts move when one is stored
    add(entry);
    entry.store(aggregate_.seen, f_.i1(true));
    llvm::BasicBlock *retract = f_.block("tell.what.was"), *tell = f_.block("tell.what.is");
    b.CreateCondBr(is_update, retract, tell);
    f_.begin(retract);
    tell_row(place, start, end, before, f_.i8(FLOW_CHANGE_UPDATE_BEFORE));
    f_.go_to(tell);
    f_.begin(tell);
    llvm::Value* kind = b.CreateSelect(is_update, f_.i8(FLOW_CHANGE_UPDATE_AFTER), f_.i8(FLOW_CHANGE_INSERT), "change");
    tell_row(place, start, end, results(walk_, aggregate_, entry), kind);
  }

  void tell_row(const EntryPlace& place, llvm::Value* start, llvm::Value* end, const std::vector<Value>& values,
                llvm::Value* kind) {
    const plan::State& state = walk_.state(aggregate_.state);
    Row row{.time = f_.builder.CreateSub(end, f_.i64(1), "last.instant"), .change = kind};
    if (state.key.size != 0) {
      llvm::Value* heap = f_.call("flow_table_heap", {place.table}, "heap");
      row.columns = load_key(f_, state.key, walk_.entry_layout(aggregate_.state), place.entry, heap);
    }
    sema::Type time = sema::scalar(sema::Kind::TIMESTAMP);
    row.columns.push_back({.type = time, .value = start});
    row.columns.push_back({.type = time, .value = end});
    row.columns.insert(row.columns.end(), values.begin(), values.end());
    walk_.consumers(walk_.origin(plan::OriginKind::fired, aggregate_.state), row);
  }

  RowWalk& walk_;
  FunctionEmitter& f_;
  const plan::Aggregate& aggregate_;
  const Row& row_;
  const std::vector<Contribution>& contributions_;
};

/// Each window that holds the row and is still kept has an entry of its own for the row's key.
void emit_in_each_window(RowWalk& walk, const plan::Aggregate& aggregate, const Row& row, WindowUpdate& update) {
  FunctionEmitter& f = walk.f;
  const plan::State& state = walk.state(aggregate.state);
  for_each_window(f, state.window, row.time, [&](llvm::Value* start) {
    llvm::Value* end = f.builder.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, start, f.i64(state.window.size_us),
                                                       nullptr, "window.end");
    llvm::BasicBlock* gone = f.block("window.gone");
    f.branch_unlikely(is_closed(f, end, state.window.late_allow_us), gone, "window.kept");
    llvm::Value* table = f.call("flow_pane", {f.task, walk.position_of(aggregate.state), start}, "pane");
    update.emit({table, upsert_key(walk, aggregate.state, state.key, table, row).entry}, start, end);
    f.go_to(gone);
    f.begin(gone);
  });
}

} // namespace

void emit_updating_aggregate(RowWalk& walk, uint32_t op, const plan::Aggregate& aggregate, const Row& row) {
  FunctionEmitter& f = walk.f;
  const plan::State& state = walk.state(aggregate.state);
  bool is_merging = aggregate.stage == plan::AggregateStage::merging;
  llvm::BasicBlock* done = f.block("aggregate.done");
  Placement placement = is_merging ? place_partial(walk, aggregate.state, row)
                                   : place_row(walk, aggregate.state, row, walk.input_columns(op));
  emit_late_test(walk, aggregate.state, placement, row, done);
  std::vector<Contribution> contributions;
  if (!is_merging) contributions = evaluate(walk, aggregate, row);
  WindowUpdate update(walk, aggregate, row, contributions);
  if (state.window.kind == sema::WindowKind::hopping)
    emit_in_each_window(walk, aggregate, row, update);
  else
    update.emit(upsert_entry(walk, aggregate.state, placement, row), placement.pane_start, placement.last_end);
  f.go_to(done);
  f.begin(done);
}

void emit_changes(RowWalk& walk, uint32_t op, const plan::Changes& changes, const Row& row) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  Row result = row;
  result.change = nullptr;
  auto is_kind = [&](uint8_t kind) { return b.CreateICmpEQ(row.change, f.i8(kind)); };
  if (changes.in_full) {
    auto text = [&](std::string_view word) {
      return Value{.type = sema::scalar(sema::Kind::STRING),
                   .value = f.text(word),
                   .length = f.i64(static_cast<int64_t>(word.size()))};
    };
    Value kind = f.select(is_kind(FLOW_CHANGE_INSERT), text("insert"), text("delete"));
    kind = f.select(is_kind(FLOW_CHANGE_UPDATE_BEFORE), text("update_before"), kind);
    kind = f.select(is_kind(FLOW_CHANGE_UPDATE_AFTER), text("update_after"), kind);
    result.columns.insert(result.columns.begin(), kind);
    return walk.consumers(op, result);
  }
  llvm::BasicBlock *newest = f.block("newest"), *was = f.block("was");
  b.CreateCondBr(is_kind(FLOW_CHANGE_UPDATE_BEFORE), was, newest);
  f.begin(newest);
  walk.consumers(op, result);
  f.go_to(was);
  f.begin(was);
}

} // namespace flow::codegen
