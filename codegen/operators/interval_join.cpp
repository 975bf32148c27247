// join within: a row meets the rows of its key that have come on the other side, at once, and then waits for others in
// the pane of its event time. So each pair is found once, by whichever row comes second.
//
// A row that may come out alone (and each of `semi`) is judged when the watermark has passed all that could pair with
// it: the pane that it lies in is fired, its neighbours are still there, and the first partner in them settles it. What
// is kept is never written again, so no note is kept of who has had a partner.
//
// A row may have any number of partners, so both functions stop wherever the outputs are full, or after a while, and go
// on at the next call: where they are is a cursor of six words, in the task's memory (flow_row_cursor,
// FlowDue::cursor), zeros at the beginning of a row or entry. A row is kept when all its partners have been met.
#include <cstddef>
#include <functional>

#include "codegen/keys.h"
#include "codegen/operators/join_rows.h"
#include "llvm/IR/Intrinsics.h"

namespace flow::codegen {

namespace {

/// After so many rows of the other side a call ends, whether they gave results or not. What pairs of a row that comes
/// compute lies in memory until then, since the row's key does, too.
constexpr uint32_t rows_per_fire = 1 << 16;
constexpr uint32_t rows_per_row = 1 << 12;

/// What a cursor says: which list is the outer one and the place in it (where a pane is judged); how many panes of the
/// interval have been gone through, and the place in the list of the one that comes.
enum Word : uint32_t { pass, outer_chunk, outer_place, panes_done, inner_chunk, inner_place };
static_assert(inner_place + 1 == FLOW_CURSOR_WORDS);

/// A key as tables are asked for it.
struct SoughtKey {
  llvm::Value *hash, *bytes, *length;
};

/// Going through the rows that may be partners of one row, in portions.
class Partners {
public:
  Partners(RowWalk& walk, const plan::Join& join, llvm::Value* cursor, uint32_t rows_per_call)
      : walk_(walk), f_(walk.f), state_(walk.state(join.state)), number_(join.state), cursor_(cursor),
        rows_left_(walk.f.slot_with(walk.f.i32(rows_per_call), "rows.left")) {}

  llvm::Value* at(Word word) { return f_.at_offset(cursor_, word * 8, "cursor.word"); }
  llvm::Value* word(Word number) { return f_.builder.CreateLoad(f_.builder.getInt64Ty(), at(number)); }
  void step(Word number) { f_.builder.CreateStore(f_.builder.CreateAdd(word(number), f_.i64(1)), at(number)); }
  /// This word and all behind it.
  void reset(Word first) {
    for (uint32_t number = first; number <= inner_place; number++)
      f_.builder.CreateStore(f_.i64(0), at(static_cast<Word>(number)));
  }

  /// The next row of a list, at the place that the word begins; null at the end.
  llvm::Value* row_at(llvm::Value* table, llvm::Value* entry, uint32_t side, Word place) {
    const plan::Layout& layout = kept_layout(walk_, number_, side);
    return f_.call("flow_list_at", {table, list_at(walk_, number_, side, entry), at(place), f_.i32(layout.stride)},
                   side == left ? "left.row" : "right.row");
  }
  Row load(llvm::Value* table, uint32_t side, llvm::Value* row) {
    return load_row(f_, kept_layout(walk_, number_, side), row, f_.call("flow_table_heap", {table}, "heap"));
  }

