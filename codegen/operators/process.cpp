// process: an operator of the program, its handlers' statements over a row or a timer, and the entry of its key.
//
// Texts. A text that is read out of the state is a view into the entry or into the table's memory of texts, which moves
// when a text is stored. It is good until the next statement; what a statement keeps longer (a `let`, a value that is
// about to be stored beside others) is copied to scratch memory first.
#include <algorithm>
#include <limits>

#include "codegen/keys.h"
#include "codegen/row_walk.h"
#include "lang/base/overloaded.h"

namespace flow::codegen {

namespace {

bool reads_entry(const sema::Expr& expr) {
  if (expr.kind == sema::ExprKind::state || expr.kind == sema::ExprKind::key) return true;
  return std::any_of(expr.args.begin(), expr.args.end(), [](const sema::Expr* arg) { return reads_entry(*arg); });
}

/// One handler while it is emitted.
class Handler : public HandlerValues {
public:
  /// `time`: the event time of the row or timer, or null.
  Handler(RowWalk& walk, uint32_t state, EntryPlace place, llvm::Value* hash, llvm::Value* time)
      : walk_(walk), f_(walk.f), number_(state), state_(walk.state(state)), layout_(walk.entry_layout(state)),
        place_(place), hash_(hash), time_(time), end_(f_.block("handler.end")) {}

  /// Takes away what has expired, then runs the statements.
  void run(sema::Block body, std::span<const Value> columns, const std::function<void(ExprEmitter&)>& prepare) {
    ExprEmitter expressions(f_, columns, nullptr, this);
    expressions_ = &expressions;
    prepare(expressions);
    forget_expired();
    block(body);
    f_.go_to(end_);
    f_.begin(end_);
  }

  /// An entry of which nothing is set goes.
  void settle() {
    auto& b = f_.builder;
    llvm::Value* any = f_.i8(0);
    auto add = [&](uint32_t field) {
      any = b.CreateOr(any, b.CreateLoad(b.getInt8Ty(), field_at(f_, layout_.fields[field], place_.entry)));
    };
    for (const plan::KeyedState::Cell& cell : keyed().cells) add(cell.set);
    for (const plan::KeyedState::Timer& timer : keyed().timers) add(timer.set);
    llvm::BasicBlock *gone = f_.block("entry.is.empty"), *stays = f_.block("entry.stays");
    b.CreateCondBr(b.CreateICmpEQ(any, f_.i8(0)), gone, stays);
    f_.begin(gone);
    f_.call("flow_settle_entry", {f_.task, walk_.position_of(number_), place_.entry});
    f_.go_to(stays);
    f_.begin(stays);
  }

  Value key(uint32_t column) override { return load_key(f_, state_.key, layout_, place_.entry, heap())[column]; }

  Value state(uint32_t number) override {
    const sema::StateField& field = op().fields[number];
    const sema::StateCell& cell = op().cells[field.cell];
    Value value = load_field(f_, layout_.fields[keyed().fields[number]], place_.entry, heap());
    if (cell.type.kind == sema::Kind::RECORD) return value;
    if (cell.initial != nullptr) return f_.select(is_set(field.cell), value, expressions_->emit(*cell.initial));
    value.type = value.type.with_null();
    value.is_null = f_.builder.CreateNot(is_set(field.cell), "is.null");
    return value;
  }

  llvm::Value* is_set(uint32_t cell) override { return load(keyed().cells[cell].set); }

private:
  const plan::KeyedState& keyed() const { return *state_.keyed; }
  const sema::Process& op() const { return *keyed().op; }
  llvm::Value* heap() { return f_.call("flow_table_heap", {place_.table}, "heap"); }
  llvm::Value* load(uint32_t field) { return load_field(f_, layout_.fields[field], place_.entry, nullptr).value; }
  void store(uint32_t field, llvm::Value* value) {
    store_field(f_, layout_.fields[field], place_.entry, {.type = layout_.fields[field].type, .value = value}, {});
  }

  /// Later of the row's time and the watermark.
  llvm::Value* now() {
    if (now_ == nullptr) {
      llvm::Value* watermark = f_.call("flow_watermark", {f_.task}, "watermark");
      now_ = f_.builder.CreateBinaryIntrinsic(llvm::Intrinsic::smax, time_, watermark, nullptr, "now");
    }
    return now_;
  }

