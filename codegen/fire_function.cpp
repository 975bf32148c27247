// The fire function of a chain: what is due comes out of its states.
#include <cstddef>

#include "codegen/chain_functions.h"
#include "runtime/abi/flow_abi.h"

namespace flow::codegen {

namespace {

class FireFunction {
public:
  FireFunction(ModuleContext& module, const plan::Chain& chain) : module_(module), chain_(chain) {}

  llvm::Function* emit() {
    llvm::Function* made = make_function(module_, chain_.uid + ".fire", {ptr(), i32(), ptr(), i64()}, i64());
    FunctionEmitter f(module_, made, place_of(chain_));
    auto& b = f.builder;
    made->getArg(1)->setName("trigger");
    made->getArg(2)->setName("due");
    made->getArg(3)->setName("from");
    RowWalk walk(f, chain_);
    std::vector<uint32_t> states = chain_.states();
    for (uint32_t i = 0; i + 1 < states.size(); i++) {
      llvm::BasicBlock *this_one = f.block("fire"), *others = f.block("fire.others");
      b.CreateCondBr(b.CreateICmpEQ(made->getArg(1), f.i32(i)), this_one, others);
      f.begin(this_one);
      emit_firing(walk, stateful_op(states[i]));
      f.begin(others);
    }
    emit_firing(walk, stateful_op(states.back()));
    f.finish();
    return made;
  }

private:
  /// Both phases of firing the state of `op`; ends the function.
  void emit_firing(RowWalk& walk, const plan::PlanOp& op) {
    if (walk.state(state_of(op)).keyed) return emit_timer(walk, op);
    FunctionEmitter& f = walk.f;
    auto& b = f.builder;
    auto load = [&](llvm::Type* type, size_t offset, const char* name) { return load_due(f, type, offset, name); };
    llvm::Value* phase = load(i32(), offsetof(FlowDue, phase), "phase");
    llvm::Value* table = load(ptr(), offsetof(FlowDue, table), "table");
    llvm::Value* into = load(ptr(), offsetof(FlowDue, into), "into");
    llvm::Value* count = load(i64(), offsetof(FlowDue, count), "count");
    Row window = window_of(f, load(i64(), offsetof(FlowDue, window_start), "window.start"),
                           load(i64(), offsetof(FlowDue, window_end), "window.end"));
    uint32_t state = state_of(op), stride = walk.entry_layout(state).stride;
    llvm::BasicBlock *emit = f.block("emit"), *merge = f.block("merge"), *subtract = merge;
    const plan::State& declared = module_.plan.states[state];
    bool is_cumulate = declared.window.kind == sema::WindowKind::cumulate; // all its panes leave at once
    if (declared.running_layout != plan::none && !is_cumulate) subtract = f.block("subtract");
    llvm::SwitchInst* choice = b.CreateSwitch(phase, subtract, 2);
    choice->addCase(f.i32(FLOW_DUE_EMIT), emit);
    choice->addCase(f.i32(FLOW_DUE_MERGE), merge);
    f.begin(emit);
    PairRows pair_rows;
    if (std::holds_alternative<plan::Join>(op.op)) pair_rows = begin_pairing(walk, op, f.function->getArg(2));
    entries_loop(f, table, walk.fired_layout(state).stride, count, has_outputs(chain_),
                 [&](llvm::Value* index, llvm::Value* entry) {
                   if (pair_rows) return pair_rows(table, entry, index, window);
                   walk.guarded(op, [&] { emit_result(walk, op, table, entry, window); });
                 });
    f.begin(merge);
    entries_loop(f, table, stride, count, false, [&](llvm::Value* index, llvm::Value* entry) {
      walk.guarded(op, [&] { emit_merge(walk, op, table, index, entry, into); });
    });
    if (subtract == merge) return;
    f.begin(subtract);
    entries_loop(f, table, stride, count, false, [&](llvm::Value* index, llvm::Value* entry) {
      llvm::Value* target = same_key(walk, op, table, index, entry, into);
      emit_aggregate_subtract(walk, std::get<plan::Aggregate>(op.op), table, entry, into, target);
    });
  }

  llvm::Value* load_due(FunctionEmitter& f, llvm::Type* type, size_t offset, const char* name) {
    llvm::Value* due = f.function->getArg(2);
    return f.builder.CreateLoad(type, f.at_offset(due, offset, llvm::Twine(name) + ".at"), name);
  }

