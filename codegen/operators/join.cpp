// join: both sides' rows of a key lie in two lists of its entry until the window closes; then they are paired.
//
// Pairing goes through one list (outer) and for each of its rows through the other (inner). A key may have any number
// of pairs, so the function stops wherever the outputs are full, or after a while without any result, and goes on at
// the next call: where it is, is a cursor of six words, zeros at the beginning of an entry. While the function runs
// they are local (`Pairing`), and the task keeps them from call to call (FlowDue::cursor).
//
// A row without a partner is known when its inner list has been gone through. Of the left side that is while the pairs
// are made; for the right side the lists are gone through once more, the other way round, up to the first partner of
// each row.
#include <cstddef>

#include "codegen/keys.h"
#include "codegen/operators/join_rows.h"
#include "llvm/IR/Constants.h"

namespace flow::codegen {

namespace {

/// After so many rows of an inner list a call ends, whether they gave results or not: about a millisecond.
constexpr uint32_t rows_per_call = 1 << 16;

/// The code that pairs the rows of one entry. Its blocks stand in the loop over the entries.
class Pairing {
public:
  Pairing(RowWalk& walk, const plan::PlanOp& op, llvm::Value* due)
      : walk_(walk), f_(walk.f), op_(op), join_(std::get<plan::Join>(op.op)) {
    auto& b = f_.builder;
    saved_ = b.CreateLoad(b.getPtrTy(), f_.at_offset(due, offsetof(FlowDue, cursor), "cursor.at"), "cursor");
    local_ = f_.slot(llvm::ArrayType::get(b.getInt64Ty(), FLOW_CURSOR_WORDS), "at");
    rows_left_ = f_.slot_with(f_.i32(rows_per_call), "rows.left");
    for (uint32_t word = 0; word < FLOW_CURSOR_WORDS; word++) {
      llvm::Value* from = f_.at_offset(saved_, word * 8, "saved.word");
      b.CreateStore(b.CreateLoad(b.getInt64Ty(), from), at(word));
      b.CreateStore(f_.i64(0), from);
    }
  }

  void emit(llvm::Value* table, llvm::Value* entry, llvm::Value* index, const Row& window) {
    table_ = table, entry_ = entry, index_ = index, window_ = &window;
    llvm::BasicBlock* done = f_.block("entry.paired");
    if (!sema::keeps_right(join_.kind)) {
      emit_pass(left, done);
    } else {
      llvm::BasicBlock *pairs = f_.block("pairs"), *paired = f_.block("pairs.done"), *rest = f_.block("right.alone");
      f_.builder.CreateCondBr(f_.builder.CreateICmpEQ(word(pass), f_.i64(0)), pairs, rest);
      f_.begin(pairs);
      emit_pass(left, paired);
      reset(pass);
      set(pass, f_.i64(1));
      f_.go_to(rest);
      f_.begin(rest);
      emit_pass(right, done);
    }
    reset(pass);
  }

private:
  /// What a cursor says: which list is the outer one, the places in the two, and whether the outer row has a partner.
  enum Word : uint32_t { pass, outer_chunk, outer_place, inner_chunk, inner_place, has_partner };
  static_assert(has_partner + 1 == FLOW_CURSOR_WORDS);

  llvm::Value* at(uint32_t number) { return f_.at_offset(local_, number * 8, "at.word"); }
  llvm::Value* word(Word number) { return f_.builder.CreateLoad(f_.builder.getInt64Ty(), at(number)); }
  void set(Word number, llvm::Value* value) { f_.builder.CreateStore(value, at(number)); }
  void step(Word number) { set(number, f_.builder.CreateAdd(word(number), f_.i64(1))); }
  /// This word and all behind it.
  void reset(Word first) {
    for (uint32_t number = first; number < FLOW_CURSOR_WORDS; number++) f_.builder.CreateStore(f_.i64(0), at(number));
  }

  /// The next row of a list, at the place that the word begins; null at the end.
  llvm::Value* row_at(uint32_t side, Word place) {
    const plan::Layout& layout = kept_layout(walk_, join_.state, side);
    return f_.call("flow_list_at",
                   {table_, list_at(walk_, join_.state, side, entry_), at(place), f_.i32(layout.stride)},
                   side == left ? "left.row" : "right.row");
  }

  Row load(uint32_t side, llvm::Value* row) {
    return load_row(f_, kept_layout(walk_, join_.state, side), row, f_.call("flow_table_heap", {table_}, "heap"));
  }

