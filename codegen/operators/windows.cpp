// What the stateful operators share: where a row lies in time, whether it is late, the entry of its key.
#include <limits>

#include "codegen/keys.h"
#include "codegen/row_walk.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"

namespace flow::codegen {

namespace {

/// The greatest k * step + offset that is at most `time`, saturating at the ends of time.
llvm::Value* floor_to(FunctionEmitter& f, llvm::Value* time, int64_t step, int64_t offset, const llvm::Twine& name) {
  auto& b = f.builder;
  // Remainders first, so that no difference can overflow.
  llvm::Value* rest = b.CreateSRem(time, f.i64(step));
  rest = b.CreateSub(rest, f.i64(offset % step));
  rest = b.CreateSelect(b.CreateICmpSLT(rest, f.i64(0)), b.CreateAdd(rest, f.i64(step)), rest);
  rest = b.CreateSelect(b.CreateICmpSLT(rest, f.i64(0)), b.CreateAdd(rest, f.i64(step)), rest);
  rest = b.CreateSelect(b.CreateICmpSGE(rest, f.i64(step)), b.CreateSub(rest, f.i64(step)), rest);
  return b.CreateBinaryIntrinsic(llvm::Intrinsic::ssub_sat, time, rest, nullptr, name);
}

llvm::Value* plus(FunctionEmitter& f, llvm::Value* time, int64_t span, const llvm::Twine& name) {
  return f.builder.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, time, f.i64(span), nullptr, name);
}

llvm::Constant* no_table(FunctionEmitter& f) { return llvm::ConstantPointerNull::get(f.builder.getPtrTy()); }

/// The start of the window that the row came out of.
llvm::Value* window_start_of(FunctionEmitter& f, const sema::Window& window, const Row& row,
                             const std::vector<sema::Column>& columns) {
  for (size_t i = 0; i < columns.size(); i++) {
    if (columns[i].name == "window_start") return row.columns[i].value;
  }
  // The column was not needed: the row's time is the window's last instant.
  return f.builder.CreateSub(plus(f, row.time, 1, "window.end"), f.i64(window.size_us));
}

/// Rows that follow one another mostly lie in one pane: the last one's place is kept, so that most rows only compare.
/// `offset` is the start of a pane, and of the last window that holds it. A new place has no table yet.
Placement place_near_last(FunctionEmitter& f, const plan::State& state, llvm::Value* time, llvm::Value* table_at,
                          const std::function<Placement()>& place) {
  auto& b = f.builder;
  llvm::Value* start_at = f.slot_with(f.i64(state.window.offset_us), "last.pane.start");
  llvm::Value* span_at = f.slot_with(f.i64(state.pane_us), "last.pane.span");
  int64_t length = state.window.is_cumulated ? state.pane_us : state.window.size_us;
  llvm::Value* end_at = f.slot_with(f.i64(state.window.offset_us + length), "last.pane.end");
  llvm::BasicBlock *other = f.block("other.pane"), *placed = f.block("placed");
  // The difference of a time before the pane wraps around to a large number.
  llvm::Value* into = b.CreateSub(time, b.CreateLoad(b.getInt64Ty(), start_at, "last.start"));
  b.CreateCondBr(b.CreateICmpULT(into, b.CreateLoad(b.getInt64Ty(), span_at, "last.span"), "is.same.pane"), placed,
                 other, llvm::MDBuilder(f.module.context()).createLikelyBranchWeights());
  f.begin(other);
  Placement made = place();
  // No other time lies near: at the beginning of time, where a start is cut and is no pane's start; at its end, where
  // the difference of an early time could wrap into the pane.
  constexpr int64_t first = std::numeric_limits<int64_t>::min(), last = std::numeric_limits<int64_t>::max();
  llvm::Value* is_first = b.CreateICmpEQ(made.pane_start, f.i64(first));
  llvm::Value* is_last = b.CreateICmpSGT(made.pane_start, f.i64(last - state.pane_us));
  b.CreateStore(b.CreateSelect(b.CreateOr(is_first, is_last), f.i64(0), f.i64(state.pane_us)), span_at);
  b.CreateStore(made.pane_start, start_at);
  b.CreateStore(made.last_end, end_at);
  b.CreateStore(no_table(f), table_at);
  f.go_to(placed);
  f.begin(placed);
  return {b.CreateLoad(b.getInt64Ty(), start_at, "pane.start"),
          b.CreateLoad(b.getInt64Ty(), end_at, "last.window.end")};
}

/// The pane and the last window of a time in windows that lie on a grid.
Placement place_on_grid(FunctionEmitter& f, const plan::State& state, llvm::Value* time, llvm::Value* table_at) {
  const sema::Window& window = state.window;
  bool is_hopping = window.kind == sema::WindowKind::hopping;
  return place_near_last(f, state, time, table_at, [&]() -> Placement {
    int64_t step = is_hopping ? window.slide_us : window.size_us, length = window.size_us;
    if (window.is_cumulated) step = length = state.pane_us;
    llvm::Value* start = floor_to(f, time, step, window.offset_us, "last.window.start");
    llvm::Value* end = plus(f, start, length, "last.window.end");
    return {step == state.pane_us ? start : floor_to(f, time, state.pane_us, window.offset_us, "pane.start"), end};
  });
}

/// The window that begins at `start`.
Placement place_at(FunctionEmitter& f, const sema::Window& window, llvm::Value* start, llvm::Value* table_at) {
  auto& b = f.builder;
  llvm::Value* start_at = f.slot_with(f.i64(0), "last.window.start");
  llvm::Value* is_same = b.CreateICmpEQ(b.CreateLoad(b.getInt64Ty(), start_at), start, "is.same.window");
  b.CreateStore(b.CreateSelect(is_same, b.CreateLoad(b.getPtrTy(), table_at), no_table(f)), table_at);
  b.CreateStore(start, start_at);
  return {start, plus(f, start, window.size_us, "window.end")};
}

/// `start` is given for windows that rows come out of, `time` for all others.
Placement place(FunctionEmitter& f, const plan::State& state, llvm::Value* start, llvm::Value* time) {
  llvm::Value *table_at = f.slot_with(no_table(f), "open.pane"), *entry_at = f.slot_with(no_table(f), "open.entry");
  Placement placement{f.i64(std::numeric_limits<int64_t>::min()), nullptr};
  if (state.window.kind == sema::WindowKind::same && !state.window.is_cumulated)
    placement = place_at(f, state.window, start, table_at);
  else if (state.window.kind != sema::WindowKind::global)
    placement = place_on_grid(f, state, time, table_at);
  llvm::Value* table = f.builder.CreateLoad(f.builder.getPtrTy(), table_at, "pane");
  placement.is_open = f.builder.CreateICmpNE(table, no_table(f), "is.open");
  placement.table_at = table_at;
  placement.entry_at = entry_at;
  return placement;
}

/// Goes on at `open` if an earlier row has been there, else at what follows.
void skip_if_open(FunctionEmitter& f, const Placement& placement, llvm::BasicBlock* open, const llvm::Twine& onward) {
  llvm::BasicBlock* next = f.block(onward);
  f.builder.CreateCondBr(placement.is_open, open, next,
                         llvm::MDBuilder(f.module.context()).createLikelyBranchWeights());
  f.begin(next);
}

} // namespace