  void forget_expired() {
    auto& b = f_.builder;
    for (uint32_t i = 0; i < op().cells.size(); i++) {
      if (!op().cells[i].expires_us) continue;
      llvm::BasicBlock *old = f_.block("cell.expired"), *kept = f_.block("cell.kept");
      llvm::Value* oldest = b.CreateBinaryIntrinsic(llvm::Intrinsic::ssub_sat, now(), f_.i64(*op().cells[i].expires_us),
                                                    nullptr, "oldest");
      llvm::Value* is_old = b.CreateICmpSLE(load(keyed().cells[i].written), oldest);
      b.CreateCondBr(b.CreateAnd(is_set(i), is_old, "has.expired"), old, kept);
      f_.begin(old);
      clear(i);
      f_.go_to(kept);
      f_.begin(kept);
    }
  }

  // ---- statements

  void block(sema::Block statements) {
    for (const sema::Statement* statement : statements) {
      f_.at(statement->range);
      std::visit(lang::Overloaded{
                     [&](const sema::Let& let) { expressions_->set_local(let.local, lasting(*let.value)); },
                     [&](const sema::Assign& assign) { this->assign(assign); },
                     [&](const sema::Clear& cleared) { clear(cleared.cell); },
                     [&](const sema::IfStatement& choice) { choose(choice); },
                     [&](const sema::EmitRow& emit) { emit_row(emit); },
                     [&](const sema::SetTimer& timer) { set_timer(timer); },
                     [&](const sema::CancelTimer& timer) { cancel(timer.timer); },
                     [&](const sema::ReturnStatement&) {
                       f_.go_to(end_);
                       f_.begin(f_.block("behind.return")); // nothing leads here
                     },
                 },
                 statement->node);
    }
  }

  /// A value that is still good when the state has changed.
  Value lasting(const sema::Expr& expr) {
    Value value = expressions_->emit(expr);
    return reads_entry(expr) ? copied_text(f_, value) : value;
  }

  void assign(const sema::Assign& assign) {
    if (assign.is_set == nullptr) return put(assign);
    llvm::BasicBlock *some = f_.block("assign"), *none = f_.block("assign.null"), *done = f_.block("assigned");
    f_.builder.CreateCondBr(expressions_->emit(*assign.is_set).value, some, none);
    f_.begin(some);
    put(assign);
    f_.go_to(done);
    f_.begin(none);
    clear(assign.cell);
    f_.go_to(done);
    f_.begin(done);
  }

  void put(const sema::Assign& assign) {
    std::vector<Value> values;
    for (const sema::Expr* value : assign.values) values.push_back(lasting(*value));
    auto store_text = [&](llvm::Value* slot, const Value& text) {
      f_.call("flow_entry_string", {place_.table, slot, text.value, text.length});
    };
    const plan::KeyedState::Cell& cell = keyed().cells[assign.cell];
    uint32_t first = op().cells[assign.cell].first_field;
    for (uint32_t i = 0; i < values.size(); i++)
      replace_field(f_, layout_.fields[keyed().fields[first + i]], place_.entry, values[i], store_text);
    store(cell.set, f_.i1(true));
    if (cell.written != plan::none) store(cell.written, now());
  }

  void clear(uint32_t number) {
    const plan::KeyedState::Cell& cell = keyed().cells[number];
    f_.builder.CreateMemSet(f_.at_offset(place_.entry, cell.begin, "cell.at"), f_.i8(0), cell.end - cell.begin,
                            llvm::MaybeAlign(8));
    store(cell.set, f_.i1(false));
    if (cell.written != plan::none) store(cell.written, f_.i64(0));
  }

  void choose(const sema::IfStatement& choice) {
    llvm::BasicBlock *then = f_.block("then"), *otherwise = f_.block("else"), *done = f_.block("if.done");
    f_.builder.CreateCondBr(expressions_->emit(*choice.condition).value, then, otherwise);
    f_.begin(then);
    block(choice.then_block);
    f_.go_to(done);
    f_.begin(otherwise);
    block(choice.else_block);
    f_.go_to(done);
    f_.begin(done);
  }