  void emit_pass(uint32_t outer, llvm::BasicBlock* done) {
    auto& b = f_.builder;
    // Only where both sides keep rows whose key is null are there two lists of them, which have no pairs.
    bool may_be_null = sema::keeps_left(join_.kind) && sema::keeps_right(join_.kind);
    llvm::Value* is_null = may_be_null ? any_null(f_, key()) : nullptr;
    llvm::BasicBlock *next = f_.block("outer.next"), *row = f_.block("outer"), *inner_next = f_.block("inner.next"),
                     *inner = f_.block("inner"), *tried = f_.block("inner.done"), *outer_done = f_.block("outer.done");
    f_.go_to(next);
    f_.begin(next);
    llvm::Value* outer_at = row_at(outer, outer_chunk);
    b.CreateCondBr(b.CreateIsNull(outer_at), done, row);
    f_.begin(row);
    Row outer_row = load(outer, outer_at);
    f_.go_to(inner_next);
    f_.begin(inner_next);
    f_.begin_row();
    llvm::Value* inner_at = row_at(1 - outer, inner_chunk);
    llvm::Value* is_end = b.CreateIsNull(inner_at);
    if (is_null != nullptr) is_end = b.CreateOr(is_null, is_end);
    b.CreateCondBr(is_end, outer_done, inner);
    f_.begin(inner);
    step(inner_place);
    try_pair(outer, outer_row, inner_at);
    f_.go_to(tried);
    f_.begin(tried);
    bool first_is_enough = outer == right || !sema::has_right_row(join_.kind);
    if (first_is_enough) {
      llvm::BasicBlock* go_on = f_.block("no.partner.yet");
      b.CreateCondBr(b.CreateICmpNE(word(has_partner), f_.i64(0)), outer_done, go_on);
      f_.begin(go_on);
    }
    stop_or_go_on(inner_next);
    f_.begin(outer_done);
    emit_alone(outer, outer_row);
    step(outer_place);
    reset(inner_chunk);
    stop_or_go_on(next);
    f_.begin(done);
  }

  /// Pairs the outer row with an inner one if they belong together.
  void try_pair(uint32_t outer, const Row& outer_row, llvm::Value* inner_at) {
    auto emit = [&] {
      Row inner_row = load(1 - outer, inner_at);
      const Row& left_row = outer == left ? outer_row : inner_row;
      const Row& right_row = outer == left ? inner_row : outer_row;
      llvm::BasicBlock* none = f_.block("no.pair");
      if (llvm::Value* fits = holds(f_, join_, left_row, right_row)) {
        llvm::BasicBlock* is_pair = f_.block("pair");
        f_.builder.CreateCondBr(fits, is_pair, none);
        f_.begin(is_pair);
      }
      set(has_partner, f_.i64(1));
      if (outer == left && sema::has_right_row(join_.kind)) put_joined(walk_, join_, &left_row, &right_row, *window_);
      f_.go_to(none);
      f_.begin(none);
    };
    if (outer == left) return walk_.guarded(op_, emit);
    // A condition that fails has been told of when the pairs were made.
    llvm::BasicBlock *outside = f_.failed, *failed = f_.block("fails.again"), *done = f_.block("tried");
    f_.failed = failed;
    emit();
    f_.failed = outside;
    f_.go_to(done);
    f_.begin(failed);
    f_.call("flow_forgive", {f_.task});
    f_.go_to(done);
    f_.begin(done);
  }

  /// The outer row by itself, where it has no partner (semi: where it has one).
  void emit_alone(uint32_t outer, const Row& row) {
    bool is_semi = join_.kind == sema::JoinKind::semi;
    if (!is_semi && !keeps_alone(join_.kind, outer)) return;
    auto& b = f_.builder;
    llvm::BasicBlock *alone = f_.block("alone"), *done = f_.block("alone.done");
    llvm::Value* has_one = b.CreateICmpNE(word(has_partner), f_.i64(0), "has.partner");
    b.CreateCondBr(has_one, is_semi ? alone : done, is_semi ? done : alone);
    f_.begin(alone);
    walk_.guarded(op_, [&] {
      put_joined(walk_, join_, outer == left ? &row : nullptr, outer == right ? &row : nullptr, *window_);
    });
    f_.go_to(done);
    f_.begin(done);
  }

  std::vector<Value> key() {
    return load_key(f_, walk_.state(join_.state).key, walk_.entry_layout(join_.state), entry_,
                    f_.call("flow_table_heap", {table_}, "heap"));
  }