  /// The timer of an operator or a session; ends the function.
  void emit_timer(RowWalk& walk, const plan::PlanOp& op) {
    FunctionEmitter& f = walk.f;
    DueTimer due{.timer = load_due(f, i32(), offsetof(FlowDue, timer), "timer"),
                 .entry = load_due(f, ptr(), offsetof(FlowDue, entry), "entry"),
                 .hash = load_due(f, i64(), offsetof(FlowDue, hash), "hash"),
                 .time = load_due(f, i64(), offsetof(FlowDue, window_start), "time")};
    f.begin_row();
    walk.guarded(op, [&] {
      if (const auto* aggregate = std::get_if<plan::Aggregate>(&op.op))
        emit_session_result(walk, *aggregate, load_due(f, ptr(), offsetof(FlowDue, table), "table"), due);
      else
        emit_timers(walk, state_of(op), due);
    });
    f.leave(f.i64(1));
  }

  Row window_of(FunctionEmitter& f, llvm::Value* start, llvm::Value* end) {
    sema::Type time = sema::scalar(sema::Kind::TIMESTAMP);
    Row window{.time = f.builder.CreateSub(end, f.i64(1), "last.instant")};
    window.columns = {{.type = time, .value = start}, {.type = time, .value = end}};
    return window;
  }

  static uint32_t state_of(const plan::PlanOp& op) {
    if (const auto* aggregate = std::get_if<plan::Aggregate>(&op.op)) return aggregate->state;
    if (const auto* top = std::get_if<plan::Top>(&op.op)) return top->state;
    if (const auto* join = std::get_if<plan::Join>(&op.op)) return join->state;
    if (const auto* handle = std::get_if<plan::Handle>(&op.op)) return handle->state;
    return plan::none;
  }

  const plan::PlanOp& stateful_op(uint32_t state) const {
    for (const plan::PlanOp& op : chain_.ops) {
      if (state_of(op) == state) return op;
    }
    llvm_unreachable("every state has its operator");
  }

  /// for (i = from; i < count; i++), then return.
  void entries_loop(FunctionEmitter& f, llvm::Value* table, uint32_t stride, llvm::Value* count, bool can_fill,
                    const std::function<void(llvm::Value* index, llvm::Value* entry)>& body_code) {
    auto& b = f.builder;
    llvm::BasicBlock *before = b.GetInsertBlock(), *loop = f.block("next.entry"), *body = f.block("entry"),
                     *exit = f.block("exit");
    f.go_to(loop);
    f.begin(loop);
    llvm::PHINode* index = b.CreatePHI(i64(), 2, "i");
    index->addIncoming(f.function->getArg(3), before);
    b.CreateCondBr(b.CreateICmpSLT(index, count), body, exit);
    f.begin(body);
    f.begin_row();
    body_code(index, f.call("flow_entry", {table, index, f.i32(stride)}, "entry"));
    end_row(f, index, b.CreateAdd(index, f.i64(1), "following"), loop, can_fill);
    f.begin(exit);
    f.leave(index);
  }

  void emit_result(RowWalk& walk, const plan::PlanOp& op, llvm::Value* table, llvm::Value* entry, const Row& window) {
    if (const auto* aggregate = std::get_if<plan::Aggregate>(&op.op))
      emit_aggregate_result(walk, *aggregate, table, entry, window);
    else
      emit_top_result(walk, std::get<plan::Top>(op.op), table, entry, window);
  }

  llvm::Value* same_key(RowWalk& walk, const plan::PlanOp& op, llvm::Value* table, llvm::Value* index,
                        llvm::Value* entry, llvm::Value* into) {
    llvm::Value* hash = walk.f.call("flow_entry_hash", {table, index}, "hash");
    return upsert_same_key(walk, state_of(op), table, entry, hash, into);
  }

  void emit_merge(RowWalk& walk, const plan::PlanOp& op, llvm::Value* table, llvm::Value* index, llvm::Value* entry,
                  llvm::Value* into) {
    llvm::Value* target = same_key(walk, op, table, index, entry, into);
    if (const auto* aggregate = std::get_if<plan::Aggregate>(&op.op)) {
      emit_aggregate_merge(walk, *aggregate, table, entry, into, target);
    } else if (const auto* join = std::get_if<plan::Join>(&op.op)) {
      emit_join_merge(walk, *join, table, entry, into, target);
    } else {
      emit_top_merge(walk, std::get<plan::Top>(op.op), table, entry, into, target);
    }
  }

  llvm::Type* ptr() { return llvm::PointerType::getUnqual(module_.context()); }
  llvm::Type* i64() { return llvm::Type::getInt64Ty(module_.context()); }
  llvm::Type* i32() { return llvm::Type::getInt32Ty(module_.context()); }

  ModuleContext& module_;
  const plan::Chain& chain_;
};

} // namespace

llvm::Function* emit_fire_function(ModuleContext& module, const plan::Chain& chain) {
  return FireFunction(module, chain).emit();
}

} // namespace flow::codegen