  void emit_row(const sema::EmitRow& emit) {
    uint32_t origin = walk_.origin(plan::OriginKind::emitted, number_, emit.output);
    Row row{.time = op().outputs[emit.output].schema.has_time ? time_ : nullptr};
    for (const sema::Expr* value : emit.values) row.columns.push_back(expressions_->emit(*value));
    if (origin != plan::none) walk_.consumers(origin, row);
  }

  void set_timer(const sema::SetTimer& timer) {
    llvm::Value* at = expressions_->emit(*timer.at).value;
    if (op().timers[timer.timer].timer.is_processing_time)
      at = f_.builder.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, f_.call("flow_now", {f_.task}, "clock"), at);
    f_.call("flow_timer_set", {f_.task, walk_.position_of(number_), f_.i32(timer.timer), place_.entry, hash_, at});
    f_.note_output(); // one that is due already fires before the next row
  }

  void cancel(uint32_t timer) {
    store(keyed().timers[timer].set, f_.i1(false));
    store(keyed().timers[timer].time, f_.i64(0));
  }

  RowWalk& walk_;
  FunctionEmitter& f_;
  uint32_t number_;
  const plan::State& state_;
  const plan::Layout& layout_;
  EntryPlace place_;
  llvm::Value* hash_;
  llvm::Value* time_;
  llvm::Value* now_ = nullptr;
  llvm::BasicBlock* end_;
  ExprEmitter* expressions_ = nullptr;
};

} // namespace

void emit_handle(RowWalk& walk, const plan::Handle& handle, const Row& row) {
  FunctionEmitter& f = walk.f;
  const plan::State& state = walk.state(handle.state);
  llvm::Value* table = f.call("flow_keyed", {f.task, walk.position_of(handle.state)}, "table");
  const plan::KeySpec& key = walk.chain.inputs[handle.input].key;
  KeyedEntry found = upsert_key(walk, handle.state, key, table, row);
  std::vector<Value> columns;
  for (uint32_t column : handle.columns) columns.push_back(column == plan::none ? Value{} : row.columns[column]);
  Handler handler(walk, handle.state, {table, found.entry}, found.hash, row.time);
  handler.run(state.keyed->op->inputs[handle.input].body, columns, [](ExprEmitter&) {});
  handler.settle();
}

void emit_timers(RowWalk& walk, uint32_t state_number, const DueTimer& due) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  const plan::State& state = walk.state(state_number);
  llvm::Value* table = f.call("flow_keyed", {f.task, walk.position_of(state_number)}, "table");
  llvm::BasicBlock* done = f.block("timers.done");
  llvm::SwitchInst* choice = b.CreateSwitch(due.timer, done, static_cast<uint32_t>(state.keyed->op->timers.size()));
  for (uint32_t i = 0; i < state.keyed->op->timers.size(); i++) {
    const sema::ProcessTimer& timer = state.keyed->op->timers[i];
    llvm::BasicBlock* body = f.block("on." + llvm::Twine(llvm::StringRef(timer.timer.name)));
    choice->addCase(f.i32(i), body);
    f.begin(body);
    // Of a timer in processing time the event time is the first instant that is not late; while that is not known, its
    // own.
    llvm::Value* time = due.time;
    if (timer.timer.is_processing_time) {
      llvm::Value* watermark = f.call("flow_watermark", {f.task}, "watermark");
      llvm::Value* behind = b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, watermark, f.i64(1), nullptr, "behind");
      llvm::Value* is_unknown = b.CreateICmpEQ(watermark, f.i64(std::numeric_limits<int64_t>::min()));
      time = b.CreateSelect(is_unknown, due.time, behind, "event.time");
    }
    Handler handler(walk, state_number, {table, due.entry}, due.hash, time);
    handler.run(timer.body, {}, [&](ExprEmitter& expressions) {
      if (timer.time)
        expressions.set_local(*timer.time, {.type = sema::scalar(sema::Kind::TIMESTAMP), .value = due.time});
    });
    f.go_to(done);
  }
  f.begin(done);
}

} // namespace flow::codegen