  /// Goes on at `next` unless it is time to stop: then the next call begins with this entry, at the cursor.
  void stop_or_go_on(llvm::BasicBlock* next) {
    auto& b = f_.builder;
    llvm::BasicBlock *ask = f_.block("has.put.out"), *count = f_.block("count"), *stop = f_.block("stop.here");
    b.CreateCondBr(b.CreateLoad(b.getInt1Ty(), f_.has_put()), ask, count);
    f_.begin(ask);
    f_.branch_unlikely(f_.asks("flow_out_full", {f_.task}, "is.full"), stop, "has.room");
    f_.go_to(count);
    f_.begin(count);
    llvm::Value* rest = b.CreateSub(b.CreateLoad(b.getInt32Ty(), rows_left_), f_.i32(1), "rows.left");
    b.CreateStore(rest, rows_left_);
    f_.branch_unlikely(b.CreateICmpEQ(rest, f_.i32(0)), stop, "time.left");
    f_.go_to(next);
    f_.begin(stop);
    for (uint32_t number = 0; number < FLOW_CURSOR_WORDS; number++) {
      llvm::Value* value = b.CreateLoad(b.getInt64Ty(), at(number));
      b.CreateStore(value, f_.at_offset(saved_, number * 8, "saved.word"));
    }
    f_.leave(index_);
  }

  RowWalk& walk_;
  FunctionEmitter& f_;
  const plan::PlanOp& op_;
  const plan::Join& join_;
  llvm::Value *saved_, *local_, *rows_left_;
  llvm::Value *table_ = nullptr, *entry_ = nullptr, *index_ = nullptr;
  const Row* window_ = nullptr;
};

} // namespace

void emit_join(RowWalk& walk, uint32_t op, const plan::Join& join, const Row& row) {
  FunctionEmitter& f = walk.f;
  if (walk.state(join.state).interval) return emit_interval_join(walk, op, join, row);
  const plan::KeySpec& key = walk.chain.inputs[join.side].key;
  llvm::BasicBlock* done = f.block("join.row.done");
  Placement placement = place_row(walk, join.state, row, walk.input_columns(op));
  emit_late_test(walk, join.state, placement, row, done);
  std::vector<Value> parts;
  for (uint32_t column : key.from) parts.push_back(row.columns[column]);
  llvm::Value* is_null = keeps_alone(join.kind, join.side) ? nullptr : any_null(f, parts);
  if (is_null != nullptr) {
    llvm::BasicBlock* is_there = f.block("has.key");
    f.builder.CreateCondBr(is_null, done, is_there);
    f.begin(is_there);
  }
  Row kept;
  for (uint32_t column : join.kept) kept.columns.push_back(row.columns[column]);
  keep_row(walk, join.state, join.side, upsert_entry(walk, join.state, placement, row, &key), kept);
  f.go_to(done);
  f.begin(done);
}

void emit_join_merge(RowWalk& walk, const plan::Join& join, llvm::Value* from, llvm::Value* entry, llvm::Value* table,
                     llvm::Value* into) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  for (uint32_t side : {left, right}) {
    const plan::Layout& layout = kept_layout(walk, join.state, side);
    llvm::Value* place = f.slot(llvm::ArrayType::get(b.getInt64Ty(), 2), "merged");
    llvm::Value* row_place = f.at_offset(place, 8, "merged.row");
    llvm::BasicBlock *next = f.block("merge.next"), *row = f.block("merge.row"), *done = f.block("merge.done");
    b.CreateStore(f.i64(0), place);
    b.CreateStore(f.i64(0), row_place);
    f.go_to(next);
    f.begin(next);
    llvm::Value* row_at =
        f.call("flow_list_at", {from, list_at(walk, join.state, side, entry), place, f.i32(layout.stride)}, "row");
    b.CreateCondBr(b.CreateIsNull(row_at), done, row);
    f.begin(row);
    Row kept = load_row(f, layout, row_at, f.call("flow_table_heap", {from}, "heap"));
    keep_row(walk, join.state, side, {table, into}, kept);
    b.CreateStore(b.CreateAdd(b.CreateLoad(b.getInt64Ty(), row_place), f.i64(1)), row_place);
    f.go_to(next);
    f.begin(done);
  }
}

PairRows begin_pairing(RowWalk& walk, const plan::PlanOp& op, llvm::Value* due) {
  auto pairing = std::make_shared<Pairing>(walk, op, due);
  return [pairing](llvm::Value* table, llvm::Value* entry, llvm::Value* index, const Row& window) {
    pairing->emit(table, entry, index, window);
  };
}

} // namespace flow::codegen