llvm::Value* is_closed(FunctionEmitter& f, llvm::Value* last_end, int64_t allowed) {
  llvm::Value* watermark = f.call("flow_watermark", {f.task}, "watermark");
  llvm::Value* last_instant = f.builder.CreateSub(last_end, f.i64(1), "last.instant");
  if (allowed > 0) last_instant = plus(f, last_instant, allowed, "last.allowed");
  return f.builder.CreateICmpSLE(last_instant, watermark, "is.late");
}

void for_each_window(FunctionEmitter& f, const sema::Window& window, llvm::Value* time,
                     const std::function<void(llvm::Value* start)>& body) {
  auto& b = f.builder;
  llvm::Value* last = floor_to(f, time, window.slide_us, window.offset_us, "last.window.start");
  llvm::BasicBlock *before = b.GetInsertBlock(), *loop = f.block("window"), *done = f.block("windows.done");
  f.go_to(loop);
  f.begin(loop);
  llvm::PHINode* start = b.CreatePHI(b.getInt64Ty(), 2, "window.start");
  start->addIncoming(last, before);
  body(start);
  // Ends at the beginning of time, too.
  auto* next = b.CreateBinaryIntrinsic(llvm::Intrinsic::ssub_with_overflow, start, f.i64(window.slide_us));
  llvm::Value* earlier = b.CreateExtractValue(next, 0, "earlier.start");
  llvm::Value* is_holding = b.CreateICmpULT(b.CreateSub(time, earlier), f.i64(window.size_us), "holds.the.row");
  is_holding = b.CreateAnd(is_holding, b.CreateNot(b.CreateExtractValue(next, 1)));
  start->addIncoming(earlier, b.GetInsertBlock());
  b.CreateCondBr(is_holding, loop, done);
  f.begin(done);
}

llvm::Value* pane_start_of(FunctionEmitter& f, const plan::State& state, llvm::Value* time) {
  return floor_to(f, time, state.pane_us, state.window.offset_us, "pane.start");
}

Placement place_row(RowWalk& walk, uint32_t number, const Row& row, const std::vector<sema::Column>& columns) {
  const plan::State& state = walk.state(number);
  // The windows of `cumulate` begin together: their rows are placed by their time, the window's last instant.
  bool is_same = state.window.kind == sema::WindowKind::same && !state.window.is_cumulated;
  return place(walk.f, state, is_same ? window_start_of(walk.f, state.window, row, columns) : nullptr, row.time);
}

Placement place_partial(RowWalk& walk, uint32_t number, const Row& row) {
  return place(walk.f, walk.state(number), row.time, row.time);
}

