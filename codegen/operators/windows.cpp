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
/// `offset` is the start of a pane, and of the last window that holds it.
Placement place_near_last(FunctionEmitter& f, const plan::State& state, llvm::Value* time,
                          const std::function<Placement()>& place) {
  auto& b = f.builder;
  llvm::Value* start_at = f.slot_with(f.i64(state.window.offset_us), "last.pane.start");
  llvm::Value* end_at = f.slot_with(f.i64(state.window.offset_us + state.window.size_us), "last.pane.end");
  llvm::Value* start = b.CreateLoad(b.getInt64Ty(), start_at, "last.start");
  llvm::Value* end = b.CreateLoad(b.getInt64Ty(), end_at, "last.end");
  llvm::BasicBlock *other = f.block("other.pane"), *keep = f.block("keep.pane"), *placed = f.block("placed");
  llvm::BasicBlock* before = b.GetInsertBlock();
  // The difference of a time before the pane wraps around to a large number.
  b.CreateCondBr(b.CreateICmpULT(b.CreateSub(time, start), f.i64(state.pane_us), "is.same.pane"), placed, other,
                 llvm::MDBuilder(f.module.context()).createLikelyBranchWeights());
  f.begin(other);
  Placement made = place();
  llvm::BasicBlock* made_in = b.GetInsertBlock();
  // Not kept: at the beginning of time a start that is cut, which is no pane's start; at its end one from which the
  // difference of an early time could wrap into the pane.
  constexpr int64_t first = std::numeric_limits<int64_t>::min(), last = std::numeric_limits<int64_t>::max();
  llvm::Value* is_first = b.CreateICmpEQ(made.pane_start, f.i64(first));
  llvm::Value* is_last = b.CreateICmpSGT(made.pane_start, f.i64(last - state.pane_us));
  b.CreateCondBr(b.CreateOr(is_first, is_last), placed, keep);
  f.begin(keep);
  b.CreateStore(made.pane_start, start_at);
  b.CreateStore(made.last_end, end_at);
  f.go_to(placed);
  f.begin(placed);
  auto merge = [&](llvm::Value* last, llvm::Value* now, const char* name) {
    llvm::PHINode* phi = b.CreatePHI(b.getInt64Ty(), 3, name);
    phi->addIncoming(last, before);
    phi->addIncoming(now, made_in);
    phi->addIncoming(now, keep);
    return phi;
  };
  return {merge(start, made.pane_start, "pane.start"), merge(end, made.last_end, "last.window.end")};
}

/// The pane and the last window of a time in windows that lie on a grid.
Placement place_on_grid(FunctionEmitter& f, const plan::State& state, llvm::Value* time) {
  const sema::Window& window = state.window;
  bool is_hopping = window.kind == sema::WindowKind::hopping;
  return place_near_last(f, state, time, [&]() -> Placement {
    int64_t step = is_hopping ? window.slide_us : window.size_us;
    llvm::Value* start = floor_to(f, time, step, window.offset_us, "last.window.start");
    llvm::Value* end = plus(f, start, window.size_us, "last.window.end");
    return {is_hopping ? floor_to(f, time, state.pane_us, window.offset_us, "pane.start") : start, end};
  });
}

Placement place_at(FunctionEmitter& f, const sema::Window& window, llvm::Value* start) {
  return {start, plus(f, start, window.size_us, "window.end")};
}

/// Whether the watermark has closed the last window that holds the row.
llvm::Value* is_closed(FunctionEmitter& f, const Placement& placement) {
  llvm::Value* watermark = f.call("flow_watermark", {f.task}, "watermark");
  llvm::Value* last_instant = f.builder.CreateSub(placement.last_end, f.i64(1), "last.instant");
  return f.builder.CreateICmpSLE(last_instant, watermark, "is.late");
}

/// The entry of the row's key, made if need be.
llvm::Value* upsert_key(RowWalk& walk, uint32_t state, llvm::Value* table, const Row& row) {
  FunctionEmitter& f = walk.f;
  const plan::KeySpec& spec = walk.state(state).key;
  llvm::Value* stride = f.i32(walk.entry_layout(state).stride);
  Key key = make_key(f, spec, walk.entry_layout(state), row.columns);
  if (spec.is_bytes)
    return f.call("flow_table_upsert_bytes", {table, key.hash, key.bytes, key.length, stride}, "entry");
  return f.call("flow_table_upsert", {table, key.hash, key.bytes, f.i32(spec.size), stride}, "entry");
}