  /// Emits `visit` for each row in the interval of `row`, of which no text but in state is needed if `frees_texts`. The
  /// function returns `position` when it must stop. Goes on behind the last one, the cursor behind it.
  void each(uint32_t side, const Row& row, const SoughtKey& key, llvm::Value* position, bool frees_texts,
            const std::function<void(const Row&)>& visit) {
    auto& b = f_.builder;
    const plan::Interval& interval = *state_.interval;
    uint32_t other = 1 - side;
    llvm::Value* earliest = plus(row.time, side == left ? interval.from_us : -interval.to_us, "earliest");
    llvm::Value* latest = plus(row.time, side == left ? interval.to_us : -interval.from_us, "latest");
    llvm::Value* first_pane = pane_start_of(f_, state_, earliest);
    llvm::BasicBlock *next_pane = f_.block("next.pane"), *in_range = f_.block("pane.in.time"),
                     *is_there = f_.block("pane.is.there"), *has_key = f_.block("pane.has.key"),
                     *next = f_.block("next.partner"), *some = f_.block("may.be.partner"),
                     *near = f_.block("is.in.interval"), *tried = f_.block("partner.tried"),
                     *pane_done = f_.block("pane.done"), *done = f_.block("partners.done");
    f_.go_to(next_pane);

    f_.begin(next_pane);
    llvm::Value* ahead = b.CreateMul(word(panes_done), f_.i64(state_.pane_us), "panes.ahead");
    llvm::Value* sum = b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_with_overflow, first_pane, ahead);
    llvm::Value* start = pane_start_of(f_, state_, b.CreateExtractValue(sum, 0));
    llvm::Value* is_behind = b.CreateOr(b.CreateExtractValue(sum, 1), b.CreateICmpSGT(start, latest), "is.behind");
    b.CreateCondBr(is_behind, done, in_range);

    f_.begin(in_range);
    llvm::Value* table = f_.call("flow_rt_pane_at", {f_.task, walk_.position_of(number_), start}, "pane");
    b.CreateCondBr(b.CreateIsNull(table), pane_done, is_there);
    f_.begin(is_there);
    llvm::Value* entry = f_.call("flow_rt_table_lookup", {table, key.hash, key.bytes, key.length}, "entry");
    b.CreateCondBr(b.CreateIsNull(entry), pane_done, has_key);
    f_.begin(has_key);
    f_.go_to(next);

    f_.begin(next);
    if (frees_texts) f_.begin_row();
    llvm::Value* found = row_at(table, entry, other, inner_chunk);
    b.CreateCondBr(b.CreateIsNull(found), pane_done, some);
    f_.begin(some);
    step(inner_place);
    Row partner = load(table, other, found);
    llvm::Value* is_near = b.CreateAnd(b.CreateICmpSGE(partner.time, earliest), b.CreateICmpSLE(partner.time, latest));
    b.CreateCondBr(is_near, near, tried);
    f_.begin(near);
    visit(partner);
    f_.go_to(tried);
    f_.begin(tried);
    stop_or_go_on(position, next);

    f_.begin(pane_done);
    step(panes_done);
    reset(inner_chunk);
    f_.go_to(next_pane);
    f_.begin(done);
  }

  /// Goes on at `next`, or returns `position`, to be called again with what the cursor says.
  void stop_or_go_on(llvm::Value* position, llvm::BasicBlock* next) {
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
    f_.leave(position);
  }

private:
  llvm::Value* plus(llvm::Value* time, int64_t span, const llvm::Twine& name) {
    return f_.builder.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, time, f_.i64(span), nullptr, name);
  }

  RowWalk& walk_;
  FunctionEmitter& f_;
  const plan::State& state_;
  uint32_t number_;
  llvm::Value *cursor_, *rows_left_;
};

/// Goes on if there is no condition or it holds, else at `none`.
void require_condition(FunctionEmitter& f, const plan::Join& join, const Row& left_row, const Row& right_row,
                       llvm::BasicBlock* none) {
  llvm::Value* fits = holds(f, join, left_row, right_row);
  if (fits == nullptr) return;
  llvm::BasicBlock* is_pair = f.block("pair");
  f.builder.CreateCondBr(fits, is_pair, none);
  f.begin(is_pair);
}

/// Puts out each pair of the row and one that has come before.
void emit_pairs(RowWalk& walk, const plan::PlanOp& op, const plan::Join& join, const Row& kept, const SoughtKey& key) {
  FunctionEmitter& f = walk.f;
  Partners partners(walk, join, f.call("flow_row_cursor", {f.task}, "cursor"), rows_per_row);
  partners.each(join.side, kept, key, walk.position, false, [&](const Row& partner) {
    walk.guarded(op, [&] {
      const Row& left_row = join.side == left ? kept : partner;
      const Row& right_row = join.side == left ? partner : kept;
      llvm::BasicBlock* none = f.block("no.pair");
      require_condition(f, join, left_row, right_row, none);
      llvm::Value* later =
          f.builder.CreateBinaryIntrinsic(llvm::Intrinsic::smax, kept.time, partner.time, nullptr, "later");
      put_joined(walk, join, &left_row, &right_row, {.columns = {}, .time = later});
      f.go_to(none);
      f.begin(none);
    });
  });
  partners.reset(pass);
}

