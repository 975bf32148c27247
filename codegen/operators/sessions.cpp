// Session windows: each session is an entry of a keyed state, with a timer for its last instant. The runtime finds the
// sessions that a row touches (runtime/state/sessions.h); what is added up, generated code does.
#include "codegen/keys.h"
#include "codegen/operators/accumulators.h"

namespace flow::codegen {

namespace {

/// Adds up two sessions of one table. Its texts may move when one is stored, so they are copied first.
void emit_joining(RowWalk& walk, const plan::Aggregate& aggregate, llvm::Value* table, llvm::Value* other,
                  llvm::Value* session) {
  FunctionEmitter& f = walk.f;
  const plan::Layout& layout = walk.entry_layout(aggregate.state);
  EntryCode from(f, layout, table, other), into(f, layout, table, session);
  llvm::BasicBlock* joined = f.block("joined");
  if (aggregate.failed != plan::none) {
    llvm::Value* has_failed = f.builder.CreateOr(into.load(aggregate.failed).value, from.load(aggregate.failed).value);
    into.store(aggregate.failed, has_failed);
    f.branch_unlikely(has_failed, joined, "has.not.failed");
  }
  merge(walk, aggregate, [&](uint32_t number) { return copied_text(f, from.load(number)); }, into, aggregate.failed);
  f.go_to(joined);
  f.begin(joined);
}

} // namespace

void emit_session_aggregate(RowWalk& walk, uint32_t op, const plan::Aggregate& aggregate, const Row& row) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  llvm::Value* position = walk.position_of(aggregate.state);
  std::vector<Contribution> contributions = evaluate(walk, aggregate, row);
  const plan::KeySpec& spec = walk.chain.inputs[0].key; // an entry's has the number of its session behind it
  llvm::Value* no_key = llvm::ConstantPointerNull::get(b.getPtrTy());
  Key key{.hash = f.i64(0), .bytes = no_key, .length = f.i64(0)};
  if (!spec.columns.empty()) key = make_key(f, spec, walk.entry_layout(aggregate.state), row.columns);
  if (!spec.is_bytes) key.length = f.i64(spec.size);
  llvm::Value* other_at = f.slot(b.getPtrTy(), "other.session.at");
  llvm::Value* entry_at =
      f.call("flow_session", {f.task, position, key.hash, key.bytes, key.length, row.time, other_at}, "session");
  llvm::BasicBlock *late = f.block("late"), *done = f.block("session.done"), *joins = f.block("joins.two"),
                   *one = f.block("one.session");
  f.branch_unlikely(b.CreateIsNull(entry_at), late, "in.time");
  llvm::Value* table = f.call("flow_keyed", {f.task, position}, "table");
  llvm::Value* other = b.CreateLoad(b.getPtrTy(), other_at, "other.session");
  llvm::BasicBlock* before = b.GetInsertBlock();
  b.CreateCondBr(b.CreateIsNull(other), one, joins);
  f.begin(joins);
  // One that fails must not keep the other alive: what is left is one session, without a result.
  walk.guarded(walk.chain.ops[op], [&] { emit_joining(walk, aggregate, table, other, entry_at); });
  // The entry moves when the other is erased.
  llvm::Value* moved = f.call("flow_session_drop", {f.task, position, other, entry_at}, "session");
  llvm::BasicBlock* behind_join = b.GetInsertBlock();
  f.go_to(one);
  f.begin(one);
  llvm::PHINode* place = b.CreatePHI(b.getPtrTy(), 2, "session");
  place->addIncoming(entry_at, before);
  place->addIncoming(moved, behind_join);
  EntryCode entry(f, walk.entry_layout(aggregate.state), table, place);
  add_to_entry(walk, aggregate, entry, contributions, row.time);
  f.go_to(done);
  f.begin(late);
  emit_late(walk, aggregate.state, row);
  f.go_to(done);
  f.begin(done);
}

void emit_session_result(RowWalk& walk, const plan::Aggregate& aggregate, llvm::Value* table, const DueTimer& due) {
  FunctionEmitter& f = walk.f;
  const plan::Layout& layout = walk.entry_layout(aggregate.state);
  const plan::KeyedState& keyed = *walk.state(aggregate.state).keyed;
  EntryCode entry(f, layout, table, due.entry);
  sema::Type time = sema::scalar(sema::Kind::TIMESTAMP);
  Row window{.time = due.time};
  window.columns = {entry.load(keyed.session_start),
                    {.type = time, .value = f.builder.CreateAdd(due.time, f.i64(1), "window.end")}};
  emit_aggregate_result(walk, aggregate, table, due.entry, window);
  const plan::KeyedState::Cell& cell = keyed.cells[0];
  f.builder.CreateMemSet(f.at_offset(due.entry, cell.begin, "cell.at"), f.i8(0), cell.end - cell.begin,
                         llvm::MaybeAlign(8));
  entry.store(cell.set, f.i1(false));
}

} // namespace flow::codegen