/// The table of a pane, and of a state without key its only entry. Those of the row before are kept for the time of the
/// call: rows that follow one another mostly lie in one pane. No pane is freed within a call, and an entry that is the
/// only one does not move; that it changes has been noted by the first row that came to it.
EntryPlace place_in_pane(RowWalk& walk, uint32_t state, llvm::Value* pane_start) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  bool has_key = walk.state(state).key.size != 0;
  llvm::Constant* none = llvm::ConstantPointerNull::get(b.getPtrTy());
  llvm::Value *start_at = f.slot_with(f.i64(std::numeric_limits<int64_t>::min()), "open.pane.start"),
              *table_at = f.slot_with(none, "open.pane"), *entry_at = f.slot_with(none, "open.entry");
  llvm::BasicBlock *other = f.block("open.pane"), *ready = f.block("pane.is.open");
  llvm::Value* is_same = b.CreateICmpEQ(b.CreateLoad(b.getInt64Ty(), start_at), pane_start);
  llvm::Value* is_open = b.CreateICmpNE(b.CreateLoad(b.getPtrTy(), table_at), none);
  b.CreateCondBr(b.CreateAnd(is_same, is_open, "is.open"), ready, other,
                 llvm::MDBuilder(f.module.context()).createLikelyBranchWeights());
  f.begin(other);
  llvm::Value* table = f.call("flow_pane", {f.task, walk.position_of(state), pane_start}, "pane");
  b.CreateStore(pane_start, start_at);
  b.CreateStore(table, table_at);
  if (!has_key)
    b.CreateStore(f.call("flow_table_single", {table, f.i32(walk.entry_layout(state).stride)}, "entry"), entry_at);
  f.go_to(ready);
  f.begin(ready);
  return {b.CreateLoad(b.getPtrTy(), table_at, "pane"),
          has_key ? nullptr : b.CreateLoad(b.getPtrTy(), entry_at, "entry")};
}

} // namespace

Placement place_row(RowWalk& walk, uint32_t number, const Row& row, const std::vector<sema::Column>& columns) {
  const plan::State& state = walk.state(number);
  switch (state.window.kind) {
  case sema::WindowKind::global: return {walk.f.i64(std::numeric_limits<int64_t>::min()), nullptr};
  case sema::WindowKind::same:
    return place_at(walk.f, state.window, window_start_of(walk.f, state.window, row, columns));
  case sema::WindowKind::tumbling:
  case sema::WindowKind::hopping: break;
  }
  return place_on_grid(walk.f, state, row.time);
}

Placement place_partial(RowWalk& walk, uint32_t number, const Row& row) {
  const plan::State& state = walk.state(number);
  if (state.window.kind != sema::WindowKind::same) return place_row(walk, number, row, {});
  return place_at(walk.f, state.window, row.time);
}

void emit_late_test(RowWalk& walk, uint32_t state, const Placement& placement, const Row& row, llvm::BasicBlock* done) {
  if (placement.last_end == nullptr) return;
  FunctionEmitter& f = walk.f;
  llvm::BasicBlock* late = f.block("late");
  f.branch_unlikely(is_closed(f, placement), late, "in.time");
  llvm::BasicBlock* in_time = f.builder.GetInsertBlock();
  f.begin(late);
  f.call("flow_rt_count_late", {f.task, walk.position_of(state)});
  uint32_t origin = walk.origin(plan::OriginKind::late, state);
  if (origin != plan::none) walk.consumers(origin, row);
  f.go_to(done);
  f.begin(in_time);
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
  llvm::Value* goes_alone = placement.last_end == nullptr ? is_off : b.CreateOr(is_off, is_closed(f, placement));
  llvm::BasicBlock *out = f.block("alone"), *combined = f.block("combined");
  b.CreateCondBr(goes_alone, out, combined);
  f.begin(out);
  alone();
  f.go_to(done);
  f.begin(combined);
}

EntryPlace upsert_entry(RowWalk& walk, uint32_t state, const Placement& placement, const Row& row) {
  EntryPlace place = place_in_pane(walk, state, placement.pane_start);
  if (place.entry == nullptr) place.entry = upsert_key(walk, state, place.table, row);
  return place;
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