/// The code that judges the rows of one entry. Its blocks stand in the loop over the entries.
class Judging {
public:
  Judging(RowWalk& walk, const plan::PlanOp& op, llvm::Value* due)
      : walk_(walk), f_(walk.f), op_(op), join_(std::get<plan::Join>(op.op)),
        partners_(walk, join_,
                  f_.builder.CreateLoad(f_.builder.getPtrTy(),
                                        f_.at_offset(due, offsetof(FlowDue, cursor), "cursor.at"), "cursor"),
                  rows_per_fire) {}

  void emit(llvm::Value* table, llvm::Value* entry, llvm::Value* index) {
    table_ = table, entry_ = entry, index_ = index;
    key_ = key_of_entry();
    bool has_left = sema::keeps_left(join_.kind) || is_semi(), has_right = sema::keeps_right(join_.kind);
    llvm::BasicBlock *lefts = f_.block("lefts"), *lefts_done = f_.block("lefts.done"), *done = f_.block("judged");
    f_.builder.CreateCondBr(f_.builder.CreateICmpEQ(partners_.word(pass), f_.i64(0)), lefts, lefts_done);
    f_.begin(lefts);
    if (has_left) emit_pass(left);
    partners_.reset(pass);
    partners_.step(pass);
    f_.go_to(lefts_done);
    f_.begin(lefts_done);
    if (has_right) emit_pass(right);
    f_.go_to(done);
    f_.begin(done);
    partners_.reset(pass);
  }

private:
  bool is_semi() const { return join_.kind == sema::JoinKind::semi; }

  SoughtKey key_of_entry() {
    const plan::KeySpec& spec = walk_.state(join_.state).key;
    llvm::Value* hash = f_.call("flow_entry_hash", {table_, index_}, "hash");
    if (!spec.is_bytes) return {hash, entry_, f_.i64(spec.size)};
    llvm::Value* view = f_.call("flow_view", {entry_, f_.call("flow_table_heap", {table_}, "heap")}, "key");
    return {hash, f_.builder.CreateExtractValue(view, 0), f_.builder.CreateExtractValue(view, 1)};
  }

  /// Rows whose key is null lie together, too, but are no partners.
  llvm::Value* is_key_null() {
    if (!sema::keeps_left(join_.kind) || !sema::keeps_right(join_.kind)) return nullptr;
    return any_null(f_, load_key(f_, walk_.state(join_.state).key, walk_.entry_layout(join_.state), entry_,
                                 f_.call("flow_table_heap", {table_}, "heap")));
  }

  void emit_pass(uint32_t side) {
    auto& b = f_.builder;
    llvm::BasicBlock *next = f_.block("next"), *some = f_.block("row"), *search = f_.block("search"),
                     *alone = f_.block("alone"), *found = f_.block("has.partner"), *row_done = f_.block("row.judged"),
                     *done = f_.block("pass.done");
    f_.go_to(next);
    f_.begin(next);
    f_.begin_row();
    llvm::Value* row_at = partners_.row_at(table_, entry_, side, outer_chunk);
    b.CreateCondBr(b.CreateIsNull(row_at), done, some);
    f_.begin(some);
    Row row = partners_.load(table_, side, row_at);
    llvm::Value* is_null = is_key_null();
    if (is_null == nullptr)
      f_.go_to(search);
    else
      b.CreateCondBr(is_null, alone, search);
    f_.begin(search);
    partners_.each(side, row, key_, index_, true, [&](const Row& partner) { look(side, row, partner, found); });
    f_.go_to(alone);
    f_.begin(alone);
    if (!is_semi()) put_alone(side, row);
    f_.go_to(row_done);
    f_.begin(found);
    if (is_semi()) put_alone(side, row);
    f_.go_to(row_done);
    f_.begin(row_done);
    partners_.step(outer_place);
    partners_.reset(panes_done);
    partners_.stop_or_go_on(index_, next);
    f_.begin(done);
  }