void emit_late_test(RowWalk& walk, uint32_t state, const Placement& placement, const Row& row, llvm::BasicBlock* done) {
  if (placement.last_end == nullptr) return;
  FunctionEmitter& f = walk.f;
  llvm::BasicBlock *late = f.block("late"), *in_time = f.block("in.time");
  skip_if_open(f, placement, in_time, "late.test");
  f.branch_unlikely(is_closed(f, placement.last_end, walk.state(state).window.late_allow_us), late, "not.late");
  f.go_to(in_time);
  f.begin(late);
  emit_late(walk, state, row);
  f.go_to(done);
  f.begin(in_time);
}

void emit_late(RowWalk& walk, uint32_t state, const Row& row) {
  if (walk.state(state).counts_late) walk.f.call("flow_rt_count_late", {walk.f.task, walk.position_of(state)});
  uint32_t origin = walk.origin(plan::OriginKind::late, state);
  if (origin != plan::none) walk.consumers(origin, row);
}

void emit_combining_test(RowWalk& walk, uint32_t state, const Placement& placement, llvm::BasicBlock* done,
                         const std::function<void()>& alone) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  llvm::Value* position = walk.position_of(state);
  llvm::Value* rows = f.slot_with(f.i64(0), "rows.to.combine");
  b.CreateStore(b.CreateAdd(b.CreateLoad(b.getInt64Ty(), rows), f.i64(1)), rows);
  f.at_end.push_back([&f, position, rows] {
    f.call("flow_count_combined", {f.task, position, f.builder.CreateLoad(f.builder.getInt64Ty(), rows)});
  });
  // Neither changes while a call runs, so that the rows of a pane never overtake one another.
  llvm::Value* is_off = f.at_start([&] { return f.asks("flow_sends_alone", {f.task, position}, "sends.alone"); });
  llvm::BasicBlock *out = f.block("alone"), *combined = f.block("combined");
  skip_if_open(f, placement, combined, "alone.test");
  llvm::Value* goes_alone =
      placement.last_end == nullptr ? is_off : b.CreateOr(is_off, is_closed(f, placement.last_end, 0));
  b.CreateCondBr(goes_alone, out, combined);
  f.begin(out);
  alone();
  f.go_to(done);
  f.begin(combined);
}

KeyedEntry upsert_key(RowWalk& walk, uint32_t state, const plan::KeySpec& spec, llvm::Value* table, const Row& row) {
  FunctionEmitter& f = walk.f;
  llvm::Value* stride = f.i32(walk.entry_layout(state).stride);
  if (spec.size == 0) return {f.call("flow_table_single", {table, stride}, "entry"), f.i64(0)};
  Key key = make_key(f, spec, walk.entry_layout(state), row.columns);
  llvm::Value* entry =
      spec.is_bytes ? f.call("flow_table_upsert_bytes", {table, key.hash, key.bytes, key.length, stride}, "entry")
                    : f.call("flow_table_upsert", {table, key.hash, key.bytes, f.i32(spec.size), stride}, "entry");
  return {entry, key.hash};
}

EntryPlace upsert_entry(RowWalk& walk, uint32_t state, const Placement& placement, const Row& row,
                        const plan::KeySpec* key) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  bool has_key = walk.state(state).key.size != 0;
  llvm::BasicBlock* open = f.block("pane.is.open");
  skip_if_open(f, placement, open, "open.pane");
  // No pane is freed within a call, and an entry that is the only one does not move; that it changes is noted once.
  llvm::Value* table = f.call("flow_pane", {f.task, walk.position_of(state), placement.pane_start}, "pane");
  b.CreateStore(table, placement.table_at);
  llvm::Value* stride = f.i32(walk.entry_layout(state).stride);
  if (!has_key) b.CreateStore(f.call("flow_table_single", {table, stride}, "entry"), placement.entry_at);
  f.go_to(open);
  f.begin(open);
  table = b.CreateLoad(b.getPtrTy(), placement.table_at, "pane");
  return {table, has_key ? upsert_key(walk, state, key != nullptr ? *key : walk.state(state).key, table, row).entry
                         : b.CreateLoad(b.getPtrTy(), placement.entry_at, "entry")};
}

llvm::Value* upsert_same_key(RowWalk& walk, uint32_t state, llvm::Value* from, llvm::Value* entry, llvm::Value* hash,
                             llvm::Value* into) {
  FunctionEmitter& f = walk.f;
  const plan::KeySpec& spec = walk.state(state).key;
  llvm::Value* stride = f.i32(walk.fired_layout(state).stride);
  if (spec.size == 0) return f.call("flow_table_single", {into, stride}, "target");
  if (!spec.is_bytes) return f.call("flow_table_upsert", {into, hash, entry, f.i32(spec.size), stride}, "target");
  llvm::Value* view = f.call("flow_view", {entry, f.call("flow_table_heap", {from})}, "key");
  return f.call("flow_table_upsert_bytes",
                {into, hash, f.builder.CreateExtractValue(view, 0), f.builder.CreateExtractValue(view, 1), stride},
                "target");
}

} // namespace flow::codegen