  /// Goes to `found` if they are a pair.
  void look(uint32_t side, const Row& row, const Row& partner, llvm::BasicBlock* found) {
    auto test = [&] {
      llvm::BasicBlock* none = f_.block("no.pair");
      require_condition(f_, join_, side == left ? row : partner, side == left ? partner : row, none);
      f_.go_to(found);
      f_.begin(none);
    };
    if (!sema::has_right_row(join_.kind)) return walk_.guarded(op_, test);
    // A condition that fails has been told of when the second of the two came.
    llvm::BasicBlock *outside = f_.failed, *failed = f_.block("fails.again"), *done = f_.block("looked");
    f_.failed = failed;
    test();
    f_.failed = outside;
    f_.go_to(done);
    f_.begin(failed);
    f_.call("flow_forgive", {f_.task});
    f_.go_to(done);
    f_.begin(done);
  }

  void put_alone(uint32_t side, const Row& row) {
    walk_.guarded(op_, [&] {
      put_joined(walk_, join_, side == left ? &row : nullptr, side == right ? &row : nullptr,
                 {.columns = {}, .time = row.time});
    });
  }

  RowWalk& walk_;
  FunctionEmitter& f_;
  const plan::PlanOp& op_;
  const plan::Join& join_;
  Partners partners_;
  SoughtKey key_{};
  llvm::Value *table_ = nullptr, *entry_ = nullptr, *index_ = nullptr;
};

/// Rows behind the watermark have been judged without, or their partners are gone.
void emit_late_test(RowWalk& walk, uint32_t state, const Row& row, llvm::BasicBlock* done) {
  FunctionEmitter& f = walk.f;
  llvm::BasicBlock* late = f.block("late");
  llvm::Value* watermark = f.call("flow_watermark", {f.task}, "watermark");
  f.branch_unlikely(f.builder.CreateICmpSLE(row.time, watermark, "is.late"), late, "not.late");
  llvm::BasicBlock* in_time = f.builder.GetInsertBlock();
  f.begin(late);
  emit_late(walk, state, row);
  f.go_to(done);
  f.begin(in_time);
}

} // namespace

void emit_interval_join(RowWalk& walk, uint32_t op, const plan::Join& join, const Row& row) {
  FunctionEmitter& f = walk.f;
  const plan::KeySpec& spec = walk.chain.inputs[join.side].key;
  llvm::BasicBlock *done = f.block("join.row.done"), *keep = f.block("keep");
  emit_late_test(walk, join.state, row, done);
  std::vector<Value> parts;
  for (uint32_t column : spec.from) parts.push_back(row.columns[column]);
  if (llvm::Value* is_null = any_null(f, parts)) {
    llvm::BasicBlock* has_key = f.block("has.key");
    f.builder.CreateCondBr(is_null, keeps_alone(join.kind, join.side) ? keep : done, has_key);
    f.begin(has_key);
  }
  Row kept{.time = row.time};
  for (uint32_t column : join.kept) kept.columns.push_back(row.columns[column]);
  if (sema::has_right_row(join.kind)) {
    Key key = make_key(f, spec, walk.entry_layout(join.state), row.columns);
    llvm::Value* length = spec.is_bytes ? key.length : f.i64(spec.size);
    emit_pairs(walk, walk.chain.ops[op], join, kept, {key.hash, key.bytes, length});
  }
  f.go_to(keep);
  f.begin(keep);
  Placement placement = place_row(walk, join.state, row, walk.input_columns(op));
  keep_row(walk, join.state, join.side, upsert_entry(walk, join.state, placement, row, &spec), kept);
  f.go_to(done);
  f.begin(done);
}

PairRows begin_judging(RowWalk& walk, const plan::PlanOp& op, llvm::Value* due) {
  auto judging = std::make_shared<Judging>(walk, op, due);
  return [judging](llvm::Value* table, llvm::Value* entry, llvm::Value* index, const Row&) {
    judging->emit(table, entry, index);
  };
}

} // namespace flow::codegen
